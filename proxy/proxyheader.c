/* proxyheader - see proxyheader.h. Run by the reader. */
#include "proxy/proxyheader.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/bytes.h"

#define FIXED_LEN 16  /* octets of version 2 before the addresses */
#define PORT_DIGITS 5 /* "65535" */

static const char v1_start[] = "PROXY ";
static const char v2_start[PROXYHEADER_FIRST] = {
	'\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

void
proxyheader_init(struct proxyheader *h)
{
	*h = (struct proxyheader){.verdict = PROXYHEADER_MORE, .at = AT_FIRST};
}

size_t
proxyheader_room(const struct proxyheader *h)
{
	switch (h->at) {
	case AT_FIRST:
		return PROXYHEADER_FIRST - h->len;
	case AT_LINE:
		return 1; /* where it ends is not known before */
	case AT_FIXED:
		return FIXED_LEN - h->len;
	default:
		return h->left < PROXYHEADER_PIECE ? h->left
						   : PROXYHEADER_PIECE;
	}
}

/* ----------------------------------------------------------- version 1 --- */

/* Decimal, as short as can be, at most 65535. */
static int
read_port(struct slice text, in_port_t *port)
{
	uint64_t n;

	if (text.len > PORT_DIGITS || slice_number(text, &n) == -1 ||
		n > UINT16_MAX || (text.len > 1 && text.data[0] == '0'))
		return -1;
	*port = htons((uint16_t)n);
	return 0;
}

static int
read_address(int family, struct slice text, unsigned char *address)
{
	char string[INET6_ADDRSTRLEN];

	if (slice_string(text, string, sizeof string) == -1 ||
		inet_pton(family, string, address) != 1)
		return -1;
	return 0;
}

/* "192.0.2.1 192.0.2.2 50000 25": one blank between, and nothing else. */
static enum proxyheader_verdict
read_ends(struct proxyheader *h, int family, struct slice rest)
{
	struct slice from = slice_split(&rest, ' ');
	struct slice to = slice_split(&rest, ' ');
	struct slice from_port = slice_split(&rest, ' ');

	h->family = (sa_family_t)family;
	if (rest.data == NULL ||
		read_address(family, from, h->source.address) == -1 ||
		read_address(family, to, h->destination.address) == -1 ||
		read_port(from_port, &h->source.port) == -1 ||
		read_port(rest, &h->destination.port) == -1)
		return PROXYHEADER_SYNTAX;
	return PROXYHEADER_CLIENT;
}

static enum proxyheader_verdict
read_line(struct proxyheader *h)
{
	struct slice rest = {h->octets, h->len - 1};

	if (rest.data[rest.len - 1] != '\r')
		return PROXYHEADER_SYNTAX;
	rest.len--;
	rest = slice_from(rest, sizeof v1_start - 1);
	struct slice family = slice_split(&rest, ' ');

	/* Whatever stands behind it is to be ignored. */
	if (slice_is(family, "UNKNOWN"))
		return PROXYHEADER_CHECK;
	if (slice_is(family, "TCP4"))
		return read_ends(h, AF_INET, rest);
	if (slice_is(family, "TCP6"))
		return read_ends(h, AF_INET6, rest);
	return PROXYHEADER_SYNTAX;
}

/* ----------------------------------------------------------- version 2 --- */

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };

/* Families and transports there are, four bits each. */
enum { FAMILY_UNSPEC, FAMILY_INET, FAMILY_INET6, FAMILY_UNIX };
enum { TRANSPORT_UNSPEC, TRANSPORT_STREAM, TRANSPORT_DATAGRAM };

#define INET_LEN 12 /* two addresses, two ports */

/* Nothing of what follows counts; all of it is read. */
static enum proxyheader_verdict
skip_rest(struct proxyheader *h)
{
	h->family = AF_UNSPEC;
	h->at = AT_ADDRESSES;
	h->addresses = h->left;
	return h->left == 0 ? PROXYHEADER_CHECK : PROXYHEADER_MORE;
}

