/*
 * users - the compiled user file, authusers.cdb.
 *
 * key = login, lower case; data = the rest of the line of authusers after
 * "login:". The reserved key "#site" (a login cannot begin with #) holds
 * what concerns all users: see struct site. Text format: authusers(5).
 */
#ifndef USERS_USERS_H
#define USERS_USERS_H

#include "users/secret.h"
#include "lib/buffer.h"

#define USERS_LOGIN_MAX 255   /* octets */
#define USERS_LABEL_MAX 32    /* [a-z0-9-] */
#define USERS_RECORD_MAX 4096 /* octets of one line after the login */
#define USERS_SECRETS_MAX 32  /* secrets of one user */
#define USERS_MECHS_MAX 160   /* octets of the mechanism list */
#define USERS_SITE_KEY_LEN 32 /* octets */
#define USERS_SETTING_MAX 256 /* octets of a crypt setting */

enum users_result {
	USERS_FOUND,
	USERS_MISSING,
	USERS_BROKEN /* no file, corrupt, truncated: 454, never a success */
};

struct user_secret {
	struct slice label; /* empty: field 2, the login's own password */
	uint32_t expires;   /* first day it is refused, date.h; 0: never */
	struct secret secret;
};

struct user {
	bool disabled; /* "!" before field 2 */
	/* An smtp_expires_ is no date: its secret counts as expired. */
	bool bad_expiry;
	size_t secrets_count, record_len;
	struct user_secret secrets[USERS_SECRETS_MAX];
	struct slice gecos;	       /* field 5: the words smtp_... */
	char record[USERS_RECORD_MAX]; /* what the slices point into */
};

struct site {
	unsigned char key[USERS_SITE_KEY_LEN]; /* fake salts; made once */
	uint32_t scram_iterations;	       /* the file's commonest */
	size_t scram_salt_len;		       /* octets, the file's usual */
	struct secret usual; /* what a missing user's PLAIN runs */
	uint32_t floor_ms;   /* where kinds are mixed: the costliest; or 0 */
	char memory[USERS_SETTING_MAX + 256]; /* what usual points into */
};

/* Has the secret expired? today as date_of() has it. */
bool users_expired(const struct user_secret *secret, uint32_t today);

/* A name of smtp_secret_ and smtp_expires_: [a-z0-9-], at most 32. */
bool users_is_label(struct slice label);

/* Parses the rest of a line (record[0..len), copied). 0, or -1 malformed. */
int users_parse(struct user *user, struct slice record);

/*
 * Takes the time that parsing takes for as many secrets as a user may have,
 * less what this user's took: else the time would tell that there is such a
 * user.
 */
void users_level(struct user *user);

/* Wipes the part of it that was used. */
void users_forget(struct user *user);

enum users_result users_find(int fd, struct slice login, struct user *user);

/*
 * The same for a login that has two names: login, or its first *len octets,
 * which is then what stands before "@authdomain". Both are looked up, in
 * equal time; the whole one counts, if there is one. *len becomes the length
 * of the name that was found.
 */
enum users_result users_find_either(
	int fd, struct slice login, struct user *user, size_t *len);
enum users_result users_site(int fd, struct site *site);

/*
 * The addresses a login may send as besides itself: the values of its
 * smtp_sender words, commas between. out needs room for USERS_RECORD_MAX
 * octets. user is memory to work in.
 */
enum users_result users_senders(
	int fd, struct slice login, struct user *user, struct buffer *out);

/*
 * The mechanisms that every enabled user can do, names separated by blanks,
 * read without touching the site key. This and users_some() are all that
 * is read outside the authenticator. out gets at most USERS_MECHS_MAX octets.
 */
enum users_result users_mechanisms(int fd, struct buffer *out);

/* Likewise, but those that at least one enabled user can do. */
enum users_result users_some(int fd, struct buffer *out);

#endif
