/* policy_answer - see policy_answer.h. Run by the keeper and smtpd-check. */
#include "keeper/policy_answer.h"

#include <string.h>

#include "lib/buffer.h"

#define DENIED "Access denied"

/* REJECT and its like; codes of three digits are taken as they are. */
static const struct verb {
	const char *name;
	enum policy_meaning meaning;
	const char *code; /* ... of the reply to a refusal */
	const char *fallback;
} verbs[] = {
	{"OK", MEANS_ACCEPT, NULL, NULL},
	{"DUNNO", MEANS_ACCEPT, NULL, NULL},
	{"DEFER_IF_REJECT", MEANS_ACCEPT, NULL, NULL},
	{"REJECT", MEANS_REFUSE, "554", "5.7.1 " DENIED},
	{"DEFER", MEANS_REFUSE, "450", "4.7.1 " DENIED},
	{"DEFER_IF_PERMIT", MEANS_REFUSE, "450", "4.7.1 Service unavailable"},
	{"PREPEND", MEANS_PREPEND, NULL, NULL},
};

size_t
policy_answer_length(struct slice text)
{
	for (size_t at = 0; at < text.len;) {
		size_t len = slice_find(slice_from(text, at), '\n');

		if (at + len == text.len)
			break;
		at += len + 1;
		if (len == 0)
			return at;
	}
	return 0;
}

/* The value of action; absent where there is none, or two. */
static struct slice
find_action(struct slice text)
{
	struct slice action = SLICE_NONE;

	if (slice_find(text, '\0') != text.len)
		return SLICE_NONE;
	for (;;) {
		struct slice value = slice_split(&text, '\n');

		if (value.len == 0)
			return action;
		struct slice name = slice_split(&value, '=');

		if (value.data == NULL)
			return SLICE_NONE;
		if (!slice_is(name, "action"))
			continue;
		if (action.data != NULL)
			return SLICE_NONE;
		action = value;
	}
}

/* A field with a valid name (RFC 5322 2.2), in one line. */
static bool
is_header(struct slice line)
{
	size_t colon = slice_find(line, ':');

	if (colon == 0 || colon == line.len || line.len > POLICY_HEADER_MAX ||
		slice_find(line, '\r') != line.len)
		return false;
	for (size_t i = 0; i < colon; i++)
		if (line.data[i] <= ' ' || line.data[i] > '~')
			return false;
	return true;
}

static void
set_refusal(struct policy_answer *answer, struct slice code, struct slice text,
	const char *fallback)
{
	struct buffer b = BUFFER_OVER(answer->reply);
	struct status status;

	answer->class = code.data[0] == '5' ? STATUS_REFUSED : STATUS_TEMPORARY;
	status_text(&status, answer->class, text, fallback);
	buffer_add_slice(&b, code);
	buffer_add_char(&b, ' ');
	buffer_add_text(&b, status.reply);
	(void)buffer_string(&b); /* POLICY_REPLY_MAX has room */
	answer->meaning = slice_is(code, "421") || slice_is(code, "521")
				  ? MEANS_CLOSE
				  : MEANS_REFUSE;
}

void
policy_answer_read(struct policy_answer *answer, struct slice text)
{
	*answer = (struct policy_answer){.action = find_action(text)};
	if (answer->action.data == NULL)
		return;
	struct slice rest = slice_skip_blanks(answer->action);
	struct slice word = slice_word(&rest);

	if (word.len == 0)
		return;
	answer->meaning = MEANS_OTHER;
	if (status_is_code(word)) {
		set_refusal(answer, word, rest,
			word.data[0] == '5' ? "5.7.1 " DENIED
					    : "4.7.1 " DENIED);
		return;
	}
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		const struct verb *verb = &verbs[i];

		if (!slice_is_nocase(word, verb->name))
			continue;
		if (verb->meaning == MEANS_REFUSE)
			set_refusal(answer, slice_of(verb->code), rest,
				verb->fallback);
		else if (verb->meaning != MEANS_PREPEND || is_header(rest))
			answer->meaning = verb->meaning;
		answer->header = rest;
	}
}
