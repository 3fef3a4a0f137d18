/* Unit test of lib/certificate.c. */
#include "lib/certificate.h"

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/hex.h"
#include "tests/joe-certificate.h"
#include "tests/tap.h"

static char der[1024];
static size_t der_len;

static struct slice
joe(void)
{
	struct buffer b = BUFFER_OVER(der);

	if (hex_decode(&b, slice_of(JOE_DER_HEX)) == -1)
		abort();
	der_len = b.len;
	return buffer_slice(&b);
}

static struct slice
name(const struct certificate *c, enum certificate_name kind, unsigned n)
{
	struct certificate_cursor at = {.started = false};
	struct slice found = SLICE_NONE;

	do
		if (!certificate_next(c, kind, &at, &found))
			return SLICE_NONE;
	while (n-- > 0);
	return found;
}

static void
test_names(void)
{
	static const struct {
		enum certificate_name kind;
		unsigned n;
		const char *expected;
	} rows[] = {
		{CERTIFICATE_ALT_EMAIL, 0, "joe@example.com"},
		{CERTIFICATE_ALT_EMAIL, 1, "ann@example.com"},
		{CERTIFICATE_ALT_EMAIL, 2, NULL},
		{CERTIFICATE_ALT_DNS, 0, "laptop.example.com"},
		{CERTIFICATE_ALT_DNS, 1, NULL},
		{CERTIFICATE_EMAIL, 0, "joe@example.org"},
		{CERTIFICATE_EMAIL, 1, NULL},
		{CERTIFICATE_COMMON, 0, "Joe"},
		{CERTIFICATE_COMMON, 1, "Second"},
		{CERTIFICATE_COMMON, 2, NULL},
	};
	struct certificate c;

	ok(certificate_parse(&c, joe()) == 0, "a certificate");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct slice found = name(&c, rows[i].kind, rows[i].n);

		ok(rows[i].expected == NULL ? found.data == NULL
					    : slice_is(found, rows[i].expected),
			rows[i].expected == NULL ? "no more"
						 : rows[i].expected);
	}
	ok(certificate_is_for_client(&c), "for TLS clients");
}

/* Replaces the first occurrence; both have the same length. */
static void
change(const char *from, const char *to, size_t len)
{
	char *at = memmem(der, der_len, from, len);

	if (at == NULL)
		abort();
	memcpy(at, to, len);
}

#define CHANGE(from, to) (change((from), (to), sizeof(from) - 1))

static void
test_purposes(void)
{
	struct certificate c;

	(void)joe();
	/* serverAuth in place of clientAuth */
	CHANGE("\x2b\x06\x01\x05\x05\x07\x03\x02",
		"\x2b\x06\x01\x05\x05\x07\x03\x01");
	ok(certificate_parse(&c, (struct slice){der, der_len}) == 0 &&
			!certificate_is_for_client(&c),
		"for TLS servers");
	(void)joe();
	/* The extension's own number is another: no purposes are listed. */
	CHANGE("\x55\x1d\x25", "\x55\x1d\x77");
	ok(certificate_parse(&c, (struct slice){der, der_len}) == 0 &&
			c.purposes.data == NULL &&
			certificate_is_for_client(&c),
		"for everything");
	(void)joe();
	CHANGE("\x55\x1d\x25", "\x55\x1d\x11");
	ok(certificate_parse(&c, (struct slice){der, der_len}) == -1,
		"subjectAltName twice");
}

static void
test_binding(void)
{
	static const struct {
		const char *algorithm;
		size_t algorithm_len, len;
		const char *what;
	} rows[] = {
#define MD5 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"
		{MD5, sizeof MD5 - 1, 32, "RSA, MD5: SHA-256"},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", 9, 32,
			"RSA, SHA-1: SHA-256"},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9, 32, "RSA, SHA-256"},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9, 48, "RSA, SHA-384"},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9, 64, "RSA, SHA-512"},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", 9, 28, "RSA, SHA-224"},
		{"\x2a\x86\x48\xce\x3d\x04\x01", 7, 32,
			"ECDSA, SHA-1: SHA-256"},
		{"\x2a\x86\x48\xce\x3d\x04\x03\x01", 8, 28, "ECDSA, SHA-224"},
		{"\x2a\x86\x48\xce\x3d\x04\x03\x03", 8, 48, "ECDSA, SHA-384"},
		{"\x2a\x86\x48\xce\x3d\x04\x03\x04", 8, 64, "ECDSA, SHA-512"},
		{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9, 0, "RSA-PSS"},
		{"\x2b\x65\x70", 3, 0, "Ed25519"},
		{"", 0, 0, "nothing"},
	};
	unsigned char sum[CERTIFICATE_BINDING_MAX];
	char digits[2 * CERTIFICATE_BINDING_MAX];
	struct buffer b = BUFFER_OVER(digits);
	struct certificate c;

	(void)certificate_parse(&c, joe());
	ok(certificate_binding(&c, sum) == 32, "ECDSA, SHA-256");
	hex_encode(&b, (struct slice){(const char *)sum, 32});
	ok(slice_is(buffer_slice(&b), JOE_FINGERPRINT),
		"of the whole certificate");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		c.algorithm = (struct slice){
			rows[i].algorithm, rows[i].algorithm_len};
		ok(certificate_binding(&c, sum) == rows[i].len, rows[i].what);
	}
}

/* Of exactly this length, so that reading on is noticed. */
static bool
is_refused(const char *data, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);
	struct certificate c;

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	bool refused = certificate_parse(&c, (struct slice){copy, len}) == -1;

	free(copy);
	return refused;
}

static void
test_broken(void)
{
	struct certificate c;
	bool refused = true;

	(void)joe();
	for (size_t len = 0; len < der_len; len++)
		refused = refused && is_refused(der, len);
	ok(refused, "cut anywhere");
	der[der_len] = '\0';
	ok(is_refused(der, der_len + 1), "an octet behind");
	ok(certificate_parse(&c, SLICE_NONE) == -1, "no certificate");
	/* Any other octet is read or refused, within bounds. */
	for (size_t i = 0; i < der_len; i++)
		for (unsigned k = 0; k < 256; k += 15) {
			char old = der[i];

			der[i] = (char)k;
			(void)is_refused(der, der_len);
			der[i] = old;
		}
	ok(is_refused("\x30\x80\x00\x00", 4), "an indefinite length");
	ok(is_refused("\x30\x84\x00\x00\x00\x00", 6), "a long length");
	ok(is_refused("\x30\x83\xff\xff\xff", 5), "more than is there");
}

static void
test_times(void)
{
	struct certificate_time before = certificate_now();
	int64_t now = clock_seconds();
	struct certificate_time after = certificate_now();

	ok(certificate_seconds(719528, 1) == 1, "1970 is 719528 days on");
	ok(certificate_seconds(739586, 5) == 1733011205, "2024-12-01 00:00:05");
	ok(certificate_seconds(719527, 86399) == -1, "and before 1970");
	ok(certificate_seconds(before.days, before.seconds) <= now &&
			certificate_seconds(after.days, after.seconds) >= now &&
			after.seconds < 86400,
		"now is now");
}

int
main(void)
{
	test_names();
	test_purposes();
	test_binding();
	test_broken();
	test_times();
	return tap_done();
}
