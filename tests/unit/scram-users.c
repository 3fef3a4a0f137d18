/*
 * Unit test of sasl/scram.c: who gets in, by a client with sums of its own.
 *
 * The made-up salts: hmac.digest(b"0123456789abcdef" * 2,
 * b"SCRAM-SHA-256\0ann@example.com", "sha256")[:16], and with SHA-1's name.
 */
#include "lib/base64.h"
#include "tests/exchange.h"
#include "tests/tap.h"

#define OURS "AAECAwQFBgcICQoLDA0ODxAR" /* the octets 0 to 17 */

static const struct cdbfile_record records[] = {
	{"user", SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1},
	{"joe@example.com", SCRAM_256 ":::"},
	{"joe,=@example.com", SCRAM_256 ":::"},
	{"off@example.com", "!" SCRAM_256},
	{"plain@example.com", "{PLAIN}pencil:::"},
	{"bad@example.com", SCRAM_256 "\n"},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

/* ---------------------------------------------------------- the client --- */

static void
client_key(enum secret_kind kind, struct slice salt, uint32_t iterations,
	const char *password, unsigned char *out)
{
	const struct nettle_hash *hash = secret_hash(kind);
	size_t len = secret_hash_len(kind);
	char first[SECRET_SALT_MAX + 4];
	unsigned char u[SECRET_HASH_MAX], salted[SECRET_HASH_MAX];

	cdbfile_must(salt.len <= SECRET_SALT_MAX);
	memcpy(first, salt.data, salt.len);
	memcpy(first + salt.len, "\0\0\0\1", 4);
	secret_hmac(hash, slice_of(password),
		(struct slice){first, salt.len + 4}, u);
	memcpy(salted, u, len);
	for (uint32_t i = 1; i < iterations; i++) {
		secret_hmac(hash, slice_of(password),
			(struct slice){(const char *)u, len}, u);
		for (size_t k = 0; k < len; k++)
			salted[k] ^= u[k];
	}
	secret_hmac(hash, (struct slice){(const char *)salted, len},
		slice_of("Client Key"), out);
}

/* The value behind "X=" in the part of that number of a server-first. */
static struct slice
part(const char *server_first, unsigned number)
{
	struct slice rest = slice_of(server_first), value;

	do
		value = slice_split(&rest, ',');
	while (number-- > 0);
	cdbfile_must(value.len > 2);
	return slice_from(value, 2);
}

static void
add_proof(struct buffer *out, enum secret_kind kind, const char *bare,
	const char *server_first, const char *password)
{
	size_t len = secret_hash_len(kind);
	unsigned char key[SECRET_HASH_MAX], stored[SECRET_HASH_MAX];
	unsigned char sign[SECRET_HASH_MAX];
	char octets[SECRET_SALT_MAX], text[8192];
	struct buffer salt = BUFFER_OVER(octets), message = BUFFER_OVER(text);
	uint64_t iterations;

	cdbfile_must(base64_decode(&salt, part(server_first, 1)) == 0);
	cdbfile_must(slice_number(part(server_first, 2), &iterations) == 0);
	client_key(
		kind, buffer_slice(&salt), (uint32_t)iterations, password, key);
	secret_digest(kind, (struct slice){(const char *)key, len}, stored);
	buffer_add_text(&message, bare);
	buffer_add_char(&message, ',');
	buffer_add_text(&message, server_first);
	buffer_add_char(&message, ',');
	buffer_add_slice(&message, buffer_slice(out));
	cdbfile_must(!message.overflow);
	secret_hmac(secret_hash(kind),
		(struct slice){(const char *)stored, len},
		buffer_slice(&message), sign);
	for (size_t i = 0; i < len; i++)
		key[i] ^= sign[i];
	buffer_add_text(out, ",p=");
	base64_encode(out, (struct slice){(const char *)key, len});
}

/* What a client sends that differs from what it ought to. */
struct client {
	const char *header;    /* of the first message */
	const char *bare;      /* the rest of it */
	const char *bound;     /* header as the second has it, else the same */
	const char *extension; /* in the second, with a comma in front */
	const char *password;
	const char *nonce; /* in the second, else the server's */
};

/* The second message, answering x's challenge. */
static const char *
second_message(const struct client *c, enum secret_kind kind)
{
	static char text[4096];
	char server_first[EXCHANGE_CHALLENGE_MAX];
	struct buffer b = BUFFER_OVER(text);

	cdbfile_must(slice_string(buffer_slice(&x.challenge), server_first,
			     sizeof server_first) == 0);
	buffer_add_text(&b, "c=");
	base64_encode(&b, slice_of(c->bound == NULL ? c->header : c->bound));
	buffer_add_text(&b, ",r=");
	buffer_add_slice(&b,
		c->nonce == NULL ? part(server_first, 0) : slice_of(c->nonce));
	if (c->extension != NULL)
		buffer_add_text(&b, c->extension);
	add_proof(&b, kind, c->bare, server_first,
		c->password == NULL ? "pencil" : c->password);
	cdbfile_must(buffer_string(&b) != NULL);
	return text;
}

/* The first message; returns what the server says to it. */
static enum exchange_result
first(int fd, const char *mechanism, const struct client *c)
{
	char text[4096];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, c->header);
	buffer_add_text(&b, c->bare);
	cdbfile_must(!b.overflow);
	exchange_start(&x, mechanism, fd);
	return exchange_octets(&x, text, b.len);
}

