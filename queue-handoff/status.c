/* status - see status.h. Run by the keeper. */
#include "queue-handoff/status.h"

#include <sys/wait.h>

#include "lib/buffer.h"
#include "lib/utf8.h"

/* The words of qmail's own table, so that scripts which match them go on. */
static const struct meaning {
	int exit;
	enum status_class class;
	const char *reply;
} meanings[] = {
	// clang-format off
	{0, STATUS_ACCEPTED, ""},
	{11, STATUS_REFUSED, "5.1.3 envelope address too long for qq"},
	{115, STATUS_REFUSED, "5.1.3 envelope address too long for qq"},
	{31, STATUS_REFUSED, "5.3.0 mail server permanently rejected message"},
	{51, STATUS_TEMPORARY, "4.3.0 qq out of memory"},
	{52, STATUS_TEMPORARY, "4.3.0 qq timeout"},
	{53, STATUS_TEMPORARY, "4.3.0 qq write error or disk full"},
	{54, STATUS_TEMPORARY, "4.3.0 qq read error"},
	{55, STATUS_TEMPORARY, "4.3.0 qq unable to read configuration"},
	{56, STATUS_TEMPORARY, "4.3.0 qq trouble making network connection"},
	{61, STATUS_TEMPORARY, "4.3.0 qq trouble in home directory"},
	{62, STATUS_TEMPORARY, "4.3.0 qq trouble creating files in queue"},
	{63, STATUS_TEMPORARY, "4.3.0 qq trouble creating files in queue"},
	{64, STATUS_TEMPORARY, "4.3.0 qq trouble creating files in queue"},
	{65, STATUS_TEMPORARY, "4.3.0 qq trouble creating files in queue"},
	{66, STATUS_TEMPORARY, "4.3.0 qq trouble creating files in queue"},
	{71, STATUS_TEMPORARY, "4.3.0 mail server temporarily rejected message"},
	{72, STATUS_TEMPORARY, "4.3.0 connection to mail server timed out"},
	{73, STATUS_TEMPORARY, "4.3.0 connection to mail server rejected"},
	{74, STATUS_TEMPORARY, "4.3.0 communication with mail server failed"},
	{81, STATUS_TEMPORARY, "4.3.0 qq internal bug"},
	{91, STATUS_TEMPORARY, "4.3.0 qq internal bug"},
	{120, STATUS_TEMPORARY, "4.3.0 unable to exec qq"},
	{127, STATUS_TEMPORARY, "4.3.0 unable to exec qq"},
	// clang-format on
};

static void
set_reply(struct status *status, enum status_class class, const char *reply)
{
	struct buffer out = BUFFER_OVER(status->reply);

	status->class = class;
	buffer_add_text(&out, reply);
	(void)buffer_string(&out); /* every text here fits */
}

