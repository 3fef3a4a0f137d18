/*
 * Fuzz target: what a balancer, or whoever connects in its place, may send.
 * The first octet says in which pieces. Cut otherwise it says the same, takes
 * no more, and names an address only where there is a whole header.
 *
 * Parsers: proxy/proxyheader.c proxy/tlv.c proxy/balancers.c
 */
#include <string.h>

#include "proxy/balancers.h"
#include "proxy/proxyheader.h"
#include "tests/fuzz/fuzz.h"

static size_t
feed(struct proxyheader *h, const uint8_t *data, size_t size, size_t piece)
{
	size_t at = 0;

	proxyheader_init(h);
	while (at < size && h->verdict == PROXYHEADER_MORE) {
		size_t n = proxyheader_room(h);

		fuzz_must(n > 0 && n <= PROXYHEADER_PIECE);
		n = n < piece ? n : piece;
		n = n < size - at ? n : size - at;
		/* A copy of that length: what is read past it is seen. */
		uint8_t *copy = malloc(n);

		fuzz_must(copy != NULL);
		memcpy(copy, data + at, n);
		proxyheader_take(h, copy, n);
		free(copy);
		at += n;
	}
	return at;
}

static bool
same(const struct tlv_text *a, const struct tlv_text *b)
{
	fuzz_must(a->len <= TLV_TEXT_MAX);
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* Nothing an entry can hold may be read past its end either. */
static void
check_list(const uint8_t *data, size_t size)
{
	char text[64], *copy = malloc(size + 1);
	struct buffer b = BUFFER_OVER(text);

	fuzz_must(copy != NULL);
	memcpy(copy, data, size);
	(void)balancers_fault((struct slice){copy, size}, &b);
	(void)balancers_have((struct slice){copy, size}, slice_of("192.0.2.7"));
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct proxyheader a, b;

	if (size == 0)
		return 0;
	size_t piece = data[0] == 0 ? 1 : data[0];
	size_t taken = feed(&a, data + 1, size - 1, piece);

	fuzz_must(feed(&b, data + 1, size - 1, SIZE_MAX) >= taken);
	fuzz_must(a.verdict == b.verdict);
	check_list(data + 1, size - 1);
	if (a.verdict != PROXYHEADER_CLIENT)
		return 0;
	fuzz_must(taken >= PROXYHEADER_FIRST &&
		  (a.family == AF_INET || a.family == AF_INET6));
	fuzz_must(a.family == b.family && a.tlv.tls == b.tlv.tls);
	fuzz_must(memcmp(&a.source, &b.source, sizeof a.source) == 0 &&
		  memcmp(&a.destination, &b.destination, sizeof a.source) == 0);
	fuzz_must(same(&a.tlv.version, &b.tlv.version) &&
		  same(&a.tlv.cipher, &b.tlv.cipher) &&
		  same(&a.tlv.authority, &b.tlv.authority));
	return 0;
}
