/*
 * Exhaustive test of session/command.c and what it calls: every verb with every
 * argument of an alphabet up to a length, in each state that a session can be
 * in; every sequence of commands; each verb in each spelling, each length that
 * matters, each two commands again and again. dialogue.h, refer.h.
 */
#include "tests/exhaustive/refer.h"

#define EHLO_ "EHLO a\r\n" WAIT
#define MAIL_ "MAIL FROM:<a@b>\r\n" WAIT
#define RCPT_ "RCPT TO:<a@b>\r\n" WAIT
#define LOGIN_ "AUTH PLAIN b2s=\r\n" WAIT
#define TLS_ "STARTTLS\r\n" WAIT
#define CHUNK_ "BDAT 1\r\na" WAIT
#define DATA_ "DATA\r\n" WAIT "x\r\n.\r\n" WAIT

static const struct way ways[] = {
	{.what = "as a relay's",
		.certificate = true,
		.databytes = 10,
		.maxrcpt = 2},
	{.what = "RELAYCLIENT",
		.require_auth = true,
		.relay = true,
		.no_utf8 = true,
		.old_clients = true},
	/* In these addresses and parameters are no others. */
	{.what = "submission",
		.require_auth = true,
		.forcetls = true,
		.certificate = true,
		.databytes = 10,
		.maxrcpt = 1},
	{.what = "health check", .health_check = true},
	{.what = "under TLS",
		.require_auth = true,
		.forcetls = true,
		.tls = true,
		.certificate = true},
	{.what = "no message opens", .open = VERDICT_TEMPORARY},
};

#define WAYS (sizeof ways / sizeof *ways)
#define ADDRESS_WAYS 2

/* What was said before; together with the ways, each state that there is. */
static const char *const states[] = {
	"",
	EHLO_,
	MAIL_,
	MAIL_ RCPT_,
	MAIL_ RCPT_ CHUNK_,
	MAIL_ CHUNK_,
	LOGIN_,
	EHLO_ TLS_,
	TLS_ LOGIN_ MAIL_,
	LOGIN_ MAIL_ RCPT_,
	TLS_ LOGIN_ MAIL_ RCPT_ CHUNK_,
	NULL,
};

/* And behind it, to see what state it has led to. */
#define PROBE                                                                  \
	"MAIL FROM:<p@b>\r\n" WAIT "RCPT TO:<p@b>\r\n" WAIT "DATA\r\n" WAIT    \
	"p\r\n.\r\n" WAIT

#define TOKENS 40

struct alphabet {
	const char *what, *head;
	const char *tokens[TOKENS];
	unsigned check, full; /* tokens in a row */
	size_t ways;	      /* so many of them */
	const char *const *states;
	const char *tail;
};

static const char *const only[] = {"", NULL};
static const char *const in_mail[] = {EHLO_ MAIL_, TLS_ LOGIN_ MAIL_, NULL};
static const char *const before_login[] = {
	"", TLS_, LOGIN_, MAIL_, MAIL_ CHUNK_, NULL};