/* A whole exchange. */
static enum exchange_result
run(int fd, const char *mechanism, const struct client *c)
{
	enum secret_kind kind = strcmp(mechanism, "SCRAM-SHA-1") == 0
					? SECRET_SCRAM_SHA_1
					: SECRET_SCRAM_SHA_256;
	enum exchange_result result = first(fd, mechanism, c);

	if (result != EXCHANGE_CHALLENGE)
		return result;
	const char *second = second_message(c, kind);

	result = exchange_octets(&x, second, strlen(second));
	return result == EXCHANGE_CHALLENGE ? exchange_step(&x, "") : result;
}

/* --------------------------------------------------------------- tests --- */

static void
test_results(int fd)
{
	static const struct {
		struct client client;
		enum exchange_result result;
		const char *login, *reason, *what;
	} rows[] = {
		{{.header = "n,,", .bare = "n=Joe@Example.com,r=abc"},
			EXCHANGE_OK, "joe@example.com", "", "upper case"},
		{{.header = "y,,", .bare = "n=joe@example.com,r=abc"},
			EXCHANGE_OK, "joe@example.com", "", "y,,"},
		{{.header = "n,,", .bare = "n=joe=2C=3D@example.com,r=abc"},
			EXCHANGE_OK, "joe,=@example.com", "", "codes"},
		{{.header = "n,a=JOE@example.com,",
			 .bare = "n=joe@example.com,r=abc"},
			EXCHANGE_OK, "joe@example.com", "",
			"an authzid that is the login"},
		{{.header = "n,a=user,", .bare = "n=joe@example.com,r=abc"},
			EXCHANGE_FAIL, "joe@example.com", "password",
			"an authzid that is another"},
		{{.header = "n,,", .bare = "n=joe@example.com,r=abc,x=y,z=w"},
			EXCHANGE_OK, "joe@example.com", "",
			"extensions in the first message"},
		{{.header = "n,,",
			 .bare = "n=joe@example.com,r=abc",
			 .extension = ",x=y,z=w"},
			EXCHANGE_OK, "joe@example.com", "",
			"extensions in the second"},
		{{.header = "n,,",
			 .bare = "n=joe@example.com,r=abc",
			 .bound = "y,,"},
			EXCHANGE_FAIL, "joe@example.com", "password",
			"another header, signed"},
		{{.header = "y,,",
			 .bare = "n=joe@example.com,r=abc",
			 .bound = "n,,"},
			EXCHANGE_FAIL, "joe@example.com", "password",
			"the other way round"},
		{{.header = "n,,",
			 .bare = "n=joe@example.com,r=abc",
			 .password = "pencik"},
			EXCHANGE_FAIL, "joe@example.com", "password",
			"a wrong password"},
		{{.header = "n,,",
			 .bare = "n=joe@example.com,r=abc",
			 .nonce = "abc"},
			EXCHANGE_FAIL, "joe@example.com", "password",
			"the client's nonce alone, signed"},
		{{.header = "n,,",
			 .bare = "n=joe@example.com,r=abc",
			 .nonce = "abc" OURS "A"},
			EXCHANGE_FAIL, "joe@example.com", "password",
			"a longer nonce, signed"},
		{{.header = "n,,",
			 .bare = "n=joe@example.com,r=abc",
			 .nonce = "abc" OURS},
			EXCHANGE_OK, "joe@example.com", "", "the right one"},
		{{.header = "n,,", .bare = "n=off@example.com,r=abc"},
			EXCHANGE_FAIL, "off@example.com", "disabled",
			"disabled, the right password"},
		{{.header = "n,,", .bare = "n=plain@example.com,r=abc"},
			EXCHANGE_FAIL, "plain@example.com", "no-secret",
			"no secret of this kind"},
		{{.header = "n,,", .bare = "n=ann@example.com,r=abc"},
			EXCHANGE_FAIL, "ann@example.com", "unknown",
			"unknown, with the made-up secret's password"},
		{{.header = "n,,", .bare = "n=#site,r=abc"}, EXCHANGE_FAIL,
			"#site", "unknown", "a reserved record"},
		{{.header = "n,,", .bare = "n=bad@example.com,r=abc"},
			EXCHANGE_TEMPORARY, "bad@example.com", "backend",
			"a record that is no line"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum exchange_result result =
			run(fd, "SCRAM-SHA-256", &rows[i].client);

		ok(result == rows[i].result &&
				exchange_login_is(&x, rows[i].login) &&
				(result == EXCHANGE_OK ||
					strcmp(x.reason, rows[i].reason) == 0),
			rows[i].what);
	}
	exchange_start(&x, "SCRAM-SHA-256", fd);
	x.authdomain = slice_of("example.com");
	exchange_step(&x, "n,,n=JOE,r=abc");
	ok(exchange_login_is(&x, "joe@example.com"), "the domain is added");
}

/* An unknown user looks like a known one, and is the same at each try. */
static void
test_unknown(int fd)
{
	static const struct client ann = {
		.header = "n,,", .bare = "n=ann@example.com,r=abc"};
	static const struct client bob = {
		.header = "n,,", .bare = "n=bob@example.com,r=abc"};
	static const struct client plain = {
		.header = "n,,", .bare = "n=plain@example.com,r=abc"};

	ok(first(fd, "SCRAM-SHA-256", &ann) == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x,
				"r=abc" OURS ",s=+JkV2woq1ao/1hpHr5cCDA==,"
				"i=4096"),
		"the salt by the site key, the site's iterations");
	ok(first(fd, "SCRAM-SHA-1", &ann) == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x,
				"r=abc" OURS ",s=kCs1DDgffPEC+FJcin/pkw==,"
				"i=4096"),
		"another by another mechanism");
	first(fd, "SCRAM-SHA-256", &bob);
	ok(!slice_is(part(buffer_string(&x.challenge), 1),
		   "+JkV2woq1ao/1hpHr5cCDA=="),
		"another for another login");
	first(fd, "SCRAM-SHA-256", &plain);
	ok(part(buffer_string(&x.challenge), 1).len == 24 &&
			slice_is(part(buffer_string(&x.challenge), 2), "4096"),
		"no secret of the kind: as if unknown");
}

