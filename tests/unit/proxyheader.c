/*
 * Unit test of proxy/proxyheader and proxy/tlv: headers in every cut, and no
 * octet asked for that is not the header's.
 */
#include "proxy/proxyheader.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/bytes.h"
#include "tests/tap.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 "\300\0\2\7\300\0\2\1\xc3\x50\0\x19" /* 192.0.2.7 .1 50000 25 */
/* A literal with its length, and as many octets of it. */
#define OCTETS(text) (text), sizeof(text) - 1

/* Fed in pieces of at most `piece`, and never more than it has room for. */
static size_t
feed(struct proxyheader *h, const char *data, size_t len, size_t piece)
{
	size_t at = 0;

	proxyheader_init(h);
	while (at < len && h->verdict == PROXYHEADER_MORE) {
		size_t n = proxyheader_room(h);

		n = n < piece ? n : piece;
		n = n < len - at ? n : len - at;
		proxyheader_take(h, (const unsigned char *)data + at, n);
		at += n;
	}
	return at;
}

/*
 * The same verdict in pieces of 1 to all octets, with a client's behind it of
 * which none is taken when there is one.
 */
static bool
says(const char *data, size_t len, enum proxyheader_verdict expected)
{
	char behind[70000];
	struct proxyheader h;
	bool whole =
		expected == PROXYHEADER_CLIENT || expected == PROXYHEADER_CHECK;

	memcpy(behind, data, len);
	memcpy(behind + len, "EHLO x\r\n", 8);
	for (size_t piece = 1; piece <= len && piece < 300; piece++) {
		size_t taken = feed(&h, behind, len + 8, piece);

		if (h.verdict != expected || (whole && taken != len)) {
			printf("# pieces of %zu: verdict %d, %zu of %zu\n",
				piece, (int)h.verdict, taken, len);
			return false;
		}
	}
	return true;
}

static const char *
text_of(const struct proxyheader *h, const struct proxyheader_end *end)
{
	static char text[2][80];
	static int which;
	char address[INET6_ADDRSTRLEN];

	inet_ntop(h->family, end->address, address, sizeof address);
	which ^= 1;
	snprintf(text[which], sizeof text[which], "%s %u", address,
		ntohs(end->port));
	return text[which];
}

static bool
names(const char *data, size_t len, const char *from, const char *to)
{
	struct proxyheader h;

	return says(data, len, PROXYHEADER_CLIENT) &&
	       feed(&h, data, len, 7) == len &&
	       strcmp(text_of(&h, &h.source), from) == 0 &&
	       strcmp(text_of(&h, &h.destination), to) == 0;
}

static bool
is_line(const char *line, enum proxyheader_verdict expected)
{
	return says(line, strlen(line), expected);
}

