/*
 * Unit test of sasl/scram.c: its messages. The numbers of the examples are
 * those of RFC 5802 §5 and RFC 7677 §3; where the server's nonce is ours (the
 * octets 0 to 17) they come from this, which gives the RFCs' own for their
 * nonces:
 *
 *   def run(h, cnonce, snonce, salt, i):            # salt in base64
 *       sfirst = f"r={cnonce}{snonce},s={salt},i={i}"
 *       bare = f"c=biws,r={cnonce}{snonce}"
 *       auth = f"n=user,r={cnonce},{sfirst},{bare}".encode()
 *       sp = hashlib.pbkdf2_hmac(h, b"pencil", b64decode(salt), i)
 *       ck = hmac.digest(sp, b"Client Key", h)
 *       sig = hmac.digest(hashlib.new(h, ck).digest(), auth, h)
 *       proof = b64encode(bytes(a ^ b for a, b in zip(ck, sig)))
 *       v = hmac.digest(hmac.digest(sp, b"Server Key", h), auth, h)
 *       print(sfirst, bare, proof, b64encode(v))
 */
#include "lib/base64.h"
#include "tests/exchange.h"
#include "tests/tap.h"

#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define NONCE_256 "rOprNGfwEbeRWgbNEkqO"
#define OURS "AAECAwQFBgcICQoLDA0ODxAR"
#define SALT_256 "W22ZaJ0SNY7soEsUEjb6gQ=="