static enum proxyheader_verdict
read_fixed(struct proxyheader *h)
{
	unsigned char command = (unsigned char)h->octets[12];
	unsigned char kind = (unsigned char)h->octets[13];
	unsigned family = kind >> 4, transport = kind & 15;

	h->left = (size_t)(unsigned char)h->octets[14] << 8 |
		  (unsigned char)h->octets[15];
	h->len = 0;
	if (command == COMMAND_LOCAL)
		return skip_rest(h);
	if (command != COMMAND_PROXY)
		return PROXYHEADER_SYNTAX;
	if (family > FAMILY_UNIX || transport > TRANSPORT_DATAGRAM)
		return PROXYHEADER_FAMILY;
	if (family == FAMILY_UNSPEC || transport == TRANSPORT_UNSPEC)
		return skip_rest(h);
	if (family == FAMILY_UNIX || transport == TRANSPORT_DATAGRAM)
		return PROXYHEADER_FAMILY;
	h->family = family == FAMILY_INET ? AF_INET : AF_INET6;
	h->addresses =
		family == FAMILY_INET ? INET_LEN : PROXYHEADER_ADDRESSES_MAX;
	h->at = AT_ADDRESSES;
	return h->left < h->addresses ? PROXYHEADER_SHORT : PROXYHEADER_MORE;
}

/* Source, destination, and the ports in this order. */
static void
read_addresses(struct proxyheader *h)
{
	const char *at = h->octets;
	size_t len = h->family == AF_INET ? sizeof(struct in_addr)
					  : sizeof(struct in6_addr);

	memcpy(h->source.address, at, len);
	memcpy(h->destination.address, at + len, len);
	memcpy(&h->source.port, at + 2 * len, sizeof h->source.port);
	memcpy(&h->destination.port, at + 2 * len + sizeof h->source.port,
		sizeof h->destination.port);
}

static enum proxyheader_verdict
take_address(struct proxyheader *h, unsigned char octet)
{
	h->left--;
	h->addresses--;
	if (h->family != AF_UNSPEC)
		h->octets[h->len++] = (char)octet;
	if (h->addresses > 0)
		return PROXYHEADER_MORE;
	if (h->family == AF_UNSPEC)
		return PROXYHEADER_CHECK;
	read_addresses(h);
	h->at = AT_TLV;
	return h->left == 0 ? PROXYHEADER_CLIENT : PROXYHEADER_MORE;
}

static enum proxyheader_verdict
take_tlv(struct proxyheader *h, unsigned char octet)
{
	if (tlv_take(&h->tlv, octet, --h->left) == -1)
		return PROXYHEADER_SHORT;
	if (h->left > 0)
		return PROXYHEADER_MORE;
	return tlv_is_whole(&h->tlv) ? PROXYHEADER_CLIENT : PROXYHEADER_SHORT;
}

/* ------------------------------------------------------- octet by octet --- */

static bool
starts(const struct proxyheader *h, const char *start, size_t len)
{
	return memcmp(h->octets, start, h->len < len ? h->len : len) == 0;
}

/* Which version, if any: told by the first octet that differs. */
static enum proxyheader_verdict
take_first(struct proxyheader *h, unsigned char octet)
{
	h->octets[h->len++] = (char)octet;
	bool v1 = starts(h, v1_start, sizeof v1_start - 1);

	if (!v1 && !starts(h, v2_start, sizeof v2_start))
		return PROXYHEADER_NONE;
	/* No line of version 1 is so short. */
	if (v1 && octet == '\n')
		return PROXYHEADER_SYNTAX;
	if (h->len == PROXYHEADER_FIRST)
		h->at = v1 ? AT_LINE : AT_FIXED;
	return PROXYHEADER_MORE;
}

static enum proxyheader_verdict
take_line(struct proxyheader *h, unsigned char octet)
{
	h->octets[h->len++] = (char)octet;
	if (octet == '\n')
		return read_line(h);
	return h->len < sizeof h->octets ? PROXYHEADER_MORE
					 : PROXYHEADER_SYNTAX;
}

static enum proxyheader_verdict
take_fixed(struct proxyheader *h, unsigned char octet)
{
	h->octets[h->len++] = (char)octet;
	return h->len < FIXED_LEN ? PROXYHEADER_MORE : read_fixed(h);
}

void
proxyheader_take(struct proxyheader *h, const unsigned char *data, size_t len)
{
	static enum proxyheader_verdict (*const take[])(
		struct proxyheader *, unsigned char) = {
		[AT_FIRST] = take_first,
		[AT_LINE] = take_line,
		[AT_FIXED] = take_fixed,
		[AT_ADDRESSES] = take_address,
		[AT_TLV] = take_tlv,
	};

	for (size_t i = 0; i < len && h->verdict == PROXYHEADER_MORE; i++)
		h->verdict = take[h->at](h, data[i]);
}
