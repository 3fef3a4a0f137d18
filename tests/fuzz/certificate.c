/*
 * Fuzz target: what EXTERNAL makes of a client's chain. The input is the
 * chain; nobody gets in, since no input has the pinned fingerprint and the one
 * authority has signed nothing.
 *
 * Parsers: lib/certificate.c lib/chain.c lib/der.c sasl/external.c
 */
#include "tests/exchange.h"
#include "lib/certificate.h"
#include "lib/chain.h"
#include "tests/fuzz/fuzz.h"

#define JOE                                                                    \
	":::smtp_secret_a={CERT-SHA256}00112233445566778899aabbccddeeff"       \
	"00112233445566778899aabbccddeeff"

static int
users(void)
{
	static const struct cdbfile_record records[] = {
		{"joe@example.com", JOE},
		{"ann@example.com", ":::"},
		{"#site", "1 " SITE_KEY " 1 16 0 {PLAIN}x"},
		{NULL, NULL},
	};
	static int fd = -1;

	if (fd == -1)
		fd = cdbfile_make(records);
	return fd;
}

/* Each name lies within the certificate. */
static void
check_names(const struct certificate *c)
{
	const char *end = c->whole.data + c->whole.len;

	for (int kind = CERTIFICATE_ALT_EMAIL; kind <= CERTIFICATE_COMMON;
		kind++) {
		struct certificate_cursor at = {.started = false};
		struct slice name;

		while (certificate_next(
			c, (enum certificate_name)kind, &at, &name))
			cdbfile_must(name.data >= c->whole.data &&
				     name.data + name.len <= end);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char point[65] = {4};
	static unsigned char name[] = {0x30, 0};
	static struct clientca ca = {.count = 1};
	static struct exchange x;
	unsigned char sum[CERTIFICATE_BINDING_MAX];
	struct certificate c;

	ca.anchors[0] = (br_x509_trust_anchor){.dn = {name, sizeof name},
		.flags = BR_X509_TA_CA,
		.pkey = {.key_type = BR_KEYTYPE_EC,
			.key.ec = {BR_EC_secp256r1, point, sizeof point}}};
	exchange_facts.client_chain = (struct slice){(const char *)data, size};
	exchange_facts.clientca = size % 2 == 0 ? &ca : NULL;
	if (certificate_parse(&c, chain_first(exchange_facts.client_chain)) ==
		0) {
		check_names(&c);
		(void)certificate_is_for_client(&c);
		(void)certificate_binding(&c, sum);
	}
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {
			"", "joe@example.com", "ann@example.com"};

		exchange_start(&x, "EXTERNAL", users());
		cdbfile_must(exchange_step(&x, names[i]) == EXCHANGE_FAIL);
		cdbfile_must(x.challenge.len == 0);
	}
	return 0;
}