static const struct cdbfile_record records[] = {
	{"user", SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

/* ------------------------------------------------------------ examples --- */

/* The RFCs' own messages: our sums over them give their proof and answer. */
static void
test_rfc_sums(void)
{
	static const struct {
		enum secret_kind kind;
		const char *secret, *message, *proof, *server, *what;
	} rows[] = {
		{SECRET_SCRAM_SHA_1, SCRAM_1,
			"n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
			"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
			"s=QSXCR+Q6sek8bf92,i=4096,"
			"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
			"v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
			"rmF9pqV8S7suAoZWja4dJRkFsKQ=", "RFC 5802 §5"},
		{SECRET_SCRAM_SHA_256, SCRAM_256,
			"n=user,r=rOprNGfwEbeRWgbNEkqO,"
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
			"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,"
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
			"dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
			"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
			"RFC 7677 §3"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = secret_hash_len(rows[i].kind);
		unsigned char key[SECRET_HASH_MAX], stored[SECRET_HASH_MAX];
		char octets[64], text[64];
		struct buffer proof = BUFFER_OVER(octets);
		struct buffer server = BUFFER_OVER(text);
		struct secret s;

		cdbfile_must(
			secret_parse(&s, slice_of(rows[i].secret)) == 0 &&
			base64_decode(&proof, slice_of(rows[i].proof)) == 0);
		secret_hmac(secret_hash(s.kind),
			(struct slice){(const char *)s.stored_key, len},
			slice_of(rows[i].message), key);
		for (size_t k = 0; k < len; k++)
			key[k] ^= (unsigned char)octets[k];
		secret_digest(
			s.kind, (struct slice){(const char *)key, len}, stored);
		is_bytes(stored, len, s.stored_key, len, rows[i].what);
		secret_hmac(secret_hash(s.kind),
			(struct slice){(const char *)s.server_key, len},
			slice_of(rows[i].message), key);
		base64_encode(&server, (struct slice){(const char *)key, len});
		is_bytes(text, server.len, rows[i].server,
			strlen(rows[i].server), "and the server's signature");
	}
}

static void
test_examples(int fd)
{
	static const struct {
		const char *mechanism, *first, *server_first, *final,
			*server_final;
	} rows[] = {
		{"SCRAM-SHA-1", "n,,n=user,r=" NONCE_1,
			"r=" NONCE_1 OURS ",s=QSXCR+Q6sek8bf92,i=4096",
			"c=biws,r=" NONCE_1 OURS
			",p=bK5hH7cb1+iTJ8jqd242UOrbhdQ=",
			"v=ZxXO7ZbmObCnNR1hVY4/xxDqukg="},
		{"SCRAM-SHA-256", "n,,n=user,r=" NONCE_256,
			"r=" NONCE_256 OURS ",s=" SALT_256 ",i=4096",
			"c=biws,r=" NONCE_256 OURS
			",p=3nZwh66eFopJBU64+VnKix0ymn5pXztJcS//L2F7JSo=",
			"v=7tmrOCYcuefy9w1AUzXStMNVtjzpnNmWSOEogDkIKAg="},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, rows[i].mechanism, fd);
		ok(exchange_step(&x, NULL) == EXCHANGE_CHALLENGE &&
				exchange_challenge_is(&x, ""),
			rows[i].mechanism);
		ok(exchange_step(&x, rows[i].first) == EXCHANGE_CHALLENGE &&
				exchange_challenge_is(&x, rows[i].server_first),
			"server-first");
		ok(exchange_step(&x, rows[i].final) == EXCHANGE_CHALLENGE &&
				exchange_challenge_is(&x, rows[i].server_final),
			"server-final");
		ok(exchange_step(&x, "") == EXCHANGE_OK &&
				exchange_login_is(&x, "user") &&
				strcmp(x.label, "") == 0 &&
				x.challenge.len == 0,
			"the client's empty line logs in");
		exchange_start(&x, rows[i].mechanism, fd);
		exchange_step(&x, rows[i].first);
		exchange_step(&x, rows[i].final);
		ok(exchange_step(&x, "x") == EXCHANGE_MALFORMED,
			"anything in it does not");
	}
}

/* Every character of a right final message changed: nobody gets in. */
static void
test_every_octet(int fd)
{
	static const char right[] =
		"c=biws,r=" NONCE_256 OURS
		",p=3nZwh66eFopJBU64+VnKix0ymn5pXztJcS//L2F7JSo=";
	unsigned refused = 0, tries = 0;

	for (size_t at = 0; at < sizeof right - 1; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			char text[sizeof right];

			memcpy(text, right, sizeof right);
			text[at] = (char)(text[at] ^ 1 << bit);
			exchange_start(&x, "SCRAM-SHA-256", fd);
			exchange_step(&x, "n,,n=user,r=" NONCE_256);
			enum exchange_result result =
				exchange_octets(&x, text, sizeof right - 1);

			tries++;
			refused += result == EXCHANGE_FAIL ||
				   result == EXCHANGE_MALFORMED;
		}
	ok(refused == tries && tries == 8 * (sizeof right - 1),
		"any bit changed: refused");
	for (size_t len = 0; len < sizeof right - 1; len++) {
		exchange_start(&x, "SCRAM-SHA-256", fd);
		exchange_step(&x, "n,,n=user,r=" NONCE_256);
		tries--;
		refused -=
			exchange_octets(&x, right, len) != EXCHANGE_CHALLENGE;
	}
	ok(refused == tries, "cut anywhere: refused");
}

/* ------------------------------------------------------------ messages --- */

static void
test_first(int fd)
{
	static const struct {
		const char *text;
		size_t len;
		bool good;
		const char *what;
	} rows[] = {
#define ROW(text, good, what) {text, sizeof(text) - 1, good, what}
		ROW("n,,n=user,r=abc", true, "no channel binding"),
		ROW("y,,n=user,r=abc", true, "the client could bind"),
		ROW("n,a=user,n=user,r=abc", true, "an authzid"),
		ROW("n,,n=user,r=abc,x=ext", true, "an extension"),
		ROW("n,,n=user,r=!\"#$%&'()*+-./:;<=>?@[\\]^_`{|}~", true,
			"all that a nonce may hold"),
		ROW("n,,n=joe=2C=3D@example.com,r=abc", true,
			"a comma and an equals sign in the name"),
		ROW("", false, "nothing"),
		ROW("n", false, "n"),
		ROW("n,", false, "n,"),
		ROW("n,,", false, "n,,"),
		ROW("n,,n=user", false, "no nonce"),
		ROW("n,,n=user,", false, "a comma and no nonce"),
		ROW("n,,n=user,r=", false, "an empty nonce"),
		ROW("n,,n=,r=abc", false, "an empty name"),
		ROW("n,,r=abc,n=user", false, "the wrong order"),
		ROW("n,n=user,r=abc", false, "a comma missing"),
		ROW("n,,,n=user,r=abc", false, "a comma more"),
		ROW("p=tls-unique,,n=user,r=abc", false, "channel binding"),
		ROW("p=tls-server-end-point,,n=user,r=abc", false,
			"and the other kind"),
		ROW("N,,n=user,r=abc", false, "an upper case flag"),
		ROW("F,n,,n=user,r=abc", false, "the GSS-API form"),
		ROW("n,a=,n=user,r=abc", false, "an empty authzid"),
		ROW("n,b=user,n=user,r=abc", false, "not an authzid"),
		ROW("n,user,n=user,r=abc", false, "an authzid without a="),
		ROW("n,,m=ext,n=user,r=abc", false, "a mandatory extension"),
		ROW("n,,n=us=er,r=abc", false, "a lone equals sign"),
		ROW("n,,n=user=,r=abc", false, "at the end"),
		ROW("n,,n=user=2,r=abc", false, "half a code"),
		ROW("n,,n=user=2D,r=abc", false, "another code"),
		ROW("n,,n=user=00,r=abc", false, "the code of NUL"),
		ROW("n,a=us=er,n=user,r=abc", false, "in the authzid"),
		ROW("n,,n=us\0er,r=abc", false, "a NUL in the name"),
		ROW("n,,n=user\n,r=abc", false, "a line end in the name"),
		ROW("n,,n=user,r=a\0c", false, "a NUL in the nonce"),
		ROW("n,,n=user,r=a c", false, "a blank in the nonce"),
		ROW("n,,n=user,r=a\x7f", false, "DEL in the nonce"),
		ROW("n,,n=user,r=a\xc3\xa4", false, "8 bits in the nonce"),
		ROW("n,,N=user,r=abc", false, "an upper case name"),
		ROW(" n,,n=user,r=abc", false, "a blank in front"),
#undef ROW
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, "SCRAM-SHA-256", fd);
		ok(exchange_octets(&x, rows[i].text, rows[i].len) ==
				(rows[i].good ? EXCHANGE_CHALLENGE
					      : EXCHANGE_MALFORMED),
			rows[i].what);
	}
}

static void
test_lengths(int fd)
{
	static const struct {
		size_t name, nonce;
		enum exchange_result result;
		const char *what;
	} rows[] = {
		{USERS_LOGIN_MAX, 256, EXCHANGE_CHALLENGE,
			"the longest name and nonce"},
		{USERS_LOGIN_MAX + 1, 24, EXCHANGE_MALFORMED, "a longer name"},
		{4, 257, EXCHANGE_MALFORMED, "a longer nonce"},
		{4, 8000, EXCHANGE_MALFORMED, "a very long nonce"},
		{8000, 8, EXCHANGE_MALFORMED, "a very long name"},
	};
	static char text[EXCHANGE_RESPONSE_MAX];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer b = BUFFER_OVER(text);

		buffer_add_text(&b, "n,,n=");
		for (size_t k = 0; k < rows[i].name; k++)
			buffer_add_char(&b, 'a');
		buffer_add_text(&b, ",r=");
		for (size_t k = 0; k < rows[i].nonce; k++)
			buffer_add_char(&b, 'r');
		exchange_start(&x, "SCRAM-SHA-256", fd);
		ok(!b.overflow && exchange_octets(&x, text, b.len) ==
					  rows[i].result,
			rows[i].what);
	}
	unsigned taken = 0;

	memset(text, ',', sizeof text);
	memcpy(text, "c=biws,r=abc", 12);
	for (size_t len = 0; len < sizeof text; len += 97) {
		exchange_start(&x, "SCRAM-SHA-256", fd);
		exchange_step(&x, "n,,n=user,r=abc");
		taken += exchange_octets(&x, text, len) != EXCHANGE_MALFORMED;
	}
	ok(taken == 0, "a final message of commas, of any length");
}

