/*
 * kind - where the other two kinds of authenticator begin: each is the inside
 * of the process, in place of authenticator_run(). fd: the keeper.
 */
#ifndef AUTH_KIND_H
#define AUTH_KIND_H

#include "auth/authenticator.h"

_Noreturn void checkpassword_run(
	int fd, const struct authenticator_setup *setup);
_Noreturn void dovecot_run(int fd, const struct authenticator_setup *setup);

#endif
