/*
 * offered - which mechanisms the EHLO of a service names. Main asks, before
 * there is a session, and smtpd-check.
 */
#ifndef AUTH_OFFERED_H
#define AUTH_OFFERED_H

#include "auth/authenticator.h"

/*
 * wanted: names that the admin has chosen, or absent. Adds to out, blanks
 * between, those of them that this kind of authenticator can do; without a
 * choice what is usual for it: for the user file, the mechanisms that every
 * enabled user can do. For Dovecot it is what is offered while Dovecot cannot
 * be asked.
 */
void offer_make(struct buffer *out, enum authenticator_kind kind, int users_fd,
	struct slice wanted);

#endif
