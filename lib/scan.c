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

#define STEP 32

/* A bit for each of 16 octets that is CR or less. */
static unsigned
suspects(__m128i text)
{
	__m128i cr = _mm_set1_epi8('\r');

	return (unsigned)_mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_min_epu8(text, cr), text));
}

/*
 * Copies STEP octets; returns how many stand before the first that may be a
 * mark. It may also be a TAB or another control character: one comparison is
 * cheaper than three.
 */
static size_t
copy_step(char *out, const char *in)
{
	const __m128i *from = (const __m128i *)(const void *)in;
	__m128i *to = (__m128i *)(void *)out;
	__m128i low = _mm_loadu_si128(from), high = _mm_loadu_si128(from + 1);
	unsigned found = suspects(low) | suspects(high) << 16;

	_mm_storeu_si128(to, low);
	_mm_storeu_si128(to + 1, high);
	return found == 0 ? STEP : (size_t)__builtin_ctz(found);
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

/*
 * In whole steps: where the first mark is, or where the last step ends.
 * Behind what only looked like a mark it goes on.
 */
static inline size_t
copy_steps(char *out, const char *in, size_t len)
{
	size_t n = 0;

	while (len - n >= STEP) {
		size_t clean = copy_step(out + n, in + n);

		n += clean;
		if (clean < STEP) {
			if (is_mark(in[n]))
				break;
			n++;
		}
	}
	return n;
}

size_t
scan_copy(char *out, const char *in, size_t len)
{
	size_t n = copy_steps(out, in, len);

	for (; n < len && !is_mark(in[n]); n++)
		out[n] = in[n];
	return n;
}

void
scan_lines(struct scan *s, char stop)
{
	const char *in = s->in;
	char *out = s->out;

	while (s->end - in >= SCAN_REST && *in != stop) {
		/* Two octets are left: there is one at n, and one behind. */
		size_t n = copy_steps(out, in, (size_t)(s->end - in) - 2);

		if (in[n] != '\r' || in[n + 1] != '\n')
			break;
		out[n] = '\n';
		out += n + 1;
		in += n + 2;
	}
	s->in = in;
	s->out = out;
}
