/*
 * naming - which login an exchange is about, where the authenticator only
 * passes octets on to Dovecot. A client that does not wait for the verdict has
 * failed, and the keeper has to know as whom. Run by the authenticator, jailed.
 * No I/O.
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

/* Does the challenge tell that the client's proof was right? SCRAM's v=. */
bool naming_is_proof(struct slice mechanism, struct slice challenge);

#endif
