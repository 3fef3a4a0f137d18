/* Unit test of lib/chain.c. */
#include "lib/chain.h"

#include "tests/tap.h"

static void
test_first(void)
{
	struct slice chain = {"\0\2ab\0\1c", 7};

	ok(slice_is(chain_first(chain), "ab"), "the first of a chain");
	chain.len = 4;
	ok(slice_is(chain_first(chain), "ab"), "and the only one");
	chain.len = 3;
	ok(chain_first(chain).data == NULL, "half of it");
	chain.len = 1;
	ok(chain_first(chain).data == NULL, "half of its length");
	ok(chain_first(SLICE_NONE).data == NULL, "no chain");
}

static void
test_take(void)
{
	struct slice chain = {"\0\2ab\0\1c\0\2d", 10}, der;

	ok(chain_take(&chain, &der) && slice_is(der, "ab"), "one");
	ok(chain_take(&chain, &der) && slice_is(der, "c"), "another");
	ok(!chain_take(&chain, &der) && chain.len == 3,
		"half a one is left where it is");
	chain = (struct slice){"\0\0\0\1c", 5};
	ok(!chain_take(&chain, &der) && chain.len == 5, "an empty one too");
	chain = (struct slice){"\xff\xff", 2};
	ok(!chain_take(&chain, &der), "all length and no octets");
}

static void
test_head(void)
{
	static unsigned char octets[CHAIN_HEAD + CHAIN_CERTIFICATE_MAX];
	static const size_t lens[] = {1, 255, 256, CHAIN_CERTIFICATE_MAX};
	unsigned good = 0;

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct slice chain = {
			(const char *)octets, CHAIN_HEAD + lens[i]};
		struct slice der;

		chain_head(octets, lens[i]);
		good += chain_take(&chain, &der) && der.len == lens[i] &&
			chain.len == 0;
	}
	ok(good == 4, "what is written is read");
}

int
main(void)
{
	test_first();
	test_take();
	test_head();
	return tap_done();
}
