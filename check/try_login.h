/* try_login - one AUTH exchange as a mail program would have it. */
#ifndef CHECK_TRY_LOGIN_H
#define CHECK_TRY_LOGIN_H

#include "client/scram_client.h"
#include "client/talk.h"

enum login_result {
	LOGIN_DONE,
	LOGIN_REFUSED,	 /* reply says why */
	LOGIN_IMPOSTOR,	 /* a wrong signature, or none */
	LOGIN_MALFORMED, /* a challenge that is none */
	LOGIN_ENDED	 /* t->fault says why */
};

/* Who logs in; the salted passwords are kept for the next time. */
struct login {
	struct slice user, password;
	struct scram_salted sha256, sha1;
};

/* Is it a mechanism that login_try() knows? */
bool login_knows(struct slice mechanism);

enum login_result login_try(struct login *l, struct talk *t,
	struct slice mechanism, struct talk_reply *reply);

#endif
