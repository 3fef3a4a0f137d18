/* scan - see scan.h. Run by the session, over every octet of a message. */
#include "lib/scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool
is_mark(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

#ifdef __SSE2__
#include <emmintrin.h>

#define STEP 16

/* Copies STEP octets; returns how many stand before a mark. */
static size_t
copy_step(char *out, const char *in)
{
	__m128i text = _mm_loadu_si128((const __m128i *)(const void *)in);
	__m128i cr = _mm_cmpeq_epi8(text, _mm_set1_epi8('\r'));
	__m128i lf = _mm_cmpeq_epi8(text, _mm_set1_epi8('\n'));
	__m128i nul = _mm_cmpeq_epi8(text, _mm_setzero_si128());
	int marks = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(cr, lf), nul));

	_mm_storeu_si128((__m128i *)(void *)out, text);
	return marks == 0 ? STEP : (size_t)__builtin_ctz((unsigned)marks);
}

#else

#define STEP sizeof(uint64_t)
#define EACH(c) (UINT64_MAX / 255 * (c)) /* c in every octet */

/* Not 0 when an octet of word is NUL. */
static uint64_t
zero(uint64_t word)
{
	return (word - EACH(1)) & ~word & EACH(0x80);
}

static size_t
copy_step(char *out, const char *in)
{
	uint64_t word;
	size_t n = 0;

	memcpy(&word, in, STEP);
	memcpy(out, &word, STEP);
	if (!(zero(word) | zero(word ^ EACH('\r')) | zero(word ^ EACH('\n'))))
		return STEP;
	while (!is_mark(in[n]))
		n++;
	return n;
}

#endif

size_t
scan_copy(char *out, const char *in, size_t len)
{
	size_t n = 0;

	while (len - n >= STEP) {
		size_t clean = copy_step(out + n, in + n);

		n += clean;
		if (clean < STEP)
			return n;
	}
	for (; n < len && !is_mark(in[n]); n++)
		out[n] = in[n];
	return n;
}
