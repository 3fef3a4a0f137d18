/*
 * Fuzz target of passwd/formats: the first octet picks the format, the rest
 * is the file. A user's slices lie inside the line or the source, and a line
 * is either refused with a reason or has a login.
 *
 * Parsers: passwd/formats.c
 */
#include <string.h>

#include "passwd/formats.h"
#include "passwd/userfile.h"
#include "tests/fuzz/fuzz.h"

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
check_inside(struct slice part, struct slice line,
	const struct formats_source *source)
{
	const char *key = source->key, *value = source->value;

	if (part.data == NULL || part.len == 0)
		return;
	require((part.data >= line.data &&
			part.data + part.len <= line.data + line.len) ||
		(part.data >= key &&
			part.data + part.len <= key + sizeof source->key) ||
		(part.data >= value &&
			part.data + part.len <= value + sizeof source->value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {
		"dovecot", "htpasswd", "shadow", "vpasswd", "sqmail", "sasldb"};
	static struct formats_source source;
	const struct formats_row *format;
	struct userfile_cursor at = {0};
	struct userfile_line line;

	if (size < 2 || size > 4000 || fuzz_has_crypt(data, size))
		return 0;
	format = formats_find(slice_of(names[data[0] % 6]));
	require(format != NULL);
	source = (struct formats_source){
		.text = {(const char *)data + 1, size - 1},
		.seconds = 1700000000,
		.is_dump = data[0] >= 128};
	while (userfile_next(source.text, &at, &line)) {
		struct formats_user user = {.note = NULL};
		const char *fault = format->take(&source, line.text, &user);

		if (fault != NULL)
			continue;
		require(user.login.data != NULL);
		check_inside(user.login, line.text, &source);
		check_inside(user.record, line.text, &source);
		check_inside(user.secret, line.text, &source);
		check_inside(user.clear, line.text, &source);
		check_inside(source.domain, line.text, &source);
	}
	return 0;
}
