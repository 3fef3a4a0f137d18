/*
 * Unit test of sasl/digest_md5.c. The sums are tested in md5.c by the
 * examples of RFC 2831; these here were made by another program.
 */
#include "tests/exchange.h"
#include "tests/tap.h"

#define HASH "1af1d92edf6a74bdef198cdef3cacb6a"
#define NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
#define PROOF "3e38a155888ce3f5b004d2851de2b1f6"
#define RSPAUTH "5afe3414113f0193b51cf630adb8e9ea"
#define HEAD                                                                   \
	"charset=utf-8,username=\"joe@example.com\",realm=\"mx.example.org\"," \
	"nonce=\"" NONCE "\",nc=00000001,cnonce=\"OA6MHXh6VqTrRk\","
#define URI "digest-uri=\"smtp/mx.example.org\","

static const struct cdbfile_record records[] = {
	{"joe@example.com",
		":::smtp_secret_digest-md5={DIGEST-MD5}mx.example.org," HASH},
	{"#site", SITE},
	{NULL, NULL},
};
static const struct cdbfile_record others[] = {
	{"joe@example.com", ":::smtp_secret_a={DIGEST-MD5}x,00" HASH
			    " smtp_secret_phone={PLAIN}pencil"},
	{"#site", SITE},
	{NULL, NULL},
};
static const struct cdbfile_record disabled[] = {
	{"joe@example.com", "!{PLAIN}pencil"},
	{"#site", SITE},
	{NULL, NULL},
};
static const struct cdbfile_record realms[] = {
	{"joe@example.com", ":::smtp_secret_a={DIGEST-MD5}other," HASH},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

static enum exchange_result
try(int fd, const char *response)
{
	exchange_start(&x, "DIGEST-MD5", fd);
	cdbfile_must(exchange_step(&x, NULL) == EXCHANGE_CHALLENGE);
	return exchange_step(&x, response);
}

static void
test_exchange(int fd)
{
	exchange_start(&x, "DIGEST-MD5", fd);
	ok(!x.mechanism->row->client_first &&
			exchange_step(&x, NULL) == EXCHANGE_CHALLENGE,
		"the server speaks first");
	ok(exchange_challenge_is(&x,
		   "realm=\"mx.example.org\",nonce=\"" NONCE
		   "\",qop=\"auth\",charset=utf-8,algorithm=md5-sess"),
		"the challenge");
	ok(exchange_step(&x, HEAD URI "response=" PROOF ",qop=auth") ==
				EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, "rspauth=" RSPAUTH),
		"the server's own proof");
	ok(exchange_step(&x, "") == EXCHANGE_OK &&
			exchange_login_is(&x, "joe@example.com") &&
			x.label[0] == '\0',
		"logged in");
	ok(try(fd, HEAD URI "response=" PROOF) == EXCHANGE_CHALLENGE &&
			exchange_step(&x, "x") == EXCHANGE_MALFORMED,
		"text in place of the empty line");
	ok(try(fd, HEAD URI "authzid=\"joe@example.com\","
			    "response=bc19dca143cb2a6bb3eb8bd3225f54f3") ==
				EXCHANGE_CHALLENGE &&
			exchange_challenge_is(
				&x, "rspauth=77b22924b05131286857b531fed7f226"),
		"with an authorization id");
	exchange_start(&x, "DIGEST-MD5", fd);
	ok(exchange_step(&x, HEAD) == EXCHANGE_MALFORMED,
		"no initial response");
}

static void
test_users(int fd)
{
	static const struct {
		const struct cdbfile_record *records;
		enum exchange_result result;
		const char *label, *reason, *what;
	} rows[] = {
		{others, EXCHANGE_CHALLENGE, "phone", NULL, "an app password"},
		{disabled, EXCHANGE_FAIL, "", "disabled", "a disabled user"},
		{realms, EXCHANGE_FAIL, "", "password", "another realm's hash"},
		{records + 1, EXCHANGE_FAIL, "", "unknown", "an unknown user"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int other = cdbfile_make(rows[i].records);

		ok(try(other, HEAD URI "response=" PROOF) == rows[i].result,
			rows[i].what);
		if (rows[i].result == EXCHANGE_CHALLENGE)
			ok(exchange_step(&x, "") == EXCHANGE_OK &&
					strcmp(x.label, rows[i].label) == 0,
				"its label");
		else
			ok(strcmp(x.reason, rows[i].reason) == 0 &&
					x.challenge.len == 0,
				"its reason");
		close(other);
	}
	ok(try(-1, HEAD URI "response=" PROOF) == EXCHANGE_TEMPORARY,
		"no user file");
	/* Sixteen zeros are what an unknown user's work is done with. */
	ok(try(fd, HEAD URI "response=" RSPAUTH) == EXCHANGE_FAIL &&
			strcmp(x.reason, "password") == 0,
		"the other proof is none");
}

int
main(void)
{
	int fd = cdbfile_make(records);

	test_exchange(fd);
	test_users(fd);
	return tap_done();
}
