/*
 * naming - whose login an exchange is about that is only passed on: the
 * failures of a client that does not wait for Dovecot's verdict count against
 * somebody. Run by the authenticator, jailed. No I/O.
 */
#ifndef AUTH_NAMING_H
#define AUTH_NAMING_H

#include "sasl/mechanism.h"

/*
 * One response of the client's (data NULL: none), by the name of the
 * mechanism in upper case. True once x->login is known; a login that cannot
 * be read, or a mechanism that is not known here, leaves it unknown.
 */
bool naming_hear(
	struct exchange *x, struct slice mechanism, struct slice response);

/* Is it the challenge by which the server proves itself after a right proof? */
bool naming_is_proof(struct slice mechanism, struct slice challenge);

#endif
