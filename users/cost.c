/*
 * cost - see cost.h. Run by the authenticator, smtpd-passwd and smtpd-check.
 */
#include "users/cost.h"

#include <string.h>

#define ROUNDS_MAX 5000000 /* some 2 to 5 seconds */
#define BCRYPT_MAX 16	   /* log2 of the rounds: 4 seconds */

/* What a digit of crypt(5) stands for; 64 when it is none. */
static unsigned
digit(char c)
{
	static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";
	const char *at = memchr(digits, c, sizeof digits - 1);

	return at == NULL ? 64 : (unsigned)(at - digits);
}

/*
 * Flavour, log2 of the number of blocks, size of a block in 128 octets. Up
 * to 48 is one digit. Further parameters stand behind; nobody writes them.
 */
static uint64_t
yescrypt_memory(struct slice options)
{
	struct slice all = slice_split(&options, '$');

	if (all.len != 3 || digit(all.data[0]) > 47)
		return UINT64_MAX;
	unsigned blocks = digit(all.data[1]) + 1;
	unsigned size = digit(all.data[2]) + 1;

	if (blocks > 20 || size > 48)
		return UINT64_MAX;
	return ((uint64_t)128 * size) << blocks;
}

/* log2 of the blocks; size and parallelism in five digits, low ones first. */
static uint64_t
scrypt_memory(struct slice options)
{
	uint64_t size = 0, parallel = 0, octets;

	if (options.len < 11 || digit(options.data[0]) > 20)
		return UINT64_MAX;
	for (unsigned i = 0; i < 5; i++) {
		unsigned s = digit(options.data[1 + i]);
		unsigned p = digit(options.data[6 + i]);

		if (s > 63 || p > 63)
			return UINT64_MAX;
		size |= (uint64_t)s << 6 * i;
		parallel |= (uint64_t)p << 6 * i;
	}
	octets = (128 * size) << digit(options.data[0]);
	return octets > COST_MEMORY_MAX ? UINT64_MAX : octets * parallel;
}

uint64_t
cost_memory(struct slice text)
{
	if (slice_starts_nocase(text, "$y$"))
		return yescrypt_memory(slice_from(text, 3));
	if (slice_starts_nocase(text, "$gy$"))
		return yescrypt_memory(slice_from(text, 4));
	if (slice_starts_nocase(text, "$7$"))
		return scrypt_memory(slice_from(text, 3));
	return 0;
}

bool
cost_is_sane(struct slice text)
{
	static const struct {
		const char *prefix;
		uint64_t max; /* of the number that follows; 0: there is none */
	} methods[] = {
		{"$2a$", BCRYPT_MAX},
		{"$2b$", BCRYPT_MAX},
		{"$2x$", BCRYPT_MAX},
		{"$2y$", BCRYPT_MAX},
		{"$5$rounds=", ROUNDS_MAX},
		{"$6$rounds=", ROUNDS_MAX},
		{"$sha1$", ROUNDS_MAX},
		{"$1$", 0},
		{"$3$", 0},
		{"$5$", 0},
		{"$6$", 0},
	};
	uint64_t n = cost_memory(text);

	if (n > 0)
		return n <= COST_MEMORY_MAX;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (!slice_starts_nocase(text, methods[i].prefix))
			continue;
		if (methods[i].max == 0)
			return true;
		struct slice rest = slice_from(text, strlen(methods[i].prefix));

		return slice_number(slice_split(&rest, '$'), &n) == 0 &&
		       n <= methods[i].max;
	}
	/* Those without a "$" are DES, whose costs are bounded. */
	return text.len == 0 || text.data[0] != '$';
}
