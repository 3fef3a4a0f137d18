/* proxy/balancers: the list of those whose word counts, and an address. */
/* prove: lib/buffer.c lib/bytes.c */
/* bound: 4 */
#include "proxy/balancers.c"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(list);
	ROOM(text, 30);
	struct network n;
	const char *address = any_octets(sizeof n.octets);

	(void)parse_entry(list, &n);
	(void)balancers_are_all(list);
	(void)balancers_fault(list, &text);
	if (prove_length > 0)
		return;
	/* Any network that parse_entry() may give. */
	Frama_C_make_unknown((char *)n.octets, sizeof n.octets);
	n.bits = Frama_C_unsigned_int_interval(0, ALL_BITS);
	/*@ split n.bits; */
	(void)is_in(&n, (const unsigned char *)address);
}
