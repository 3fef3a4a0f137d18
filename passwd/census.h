/*
 * census - what all users of a file have in common, for the records "#mechs"
 * and "#site" of the cdb: see authusers(5) and struct site in users/users.h.
 */
#ifndef PASSWD_CENSUS_H
#define PASSWD_CENSUS_H

#include "users/users.h"

#define CENSUS_MECHS_MAX 16
#define CENSUS_CLASSES_MAX 128 /* what goes beyond is not counted */
#define CENSUS_TEXT_MAX 384    /* octets: a crypt string, libxcrypt's limit */
/* Octets of the record #site: what the memory of struct site holds. */
#define CENSUS_SITE_MAX (USERS_SETTING_MAX + 256)

#define CENSUS_ITERATIONS 16384 /* of SCRAM: smtpd-passwd(8) says why */
#define CENSUS_SALT_LEN 16	/* octets */

/* Secrets that are alike: same kind, same cost. */
struct census_class {
	enum secret_kind kind;
	uint32_t iterations;	    /* SCRAM */
	size_t salt_len;	    /* SCRAM, octets */
	char text[CENSUS_TEXT_MAX]; /* CRYPT: the first one seen */
	size_t text_len;
	uint64_t count;	       /* secrets of all users */
	uint64_t tried;	       /* secrets run by a password check */
	uint64_t microseconds; /* of one check; 0 while not measured */
};

struct census {
	size_t users; /* all that were compiled */
	size_t disabled;
	size_t able; /* enabled, and can log in */
	/* How many able users cannot do mechanisms[i]. */
	size_t without[CENSUS_MECHS_MAX];
	struct census_class classes[CENSUS_CLASSES_MAX];
	size_t classes_count;
	bool mixed; /* a failed password check does not cost the same for all */
	uint64_t costliest; /* microseconds of the costliest user's check */
};

/* Counts one user. False when he is enabled and has no way to log in. */
bool census_add(struct census *census, const struct user *user);

/* The names every enabled user can do, separated by blanks. */
void census_mechanisms(const struct census *census, struct buffer *out);

/* The names at least one enabled user can do. */
void census_some(const struct census *census, struct buffer *out);

/* What #site says after the key; 0 when checks are of one kind and cost. */
uint32_t census_floor_ms(const struct census *census);

/* The record #site. Returns 0, or -1 when there is no randomness. */
int census_site(
	const struct census *census, struct slice key, struct buffer *out);

#endif
