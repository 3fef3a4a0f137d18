/*
 * any_accept - for drivers of mechanisms: a right proof, which may be accepted
 * or not.
 */
#ifndef PROVE_ANY_ACCEPT_H
#define PROVE_ANY_ACCEPT_H

#include "sasl/mechanism.h"

#include "tests/prove/input.h"

enum exchange_result
mechanism_accept(struct exchange *x, struct slice label)
{
	(void)x;
	(void)slice_find(label, '\0');
	return any_bool() ? EXCHANGE_OK : EXCHANGE_FAIL;
}

#endif
