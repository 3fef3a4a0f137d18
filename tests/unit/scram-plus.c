/*
 * Unit test of sasl/scram.c with channel binding. RFC 5802 and 7677 have no
 * example of it: these were made by another program, with the salts and keys
 * of their examples, and the server's nonce that exchange.h gives.
 */
#include "tests/exchange.h"
#include "tests/tap.h"

#define CNONCE "rOprNGfwEbeRWgbNEkqO"
#define NONCE CNONCE "AAECAwQFBgcICQoLDA0ODxAR"
#define HEADER "p=tls-server-end-point,,"
#define FIRST "n=joe@example.com,r=" CNONCE
#define BOUND                                                                  \
	"c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsA9Zt0Ig1wco/EozOrNHzGslBYwlrIPRF"   \
	"roQoW8CDLXI=,r=" NONCE

static const struct cdbfile_record records[] = {
	{"joe@example.com", SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

/* SHA-256 of "certificate" */
static const char binding[] = "\x03\xd6\x6d\xd0\x88\x35\xc1\xca\x3f\x12\x8c\xce"
			      "\xac\xd1\xf3\x1a\xc9\x41\x63\x09\x6b\x20\xf4\x45"
			      "\xae\x84\x28\x5b\xc0\x83\x2d\x72";

static const struct row {
	const char *name, *challenge, *final, *answer;
} rows[] = {
	{"SCRAM-SHA-256-PLUS", "r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		BOUND ",p=hDOWTYW+JJnMGfvzaWt9CyVFF3+4BLTx7jxIYyM8aig=",
		"v=QkRD6C7Q5rFkC260OBGPzAQzgDAbw7SbT80SGOveq7Y="},
	{"SCRAM-SHA-1-PLUS", "r=" NONCE ",s=QSXCR+Q6sek8bf92,i=4096",
		BOUND ",p=ihUV6TW0paf7MaCpL6XZV4bO2ZM=",
		"v=Rv8t4/YHg2SHQnnsgqrKnGrKJTo="},
};

static enum exchange_result
try(int fd, const char *mechanism, const char *first, const char *final)
{
	exchange_start(&x, mechanism, fd);
	enum exchange_result result = exchange_step(&x, first);

	return result == EXCHANGE_CHALLENGE ? exchange_step(&x, final) : result;
}

static void
test_row(int fd, const struct row *row)
{
	exchange_start(&x, row->name, fd);
	ok(exchange_step(&x, HEADER FIRST) == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, row->challenge),
		row->name);
	ok(exchange_step(&x, row->final) == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, row->answer),
		"the proof, and the server's");
	ok(exchange_step(&x, "") == EXCHANGE_OK &&
			exchange_login_is(&x, "joe@example.com"),
		"logged in");
	exchange_facts.binding.len--;
	ok(try(fd, row->name, HEADER FIRST, row->final) == EXCHANGE_FAIL &&
			strcmp(x.reason, "binding") == 0,
		"another binding");
	exchange_facts.binding.len = 0;
	ok(try(fd, row->name, HEADER FIRST, row->final) == EXCHANGE_FAIL,
		"none");
	exchange_facts.binding.len = sizeof binding - 1;
	ok(try(fd, row->name, "n,," FIRST, "") == EXCHANGE_MALFORMED &&
			try(fd, row->name, "y,," FIRST, "") ==
				EXCHANGE_MALFORMED &&
			try(fd, row->name, "p=tls-unique,," FIRST, "") ==
				EXCHANGE_MALFORMED,
		"other headers");
}

int
main(void)
{
	int fd = cdbfile_make(records);

	exchange_facts.binding = (struct slice){binding, sizeof binding - 1};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		test_row(fd, &rows[i]);
	exchange_facts.plus_offered = true;
	ok(try(fd, "SCRAM-SHA-256", "y,," FIRST, "") == EXCHANGE_FAIL &&
			strcmp(x.reason, "binding") == 0,
		"y while -PLUS is on offer");
	exchange_start(&x, "SCRAM-SHA-256", fd);
	ok(exchange_step(&x, "n,," FIRST) == EXCHANGE_CHALLENGE, "n meanwhile");
	ok(try(fd, "SCRAM-SHA-256", HEADER FIRST, "") == EXCHANGE_MALFORMED,
		"p without -PLUS");
	exchange_facts.plus_offered = false;
	exchange_start(&x, "SCRAM-SHA-256", fd);
	ok(exchange_step(&x, "y,," FIRST) == EXCHANGE_CHALLENGE,
		"y where it is not");
	return tap_done();
}