/* A made-up salt's stored key is no key: nor is one of zeros. */
static void
test_no_proof_for_unknown(int fd)
{
	static const struct client ann = {
		.header = "n,,", .bare = "n=ann@example.com,r=abc"};
	static const char *const passwords[] = {"", "pencil", "x"};
	bool refused = true;

	for (size_t i = 0; i < 3; i++) {
		struct client c = ann;

		c.password = passwords[i];
		refused = refused &&
			  run(fd, "SCRAM-SHA-256", &c) == EXCHANGE_FAIL;
	}
	ok(refused, "no password lets an unknown user in");
}

static void
test_site_salt(void)
{
	static const struct cdbfile_record other[] = {
		{"#site", "1 " SITE_KEY " 12345 32 0 {PLAIN}x"}, {NULL, NULL}};
	static const struct client ann = {
		.header = "n,,", .bare = "n=ann@example.com,r=abc"};
	int fd = cdbfile_make(other);

	first(fd, "SCRAM-SHA-256", &ann);
	ok(part(buffer_string(&x.challenge), 1).len == BASE64_ENCODED_LEN(32) &&
			slice_is(part(buffer_string(&x.challenge), 2), "12345"),
		"the site's length of salt and count");
	close(fd);
}

static void
put_app(struct buffer *b, const char *label, const char *salt,
	uint32_t iterations, const char *password)
{
	struct secret s = {.kind = SECRET_SCRAM_SHA_256,
		.iterations = iterations,
		.salt_len = strlen(salt)};

	memcpy(s.salt, salt, s.salt_len);
	secret_derive(&s, slice_of(password));
	if (*label != '\0') {
		buffer_add_text(b, "smtp_secret_");
		buffer_add_text(b, label);
		buffer_add_char(b, '=');
	}
	buffer_add_text(b, "{SCRAM-SHA-256}");
	buffer_add_number(b, iterations);
	buffer_add_char(b, ',');
	base64_encode(b, slice_of(salt));
	buffer_add_char(b, ',');
	base64_encode(b, (struct slice){(const char *)s.stored_key, 32});
	buffer_add_char(b, ',');
	base64_encode(b, (struct slice){(const char *)s.server_key, 32});
}

