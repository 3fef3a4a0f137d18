/*
 * authmechs - see authmechs.h. Run by main (lists), session, keeper and
 * authenticator (what is offered), smtpd-passwd and smtpd-check.
 */
#include "control/authmechs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/keep.h"
#include "lib/words.h"

#define ENTRY(symbol, ...) [AUTHMECHS_##symbol] = {__VA_ARGS__},
const struct authmech authmechs[AUTHMECHS_COUNT] = {AUTHMECHS(ENTRY)};

#define NAME_SHOWN 40 /* octets of an unknown name in the log */

bool
authmechs_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return false;
	}
	return name.len > 0 && name.len <= AUTHMECHS_NAME_MAX;
}

bool
authmechs_name(struct slice word, char name[AUTHMECHS_NAME_MAX + 1])
{
	if (word.len > AUTHMECHS_NAME_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++)
		name[i] = bytes_upper(word.data[i]);
	name[word.len] = '\0';
	return authmechs_is_name((struct slice){name, word.len});
}

const struct authmech *
authmechs_find(struct slice name)
{
	for (size_t i = 0; i < AUTHMECHS_COUNT; i++)
		if (slice_is_nocase(name, authmechs[i].name))
			return &authmechs[i];
	return NULL;
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
authmechs_list(struct slice text, bool any, struct slice *mechanisms)
{
	/* What is kept is never longer than what was read. */
	struct buffer b = {keep(text.len + 1), 0, text.len + 1, false};
	char name[AUTHMECHS_NAME_MAX + 1];
	struct slice word;

	*mechanisms = SLICE_NONE;
	if (b.data == NULL)
		return strerror(errno);
	while (words_next(&text, &word)) {
		if (!authmechs_name(word, name) ||
			(!any && authmechs_find(word) == NULL))
			return unknown(word);
		if (!words_has(buffer_slice(&b), word))
			words_add(&b, slice_of(name));
	}
	if (b.len > 0)
		*mechanisms = buffer_slice(&b);
	return NULL;
}

static unsigned
wants(struct slice name)
{
	const struct authmech *mechanism = authmechs_find(name);

	return mechanism == NULL ? 0 : mechanism->wants;
}

bool
authmechs_wants(struct slice mechanisms, unsigned need)
{
	struct slice name;

	while (words_next(&mechanisms, &name))
		if (wants(name) & need)
			return true;
	return false;
}

void
authmechs_offer(struct slice mechanisms, unsigned have, struct buffer *out)
{
	struct slice name;

	while (words_next(&mechanisms, &name))
		if (!(wants(name) & ~have))
			words_add(out, name);
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