static void
test_final(int fd)
{
	static const struct {
		const char *final;
		enum exchange_result result;
		const char *what;
	} rows[] = {
#define N NONCE_256 OURS
#define P "p=3nZwh66eFopJBU64+VnKix0ymn5pXztJcS//L2F7JSo="
		{"", EXCHANGE_MALFORMED, "nothing"},
		{"c=biws", EXCHANGE_MALFORMED, "c= alone"},
		{"c=biws,r=" N, EXCHANGE_MALFORMED, "no proof"},
		{"c=biws," P, EXCHANGE_MALFORMED, "no nonce"},
		{"r=" N "," P, EXCHANGE_MALFORMED, "no binding"},
		{"r=" N ",c=biws," P, EXCHANGE_MALFORMED, "the wrong order"},
		{"c=biws,r=" N "," P ",x=y", EXCHANGE_MALFORMED,
			"something behind the proof"},
		{"c=biws,r=" N "," P ",", EXCHANGE_MALFORMED,
			"a comma behind it"},
		{"c=biws,r=" N ",p=", EXCHANGE_MALFORMED, "an empty proof"},
		{"c=biws,r=" N ",p=****", EXCHANGE_MALFORMED,
			"a proof that is not base64"},
		{"c=biws,r=" N ",p=bK5hH7cb1+iTJ8jqd242UOrbhdQ=",
			EXCHANGE_MALFORMED, "a proof of SHA-1's length"},
		{"c=eSws,r=" N "," P, EXCHANGE_FAIL, "another binding: y,,"},
		{"c=biw=,r=" N "," P, EXCHANGE_FAIL, "a binding cut short"},
		{"c=biwsbiws,r=" N "," P, EXCHANGE_FAIL, "a longer binding"},
		{"c=biws,r=" NONCE_256 "," P, EXCHANGE_FAIL,
			"the client's nonce alone"},
		{"c=biws,r=" OURS "," P, EXCHANGE_FAIL,
			"the server's nonce alone"},
		{"c=biws,r=" N "A," P, EXCHANGE_FAIL, "a longer nonce"},
		{"c=biws,r=" N ",x=y," P, EXCHANGE_FAIL,
			"an extension that the proof does not cover"},
		{"c=biws,r=" N
		 ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
			EXCHANGE_FAIL, "a proof of zeros"},
#undef P
#undef N
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, "SCRAM-SHA-256", fd);
		exchange_step(&x, "n,,n=user,r=" NONCE_256);
		ok(exchange_octets(&x, rows[i].final, strlen(rows[i].final)) ==
				rows[i].result,
			rows[i].what);
		ok(x.challenge.len == 0 && exchange_login_is(&x, "user") &&
				(rows[i].result != EXCHANGE_FAIL ||
					strcmp(x.reason, "password") == 0),
			"no challenge; login and reason for the log");
	}
}

int
main(void)
{
	int fd = cdbfile_make(records);

	test_rfc_sums();
	test_examples(fd);
	test_every_octet(fd);
	test_first(fd);
	test_lengths(fd);
	test_final(fd);
	close(fd);
	return tap_done();
}
