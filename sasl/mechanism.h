/*
 * mechanism - what one SASL mechanism is to the authenticator.
 *
 * A mechanism is a struct mechanism in a file of this room, and a row in the
 * table of control/authmechs.h. It runs inside the authenticator process,
 * jailed, and does no I/O but through users/users.h. It sees decoded octets,
 * never base64.
 */
#ifndef SASL_MECHANISM_H
#define SASL_MECHANISM_H

#include "control/authmechs.h"
#include "lib/buffer.h"
#include "sasl/clientca.h"
#include "users/users.h"

/* Octets of a decoded response: 12288 of base64, RFC 4954 §4. */
#define EXCHANGE_RESPONSE_MAX 9216
#define EXCHANGE_CHALLENGE_MAX 2048 /* octets, before base64 */

enum exchange_result {
	EXCHANGE_CHALLENGE, /* x->challenge goes to the client, step again */
	EXCHANGE_OK,	    /* x->login is logged in, x->label tells by what */
	EXCHANGE_FAIL,	    /* 535; x->reason says why, for the log alone */
	EXCHANGE_MALFORMED, /* 501 5.5.2: against the mechanism's syntax */
	EXCHANGE_TEMPORARY, /* 454; x->reason is "memory" or "backend" */
	EXCHANGE_COLLECTED  /* nothing was checked: mechanism_hand_over() */
};

/* What the keeper knows of connection and host, for those who want it. */
struct mechanism_facts {
	struct slice me; /* control/me */
	struct slice localiphost, local_ip;
	/* of TLS with our signature, or absent */
	struct slice server_certificate; /* DER */
	struct slice binding;		 /* tls-server-end-point */
	bool plus_offered; /* a mechanism that wants the binding */
	/*
	 * The session's claim: 2-octet length, DER, ... Its TLS engine has
	 * seen that the client has the key, nobody has looked at the rest.
	 */
	struct slice client_chain;
	/* Or the launcher's word for one: SHA-256 of it, or absent. */
	struct slice client_hash;
	const struct clientca *clientca; /* NULL: there is no such file */
};

/* One AUTH exchange. The authenticator makes it, a mechanism advances it. */
struct exchange {
	/* given */
	const struct mechanism *mechanism;
	int users_fd;		 /* authusers.cdb, open for reading */
	struct slice authdomain; /* appended to a login without @, or absent */
	const struct mechanism_facts *facts;
	uint32_t today; /* date_of(): what has expired by then is refused */
	unsigned char random[32]; /* fresh, used for at most one purpose */
	bool collect;		  /* check nothing: mechanism_hand_over() */
	/* Called once the login is known and before it is checked; or NULL. */
	void (*named)(const struct exchange *x);
	/* result */
	struct buffer challenge; /* empty at each step's start */
	/* The name that the client gives: lower case, with its domain. */
	char login[USERS_LOGIN_MAX + 1];
	size_t name_len; /* octets of all of it; 0: none was given yet */
	/*
	 * Octets of it that are the user's login: once a record was found,
	 * its name, which may be without @authdomain. 0: not known.
	 */
	size_t login_len;
	char label[USERS_LABEL_MAX + 1]; /* app password used, or "" */
	const char *reason;		 /* log word: password, unknown, ... */
	bool proven; /* the challenge tells that the proof was right */
	/* the mechanism's own, zero at the start */
	unsigned state;
	struct user user;
	_Alignas(16) char memory[4096];
	/* what challenge points to */
	char challenge_text[EXCHANGE_CHALLENGE_MAX];
};

struct mechanism {
	const struct authmech *row;
	/*
	 * One step. response.data is NULL when the client sent none (AUTH
	 * without initial response), and an empty response is "".
	 */
	enum exchange_result (*step)(struct exchange *x, struct slice response);
	/* SECRET_BIT(): who has a secret of one of these kinds can log in. */
	unsigned kinds;
};

#define MECHANISM_ROW(symbol) (&authmechs[AUTHMECHS_##symbol])

/* Finds a mechanism by name, without case; NULL when it is not built in. */
const struct mechanism *mechanism_find(struct slice name);

/* The built-in mechanisms in the order of their rows, NULL at the end. */
extern const struct mechanism *const mechanisms[];

/*
 * The tail that PLAIN and LOGIN share: looks the user up, checks the
 * password (equal work for unknown and disabled users), fills x->login,
 * x->label, x->reason.
 */
enum exchange_result mechanism_check_password(
	struct exchange *x, struct slice login, struct slice password);

/*
 * For an authenticator of another kind, whose checking is done elsewhere:
 * x->challenge becomes what is to be checked, secret NUL challenge. Returns
 * EXCHANGE_COLLECTED, or EXCHANGE_FAIL for what is too long for any program.
 */
enum exchange_result mechanism_hand_over(
	struct exchange *x, struct slice secret, struct slice challenge);

/*
 * The secret of that label fits: EXCHANGE_OK, and x->label is set for the log.
 * Where that secret has expired EXCHANGE_FAIL, and x->reason says so.
 */
enum exchange_result mechanism_accept(struct exchange *x, struct slice label);

/*
 * Is it a label by which field 2's password stands in the record once more, in
 * another form? Such as scram-sha-1.
 */
bool mechanism_is_companion(struct slice label);

/*
 * Does a password check compare with the user's secret number i? Not where no
 * password can be compared with that kind of secret, and only with one form of
 * a password that is there in several: the others would cost time and tell
 * nothing.
 */
bool mechanism_tries(const struct user *user, size_t i);

/*
 * Looks x->login up, with and without @authdomain: a user is known by both
 * names. x->login_len becomes the length of the record's own.
 */
enum users_result mechanism_look_up(struct exchange *x);

/*
 * Looks x->login up for a mechanism that wants a secret of these kinds, or none
 * (0). *real: the user may be let in. x->reason becomes what a failure would be
 * logged as. 0, or -1: no user file that can be read, 454.
 */
int mechanism_find_user(struct exchange *x, unsigned kinds, bool *real);

/* Has the user a secret of one of these kinds? */
bool mechanism_holds(const struct user *user, unsigned kinds);

/*
 * Does smtpd-passwd name the mechanism among the user's? Those of the default
 * offer where they are usable; of the others those for which the user has a
 * secret that is no password in clear. Not -PLUS, which goes without saying.
 */
bool mechanism_is_told(
	const struct mechanism *mechanism, const struct user *user);

/*
 * Puts login in the form in which it is looked up into x->login: ASCII lower
 * case, @authdomain appended when it has no @. Returns 0, or -1 when it is
 * empty, too long, or holds a control character (then malformed).
 */
int mechanism_login(struct exchange *x, struct slice login);

/*
 * Does this text, in the form that is looked up, name the same login as
 * x->login? Not where it cannot be a login.
 */
bool mechanism_is_login(const struct exchange *x, struct slice login);

#endif
