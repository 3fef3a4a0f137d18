/*
 * Exhaustive test of session/body.c: every sequence of up to five chunks and
 * of what may come between them, sent all at once, one after the other, and
 * octet by octet; after each the client stops. dialogue.h, refer.h.
 */
#include "tests/exhaustive/refer.h"

struct step {
	const char *text;
	size_t len;
};

#define STEP(text)                                                             \
	{                                                                      \
		text WAIT, sizeof text                                         \
	}

static const struct step steps[] = {
	STEP("BDAT 0\r\n"),
	STEP("BDAT 0 LAST\r\n"),
	STEP("BDAT 1\r\na"),
	STEP("BDAT 1 LAST\r\n."),
	STEP("BDAT 1\r\n."),
	STEP("BDAT 1\r\n\r"),
	STEP("BDAT 1 LAST\r\n\r"),
	STEP("BDAT 1\r\n\n"),
	STEP("BDAT 1 LAST\r\n\n"),
	STEP("BDAT 1\r\n\0"),
	STEP("BDAT 2\r\n\n."),
	STEP("BDAT 3 LAST\r\n.\r\n"),
	STEP("BDAT 4\r\na\r\n."),
	STEP("BDAT 5 last \r\n\r\n.\r\n"),
	STEP("BDAT 3\r\na\nb"),
	STEP("BDAT 9\r\nabcdefghi"),
	STEP("BDAT 9 LAST\r\nRSET\r\nab\n"),
	STEP("BDAT 3\r\na"), /* of two octets fewer */
	STEP("BDAT 67108865\r\nab"),
	STEP("BDAT\r\n"),
	STEP("BDAT LAST\r\n"),
	STEP("BDAT 1 LAST 1\r\n"),
	STEP("BDAT -1\r\n"),
	STEP("BDAT 9223372036854775808\r\n"),
	STEP("BDAT 18446744073709551617\r\na"),
	STEP("MAIL FROM:<a@b>\r\n"),
	STEP("RCPT TO:<a@b>\r\n"),
	STEP("DATA\r\n" WAIT ".a\r\n.\r\n"),
	STEP("RSET\r\n"),
	STEP("NOOP\r\n"),
	STEP("EHLO a\r\n"),
	STEP("AUTH PLAIN b2s=\r\n"),
	STEP("QUIT\r\n"),
};

#define STEPS (sizeof steps / sizeof *steps)

static const struct way ways[] = {
	{.what = "as it is"},
	{.what = "8 octets at most", .databytes = 8},
	{.what = "no message opens", .open = VERDICT_TEMPORARY},
	{.what = "other users", .open = VERDICT_USERS},
	{.what = "refused", .commit = VERDICT_REFUSED},
	{.what = "the queue program does not read", .broken = true},
};

static void
try_steps(unsigned depth, bool waits)
{
	size_t len = input.len;

	if (!compare() || depth == 0)
		return;
	for (size_t i = 0; i < STEPS; i++) {
		input_script(steps[i].text, steps[i].len, waits);
		try_steps(depth - 1, waits);
		input.len = len;
	}
}

static void
try_all(const char *before, unsigned depth, bool waits)
{
	char what[160];

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		go_this_way(&ways[i]);
		input.len = 0;
		input_script(before, strlen(before), waits);
		/* The others differ in less. */
		try_steps(i < 2 ? depth : depth - 1, waits);
	}
	snprintf(what, sizeof what, "BDAT %s, up to %u, %s",
		*before == '\0' ? "without MAIL" : "behind RCPT", depth,
		input.octets ? "octet by octet"
		: waits	     ? "one by one"
			     : "all at once");
	count_check(what);
}

int
main(int argc, char **argv)
{
	static const char envelope[] =
		"MAIL FROM:<a@b>\r\n" WAIT "RCPT TO:<a@b>\r\n" WAIT;
	unsigned depth = count_full(argc, argv) ? 5 : 3;

	path_begin();
	try_all(envelope, depth, true);
	try_all(envelope, depth, false);
	try_all("", depth - 1, true);
	input.octets = true;
	try_all(envelope, depth, true);
	return tap_done();
}
