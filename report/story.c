/* story - see story.h. */
#include "report/story.h"

#include <string.h>

#include "lib/hex.h"
#include "report/sheet.h"

#define WHOLE_MSGID (LOG_MSGID - 4) /* a longer one may have been cut */

static void
put(FILE *out, const struct buffer *b)
{
	(void)fwrite(b->data, 1, b->len, out);
}

/* A line of the log as it stands there: what is not printable is no line's. */
static void
add_as_it_is(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c >= ' ' && c < 0x7f) {
			buffer_add_char(out, c);
			continue;
		}
		buffer_add_text(out, "\\x");
		hex_encode(out, (struct slice){&c, 1});
	}
}

static void
begin(void *context, const struct record *record, struct slice place)
{
	struct story *story = context;
	char text[1024];
	struct buffer b = BUFFER_OVER(text);

	if (story->connections++ > 0)
		buffer_add_char(&b, '\n');
	buffer_add_text(&b, "connection ");
	buffer_add_number(&b, record->line.pid);
	buffer_add_text(&b, " from ");
	add_as_it_is(&b, record->line.address);
	if (place.len > 0) {
		buffer_add_text(&b, ", ");
		add_as_it_is(&b, place);
	}
	buffer_add_char(&b, '\n');
	put(story->out, &b);
}

static void
note_message(struct story *story, const struct record *record)
{
	struct story_message *m = &story->messages[story->count];
	const struct line *line = &record->line;

	if ((line->event != EVENT_MESSAGE_OK &&
		    line->event != EVENT_MESSAGE_TEMP &&
		    line->event != EVENT_MESSAGE_REFUSED) ||
		story->count == STORY_MESSAGES)
		return;
	*m = (struct story_message){.at = record->stamp.seconds};
	(void)slice_string(line_value(line, "qp"), m->qp, sizeof m->qp);
	(void)slice_string(line_value(line, "id"), m->id, sizeof m->id);
	(void)slice_string(
		line_value(line, "msgid"), m->msgid, sizeof m->msgid);
	/* One that was refused never came to the mail system. */
	story->count += line->event == EVENT_MESSAGE_OK;
}

static void
put_line(void *context, const struct record *record, struct slice place,
	bool found)
{
	struct story *story = context;
	char text[4 * LOG_LINE + 64];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, found ? "> " : "  ");
	if (record->stamp.clock == STAMP_NONE)
		buffer_add_text(&b, "(no time)");
	else
		sheet_add_time(&b, record->stamp.seconds, SHEET_SECOND);
	buffer_add_text(&b, "  ");
	add_as_it_is(&b, record->text);
	buffer_add_char(&b, '\n');
	put(story->out, &b);
	story->found += found;
	if (found && story->user == NULL)
		note_message(story, record);
	/* Others may have tried to log in on the same connection. */
	if (story->user != NULL &&
		(found || line_value(&record->line, "user").data == NULL))
		facts_take(story->facts, record, place);
}

static void
put_gap(void *context, uint64_t lines)
{
	struct story *story = context;

	(void)fprintf(
		story->out, "  (%llu lines more)\n", (unsigned long long)lines);
}

struct follow_sink
story_sink(struct story *story)
{
	return (struct follow_sink){begin, put_line, put_gap, story};
}

/*
 * A command to type, with the value in quotes of the shell. The value is a
 * stranger's: one with octets that a shell or a terminal could take for
 * something else is not put into a command.
 */
static bool
add_quoted(struct buffer *out, struct slice value)
{
	char octets[LOG_LINE];
	struct buffer plain = BUFFER_OVER(octets);

	line_decode(&plain, value);
	for (size_t i = 0; i < plain.len; i++) {
		char c = octets[i];

		if (c < ' ' || c >= 0x7f)
			return false;
		if (c == '\'')
			buffer_add_text(out, "'\\''");
		else
			buffer_add_char(out, c);
	}
	return true;
}

static void
put_command(FILE *out, const char *whose, const char *before, const char *value,
	const char *after, const char *log)
{
	char text[4 * LOG_LINE];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, "  ");
	buffer_add_text(&b, whose);
	buffer_add_text(&b, "grep -F '");
	buffer_add_text(&b, before);
	if (!add_quoted(&b, slice_of(value)))
		return;
	buffer_add_text(&b, after);
	buffer_add_text(&b, "' ");
	buffer_add_text(&b, log);
	buffer_add_char(&b, '\n');
	put(out, &b);
}

static void
put_hints(FILE *out, const struct story_message *m)
{
	char text[512];
	struct buffer b = BUFFER_OVER(text);
	bool whole = strlen(m->msgid) <= WHOLE_MSGID;

	buffer_add_text(&b, "\nwhat became of ");
	add_as_it_is(&b, slice_of(m->id));
	buffer_add_text(&b, ", handed over at ");
	sheet_add_time(&b, m->at, SHEET_SECOND);
	buffer_add_text(&b, ":\n");
	put(out, &b);
	if (*m->qp != '\0')
		put_command(out, "qmail    ", " qp ", m->qp, " ",
			"/var/log/qmail/current");
	if (*m->msgid == '\0') {
		(void)fputs("  Postfix and Exim: by time, sender and size: "
			    "the line has no msgid=\n",
			out);
		return;
	}
	put_command(out, "Postfix  ", "message-id=<", m->msgid,
		whole ? ">" : "", "/var/log/mail.log");
	put_command(out, "Exim     ", "id=", m->msgid, "",
		"/var/log/exim4/mainlog");
}

void
story_finish(struct story *story, const char *what)
{
	if (story->connections == 0) {
		char text[4 * LOG_LINE];
		struct buffer b = BUFFER_OVER(text);

		buffer_add_text(&b, "nothing found of ");
		add_as_it_is(&b, slice_of(what));
		buffer_add_char(&b, '\n');
		put(story->out, &b);
	}
	for (size_t i = 0; i < story->count; i++)
		put_hints(story->out, &story->messages[i]);
}
