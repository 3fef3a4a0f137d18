/* authmechs - see authmechs.h. Run by the keeper before it forks. */
#include "control/authmechs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keep.h"

static const char *const names[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",
	"LOGIN", "CRAM-MD5", "DIGEST-MD5", "EXTERNAL", "SCRAM-SHA-256-PLUS",
	"SCRAM-SHA-1-PLUS"};

#define NAMES (sizeof names / sizeof *names)
#define NAME_SHOWN 40 /* octets of an unknown name in the log */

/* Room for each name once, with a blank. */
static size_t
names_room(void)
{
	size_t room = 0;

	for (size_t i = 0; i < NAMES; i++)
		room += strlen(names[i]) + 1;
	return room;
}

static bool
is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes the next word; false at the end. */
static bool
next_word(struct slice *rest, struct slice *word)
{
	while (rest->len > 0 && is_separator(rest->data[0]))
		*rest = slice_from(*rest, 1);
	*word = (struct slice){rest->data, 0};
	while (word->len < rest->len && !is_separator(rest->data[word->len]))
		word->len++;
	*rest = slice_from(*rest, word->len);
	return word->len > 0;
}

static const char *
unknown(struct slice word)
{
	int len = (int)(word.len < NAME_SHOWN ? word.len : NAME_SHOWN);
	char *text;

	if (asprintf(&text, "unknown mechanism %.*s", len, word.data) == -1)
		return "unknown mechanism";
	return text;
}

const char *
authmechs_list(struct slice text, struct slice *mechanisms)
{
	struct buffer b = {keep(names_room()), 0, names_room(), false};
	bool seen[NAMES] = {false};
	struct slice word;
	size_t i;

	*mechanisms = (struct slice){NULL, 0};
	if (b.data == NULL)
		return strerror(errno);
	while (next_word(&text, &word)) {
		for (i = 0; i < NAMES; i++)
			if (slice_is_nocase(word, names[i]))
				break;
		if (i == NAMES)
			return unknown(word);
		if (seen[i])
			continue;
		seen[i] = true;
		if (b.len > 0)
			buffer_add_char(&b, ' ');
		buffer_add_text(&b, names[i]);
	}
	if (b.len > 0)
		*mechanisms = buffer_slice(&b);
	return NULL;
}

static unsigned
needs(struct slice name)
{
	if (slice_is_nocase(name, "SCRAM-SHA-256-PLUS") ||
		slice_is_nocase(name, "SCRAM-SHA-1-PLUS"))
		return AUTHMECHS_BINDING;
	return slice_is_nocase(name, "EXTERNAL") ? AUTHMECHS_CERTIFICATE : 0;
}

bool
authmechs_wants(struct slice mechanisms, unsigned need)
{
	while (mechanisms.data != NULL)
		if (needs(slice_split(&mechanisms, ' ')) & need)
			return true;
	return false;
}

void
authmechs_offer(struct slice mechanisms, unsigned have, struct buffer *out)
{
	size_t start = out->len;

	while (mechanisms.data != NULL) {
		struct slice name = slice_split(&mechanisms, ' ');

		if (needs(name) & ~have || name.len == 0)
			continue;
		if (out->len > start)
			buffer_add_char(out, ' ');
		buffer_add_slice(out, name);
	}
}

int
authmechs_smtpauth(struct slice value, struct authmechs_smtpauth *result)
{
	*result = (struct authmechs_smtpauth){.off = false};
	if (slice_is(value, "-") || slice_is(value, "0")) {
		result->off = true;
		return 0;
	}
	if (value.len > 0 && value.data[0] == '!') {
		result->required = true;
		value = slice_from(value, 1);
		if (value.len == 0)
			return 0;
	}
	if (value.len == 0)
		result->mechanisms = slice_of("PLAIN LOGIN");
	else if (slice_is(value, "+cram"))
		result->mechanisms = slice_of("PLAIN LOGIN CRAM-MD5");
	else if (slice_is(value, "cram"))
		result->mechanisms = slice_of("CRAM-MD5");
	else
		return -1;
	return 0;
}
