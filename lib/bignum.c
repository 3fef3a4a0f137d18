/* bignum - see bignum.h. Run by the session and the keeper. */
#include "lib/bignum.h"

#include <string.h>
#include <unistd.h>

#include "lib/giveback.h"

#define ALIGNMENT 16

/* In one piece, of whole pages, which giveback.h wants. */
static struct {
	_Alignas(GIVEBACK_PAGE) size_t used; /* octets from the start on */
	size_t high;	 /* the most of them since all was wiped */
	size_t peak;	 /* ... since nothing was here */
	unsigned living; /* blocks */
	_Alignas(ALIGNMENT) unsigned char memory[BIGNUM_MEMORY];
} arena;

static size_t
rounded(size_t octets)
{
	return (octets + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

/* GMP wants no NULL; a computation that is too large ends the process. */
static void *
take(size_t octets)
{
	if (octets > sizeof arena.memory ||
		rounded(octets) > sizeof arena.memory - arena.used)
		_exit(111);
	void *block = arena.memory + arena.used;

	arena.used += rounded(octets);
	if (arena.used > arena.high)
		arena.high = arena.used;
	if (arena.high > arena.peak)
		arena.peak = arena.high;
	arena.living++;
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

	if (start + rounded(octets) == arena.memory + arena.used)
		arena.used = (size_t)(start - arena.memory);
	if (--arena.living > 0)
		return;
	explicit_bzero(arena.memory, arena.high);
	arena.used = arena.high = 0;
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

void
bignum_giveback(void)
{
	if (arena.living == 0)
		giveback_pages(&arena, sizeof arena);
}

size_t
bignum_peak(void)
{
	return arena.peak;
}

bool
bignum_is_clean(void)
{
	for (size_t i = 0; i < sizeof arena.memory; i++)
		if (arena.memory[i] != 0)
			return false;
	return arena.living == 0;
}
