/*
 * Unit test of session/parameters, through MAIL. Every argument stands in
 * memory of exactly its length, so that a sanitizer sees reading too far.
 */
#include "session/parameters.h"

#include <stdlib.h>

#include "tests/tap.h"

#define TEXT(s) (s), sizeof(s) - 1

/* What address_mail() says to text behind "FROM:". */
static enum address_result
run(const char *text, size_t len, bool utf8, struct address *sender,
	struct mail_parameters *out)
{
	char *in = malloc(len + 5);
	enum address_result result;

	memcpy(mempcpy(in, "FROM:", 5), text, len);
	/* What is not set is to be noticed. */
	memset(out, 0xaa, sizeof *out);
	result = address_mail((struct slice){in, len + 5}, utf8, sender, out);
	free(in);
	return result;
}

static const struct parameter_case {
	const char *text;
	enum address_result result;
	struct mail_parameters parameters;
} parameters[] = {
	{"", ADDRESS_OK, {.body = BODY_NONE}},
	{"  ", ADDRESS_OK, {.body = BODY_NONE}},
	{" SIZE=0", ADDRESS_OK, {.has_size = true}},
	{" size=123 ", ADDRESS_OK, {.has_size = true, .size = 123}},
	{" SIZE=2147483648", ADDRESS_OK,
		{.has_size = true, .size = 2147483648u}},
	{" SIZE=18446744073709551615", ADDRESS_OK,
		{.has_size = true, .size = UINT64_MAX}},
	{" SIZE=18446744073709551616", ADDRESS_OK,
		{.has_size = true, .size = UINT64_MAX}},
	{" SIZE=99999999999999999999", ADDRESS_OK,
		{.has_size = true, .size = UINT64_MAX}},
	{" SIZE=00000000000000000001", ADDRESS_OK,
		{.has_size = true, .size = 1}},
	{" SIZE=000000000000000000001", ADDRESS_VALUE, {0}},
	{" SIZE=100000000000000000000", ADDRESS_VALUE, {0}},
	{" SIZE", ADDRESS_VALUE, {0}},
	{" SIZE=", ADDRESS_VALUE, {0}},
	{" SIZE=-1", ADDRESS_VALUE, {0}},
	{" SIZE=+5", ADDRESS_VALUE, {0}},
	{" SIZE=0x10", ADDRESS_VALUE, {0}},
	{" SIZE=1 1", ADDRESS_PARAMETER, {0}},
	{" SIZE=1=1", ADDRESS_VALUE, {0}},
	{" SIZE =1", ADDRESS_VALUE, {0}},
	{" SIZE= 1", ADDRESS_VALUE, {0}},
	{" SIZE=1 SIZE=1", ADDRESS_PARAMETER, {0}},
	{" SIZE=1 size=2", ADDRESS_PARAMETER, {0}},
	{" BODY=7BIT", ADDRESS_OK, {.body = BODY_7BIT}},
	{" body=8bitmime", ADDRESS_OK, {.body = BODY_8BITMIME}},
	{" BODY=BINARYMIME", ADDRESS_PARAMETER, {0}},
	{" BODY=8BIT", ADDRESS_PARAMETER, {0}},
	{" BODY=", ADDRESS_PARAMETER, {0}},
	{" BODY", ADDRESS_PARAMETER, {0}},
	{" BODY=7BIT BODY=7BIT", ADDRESS_PARAMETER, {0}},
	{" SMTPUTF8", ADDRESS_OK, {.smtputf8 = true}},
	{" smtputf8", ADDRESS_OK, {.smtputf8 = true}},
	{" SMTPUTF8=", ADDRESS_VALUE, {0}},
	{" SMTPUTF8=1", ADDRESS_VALUE, {0}},
	{" SMTPUTF8 SMTPUTF8", ADDRESS_PARAMETER, {0}},
	{"  SIZE=7\tBODY=8BITMIME   SMTPUTF8 AUTH=<> ", ADDRESS_OK,
		{.has_size = true,
			.size = 7,
			.body = BODY_8BITMIME,
			.smtputf8 = true}},
	{" RET=HDRS", ADDRESS_PARAMETER, {0}},
	{" ENVID=x", ADDRESS_PARAMETER, {0}},
	{" NOTIFY=NEVER", ADDRESS_PARAMETER, {0}},
	{" ORCPT=rfc822;a@b", ADDRESS_PARAMETER, {0}},
	{" X", ADDRESS_PARAMETER, {0}},
	{" =", ADDRESS_PARAMETER, {0}},
	{" =1", ADDRESS_PARAMETER, {0}},
	{" SIZ=1", ADDRESS_PARAMETER, {0}},
	{" SIZES=1", ADDRESS_PARAMETER, {0}},
	{" \x7f", ADDRESS_PARAMETER, {0}},

	{" AUTH=<>", ADDRESS_OK, {0}},
	{" AUTH=joe@example.com", ADDRESS_OK, {0}},
	{" auth=e+3Dmc2@example.com", ADDRESS_OK, {0}},
	{" AUTH=joe", ADDRESS_OK, {0}},
	{" AUTH=+22a+20b+22@example.com", ADDRESS_OK, {0}},
	{" AUTH=+C3+9F@example.com", ADDRESS_OK, {0}},
	/* What it says does not matter. */
	{" AUTH=", ADDRESS_OK, {0}},
	{" AUTH=\xc3\x9f@example.com", ADDRESS_OK, {0}},
	{" AUTH=e=mc2@example.com", ADDRESS_OK, {0}},
	{" AUTH=e+3dmc2@example.com", ADDRESS_OK, {0}},
	{" AUTH=a+0D+0ARCPT", ADDRESS_OK, {0}},
	{" AUTH=+ZZ", ADDRESS_OK, {0}},
	{" AUTH=a+", ADDRESS_OK, {0}},
	{" AUTH=<a@b>", ADDRESS_OK, {0}},
	{" AUTH=a..b@@c", ADDRESS_OK, {0}},
	{" AUTH", ADDRESS_VALUE, {0}},
	{" AUTH=a\x01b", ADDRESS_VALUE, {0}},
	{" AUTH=a\x7f", ADDRESS_VALUE, {0}},
	{" AUTH=a@b c@d", ADDRESS_PARAMETER, {0}},
	{" AUTH=<> AUTH=<>", ADDRESS_PARAMETER, {0}},
};