static const struct alphabet alphabets[] = {
	{"verbs", "",
		{"EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA",
			"BDAT", "RSET", "NOOP", "VRFY", "HELP", "QUIT", "EXPN",
			"get", "HTTP/1", "Host:", " ", "\t", "a"},
		2, 4, WAYS, states, "\r\n" WAIT PROBE},
	{"one argument", "",
		{"EHLO ", "HELO ", "STARTTLS ", "AUTH ", "MAIL ", "RCPT ",
			"DATA ", "BDAT ", "RSET ", "NOOP ", "VRFY ", "HELP ",
			"QUIT ", "FROM:<a@b>", "TO:<c@b>", "TO:<a@x>", "PLAIN",
			"bm8=", "1", "LAST", " "},
		2, 3, WAYS, states, "\r\n" WAIT PROBE},
	{"sender", "MAIL FROM:",
		{" ", "<", ">", "a", "@", "b", ".", ":", ",", "\"", "\\", "[",
			"]", "1.2.3.4", "\xc3\xa9"},
		3, 5, ADDRESS_WAYS, only, "\r\n" WAIT RCPT_ DATA_},
	{"sender in brackets", "MAIL FROM:<",
		{"a", "@", "b", ".", ":", ",", "\"", "\\", "[", "]", " ",
			"1.2.3.4", "IPv6:", "::1", "\xc3\xa9", "\xc3"},
		3, 5, ADDRESS_WAYS, only, "> SMTPUTF8\r\n" WAIT RCPT_ DATA_},
	{"recipient", "RCPT TO:",
		{" ", "\t", "<", ">", "a", "@", "b", ".", ":", ",", "\"", "\\",
			"postmaster", "\xc3\xa9", "SIZE=1"},
		3, 5, ADDRESS_WAYS, in_mail, "\r\n" WAIT DATA_},
	{"parameters", "MAIL FROM:<a@b>",
		{" ", "\t", "SIZE", "BODY", "SMTPUTF8", "auth", "=", "1",
			"7bit", "BINARYMIME", "<>", "\x01", " SIZE=11",
			" body=8BITMIME", " SMTPUTF8",
			" AUTH=", "99999999999999999999"},
		3, 5, ADDRESS_WAYS, only, "\r\n" WAIT RCPT_ DATA_},
	{"AUTH", "AUTH",
		{" ", "\t", "PLAIN", "login", "CRAM-MD5", "=",
			"b2s=", "bm8=", "bGFzdA==", "*", "a"},
		3, 5, WAYS, before_login, "\r\n" WAIT PROBE},
	{"a login's lines", "",
		{"AUTH PLAIN\r\n" WAIT, "AUTH LOGIN\r\n" WAIT,
			"auth LOGIN =\r\n" WAIT, "AUTH CRAM-MD5\r\n" WAIT,
			"b2s=\r\n" WAIT, "bm8=\r\n" WAIT, "bGFzdA==\r\n" WAIT,
			"\r\n" WAIT, "*\r\n" WAIT, "=\r\n" WAIT, "b2s\r\n" WAIT,
			"b2t=\r\n" WAIT, "b2s= \r\n" WAIT, "b2s=\n" WAIT,
			"NOOP\r\n" WAIT},
		3, 4, WAYS, before_login, PROBE},
	{"BDAT", "BDAT",
		{" ", "\t", "0", "1", "9", "LAST", "laST", "-", "+", "a",
			"9223372036854775807", "9223372036854775808"},
		3, 5, WAYS, in_mail, "\r\n" WAIT RCPT_ PROBE},
	{"commands", "",
		{EHLO_, "HELO b\r\n" WAIT, TLS_, "STARTTLS x\r\n" WAIT, LOGIN_,
			"AUTH LOGIN\r\n" WAIT, "AUTH PLAIN bm8=\r\n" WAIT,
			"b2s=\r\n" WAIT, "*\r\n" WAIT, MAIL_,
			"MAIL FROM:<> SIZE=11 BODY=7BIT\r\n" WAIT,
			"MAIL FROM:<bad@b>\r\n" WAIT,
			"MAIL FROM:<\xc3\xa9@b> SMTPUTF8\r\n" WAIT, RCPT_,
			"RCPT TO:<a@x>\r\n" WAIT, "RCPT TO:<a>\r\n" WAIT, DATA_,
			"DATA\r\n" WAIT "12345678901\r\n.\r\n" WAIT,
			"DATA\r\n" WAIT "x\n.\r\n" WAIT, CHUNK_,
			"BDAT 3 LAST\r\ny\r\n" WAIT,
			"BDAT 9 LAST\r\n1234567\r\n" WAIT, "RSET\r\n" WAIT,
			"noop x\r\n" WAIT, "VRFY a\r\n" WAIT, "HELP\r\n" WAIT,
			"QUIT\r\n" WAIT, "b2s= x\r\n" WAIT, "NOOP\n" WAIT,
			"GET / HTTP/1.0\r\n" WAIT, "BDAT 0\r\n" WAIT,
			MAIL_ RCPT_ DATA_},
		3, 4, WAYS, only, ""},
};

/* ------------------------------------------------------- the alphabets --- */

static const struct alphabet *alphabet;
static bool waits;

static void
try_tokens(unsigned depth)
{
	size_t len = input.len;

	input_script(alphabet->tail, strlen(alphabet->tail), waits);
	bool more = compare();

	input.len = len;
	/* What ends the connection by itself, ends it with more, too. */
	if (depth == 0 || (*alphabet->tail == '\0' && !more))
		return;
	for (size_t i = 0; alphabet->tokens[i] != NULL; i++) {
		const char *token = alphabet->tokens[i];

		input_script(token, strlen(token), waits);
		try_tokens(depth - 1);
		input.len = len;
	}
}

static void
try_alphabet(const struct alphabet *a, unsigned depth, bool waiting)
{
	char what[160];

	alphabet = a;
	waits = waiting;
	for (size_t i = 0; i < a->ways; i++)
		for (size_t n = 0; a->states[n] != NULL; n++) {
			go_this_way(&ways[i]);
			input.len = 0;
			input_script(a->states[n], strlen(a->states[n]), waits);
			input_script(a->head, strlen(a->head), waits);
			try_tokens(depth);
		}
	snprintf(what, sizeof what, "%s, up to %u%s", a->what, depth,
		waits ? "" : ", without waiting");
	count_check(what);
}

