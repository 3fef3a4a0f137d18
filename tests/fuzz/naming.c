/*
 * Fuzz target: what a client may say in an exchange that is passed on to
 * Dovecot. The first octet picks the mechanism, responses stand between 0xFF.
 * A login that comes of it is a clean one.
 *
 * Parsers: auth/naming.c
 */
#include <string.h>

#include "auth/naming.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"PLAIN", "LOGIN", "CRAM-MD5",
		"DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "XOAUTH2",
		"OAUTHBEARER", "GSSAPI"};
	static struct exchange x;
	bool named = false;

	if (size == 0)
		return 0;
	struct slice mechanism =
		slice_of(names[data[0] % (sizeof names / sizeof *names)]);
	char *copy = fuzz_copy(data + 1, size - 1);
	struct slice rest = {copy, size - 1};

	x.login_len = 0;
	x.state = 0;
	x.authdomain = slice_of("b.example");
	while (rest.data != NULL) {
		struct slice response = slice_split(&rest, (char)0xff);

		(void)naming_is_proof(mechanism, response);
		named = naming_hear(&x, mechanism, response);
		fuzz_must(named == (x.login_len > 0));
	}
	fuzz_must(x.login_len <= USERS_LOGIN_MAX);
	for (size_t i = 0; named && i < x.login_len; i++)
		fuzz_must(
			(unsigned char)x.login[i] >= ' ' && x.login[i] != 0x7f);
	free(copy);
	return 0;
}