static void
set_exit(struct status *status, int code)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (meanings[i].exit == code) {
			set_reply(status, meanings[i].class, meanings[i].reply);
			return;
		}
	if (code >= 11 && code <= 40)
		set_reply(status, STATUS_REFUSED, "5.0.0 qq permanent problem");
	else
		set_reply(
			status, STATUS_TEMPORARY, "4.3.0 qq temporary problem");
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of the enhanced code that text begins with (RFC 3463 §2), or 0. */
static size_t
code_length(struct slice text)
{
	size_t at = 1;

	if (text.len == 0 || (text.data[0] != '2' && text.data[0] != '4' &&
				     text.data[0] != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t first = at + 1;

		if (at == text.len || text.data[at] != '.')
			return 0;
		for (at = first; at < text.len && is_digit(text.data[at]);)
			at++;
		if (at == first || at - first > 3)
			return 0;
	}
	return at;
}

/* Length of the "(#5.7.1)" that text begins with, or 0. */
static size_t
marked_length(struct slice text)
{
	if (text.len < 2 || text.data[0] != '(' || text.data[1] != '#')
		return 0;
	size_t len = code_length(slice_from(text, 2));

	if (len == 0 || len + 2 == text.len || text.data[len + 2] != ')')
		return 0;
	return len + 3;
}

bool
status_is_code(struct slice word)
{
	return word.len == 3 && (word.data[0] == '4' || word.data[0] == '5') &&
	       is_digit(word.data[1]) && is_digit(word.data[2]);
}

/* Takes a reply code that the program put before its text off the front. */
static struct slice
skip_reply_code(struct slice text)
{
	if (text.len < 3 || !status_is_code((struct slice){text.data, 3}))
		return text;
	if (text.len > 3 && !bytes_blank(text.data[3]) && text.data[3] != '-')
		return text;
	return slice_skip_blanks(slice_from(text, text.len > 3 ? 4 : 3));
}

/*
 * Length of the character that text begins with: 1 for printable ASCII, more
 * for well-formed UTF-8 (RFC 3629 §4), 0 for what may not go out: anything
 * else, and the control characters U+0080 to U+009F.
 */
static size_t
character_length(struct slice text)
{
	unsigned char first = (unsigned char)text.data[0];

	return first < 0x80 ? first >= ' ' && first < 0x7f : utf8_length(text);
}

static void
trim_end(struct buffer *out)
{
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->len--;
}

/*
 * Adds text in octets that may go out, as much as fits, without its marked
 * codes. Returns the first of them when code is absent, else code.
 */
static struct slice
add_clean(struct buffer *out, struct slice text, struct slice code)
{
	while (text.len > 0) {
		size_t marked = marked_length(text);
		size_t len = character_length(text);

		if (marked > 0) {
			if (code.data == NULL)
				code = (struct slice){
					text.data + 2, marked - 3};
			trim_end(out);
			text = slice_from(text, marked);
			if (out->len == 0)
				text = slice_skip_blanks(text);
			continue;
		}
		if (out->cap - out->len < (len > 0 ? len : 1))
			break;
		if (len > 0)
			buffer_add(out, text.data, len);
		else
			buffer_add_char(out, text.data[0] == '\t' ? ' ' : '?');
		text = slice_from(text, len > 0 ? len : 1);
	}
	trim_end(out);
	return code;
}

static struct slice
first_line(struct slice text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] != '\n' &&
		text.data[len] != '\r' && text.data[len] != '\0')
		len++;
	return (struct slice){text.data, len};
}

void
status_text(struct status *status, enum status_class class, struct slice text,
	const char *fallback)
{
	char clean[STATUS_TEXT_MAX];
	struct buffer said = BUFFER_OVER(clean);
	struct buffer out = BUFFER_OVER(status->reply);
	struct slice usual = slice_of(fallback), code = SLICE_NONE;
	struct slice usual_code = slice_word(&usual);

	text = slice_skip_blanks(first_line(text));
	size_t len = code_length(text);

	if (len > 0 && (len == text.len || bytes_blank(text.data[len]))) {
		code = (struct slice){text.data, len};
		text = slice_skip_blanks(slice_from(text, len));
	}
	code = add_clean(&said, text, code);
	if (code.data == NULL || code.data[0] != fallback[0])
		code = usual_code;
	if (said.len == 0)
		buffer_add_slice(&said, usual);
	status->class = class;
	buffer_add_slice(&out, code);
	buffer_add_char(&out, ' ');
	buffer_add_slice(&out, buffer_slice(&said));
	(void)buffer_string(&out); /* STATUS_REPLY_MAX has room for both */
}

void
status_words(struct status *status, enum status_class class, struct slice words,
	const char *fallback)
{
	status_text(status, class,
		skip_reply_code(slice_skip_blanks(first_line(words))),
		fallback);
}

/* A program's own words: class letter, then text with a code somewhere. */
static void
set_custom(struct status *status, struct slice custom)
{
	bool refused = custom.len > 0 && custom.data[0] == 'D';

	if (!refused && (custom.len == 0 || custom.data[0] != 'Z'))
		set_exit(status, -1);
	else if (refused)
		status_words(status, STATUS_REFUSED, slice_from(custom, 1),
			"5.0.0 mail server permanently rejected message");
	else
		status_words(status, STATUS_TEMPORARY, slice_from(custom, 1),
			"4.3.0 mail server temporarily rejected message");
}

void
status_from_wait(struct status *status, int wait_status, struct slice custom)
{
	if (!WIFEXITED(wait_status))
		set_reply(status, STATUS_TEMPORARY, "4.3.0 qq crashed");
	else if (WEXITSTATUS(wait_status) == QUEUE_CUSTOM ||
		 WEXITSTATUS(wait_status) == 88 /* IndiMail, sagredo */)
		set_custom(status, custom);
	else
		set_exit(status, WEXITSTATUS(wait_status));
}
