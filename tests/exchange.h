/*
 * exchange - a user file and one AUTH exchange for the tests of mechanisms.
 *
 * Every record has "pencil" for its password unless its name says another.
 * The SCRAM secrets are the examples of RFC 7677 §3 and RFC 5802 §5.
 */
#ifndef TESTS_EXCHANGE_H
#define TESTS_EXCHANGE_H

#include "sasl/mechanism.h"

#include "tests/cdbfile.h"

#define SCRAM_256                                                              \
	"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,"                        \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"                        \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SCRAM_1                                                                \
	"{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,"     \
	"D+CSWLOshSulAsxiupA+qs2/fTE="
#define SITE_KEY "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define SITE "1 " SITE_KEY " 4096 16 0 " SCRAM_256

/* What the keeper would know. */
static struct mechanism_facts exchange_facts = {.me = {"mx.example.org", 14}};

/* Parses what follows a login in the user file. 0, or -1: malformed. */
static inline int
exchange_parse(struct user *user, const char *record)
{
	memset(user, 0, sizeof *user);
	return users_parse(user, slice_of(record));
}

/* Steps an exchange as the authenticator does; text NULL: no response. */
static inline enum exchange_result
exchange_step(struct exchange *x, const char *text)
{
	x->challenge = BUFFER_OVER(x->challenge_text);
	x->reason = "";
	return x->mechanism->step(x, slice_of(text));
}

/* The same for octets among which there may be a NUL. */
static inline enum exchange_result
exchange_octets(struct exchange *x, const char *octets, size_t len)
{
	/* Of exactly this length, so that reading on is noticed. */
	char *copy = malloc(len == 0 ? 1 : len);

	cdbfile_must(copy != NULL);
	memcpy(copy, octets, len);
	x->challenge = BUFFER_OVER(x->challenge_text);
	x->reason = "";
	enum exchange_result result =
		x->mechanism->step(x, (struct slice){copy, len});

	free(copy);
	return result;
}

/* A new exchange; its random octets are 0, 1, 2, ... */
static inline struct exchange *
exchange_start(struct exchange *x, const char *mechanism, int users_fd)
{
	memset(x, 0, sizeof *x);
	x->mechanism = mechanism_find(slice_of(mechanism));
	x->users_fd = users_fd;
	x->facts = &exchange_facts;
	for (size_t i = 0; i < sizeof x->random; i++)
		x->random[i] = (unsigned char)i;
	cdbfile_must(x->mechanism != NULL);
	return x;
}

static inline bool
exchange_login_is(const struct exchange *x, const char *login)
{
	return slice_is((struct slice){x->login, x->login_len}, login);
}

static inline bool
exchange_challenge_is(const struct exchange *x, const char *text)
{
	return slice_is(buffer_slice(&x->challenge), text);
}

#endif
