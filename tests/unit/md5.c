/* Unit test of users/md5.c: RFC 2195 §2, RFC 2104, Dovecot's stored form. */
#include "users/md5.h"

#include "lib/hex.h"
#include "tests/tap.h"

static char text[80];

static const char *
hex(const unsigned char *octets, size_t len)
{
	struct buffer b = BUFFER_OVER(text);

	hex_encode(&b, (struct slice){(const char *)octets, len});
	return buffer_string(&b);
}

static const char *
hmac(const char *password, const char *challenge)
{
	unsigned char contexts[MD5_CONTEXTS_LEN], sum[MD5_LEN];

	md5_contexts(slice_of(password), contexts);
	md5_hmac(contexts, slice_of(challenge), sum);
	return hex(sum, sizeof sum);
}

static const char *
stored(const char *password)
{
	unsigned char contexts[MD5_CONTEXTS_LEN];

	md5_contexts(slice_of(password), contexts);
	return hex(contexts, sizeof contexts);
}

/* Seventy octets: longer than a block, so its MD5 is the key. */
#define LONG                                                                   \
	"pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp" \
	"pp"

/* RFC 2831 §4: user chris, password "secret". */
static void
test_digest(void)
{
	static const struct {
		const char *nonce, *cnonce, *uri, *response, *rspauth, *what;
	} rows[] = {
		{"OA6MG9tEQGm2hh", "OA6MHXh6VqTrRk", "imap/elwood.innosoft.com",
			"d388dad90d4bbd760a152321f2143af7",
			"ea40f60335c427b5527b84dbabcdfffd",
			"the first example of RFC 2831 §4"},
		{"OA9BSXrbuRhWay", "OA9BSuZWMSpW8m", "acap/elwood.innosoft.com",
			"6084c6db3fede7352c551284490fd0fc",
			"2f0b3d7c3c2e486600ef710726aa2eae",
			"the second example"},
	};
	unsigned char user[MD5_LEN];
	char digits[MD5_HEX_LEN];

	md5_user(slice_of("chris"), slice_of("elwood.innosoft.com"),
		slice_of("secret"), user);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct md5_digest d = {slice_of(rows[i].nonce),
			slice_of(rows[i].cnonce), slice_of("00000001"),
			slice_of(rows[i].uri), {NULL, 0}};

		md5_response(&d, user, "AUTHENTICATE", digits);
		is_bytes(digits, sizeof digits, rows[i].response, MD5_HEX_LEN,
			rows[i].what);
		md5_response(&d, user, "", digits);
		is_bytes(digits, sizeof digits, rows[i].rspauth, MD5_HEX_LEN,
			"and the server's answer");
		d.authzid = slice_of("chris");
		md5_response(&d, user, "AUTHENTICATE", digits);
		ok(memcmp(digits, rows[i].response, MD5_HEX_LEN) != 0,
			"an authorization id counts");
	}
}

int
main(void)
{
	unsigned char sum[MD5_LEN];

	ok(strcmp(hmac("tanstaaftanstaaf",
			  "<1896.697170952@postoffice.reston.mci.net>"),
		   "b913a602c7eda7a495b4e6e7334d3890") == 0,
		"the example of RFC 2195 §2");
	ok(strcmp(hmac("Jefe", "what do ya want for nothing?"),
		   "750c783e6ab0b503eaa86e310a5db738") == 0,
		"the second example of RFC 2104");
	ok(strcmp(hmac("", ""), "74e6f7298a9c2d168935f58c001bad88") == 0,
		"no key, no text");
	/* What doveadm pw -s CRAM-MD5 says. */
	ok(strcmp(stored("pencil"), "7f47ace0e2af8f6cdeb72c03243a8c87"
				    "834e19104164d6a42de72d243adb4080") == 0,
		"Dovecot's form");
	ok(strcmp(stored(LONG), "fcec8c76c2ea90d30919d64cc5fcb7c1"
				"069538f36098a04fcec22888443d7abc") == 0,
		"of a password longer than a block");
	md5_user(slice_of("chris"), slice_of("elwood.innosoft.com"),
		slice_of("secret"), sum);
	ok(strcmp(hex(sum, sizeof sum), "eb5a750053e4d2c34aa84bbc9b0b6ee7") ==
			0,
		"login, realm and password");
	test_digest();
	return tap_done();
}
