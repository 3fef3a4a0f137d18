/*
 * Fuzz target of session/address and session/parameters: whatever comes, an
 * address that is let through holds what the queue program may see, and comes
 * out the same when it is written down anew. For libFuzzer; see README.
 *
 * Parsers: session/address.c session/parameters.c
 */
#include "session/address.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
require(bool good)
{
	if (!good)
		abort();
}

/* What every good address has in common. */
static void
check_address(const struct address *a, bool utf8)
{
	bool eight_bit = false;

	require(a->len <= ADDRESS_MAX);
	for (size_t i = 0; i < a->len; i++) {
		unsigned char c = (unsigned char)a->text[i];

		require(c >= ' ' && c != 0x7f);
		/* A C1 control begins with C2. */
		require(c != 0xc2 || (unsigned char)a->text[i + 1] >= 0xa0);
		eight_bit = eight_bit || c > 0x7f;
	}
	require(eight_bit == a->eight_bit);
	require(utf8 || !eight_bit);
	if (a->len == 0)
		return;
	struct slice text = {a->text, a->len};
	struct slice domain = slice_from(text, slice_find_last(text, '@'));

	require(domain.len != 1 && domain.len < a->len);
	require(domain.len <= 1 + 255);
	require(slice_find(domain, ' ') == domain.len);
	require(slice_find(domain, '"') == domain.len);
	require(domain.len == 0 || domain.data[domain.len - 1] != '.');
}

/* Quotes the local part and reads the path again: the same address? */
static void
check_again(const struct address *a, bool utf8)
{
	char path[2 * ADDRESS_MAX + 16], *at = stpcpy(path, "TO:<\"");
	struct slice text = {a->text, a->len};
	size_t local = slice_find_last(text, '@');
	struct address again;

	for (size_t i = 0; i < local; i++) {
		if (a->text[i] == '"' || a->text[i] == '\\')
			*at++ = '\\';
		*at++ = a->text[i];
	}
	*at++ = '"';
	at = mempcpy(at, a->text + local, a->len - local);
	*at++ = '>';
	require(address_rcpt((struct slice){path, (size_t)(at - path)}, utf8,
			&again) == ADDRESS_OK);
	require(again.len == a->len && again.eight_bit == a->eight_bit);
	require(memcmp(again.text, a->text, a->len) == 0);
}

static void
check_mail(struct slice arg, bool utf8)
{
	struct address a;
	struct mail_parameters m;
	enum address_result result = address_mail(arg, utf8, &a, &m);

	if (result == ADDRESS_SYNTAX)
		return;
	check_address(&a, utf8);
	if (a.len > 0)
		check_again(&a, utf8);
	require(utf8 || !m.smtputf8);
	require(m.has_size || m.size == 0 || result != ADDRESS_OK);
}

static void
check_rcpt(struct slice arg, bool utf8)
{
	struct address a;
	enum address_result result = address_rcpt(arg, utf8, &a);

	require(result != ADDRESS_VALUE);
	if (result == ADDRESS_SYNTAX)
		return;
	require(a.len > 0);
	check_address(&a, utf8);
	check_again(&a, utf8);
}

/* The argument as it is, and as a path and more of either verb. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const prefixes[] = {
		"", "FROM:", "TO:", "FROM:<", "TO:<", "TO:<\"", "FROM:<a@b> "};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t prefix = strlen(prefixes[i]);
		char *arg = malloc(prefix + len + 1);
		struct slice text = {arg + 1, prefix + len};

		/* The text ends where its memory ends. */
		memcpy(arg + 1, prefixes[i], prefix);
		if (len > 0)
			memcpy(arg + 1 + prefix, data, len);
		for (int utf8 = 0; utf8 < 2; utf8++) {
			check_mail(text, utf8);
			check_rcpt(text, utf8);
		}
		free(arg);
	}
	return 0;
}
