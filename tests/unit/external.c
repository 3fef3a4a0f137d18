/*
 * Unit test of sasl/external.c: pinned certificates, and which name counts.
 * What clientca.pem adds is tested by tests/auth/external.t, with dates.
 */
#include "lib/hex.h"
#include "tests/exchange.h"
#include "tests/joe-certificate.h"
#include "tests/tap.h"

#define PIN "{CERT-SHA256}" JOE_FINGERPRINT
#define OTHER                                                                  \
	"{CERT-SHA256}00112233445566778899aabbccddeeff"                        \
	"00112233445566778899aabbccddeeff"

static const struct cdbfile_record records[] = {
	{"joe@example.com", "{PLAIN}x:::smtp_secret_laptop=" PIN},
	{"ann@example.com", "{PLAIN}x:::smtp_secret_laptop=" OTHER},
	{"two@example.com",
		"{PLAIN}x:::smtp_secret_a=" OTHER " smtp_secret_b=" PIN},
	{"field@example.com", PIN ":::"},
	{"off@example.com", "!{PLAIN}x:::smtp_secret_laptop=" PIN},
	{"empty@example.com", ":::"},
	{"bad@example.com", "{PLAIN}pencil\n"},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

static enum exchange_result
try(int fd, const char *authzid)
{
	exchange_start(&x, "EXTERNAL", fd);
	return exchange_step(&x, authzid);
}

static void
test_results(int fd)
{
	static const struct {
		const char *authzid;
		enum exchange_result result;
		const char *login, *label, *reason, *what;
	} rows[] = {
		{"joe@example.com", EXCHANGE_OK, "joe@example.com", "laptop",
			NULL, "pinned"},
		{"Joe@Example.COM", EXCHANGE_OK, "joe@example.com", "laptop",
			NULL, "in upper case"},
		{"two@example.com", EXCHANGE_OK, "two@example.com", "b", NULL,
			"one of two"},
		{"field@example.com", EXCHANGE_OK, "field@example.com", "",
			NULL, "in field 2"},
		{"ann@example.com", EXCHANGE_FAIL, "ann@example.com", "",
			"certificate", "one of its names, another's pin"},
		{"off@example.com", EXCHANGE_FAIL, "off@example.com", "",
			"disabled", "disabled"},
		{"none@example.com", EXCHANGE_FAIL, "none@example.com", "",
			"unknown", "unknown"},
		{"empty@example.com", EXCHANGE_FAIL, "empty@example.com", "",
			"no-secret", "no secret"},
		{"#site", EXCHANGE_FAIL, "#site", "", "unknown",
			"a reserved record"},
		{"", EXCHANGE_FAIL, "", "", "certificate",
			"two names: which is it?"},
		{"bad@example.com", EXCHANGE_TEMPORARY, "bad@example.com", "",
			"backend", "a broken record"},
		{"a\nb", EXCHANGE_MALFORMED, "", "", NULL, "no login"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ok(try(fd, rows[i].authzid) == rows[i].result, rows[i].what);
		ok(exchange_login_is(&x, rows[i].login) &&
				strcmp(x.label, rows[i].label) == 0 &&
				(rows[i].reason == NULL ||
					strcmp(x.reason, rows[i].reason) == 0),
			"login, label and reason");
	}
	ok(try(fd, NULL) == EXCHANGE_CHALLENGE && x.challenge.len == 0 &&
			exchange_step(&x, "joe@example.com") == EXCHANGE_OK,
		"without an initial response");
	ok(try(-1, "joe@example.com") == EXCHANGE_TEMPORARY, "no user file");
}

static void
test_chains(int fd, struct slice chain)
{
	/* An authority that is not there vouches for nobody. */
	static struct clientca ca;

	exchange_facts.client_chain = SLICE_NONE;
	ok(try(fd, "joe@example.com") == EXCHANGE_FAIL &&
			strcmp(x.reason, "certificate") == 0,
		"no certificate");
	exchange_facts.client_chain = (struct slice){"\0\1x", 3};
	ok(try(fd, "joe@example.com") == EXCHANGE_FAIL, "no certificate in it");
	exchange_facts.client_chain = (struct slice){chain.data, chain.len - 1};
	ok(try(fd, "joe@example.com") == EXCHANGE_FAIL, "half a certificate");
	exchange_facts.client_chain = chain;
	exchange_facts.clientca = &ca;
	ok(try(fd, "ann@example.com") == EXCHANGE_FAIL, "no authority");
	ok(try(fd, "joe@example.com") == EXCHANGE_OK, "but a pin");
	ca.reason = "not PEM";
	ok(try(fd, "ann@example.com") == EXCHANGE_TEMPORARY &&
			strcmp(x.reason, "backend") == 0,
		"authorities that could not be read");
	ok(try(fd, "joe@example.com") == EXCHANGE_OK, "but a pin");
	ok(try(fd, "off@example.com") == EXCHANGE_TEMPORARY,
		"the same for a disabled user");
	ok(try(fd, "none@example.com") == EXCHANGE_TEMPORARY,
		"and for an unknown one");
}

int
main(void)
{
	static char octets[1024];
	struct buffer b = BUFFER_OVER(octets);
	int fd = cdbfile_make(records);

	b.len = 2;
	cdbfile_must(hex_decode(&b, slice_of(JOE_DER_HEX)) == 0);
	octets[0] = (char)((b.len - 2) >> 8);
	octets[1] = (char)(b.len - 2);
	exchange_facts.client_chain = buffer_slice(&b);
	test_results(fd);
	test_chains(fd, buffer_slice(&b));
	return tap_done();
}
