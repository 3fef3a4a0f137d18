/*
 * chain - see chain.h. Run by session, keeper and authenticator, and by
 * smtpd-check.
 */
#include "lib/chain.h"

void
chain_head(unsigned char out[CHAIN_HEAD], size_t len)
{
	out[0] = (unsigned char)(len >> 8);
	out[1] = (unsigned char)len;
}

bool
chain_take(struct slice *chain, struct slice *der)
{
	if (chain->len < CHAIN_HEAD)
		return false;
	size_t len = (size_t)(unsigned char)chain->data[0] << 8 |
		     (unsigned char)chain->data[1];

	if (len == 0 || len > chain->len - CHAIN_HEAD)
		return false;
	*der = (struct slice){chain->data + CHAIN_HEAD, len};
	*chain = slice_from(*chain, CHAIN_HEAD + len);
	return true;
}

struct slice
chain_first(struct slice chain)
{
	struct slice der = SLICE_NONE;

	(void)chain_take(&chain, &der); /* absent where there is none */
	return der;
}
