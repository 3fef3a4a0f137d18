/*
 * Unit test of client/scram_client.c: the examples of RFC 5802 §5 and RFC 7677
 * §3, to the octet, and servers that do not play by the rules.
 */
#include "client/scram_client.h"
#include "tests/tap.h"

static const struct example {
	const br_hash_class *const *hash;
	const char *nonce, *first, *challenge, *final, *last, *what;
} examples[] = {
	{(const br_hash_class *const[]){&br_sha1_vtable},
		"fyko+d2lbbFgONRv9qkxdawL",
		"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
		"s=QSXCR+Q6sek8bf92,i=4096",
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
		"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "RFC 5802"},
	{(const br_hash_class *const[]){&br_sha256_vtable},
		"rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "RFC 7677"},
};

static struct scram_client client;
static struct scram_salted salted;
static char text[1024];
static struct buffer out;

static void
start(const struct example *e, const char *user)
{
	salted.made_for_len = 0;
	client.hash = *e->hash;
	client.salted = &salted;
	out = BUFFER_OVER(text);
	(void)scram_client_first(
		&client, slice_of(user), slice_of(e->nonce), &out);
}

static int
answer(const char *challenge, const char *password)
{
	out.len = 0;
	return scram_client_final(
		&client, slice_of(challenge), slice_of(password), &out);
}

static void
test_example(const struct example *e)
{
	start(e, "user");
	ok(slice_is(buffer_slice(&out), e->first), e->what);
	ok(answer(e->challenge, "pencil") == 0 &&
			slice_is(buffer_slice(&out), e->final),
		"the proof");
	ok(scram_client_end(&client, slice_of(e->last)) == 0, "the signature");
	ok(scram_client_end(&client, slice_of("v=AAAA")) == -1, "another one");
	ok(scram_client_end(&client, slice_of("e=other-error")) == -1,
		"an error");
	/* The salted password is kept: a wrong word no longer matters. */
	start(e, "user");
	ok(answer(e->challenge, "pencil") == 0, "salted");
	ok(answer(e->challenge, "crayon") == 0 &&
			slice_is(buffer_slice(&out), e->final),
		"salted once");
}

static void
test_rules(const struct example *e)
{
	static const char *const wrong[] = {"", "r=", "e=other-error",
		"r=another,s=QSXCR+Q6sek8bf92,i=4096",
		"r=fyko+d2lbbFgONRv9qkxdaw,s=QSXCR+Q6sek8bf92,i=4096",
		"r=fyko+d2lbbFgONRv9qkxdawL3,i=4096",
		"r=fyko+d2lbbFgONRv9qkxdawL3,s=***,i=4096",
		"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92",
		"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=0",
		"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=many",
		"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,"
		"i=99999999999999",
		"m=ext,r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=1"};

	start(e, "a=b,c");
	ok(slice_is(buffer_slice(&out),
		   "n,,n=a=3Db=2Cc,r=fyko+d2lbbFgONRv9qkxdawL"),
		"a name with = and ,");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		start(e, "user");
		ok(answer(wrong[i], "pencil") == -1, wrong[i]);
	}
}

int
main(void)
{
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
		test_example(&examples[i]);
	test_rules(&examples[0]);
	return tap_done();
}
