/*
 * any_login - for drivers of mechanisms: a login of any form. What is looked at
 * there has a driver of its own, plain.
 */
#ifndef PROVE_ANY_LOGIN_H
#define PROVE_ANY_LOGIN_H

#include "sasl/mechanism.h"

#include "tests/prove/input.h"

int
mechanism_login(struct exchange *x, struct slice login)
{
	(void)x;
	(void)slice_find(login, '\0');
	return any_bool() ? 0 : -1;
}

#endif
