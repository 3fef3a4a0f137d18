/*
 * facts - all that a report says, counted line by line in a fixed size of
 * memory.
 */
#ifndef REPORT_FACTS_H
#define REPORT_FACTS_H

#include "lib/log.h"
#include "report/accounts.h"
#include "report/hours.h"
#include "report/logs.h"
#include "report/spread.h"

/* Short lists of words, each with its count. */
enum facts_words {
	WORDS_MECHANISM,   /* of logins that were right */
	WORDS_LOGIN_TLS,   /* the same: the version, "none", "proxy" */
	WORDS_TLS_VERSION, /* of handshakes */
	WORDS_CIPHER,
	WORDS_TLS_FAIL,	 /* why */
	WORDS_AUTH_FAIL, /* auth fail, auth temp, auth refused: reason= */
	WORDS_AUTH_TEMP,
	WORDS_AUTH_REFUSED,
	WORDS_CONNECT_REFUSED,
	WORDS_SENDER_REFUSED,
	WORDS_RCPT_REFUSED,
	WORDS_MESSAGE_REFUSED, /* reason=, exit= or signal= */
	WORDS_MESSAGE_TEMP,
	WORDS_END,
	WORDS_PORT,
	WORDS_PROXY,  /* balancers that connections came through */
	WORDS_CONFIG, /* file, a blank, and the reason */
	WORDS_LISTS
};

/* One address, or one network, that failed to log in. */
#define GUESSER_NAMES 32
struct guesser {
	struct hitter hitter; /* weight: failures */
	uint64_t refused;     /* connections turned away, auth refused */
	uint64_t logins;      /* that were right, after failures */
	int64_t last;
	uint32_t names[GUESSER_NAMES]; /* logins that were tried */
	unsigned names_count;
	char entered[LOG_VALUE + 1]; /* one of those that were right */
};

/* A service or a host. */
struct place {
	struct hitter hitter; /* weight: lines */
	uint64_t messages, logins, failures;
};

#define FACTS_PIDS 65536

struct facts {
	uint64_t events[EVENTS];
	uint64_t octets, recipients; /* of messages that were taken */
	uint64_t lost;
	uint64_t dated; /* lines with a time */
	int64_t first, last;
	struct spread sizes;   /* octets of messages that were taken */
	struct spread seconds; /* tenths of one, of connections */
	struct hours hours;
	struct hitters words[WORDS_LISTS];
	struct hitters accounts, addresses, networks, places;
	struct place *place; /* of the last line: mostly of the next, too */
	struct {
		uint32_t pid, place;
		char version[8]; /* of its TLS: "TLSv1.2" */
	} pids[FACTS_PIDS];
};

/* Returns NULL without memory. */
struct facts *facts_new(void);

/* place: the name of service or host. */
void facts_take(
	struct facts *facts, const struct record *record, struct slice place);

/* All lines are there. */
void facts_finish(struct facts *facts);

#endif
