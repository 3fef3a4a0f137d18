/*
 * input - what a driver of tests/prove gives to a parser: any octets, and any
 * number of them up to a bound. For Frama-C alone.
 */
#ifndef PROVE_INPUT_H
#define PROVE_INPUT_H

#include <__fc_builtin.h>

#include "lib/bytes.h"

/*
 * The run begins here: prove() once for each length, as Eva knows more of a
 * text whose length it knows.
 */
static size_t prove_length;
void prove(void);
void prove_each(void);

void
prove_each(void)
{
	for (prove_length = 0; prove_length <= PROVE_MAX; prove_length++)
		prove();
}

/* A variable of this name with any octets in it, of this run's length. */
#define INPUT(name)                                                            \
	static char name##_octets[PROVE_MAX + 1];                              \
	Frama_C_make_unknown(name##_octets, PROVE_MAX + 1);                    \
	struct slice name = {name##_octets, prove_length}

#endif