static void
test_case(const struct parameter_case *c, const char *path)
{
	const struct mail_parameters *expected = &c->parameters;
	struct mail_parameters got;
	struct address sender;
	char in[200];
	int len = snprintf(in, sizeof in, "%s%s", path, c->text);

	if (!ok(run(in, (size_t)len, true, &sender, &got) == c->result, in) ||
		c->result != ADDRESS_OK)
		return;
	is_bytes(sender.text, sender.len, "a@b", 3, in);
	ok(got.has_size == expected->has_size && got.size == expected->size,
		in);
	ok(got.body == expected->body && got.smtputf8 == expected->smtputf8,
		in);
}

static void
test_more(void)
{
	char in[4200] = "<a@b> AUTH=";
	size_t at = strlen(in);
	struct mail_parameters m;
	struct address a;

	ok(run(TEXT("<a@b> SMTPUTF8"), false, &a, &m) == ADDRESS_PARAMETER,
		"SMTPUTF8, not offered");
	ok(run(TEXT("<a@b> SIZE=1\0"), true, &a, &m) == ADDRESS_VALUE,
		"NUL behind a number");
	ok(run(TEXT("<a@b> \0"), true, &a, &m) == ADDRESS_PARAMETER,
		"NUL for a parameter");
	memset(in + at, 'a', sizeof in - at);
	ok(run(in, sizeof in, true, &a, &m) == ADDRESS_OK,
		"AUTH of four thousand octets");
	ok(run(TEXT("<a@b> AUTH=a\0b"), true, &a, &m) == ADDRESS_VALUE,
		"NUL in AUTH");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		test_case(&parameters[i], "<a@b>");
		test_case(&parameters[i], "a@b");
	}
	test_more();
	return tap_done();
}
