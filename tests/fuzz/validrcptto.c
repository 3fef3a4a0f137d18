/*
 * Fuzz target: validrcptto and its cdb. The input is a recipient, LF, the text,
 * NUL, the cdb. Whatever the files hold, an answer comes; of a text alone it
 * is the one that a plain comparison of lines gives.
 *
 * Parsers: control/validrcptto.c
 */
#include "control/validrcptto.h"

#include "lib/keep.h"
#include "tests/scratch.h"
#include "tests/fuzz/fuzz.h"

static struct scratch scratch;

static void
clean_up(void)
{
	scratch_end(&scratch);
}

/* From here on what is kept comes from malloc(), and can be given back. */
static void
set_up(void)
{
	scratch_make(&scratch);
	(void)atexit(clean_up);
	(void)keep(KEEP_FIRST);
}

/* Is there a line of prefix and entry, in lower case? */
static bool
has(struct slice text, const char *prefix, struct slice entry)
{
	char wanted[2048], *end = wanted + strlen(prefix);

	if (entry.len + 2 > sizeof wanted)
		return false;
	strcpy(wanted, prefix);
	for (size_t i = 0; i < entry.len; i++)
		*end++ = bytes_lower(entry.data[i]);
	while (text.data != NULL) {
		struct slice line = slice_split(&text, '\n');

		while (line.len > 0 && bytes_space(line.data[line.len - 1]))
			line.len--;
		if (line.len > 0 && line.data[0] != '#' &&
			slice_equal(line,
				(struct slice){wanted, (size_t)(end - wanted)}))
			return true;
	}
	return false;
}

static enum validrcptto_result
expected(struct slice text, struct slice recipient)
{
	size_t at = slice_find_last(recipient, '@');
	struct slice user = {recipient.data, at};
	struct slice host = slice_from(recipient, at);

	if ((recipient.len == 0 || recipient.data[0] != '-') &&
		has(text, "", recipient))
		return VALIDRCPTTO_YES;
	if (has(text, "-", recipient))
		return VALIDRCPTTO_NO;
	if (slice_is_nocase(user, "postmaster") || has(text, "", host))
		return VALIDRCPTTO_YES;
	return has(text, "-", host) ? VALIDRCPTTO_NO : VALIDRCPTTO_UNLISTED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size};
	struct validrcptto v;

	if (scratch.path[0] == '\0')
		set_up();
	struct slice recipient = slice_split(&rest, '\n');
	struct slice text = slice_split(&rest, '\0');

	scratch_write(&scratch, VALIDRCPTTO_TEXT, text.data, text.len);
	scratch_write(&scratch, VALIDRCPTTO_CDB, rest.data, rest.len);
	if (validrcptto_open(&v, scratch.path) == 0) {
		bool none = v.cdb == -1;
		enum validrcptto_result result =
			validrcptto_find(&v, recipient);

		if (none && recipient.len <= 1024 &&
			result != expected(text, recipient))
			abort();
		if (v.cdb != -1)
			close(v.cdb);
	}
	free(v.text.text);
	return 0;
}
