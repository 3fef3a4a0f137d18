/*
 * Unit test of the mechanisms: a user with two dozen app passwords, one with
 * none and nobody are refused with the same work. It is measured in processor
 * time, of many runs the quickest, and one that costs twice as much as another
 * fails: unlevelled it was many times as much.
 */
#include <time.h>

#include "tests/exchange.h"
#include "tests/tap.h"

#define RUNS 300
#define ROUNDS 20
#define APPS 24 /* of the longest kind they would not fit */
#define NOBODY "none@example.com"
#define CRAM                                                                   \
	"{CRAM-MD5}0123456789abcdef0123456789abcdef0123456789abcdef"           \
	"0123456789abcdef"
#define DIGEST "{DIGEST-MD5}a,0123456789abcdef0123456789abcdef"

static struct exchange x;

static int64_t
processor_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A line with so many secrets of that kind, the first in field 2. */
static void
make_record(char *record, size_t cap, const char *secret, unsigned apps)
{
	size_t len = (size_t)snprintf(record, cap, "%s:::", secret);

	for (unsigned i = 0; i < apps && len < cap; i++)
		len += (size_t)snprintf(record + len, cap - len,
			"smtp_secret_a%u=%s ", i, secret);
	cdbfile_must(len < cap && len < USERS_RECORD_MAX);
}

/* The last step of a refused exchange; before it, what comes first. */
static void
say(char *text, size_t cap, const char *mechanism, const char *login)
{
	if (strcmp(mechanism, "CRAM-MD5") == 0) {
		exchange_step(&x, NULL);
		snprintf(text, cap, "%s %032d", login, 0);
	} else if (strcmp(mechanism, "DIGEST-MD5") == 0) {
		exchange_step(&x, NULL);
		snprintf(text, cap,
			"username=\"%s\",realm=\"a\",nonce=\"b\",cnonce=\"c\","
			"nc=00000001,qop=auth,digest-uri=\"smtp/a\","
			"response=%032d",
			login, 0);
	} else {
		snprintf(text, cap, "n,,n=%s,r=abc", login);
		exchange_step(&x, text);
		snprintf(text, cap,
			"c=biws,r=%.*s,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
			"AAAAAAA=",
			(int)(strcspn(x.challenge_text, ",") - 2),
			x.challenge_text + 2);
	}
}

/* Nanoseconds of the step that ends it; first: of the one before. */
static int64_t
quickest(int fd, const char *mechanism, const char *login, bool first)
{
	char text[600];
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < RUNS; i++) {
		int64_t before = 0;

		exchange_start(&x, mechanism, fd);
		if (strcmp(mechanism, "PLAIN") == 0) {
			int len = snprintf(
				text, sizeof text, "%c%s%cwrong", 0, login, 0);

			before = processor_time();
			cdbfile_must(exchange_octets(&x, text, (size_t)len) ==
				     EXCHANGE_FAIL);
		} else if (first) {
			before = processor_time();
			say(text, sizeof text, mechanism, login);
		} else {
			say(text, sizeof text, mechanism, login);
			before = processor_time();
			cdbfile_must(exchange_step(&x, text) == EXCHANGE_FAIL);
		}
		int64_t took = processor_time() - before;

		least = took < least ? took : least;
	}
	return least;
}

static void
test_level(const char *mechanism, const char *secret, unsigned apps, bool first)
{
	static char many[USERS_RECORD_MAX], one[USERS_RECORD_MAX];
	char site[400], what[80];
	static const char *const logins[] = {
		"many@example.com", "one@example.com", NOBODY};
	int64_t took[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
	bool alike = false;

	make_record(many, sizeof many, secret, apps);
	make_record(one, sizeof one, secret, 0);
	snprintf(site, sizeof site, "1 " SITE_KEY " 4096 16 0 %s", secret);
	const struct cdbfile_record records[] = {{logins[0], many},
		{logins[1], one}, {"#site", site}, {NULL, NULL}};
	int fd = cdbfile_make(records);

	/* Again where others took the processor; what is unlike stays so. */
	for (unsigned round = 0; round < ROUNDS && !alike; round++) {
		int64_t least = INT64_MAX, most = 0;

		for (size_t i = 0; i < 3; i++) {
			int64_t now = quickest(fd, mechanism, logins[i], first);

			took[i] = now < took[i] ? now : took[i];
			least = took[i] < least ? took[i] : least;
			most = took[i] > most ? took[i] : most;
		}
		alike = most < 2 * least;
	}
	for (size_t i = 0; i < 3; i++)
		printf("# %s %s %lld ns\n", mechanism, logins[i],
			(long long)took[i]);
	snprintf(what, sizeof what, "%s%s: the same work", mechanism,
		first ? ", the first message" : "");
	ok(alike, what);
	close(fd);
}

int
main(void)
{
	test_level("SCRAM-SHA-256", SCRAM_256, 20, true);
	test_level("SCRAM-SHA-256", SCRAM_256, 20, false);
	test_level("PLAIN", "{PLAIN}pencil", APPS, false);
	test_level("CRAM-MD5", CRAM, APPS, false);
	test_level("CRAM-MD5", "{PLAIN}pencil", APPS, false);
	test_level("DIGEST-MD5", DIGEST, APPS, false);
	return tap_done();
}
