/* bignum - see bignum.h. Run by the session and the keeper. */
#include "lib/bignum.h"

#include <string.h>
#include <unistd.h>

#define ALIGNMENT 16

static _Alignas(ALIGNMENT) unsigned char memory[BIGNUM_MEMORY];
static size_t used;	/* octets from the start on */
static size_t high;	/* the most of them since all was wiped */
static size_t peak;	/* ... since the process began */
static unsigned living; /* blocks */

static size_t
rounded(size_t octets)
{
	return (octets + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* GMP wants no NULL; a computation that is too large ends the process. */
static void *
take(size_t octets)
{
	if (octets > sizeof memory || rounded(octets) > sizeof memory - used)
		_exit(111);
	void *block = memory + used;

	used += rounded(octets);
	if (used > high)
		high = used;
	if (high > peak)
		peak = high;
	living++;
	return block;
}

/*
 * What was taken last is free again at once; with the last of all everything
 * is wiped, whatever sizes the callers name.
 */
static void
give(void *block, size_t octets)
{
	unsigned char *start = block;

	if (start + rounded(octets) == memory + used)
		used = (size_t)(start - memory);
	if (--living > 0)
		return;
	explicit_bzero(memory, high);
	used = high = 0;
}

static void *
retake(void *block, size_t octets, size_t wanted)
{
	void *other = take(wanted);

	memcpy(other, block, octets < wanted ? octets : wanted);
	give(block, octets);
	return other;
}

void
bignum_use(void)
{
	mp_set_memory_functions(take, retake, give);
}

void
bignum_import(mpz_t number, const unsigned char *octets, size_t len)
{
	mpz_import(number, len, 1, 1, 1, 0, octets);
}

void
bignum_export(unsigned char *out, size_t len, const mpz_t number)
{
	size_t octets = (mpz_sizeinbase(number, 2) + 7) / 8;

	memset(out, 0, len);
	if (octets <= len)
		mpz_export(out + len - octets, NULL, 1, 1, 1, 0, number);
}

size_t
bignum_peak(void)
{
	return peak;
}

bool
bignum_is_clean(void)
{
	for (size_t i = 0; i < sizeof memory; i++)
		if (memory[i] != 0)
			return false;
	return living == 0;
}
