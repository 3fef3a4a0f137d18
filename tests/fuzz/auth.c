/*
 * Fuzz target: an AUTH exchange. The first octet picks the mechanism, every
 * 0xFF ends a response. Nobody gets in who did not send the password, and
 * that is PLAIN's and LOGIN's way alone: no input holds a proof for another.
 *
 * Parsers: sasl/plain.c sasl/prompt.c sasl/scram.c sasl/scram_message.c
 *   sasl/cram_md5.c sasl/digest_md5.c sasl/directives.c lib/base64.c
 *   users/secret.c
 */
#include "tests/exchange.h"
#include "tests/fuzz/fuzz.h"

/* The SCRAM secrets are of nobody's password. */
#define HEX_16 "00112233445566778899aabbccddeeff"
#define ZEROS_20 "AAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ZEROS_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define JOE                                                                    \
	"{PLAIN}pencil:::"                                                     \
	"smtp_secret_a={SCRAM-SHA-256}1,c2FsdA==," ZEROS_32 "," ZEROS_32       \
	" smtp_secret_b={SCRAM-SHA-1}1,c2FsdA==," ZEROS_20 "," ZEROS_20        \
	" smtp_secret_c={CRAM-MD5}" HEX_16 HEX_16                              \
	" smtp_secret_d={DIGEST-MD5}mx.example.org," HEX_16

/* Made once, and only read from then on. */
static int
users(void)
{
	static const struct cdbfile_record records[] = {
		{"joe", JOE},
		{"off", "!{PLAIN}pencil"},
		{"#site", "1 " SITE_KEY " 1 16 0 {PLAIN}x"},
		{NULL, NULL},
	};
	static int fd = -1;

	if (fd == -1)
		fd = cdbfile_make(records);
	return fd;
}

static void
check(const struct exchange *x, enum exchange_result result, bool allowed)
{
	cdbfile_must(result != EXCHANGE_OK || allowed);
	cdbfile_must(result != EXCHANGE_TEMPORARY);
	cdbfile_must(!x->challenge.overflow && x->reason != NULL);
	cdbfile_must(result == EXCHANGE_CHALLENGE || x->challenge.len == 0);
	cdbfile_must(x->login_len <= USERS_LOGIN_MAX);
	cdbfile_must(memchr(x->label, '\0', sizeof x->label) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct exchange x;
	enum exchange_result result = EXCHANGE_CHALLENGE;

	if (size < 2)
		return 0;
	size_t count = 0;

	while (mechanisms[count] != NULL)
		count++;
	const struct mechanism *mechanism = mechanisms[data[0] % count];
	struct slice rest = {(const char *)data + 1, size - 1};
	bool password = slice_is(slice_of(mechanism->row->name), "PLAIN") ||
			slice_is(slice_of(mechanism->row->name), "LOGIN");
	bool sent = memmem(data, size, "pencil", 6) != NULL;

	exchange_facts.binding = slice_of("0123456789abcdef0123456789abcdef");
	exchange_start(&x, mechanism->row->name, users());
	if (!mechanism->row->client_first)
		result = exchange_step(&x, NULL);
	while (result == EXCHANGE_CHALLENGE && rest.data != NULL) {
		struct slice response = slice_split(&rest, (char)0xff);

		if (response.len > EXCHANGE_RESPONSE_MAX)
			break;
		result = exchange_octets(&x, response.data, response.len);
		check(&x, result, sent && password);
	}
	return 0;
}
