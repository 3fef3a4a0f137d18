/*
 * kind - where the kinds of authenticator begin that are not this file's
 * neighbour authenticator.c itself. Run by the authenticator; fd: the keeper.
 */
#ifndef AUTH_KIND_H
#define AUTH_KIND_H

#include "auth/authenticator.h"

_Noreturn void checkpassword_run(
	int fd, const struct authenticator_setup *setup);
_Noreturn void dovecot_run(int fd, const struct authenticator_setup *setup);

#endif
