/*
 * authmechs - the table of mechanisms, and what AUTHMECHS, authmechs and
 * SMTPAUTH say about them. Run by main, session, keeper, authenticator,
 * smtpd-passwd and smtpd-check.
 */
#ifndef CONTROL_AUTHMECHS_H
#define CONTROL_AUTHMECHS_H

#include "lib/buffer.h"

#define AUTHMECHS_NAME_MAX 20	/* octets of a name, RFC 4422 §3.1 */
#define AUTHMECHS_OFFER_MAX 512 /* octets of an offer, blanks between */

/* What a mechanism wants of the connection beside a user file. */
enum {
	AUTHMECHS_BINDING = 1,	  /* our certificate's tls-server-end-point */
	AUTHMECHS_CERTIFICATE = 2 /* a certificate of the client */
};

/*
 * A new mechanism is a row here and a file in sasl/ with a struct mechanism
 * of that symbol: mechanism_plain. The order is that of the default offer,
 * then come those which are offered only where a list names them.
 *
 * symbol, name, client first, proof, opt-in, wants: see struct authmech.
 */
// clang-format off
#define AUTHMECHS(ROW)                                                         \
	ROW(scram_sha_256,      "SCRAM-SHA-256",      true,  2, false, 0)      \
	ROW(scram_sha_1,        "SCRAM-SHA-1",        true,  2, false, 0)      \
	ROW(plain,              "PLAIN",              true,  1, false, 0)      \
	ROW(login_prompt,       "LOGIN",              true,  2, false, 0)      \
	ROW(cram_md5,           "CRAM-MD5",           false, 1, true,  0)      \
	ROW(digest_md5,         "DIGEST-MD5",         false, 1, true,  0)      \
	ROW(scram_sha_256_plus, "SCRAM-SHA-256-PLUS", true,  2, true,          \
		AUTHMECHS_BINDING)                                             \
	ROW(scram_sha_1_plus,   "SCRAM-SHA-1-PLUS",   true,  2, true,          \
		AUTHMECHS_BINDING)                                             \
	ROW(external,           "EXTERNAL",           true,  1, true,          \
		AUTHMECHS_CERTIFICATE)
// clang-format on

struct authmech {
	const char *name;  /* as registered with IANA, upper case */
	bool client_first; /* may carry an initial response */
	unsigned proof;	   /* the first response (1, 2) that can hold a
			      password or a proof */
	bool opt_in;	   /* offered only where a list names it */
	unsigned wants;	   /* AUTHMECHS_BINDING, AUTHMECHS_CERTIFICATE */
};

#define AUTHMECHS_NUMBER(symbol, ...) AUTHMECHS_##symbol,
enum { AUTHMECHS(AUTHMECHS_NUMBER) AUTHMECHS_COUNT };

extern const struct authmech authmechs[AUTHMECHS_COUNT];

/* Can it be the name of a mechanism, as RFC 4422 §3.1 has them: upper case? */
bool authmechs_is_name(struct slice name);

/*
 * The same for a word in any case, which name holds in upper case then, with a
 * NUL; name is of no use where the result is false.
 */
bool authmechs_name(struct slice word, char name[AUTHMECHS_NAME_MAX + 1]);

/* Finds one by name, without case; NULL when it is not built in. */
const struct authmech *authmechs_find(struct slice name);

/*
 * Reads names of mechanisms, between blanks or line ends, in any case.
 * *mechanisms becomes the known names in upper case, each once, in the order
 * given, one blank between; absent when there is none. any: every word that
 * can be the name of a mechanism is known, since Dovecot may know it. The
 * memory of *mechanisms lives as long as the process. Returns NULL, or what is
 * wrong.
 */
const char *authmechs_list(
	struct slice text, bool any, struct slice *mechanisms);

/* Has the list a mechanism that wants this? */
bool authmechs_wants(struct slice mechanisms, unsigned need);

/* Adds those of the list whose wants are in have to the list in out. */
void authmechs_offer(
	struct slice mechanisms, unsigned have, struct buffer *out);

struct authmechs_smtpauth {
	struct slice mechanisms; /* or absent: those of the user file */
	bool required, off;
};

/* The value of SMTPAUTH (not absent). Returns 0, or -1 when it is unknown. */
int authmechs_smtpauth(struct slice value, struct authmechs_smtpauth *result);

#endif
