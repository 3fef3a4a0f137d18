/*
 * input - what a driver of tests/prove gives to a parser: any octets, and any
 * number of them up to a bound. For Frama-C alone.
 */
#ifndef PROVE_INPUT_H
#define PROVE_INPUT_H

#include <__fc_builtin.h>
#include <stdlib.h>

#include "lib/buffer.h"
#include "lib/bytes.h"

/*
 * The run begins here: prove() once for each length, as Eva knows more of a
 * text whose length it knows; and for some that are longer.
 */
static size_t prove_length;
void prove(void);
void prove_each(void);

void
prove_each(void)
{
	static const size_t also[] = {PROVE_ALSO 0};

	for (prove_length = 0; prove_length <= PROVE_MAX; prove_length++)
		prove();
	for (size_t i = 0; also[i] > 0; i++) {
		prove_length = also[i];
		prove();
	}
}

/*
 * Memory of exactly that length with any octets in it. "Weak" means to Eva
 * that what it saw of an octet it does not believe the next time it looks:
 * more than can happen, and two ways to one place are one way.
 */
static char *
any_octets(size_t len)
{
	/*@ eva_allocate fresh_weak; */
	char *octets = calloc(1, len);

	if (len > 0)
		Frama_C_make_unknown(octets, len);
	return octets;
}

/*
 * Not weak: Eva lets pointers be compared and subtracted within one memory
 * alone. Through a slice nothing is learnt of it either; where a parser looks
 * through a pointer of its own, its driver says where to "forget" what was
 * seen, or frees it, so that the next length begins with one state.
 */
static char *
strong_octets(size_t len)
{
	/*@ eva_allocate fresh; */
	char *octets = calloc(1, len);

	if (len > 0)
		Frama_C_make_unknown(octets, len);
	return octets;
}

/* A variable of this name with any octets in it, of this run's length. */
#define INPUT(name) struct slice name = {any_octets(prove_length), prove_length}

#define STRONG(name)                                                           \
	struct slice name = {strong_octets(prove_length), prove_length}

/* A buffer with room for so many. */
#define ROOM(name, cap) struct buffer name = {any_octets(cap), 0, cap, false}

/* Either, each on its own. */
static bool
any_bool(void)
{
	return Frama_C_nondet(0, 1) == 1;
}

#endif
