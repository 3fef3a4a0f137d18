/* auth/naming: whose login it is that Dovecot is asked about. */
/* prove: auth/naming.c sasl/directives.c sasl/scram_message.c lib/buffer.c
 * lib/bytes.c */
/* bound: 3 */
#include "auth/naming.h"

#include "tests/prove/any_login.h"
#include "tests/prove/input.h"

void
prove(void)
{
	static const char *const names[] = {"PLAIN", "LOGIN", "CRAM-MD5",
		"DIGEST-MD5", "SCRAM-SHA-1", "XOAUTH2", "OAUTHBEARER"};
	STRONG(response);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct exchange x = {.login_len = 0};

		(void)naming_is_proof(slice_of(names[i]), response);
		(void)naming_hear(&x, slice_of(names[i]), response);
	}
}