static void
check_lines(void)
{
	ok(names(OCTETS("PROXY TCP4 192.0.2.7 192.0.2.1 50000 25\r\n"),
		   "192.0.2.7 50000", "192.0.2.1 25"),
		"TCP4");
	ok(names(OCTETS("PROXY TCP4 255.255.255.255 255.255.255.255 65535 "
			"65535\r\n"),
		   "255.255.255.255 65535", "255.255.255.255 65535"),
		"the longest");
	ok(names(OCTETS("PROXY TCP4 0.0.0.0 1.2.3.4 0 0\r\n"), "0.0.0.0 0",
		   "1.2.3.4 0"),
		"zeros");
	ok(names(OCTETS("PROXY TCP6 2001:db8::7 2001:DB8::1 50000 25\r\n"),
		   "2001:db8::7 50000", "2001:db8::1 25"),
		"TCP6");
	ok(names(OCTETS("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:c000:201 1 2\r\n"),
		   "::ffff:192.0.2.7 1", "::ffff:192.0.2.1 2"),
		"mapped ones, in both forms");
	ok(names(OCTETS("PROXY TCP6 "
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
			"65535 65535\r\n"),
		   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535",
		   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"),
		"the longest of TCP6");
	ok(is_line("PROXY UNKNOWN\r\n", PROXYHEADER_CHECK),
		"UNKNOWN, 15 octets");
	ok(is_line("PROXY UNKNOWN ffff:f...f:ffff 65535 \r x\r\n",
		   PROXYHEADER_CHECK),
		"UNKNOWN, and whatever up to CR LF");
	char most[PROXYHEADER_V1_MAX + 2];

	memset(most, 'x', sizeof most);
	memcpy(most, "PROXY UNKNOWN ", 14);
	memcpy(most + PROXYHEADER_V1_MAX - 2, "\r\n", 2);
	ok(says(most, PROXYHEADER_V1_MAX, PROXYHEADER_CHECK), "107 octets");
	memcpy(most + PROXYHEADER_V1_MAX - 2, "x\r\n", 3);
	ok(says(most, PROXYHEADER_V1_MAX + 1, PROXYHEADER_SYNTAX),
		"108 octets");
}

static void
check_bad_lines(void)
{
	static const char *const bad[] = {
		"PROXY TCP4 192.0.2.7 192.0.2.1 50000 25\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 50000 25\r\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 50000 25 \r\n",
		"PROXY TCP4 192.0.2.7  192.0.2.1 50000 25\r\n",
		"PROXY  TCP4 192.0.2.7 192.0.2.1 50000 25\r\n",
		"PROXY TCP4\t192.0.2.7 192.0.2.1 50000 25\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 50000\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 50000 25 1\r\n",
		"PROXY TCP4 192.0.2.07 192.0.2.1 50000 25\r\n",
		"PROXY TCP4 192.0.2 192.0.2.1 50000 25\r\n",
		"PROXY TCP4 192.0.2.7.1 192.0.2.1 50000 25\r\n",
		"PROXY TCP4 192.0.2.256 192.0.2.1 50000 25\r\n",
		"PROXY TCP4 0x7f.0.0.1 192.0.2.1 50000 25\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 65536 25\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 050 25\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 +50 25\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 -1 25\r\n",
		"PROXY TCP4 192.0.2.7 192.0.2.1 5000000000 25\r\n",
		"PROXY TCP4 2001:db8::7 2001:db8::1 50000 25\r\n",
		"PROXY TCP6 192.0.2.7 192.0.2.1 50000 25\r\n",
		"PROXY TCP6 2001:db8::7%eth0 2001:db8::1 50000 25\r\n",
		"PROXY TCP6 1:2:3:4:5:6:7:8:9 2001:db8::1 50000 25\r\n",
		"PROXY tcp4 192.0.2.7 192.0.2.1 50000 25\r\n",
		"PROXY TCP5 192.0.2.7 192.0.2.1 50000 25\r\n",
		"PROXY UDP4 192.0.2.7 192.0.2.1 50000 25\r\n",
		"PROXY UNKNOWN\n",
		"PROXY UNKNOWNX\r\n",
		"PROXY \r\n",
		"PROXY  \r\n",
		"PROXY TCP4  \r\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!ok(is_line(bad[i], PROXYHEADER_SYNTAX), "no such line"))
			printf("# %s", bad[i]);
	ok(says(OCTETS("PROXY TCP4 192.0.2.7\0 192.0.2.1 50000 25\r\n"),
		   PROXYHEADER_SYNTAX),
		"NUL in an address");
}

static void
check_none(void)
{
	static const char *const none[] = {"EHLO x\r\n", "E", "proxy TCP4 ",
		"PROXY\r\n", "PROXIES\r\n", "\n", "\r\nEHLO", "QUIT\r\n",
		"\x16\x03\x01\x02"};
	struct proxyheader h;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ok(is_line(none[i], PROXYHEADER_NONE), "no header");
	feed(&h, OCTETS("\r\n\r\n\0\r\nQUIU"), 1);
	ok(h.verdict == PROXYHEADER_NONE, "all but an octet of a signature");
	/* What is not there yet can still become one. */
	for (size_t len = 0; len < PROXYHEADER_FIRST; len++) {
		feed(&h, SIGNATURE, len, 3);
		ok(h.verdict == PROXYHEADER_MORE &&
				proxyheader_room(&h) == PROXYHEADER_FIRST - len,
			"in the middle of a signature");
	}
}

static void
check_binary(void)
{
	ok(names(OCTETS(SIGNATURE "\x21\x11\0\x0c" V4), "192.0.2.7 50000",
		   "192.0.2.1 25"),
		"version 2, IPv4");
	ok(names(OCTETS(SIGNATURE "\x21\x21\0\x24"
				  "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
				  "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
				  "\xc3\x50\2\x4b"),
		   "2001:db8::7 50000", "2001:db8::1 587"),
		"version 2, IPv6");
	ok(says(OCTETS(SIGNATURE "\x20\0\0\0"), PROXYHEADER_CHECK), "LOCAL");
	ok(says(OCTETS(SIGNATURE "\x20\x11\0\x0c" V4), PROXYHEADER_CHECK),
		"LOCAL, with addresses");
	ok(says(OCTETS(SIGNATURE "\x20\xff\0\5hello"), PROXYHEADER_CHECK),
		"LOCAL, with whatever");
	ok(says(OCTETS(SIGNATURE "\x21\0\0\0"), PROXYHEADER_CHECK), "UNSPEC");
	ok(says(OCTETS(SIGNATURE "\x21\0\0\3abc"), PROXYHEADER_CHECK),
		"UNSPEC, with whatever");
	ok(says(OCTETS(SIGNATURE "\x21\1\0\x0c" V4), PROXYHEADER_CHECK) &&
			says(OCTETS(SIGNATURE "\x21\x10\0\x0c" V4),
				PROXYHEADER_CHECK),
		"half of it UNSPEC");
	ok(says(OCTETS(SIGNATURE "\x11\x11\0\x0c" V4), PROXYHEADER_SYNTAX) &&
			says(OCTETS(SIGNATURE "\x31\x11\0\x0c" V4),
				PROXYHEADER_SYNTAX),
		"another version");
	ok(says(OCTETS(SIGNATURE "\x22\x11\0\x0c" V4), PROXYHEADER_SYNTAX) &&
			says(OCTETS(SIGNATURE "\x2f\x11\0\x0c" V4),
				PROXYHEADER_SYNTAX),
		"another command");
	ok(says(OCTETS(SIGNATURE "\x21\x12\0\x0c" V4), PROXYHEADER_FAMILY) &&
			says(OCTETS(SIGNATURE "\x21\x22\0\x0c" V4),
				PROXYHEADER_FAMILY) &&
			says(OCTETS(SIGNATURE "\x21\x31\0\x0c" V4),
				PROXYHEADER_FAMILY) &&
			says(OCTETS(SIGNATURE "\x21\x32\0\x0c" V4),
				PROXYHEADER_FAMILY),
		"datagrams, UNIX sockets");
	ok(says(OCTETS(SIGNATURE "\x21\x41\0\x0c" V4), PROXYHEADER_FAMILY) &&
			says(OCTETS(SIGNATURE "\x21\x13\0\x0c" V4),
				PROXYHEADER_FAMILY),
		"what is not defined");
	ok(says(OCTETS(SIGNATURE "\x21\x11\0\x0b" V4), PROXYHEADER_SHORT) &&
			says(OCTETS(SIGNATURE "\x21\x11\0\0"),
				PROXYHEADER_SHORT) &&
			says(OCTETS(SIGNATURE "\x21\x21\0\x23" V4),
				PROXYHEADER_SHORT),
		"too short for its addresses");
}

/* A header of version 2 with these octets behind the addresses. */
static size_t
with(char *out, const char *tlv, size_t len)
{
	memcpy(out, SIGNATURE "\x21\x11\0\0" V4, 28);
	out[14] = (char)((len + 12) >> 8);
	out[15] = (char)(len + 12);
	memcpy(out + 28, tlv, len);
	return 28 + len;
}

static enum proxyheader_verdict
read_tlv(struct proxyheader *h, const char *tlv, size_t len)
{
	static char data[70000];
	size_t all = with(data, tlv, len);

	feed(h, data, all, 5);
	return says(data, all, h->verdict) ? h->verdict : PROXYHEADER_MORE;
}

static bool
kept(const struct tlv_text *text, const char *expected)
{
	return slice_is((struct slice){text->data, text->len}, expected);
}

/* What haproxy 2.6 writes with send-proxy-v2-ssl-cn and all options. */
#define HAPROXY                                                                \
	"\3\0\4\x9b\x28\xac\x2a\1\0\4smtp\2\0\x10smtp.example.com\5\0\0\x20"   \
	"\0\x56\7\0\0\0\0\x21\0\7TLSv1.3\x22\0\x0fjoe@example.com\x25\0\5"     \
	"EC256\x24\0\x11"                                                      \
	"ecdsa-with-SHA256\x23\0\x16TLS_AES_256_GCM_SHA384"

static void
check_tlv(void)
{
	struct proxyheader h;

	ok(read_tlv(&h, OCTETS(HAPROXY)) == PROXYHEADER_CLIENT && h.tlv.tls &&
			kept(&h.tlv.version, "TLSv1.3") &&
			kept(&h.tlv.cipher, "TLS_AES_256_GCM_SHA384") &&
			kept(&h.tlv.authority, "smtp.example.com"),
		"haproxy's, with TLS");
	ok(read_tlv(&h, OCTETS("\x20\0\5\0\0\0\0\1")) == PROXYHEADER_CLIENT &&
			!h.tlv.tls && h.tlv.version.len == 0,
		"SSL of a client without");
	ok(read_tlv(&h, OCTETS("\x20\0\5\1\0\0\0\1")) == PROXYHEADER_CLIENT &&
			h.tlv.tls,
		"SSL, and nothing in it");
	ok(read_tlv(&h, OCTETS("\x20\0\5\6\0\0\0\0")) == PROXYHEADER_CLIENT &&
			!h.tlv.tls,
		"a certificate's bits are not TLS's");
	ok(read_tlv(&h, OCTETS("\x20\0\4\1\0\0\0")) == PROXYHEADER_SHORT,
		"SSL, too short");
	ok(read_tlv(&h, OCTETS("\x20\0\0")) == PROXYHEADER_SHORT, "SSL, empty");
	ok(read_tlv(&h, OCTETS("\x20\0\7\1\0\0\0\0\x21\0")) ==
			PROXYHEADER_SHORT,
		"SSL, ends in a head");
	ok(read_tlv(&h, OCTETS("\x20\0\x0a\1\0\0\0\0\x21\0\3TL\4\0\0")) ==
			PROXYHEADER_SHORT,
		"within SSL, over its end");
	ok(read_tlv(&h, OCTETS("\x21\0\7TLSv1.3")) == PROXYHEADER_CLIENT &&
			!h.tlv.tls && h.tlv.version.len == 0,
		"a version that is not within SSL");
	ok(read_tlv(&h, OCTETS("\4\0\1")) == PROXYHEADER_SHORT &&
			read_tlv(&h, OCTETS("\4\xff\xff")) == PROXYHEADER_SHORT,
		"over the header's end");
	ok(read_tlv(&h, OCTETS("\4")) == PROXYHEADER_SHORT &&
			read_tlv(&h, OCTETS("\4\0")) == PROXYHEADER_SHORT &&
			read_tlv(&h, OCTETS("\4\0\0\0")) == PROXYHEADER_SHORT,
		"the header ends in a head");
	ok(read_tlv(&h, OCTETS("\4\0\0\xee\0\2xx\4\0\0")) == PROXYHEADER_CLIENT,
		"empty ones, private ones");
}

static void
check_long(void)
{
	static char tlv[65536 - 12 - 1];
	struct proxyheader h;
	size_t value = sizeof tlv - 3;

	memset(tlv, 'x', sizeof tlv);
	tlv[0] = 2;
	tlv[1] = (char)(value >> 8);
	tlv[2] = (char)value;
	ok(read_tlv(&h, tlv, sizeof tlv) == PROXYHEADER_CLIENT &&
			h.tlv.authority.len == TLV_TEXT_MAX,
		"65,535 octets, of which few are kept");
	/* A certificate, as of 2026, and behind it the version. */
	tlv[0] = 0x20;
	memcpy(tlv + 3, "\1\0\0\0\0\x28", 6);
	tlv[9] = (char)((value - 8 - 10) >> 8);
	tlv[10] = (char)(value - 8 - 10);
	memcpy(tlv + sizeof tlv - 10, "\x21\0\7TLSv1.3", 10);
	ok(read_tlv(&h, tlv, sizeof tlv) == PROXYHEADER_CLIENT && h.tlv.tls &&
			kept(&h.tlv.version, "TLSv1.3"),
		"behind a long one within SSL");
}

int
main(void)
{
	check_lines();
	check_bad_lines();
	check_none();
	check_binary();
	check_tlv();
	check_long();
	return tap_done();
}
