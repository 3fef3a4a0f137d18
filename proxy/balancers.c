/*
 * balancers - see balancers.h. Run by main before it forks, by smtpd-check and
 * smtpd-auth-conf.
 */
#include "proxy/balancers.h"

#include <arpa/inet.h>
#include <string.h>

#define TEXT_MAX 64 /* octets of an address */
#define ALL_BITS 128
#define MAPPED_BITS 96 /* before an IPv4 address in IPv6's form */

struct network {
	unsigned char octets[sizeof(struct in6_addr)];
	uint64_t bits; /* of them that count */
};

static const unsigned char mapped[sizeof(struct in6_addr)] = {
	[10] = 0xff, [11] = 0xff};

static bool
is_mapped(const unsigned char *octets)
{
	return memcmp(octets, mapped, MAPPED_BITS / 8) == 0;
}

/* Either family, in IPv6's form. Returns the bits before it, or -1. */
static int
parse_address(struct slice text, unsigned char *octets)
{
	char string[TEXT_MAX];

	if (slice_string(text, string, sizeof string) == -1)
		return -1;
	memcpy(octets, mapped, sizeof mapped);
	if (inet_pton(AF_INET, string, octets + MAPPED_BITS / 8) == 1)
		return MAPPED_BITS;
	return inet_pton(AF_INET6, string, octets) == 1 ? 0 : -1;
}

static int
parse_entry(struct slice entry, struct network *n)
{
	struct slice bits = entry;
	struct slice address = slice_split(&bits, '/');
	int before = parse_address(address, n->octets);

	n->bits = ALL_BITS;
	if (before == -1)
		return -1;
	if (bits.data == NULL)
		return 0;
	if (bits.len > 3 || slice_number(bits, &n->bits) == -1)
		return -1;
	n->bits += (uint64_t)before;
	return n->bits <= ALL_BITS ? 0 : -1;
}

static bool
is_between(char c)
{
	return bytes_space(c) || c == ',';
}

/* Takes the next entry off the front; an empty one is the end. */
static struct slice
next_entry(struct slice *rest)
{
	while (rest->len > 0 && is_between(rest->data[0]))
		*rest = slice_from(*rest, 1);
	struct slice entry = {rest->data, 0};

	while (entry.len < rest->len && !is_between(rest->data[entry.len]))
		entry.len++;
	*rest = slice_from(*rest, entry.len);
	return entry;
}

/* The next entry that is no fault; false at the end. */
static bool
next_network(struct slice *rest, struct network *n)
{
	struct slice entry;

	while ((entry = next_entry(rest)).len > 0)
		if (parse_entry(entry, n) == 0)
			return true;
	return false;
}

bool
balancers_are_all(struct slice list)
{
	return slice_is(next_entry(&list), "1") && next_entry(&list).len == 0;
}

const char *
balancers_fault(struct slice list, struct buffer *text)
{
	bool all = balancers_are_all(list);
	struct slice entry = next_entry(&list);
	struct network network;

	if (all)
		return NULL;
	if (entry.len == 0)
		return "names no address";
	for (; entry.len > 0; entry = next_entry(&list))
		if (parse_entry(entry, &network) == -1) {
			buffer_add_text(text, "no address or prefix: ");
			buffer_add_slice(text, entry);
			const char *fault = buffer_string(text);

			return fault == NULL ? "no address or prefix" : fault;
		}
	return NULL;
}

bool
balancers_are_anybody(struct slice list)
{
	struct network n;

	if (balancers_are_all(list))
		return true;
	while (next_network(&list, &n))
		if (n.bits <= (is_mapped(n.octets) ? MAPPED_BITS : 0))
			return true;
	return false;
}

static bool
is_in(const struct network *n, const unsigned char *octets)
{
	size_t whole = (size_t)n->bits / 8, more = (size_t)n->bits % 8;

	/* ::/0 says IPv6, and every IPv4 address could be written as that. */
	if (n->bits < MAPPED_BITS && is_mapped(octets))
		return false;
	return memcmp(n->octets, octets, whole) == 0 &&
	       (more == 0 ||
		       (n->octets[whole] ^ octets[whole]) >> (8 - more) == 0);
}

bool
balancers_have(struct slice list, struct slice address)
{
	unsigned char octets[sizeof(struct in6_addr)];
	struct network network;

	address.len = slice_find(address, '%'); /* fe80::1%eth0 */
	if (parse_address(address, octets) == -1)
		return false;
	while (next_network(&list, &network))
		if (is_in(&network, octets))
			return true;
	return false;
}