/* Several secrets of one kind: a proof is tried against each that fits. */
static void
test_apps(void)
{
	static const struct {
		const char *password;
		enum exchange_result result;
		const char *label, *what;
	} rows[] = {
		{"own", EXCHANGE_OK, "", "the own password"},
		{"phone", EXCHANGE_OK, "phone", "an app password"},
		{"mail", EXCHANGE_OK, "mail", "another"},
		{"form", EXCHANGE_OK, "", "the other form has no label"},
		{"salt", EXCHANGE_FAIL, "", "one with another salt"},
		{"count", EXCHANGE_FAIL, "", "one with another count"},
		{"none", EXCHANGE_FAIL, "", "none of them"},
	};
	char text[USERS_RECORD_MAX];
	struct buffer b = BUFFER_OVER(text);

	put_app(&b, "", "salt1", 2, "own");
	buffer_add_text(&b, ":::smtp_secret_other={PLAIN}own ");
	put_app(&b, "phone", "salt1", 2, "phone");
	buffer_add_char(&b, ' ');
	put_app(&b, "salt", "salt2", 2, "salt");
	buffer_add_char(&b, ' ');
	put_app(&b, "count", "salt1", 3, "count");
	buffer_add_char(&b, ' ');
	put_app(&b, "mail", "salt1", 2, "mail");
	buffer_add_char(&b, ' ');
	put_app(&b, "scram-sha-256", "salt1", 2, "form");
	struct cdbfile_record apps[] = {
		{"joe", buffer_string(&b)}, {"#site", SITE}, {NULL, NULL}};
	int fd = cdbfile_make(apps);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct client c = {.header = "n,,",
			.bare = "n=joe,r=abc",
			.password = rows[i].password};

		ok(run(fd, "SCRAM-SHA-256", &c) == rows[i].result &&
				strcmp(x.label, rows[i].label) == 0,
			rows[i].what);
	}
	close(fd);
}

static void
test_broken(void)
{
	static const struct cdbfile_record no_site[] = {
		{"user", SCRAM_256}, {NULL, NULL}};
	static const struct client client = {
		.header = "n,,", .bare = "n=user,r=abc"};
	int fd = cdbfile_make(no_site);

	ok(first(fd, "SCRAM-SHA-256", &client) == EXCHANGE_TEMPORARY &&
			strcmp(x.reason, "backend") == 0,
		"no site record");
	close(fd);
	ok(first(-1, "SCRAM-SHA-256", &client) == EXCHANGE_TEMPORARY,
		"no file");
}

int
main(void)
{
	int fd = cdbfile_make(records);

	test_results(fd);
	test_unknown(fd);
	test_no_proof_for_unknown(fd);
	test_site_salt();
	test_apps();
	test_broken();
	close(fd);
	return tap_done();
}