/* ---------------------------------------------------------- one by one --- */

static const char *const verbs[] = {"EHLO a", "HELO a", "STARTTLS",
	"AUTH PLAIN b2s=", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "BDAT 1",
	"RSET", "NOOP", "VRFY a", "HELP", "QUIT"};

#define VERBS (sizeof verbs / sizeof *verbs)

/* In this state the line, and what shows where it has led. */
static void
try_line(const char *state, const char *line, size_t len)
{
	input.len = 0;
	input_script(state, strlen(state), true);
	input_add(line, len, false);
	input_add("\r\n", 2, true);
	input_script(PROBE, sizeof PROBE - 1, true);
	(void)compare();
}

/* Upper and lower case; each octet in each place of the verb, and before it. */
static void
try_spellings(const char *verb, const char *state)
{
	size_t len = strlen(verb), word = strcspn(verb, " ");
	char line[40];

	memcpy(line, verb, len);
	for (unsigned long cases = 0; cases < 1ul << word; cases++) {
		for (size_t i = 0; i < word; i++)
			line[i] = (char)(cases >> i & 1 ? tolower(verb[i])
							: verb[i]);
		try_line(state, line, len);
	}
	for (size_t i = 0; i <= word; i++)
		for (int c = 0; c < 256; c++) {
			memcpy(line, verb, len + 1);
			line[i] = (char)c;
			try_line(state, line, len + (i == len));
			memmove(line + i + 1, verb + i, len - i);
			try_line(state, line, len + 1);
		}
}

static void
test_spellings(void)
{
	for (size_t i = 0; i < WAYS; i++)
		for (size_t v = 0; v < VERBS; v++) {
			go_this_way(&ways[i]);
			try_spellings(verbs[v], "");
			try_spellings(verbs[v], TLS_ LOGIN_ MAIL_ RCPT_);
		}
	count_check("each verb in each case, with each octet in each place");
}

static void
test_lengths(void)
{
	static const size_t lengths[] = {
		4093, 4094, 4095, 4096, 12285, 12286, 12287, 12288, 20000};
	static char line[20000];

	for (size_t i = 0; i < WAYS; i++)
		for (size_t v = 0; v <= VERBS; v++)
			for (size_t n = 0; n < 9; n++)
				for (const char *c = "a =\t"; *c != '\0'; c++) {
					const char *verb =
						v < VERBS ? verbs[v] : "";

					memset(line, *c, sizeof line);
					memcpy(line, verb, strlen(verb));
					go_this_way(&ways[i]);
					try_line("", line, lengths[n]);
					try_line("AUTH LOGIN\r\n" WAIT, line,
						lengths[n]);
				}
	count_check("lines of each length that matters");
}

/* Each so many times. */
static void
add_tokens(const char *text, unsigned times)
{
	while (times-- > 0)
		input_script(text, strlen(text), true);
}

static void
try_repeated(const char *state, const char *one, const char *two)
{
	input.len = 0;
	input_script(state, strlen(state), true);
	for (unsigned n = 0; n < 55; n++) {
		add_tokens(one, 1);
		add_tokens(two, 1);
	}
	(void)compare();
	input.len = 0;
	input_script(state, strlen(state), true);
	add_tokens(one, 55);
	add_tokens(two, 1);
	add_tokens(one, 55);
	(void)compare();
}

/* Twenty errors, a hundred commands that lead to nothing, and what resets. */
static void
test_repeated(const char *const *tokens)
{
	static const char *const before[] = {
		"", MAIL_ RCPT_, TLS_ LOGIN_ MAIL_ RCPT_, NULL};

	for (size_t i = 0; i < WAYS; i++)
		for (size_t n = 0; before[n] != NULL; n++)
			for (size_t one = 0; tokens[one] != NULL; one++)
				for (size_t two = 0; tokens[two] != NULL;
					two++) {
					go_this_way(&ways[i]);
					try_repeated(before[n], tokens[one],
						tokens[two]);
				}
	count_check("each two commands, again and again");
}

int
main(int argc, char **argv)
{
	size_t count = sizeof alphabets / sizeof *alphabets;
	const struct alphabet *last = &alphabets[count - 1];
	bool full = count_full(argc, argv);

	path_begin();
	for (size_t i = 0; i < count; i++)
		try_alphabet(&alphabets[i],
			full ? alphabets[i].full : alphabets[i].check, true);
	try_alphabet(last, full ? last->full : last->check, false);
	test_spellings();
	test_lengths();
	test_repeated(last->tokens);
	return tap_done();
}
