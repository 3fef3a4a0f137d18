/* Unit test of queue-handoff/status: exit codes and custom texts. */
#include "queue-handoff/status.h"

#include <signal.h>
#include <stdlib.h>

#include "tests/tap.h"

#define EXIT(code) ((code) << 8) /* as waitpid() has it */
#define TEXT(s) ((struct slice){(s), sizeof(s) - 1})

static const struct exit_case {
	int first, last;
	enum status_class class;
	const char *reply; /* how it begins */
} exits[] = {
	{1, 10, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{11, 11, STATUS_REFUSED, "5.1.3 "},
	{12, 30, STATUS_REFUSED, "5.0.0 "},
	{31, 31, STATUS_REFUSED,
		"5.3.0 mail server permanently rejected message"},
	{32, 40, STATUS_REFUSED, "5.0.0 "},
	{41, 50, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{51, 51, STATUS_TEMPORARY, "4.3.0 qq out of memory"},
	{52, 52, STATUS_TEMPORARY, "4.3.0 qq timeout"},
	{53, 53, STATUS_TEMPORARY, "4.3.0 qq write error or disk full"},
	{54, 54, STATUS_TEMPORARY, "4.3.0 qq read error"},
	{55, 55, STATUS_TEMPORARY, "4.3.0 qq unable to read configuration"},
	{56, 56, STATUS_TEMPORARY, "4.3.0 qq trouble making network"},
	{57, 60, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{61, 61, STATUS_TEMPORARY, "4.3.0 qq trouble in home directory"},
	{62, 66, STATUS_TEMPORARY, "4.3.0 qq trouble creating files"},
	{67, 70, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{71, 71, STATUS_TEMPORARY,
		"4.3.0 mail server temporarily rejected message"},
	{72, 74, STATUS_TEMPORARY, "4.3.0 co"},
	{75, 80, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{81, 81, STATUS_TEMPORARY, "4.3.0 qq internal bug"},
	{83, 87, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{89, 90, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{91, 91, STATUS_TEMPORARY, "4.3.0 qq internal bug"},
	{92, 114, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{115, 115, STATUS_REFUSED, "5.1.3 "},
	{116, 119, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{120, 120, STATUS_TEMPORARY, "4.3.0 unable to exec qq"},
	{121, 126, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
	{127, 127, STATUS_TEMPORARY, "4.3.0 unable to exec qq"},
	{128, 255, STATUS_TEMPORARY, "4.3.0 qq temporary problem"},
};

static const struct custom_case {
	const char *what;
	struct slice custom;
	enum status_class class;
	const char *reply;
} customs[] = {
	{"empty text", {NULL, 0}, STATUS_TEMPORARY,
		"4.3.0 qq temporary problem"},
	{"unknown class", TEXT("Kall is well"), STATUS_TEMPORARY,
		"4.3.0 qq temporary problem"},
	{"lower case class", TEXT("dno"), STATUS_TEMPORARY,
		"4.3.0 qq temporary problem"},
	{"D alone", TEXT("D"), STATUS_REFUSED,
		"5.0.0 mail server permanently rejected message"},
	{"Z alone", TEXT("Z \n"), STATUS_TEMPORARY,
		"4.3.0 mail server temporarily rejected message"},
	{"D with text", TEXT("Dit is spam"), STATUS_REFUSED,
		"5.0.0 it is spam"},
	{"Z with text", TEXT("Ztry later"), STATUS_TEMPORARY,
		"4.3.0 try later"},
	{"code at the front", TEXT("D5.7.1 it is spam"), STATUS_REFUSED,
		"5.7.1 it is spam"},
	{"code alone", TEXT("D5.7.1"), STATUS_REFUSED,
		"5.7.1 mail server permanently rejected message"},
	{"long code", TEXT("Z4.123.456 later"), STATUS_TEMPORARY,
		"4.123.456 later"},
	{"code with too many digits", TEXT("D5.1234.1 no"), STATUS_REFUSED,
		"5.0.0 5.1234.1 no"},
	{"code without its end", TEXT("D5.7. no"), STATUS_REFUSED,
		"5.0.0 5.7. no"},
	{"address that looks like a code", TEXT("D5.6.7.8 is listed"),
		STATUS_REFUSED, "5.0.0 5.6.7.8 is listed"},
	{"marked code at the end", TEXT("Dit is spam (#5.7.1)"), STATUS_REFUSED,
		"5.7.1 it is spam"},
	{"marked code in the middle", TEXT("Dspam (#5.7.1) found"),
		STATUS_REFUSED, "5.7.1 spam found"},
	{"marked code at the front", TEXT("D(#5.7.1) spam"), STATUS_REFUSED,
		"5.7.1 spam"},
	{"two marked codes, the first holds", TEXT("Da (#5.7.1) b (#5.7.2)"),
		STATUS_REFUSED, "5.7.1 a b"},
	{"marked code and one at the front", TEXT("Z4.7.0 wait (#4.7.1)"),
		STATUS_TEMPORARY, "4.7.0 wait"},
	{"marked code without its end", TEXT("Dspam (#5.7.1"), STATUS_REFUSED,
		"5.0.0 spam (#5.7.1"},
	{"marked text that is no code", TEXT("Dspam (#12)"), STATUS_REFUSED,
		"5.0.0 spam (#12)"},
	{"wrong class at the front", TEXT("D4.7.1 spam"), STATUS_REFUSED,
		"5.0.0 spam"},
	{"wrong class marked", TEXT("Zspam (#5.7.1)"), STATUS_TEMPORARY,
		"4.3.0 spam"},
	{"class of success", TEXT("D2.0.0 fine"), STATUS_REFUSED, "5.0.0 fine"},
	{"reply code dropped", TEXT("D554 no (#5.7.1)"), STATUS_REFUSED,
		"5.7.1 no"},
	{"reply code and enhanced code", TEXT("Z451 4.7.1 wait"),
		STATUS_TEMPORARY, "4.7.1 wait"},
	{"reply code of a first line", TEXT("D554-5.7.1 no\n554 5.7.1 x"),
		STATUS_REFUSED, "5.7.1 no"},
	{"reply code alone", TEXT("D554"), STATUS_REFUSED,
		"5.0.0 mail server permanently rejected message"},
	{"number that is no reply code", TEXT("D5545 no"), STATUS_REFUSED,
		"5.0.0 5545 no"},
	{"LF ends it", TEXT("Dno\n250 2.0.0 ok"), STATUS_REFUSED, "5.0.0 no"},
	{"CR ends it", TEXT("Dno\r250 2.0.0 ok"), STATUS_REFUSED, "5.0.0 no"},
	{"NUL ends it", TEXT("Dno\0more"), STATUS_REFUSED, "5.0.0 no"},
	{"line end first", TEXT("D\nmore"), STATUS_REFUSED,
		"5.0.0 mail server permanently rejected message"},
	{"control characters", TEXT("Da\033[2J\177b\tc"), STATUS_REFUSED,
		"5.0.0 a?[2J?b c"},
	{"UTF-8 is kept", TEXT("Dm\303\266g \342\202\254 \360\237\230\200"),
		STATUS_REFUSED,
		"5.0.0 m\303\266g \342\202\254 \360\237\230\200"},
	{"Latin-1", TEXT("Dm\366g"), STATUS_REFUSED, "5.0.0 m?g"},
	{"UTF-8 cut short", TEXT("Da\342\202"), STATUS_REFUSED, "5.0.0 a??"},
	{"UTF-8 too long a form", TEXT("D\300\212\340\200\212"), STATUS_REFUSED,
		"5.0.0 ?????"},
	{"UTF-8 surrogate", TEXT("D\355\240\200"), STATUS_REFUSED, "5.0.0 ???"},
	{"UTF-8 past the last", TEXT("D\364\220\200\200"), STATUS_REFUSED,
		"5.0.0 ????"},
	{"UTF-8 control character", TEXT("D\302\205"), STATUS_REFUSED,
		"5.0.0 ??"},
};

static void
test_exits(void)
{
	struct status status;
	char what[64];

	for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
		for (int code = exits[i].first; code <= exits[i].last; code++) {
			snprintf(what, sizeof what, "exit %d", code);
			status_from_wait(
				&status, EXIT(code), TEXT("Dnot this"));
			ok(status.class == exits[i].class &&
					strncmp(status.reply, exits[i].reply,
						strlen(exits[i].reply)) == 0,
				what);
		}
	status_from_wait(&status, EXIT(0), TEXT("Dnot this"));
	ok(status.class == STATUS_ACCEPTED, "exit 0 is accepted");
	for (int signo = 1; signo < 32; signo++) {
		snprintf(what, sizeof what, "signal %d", signo);
		status_from_wait(&status, signo, TEXT("Dnot this"));
		ok(status.class == STATUS_TEMPORARY &&
				strcmp(status.reply, "4.3.0 qq crashed") == 0,
			what);
	}
	status_from_wait(&status, SIGSEGV | 0x80, TEXT("Dnot this"));
	ok(status.class == STATUS_TEMPORARY, "signal with a core");
}

static void
check_custom(int code, const struct custom_case *c)
{
	struct status status;
	char what[128];

	snprintf(what, sizeof what, "exit %d: %s", code, c->what);
	status_from_wait(&status, EXIT(code), c->custom);
	if (!ok(status.class == c->class && strcmp(status.reply, c->reply) == 0,
		    what))
		printf("# %d \"%s\"\n", (int)status.class, status.reply);
}

static void
test_long(void)
{
	static char text[4096];
	struct status status;
	size_t len = strlen("5.0.0 ") + STATUS_TEXT_MAX;

	memset(text, 'x', sizeof text);
	text[0] = 'D';
	status_from_wait(&status, EXIT(82), (struct slice){text, sizeof text});
	ok(strlen(status.reply) == len && status.reply[len - 1] == 'x',
		"long text is cut");
	memset(text + 1, '\377', sizeof text - 1);
	status_from_wait(&status, EXIT(82), (struct slice){text, sizeof text});
	ok(strlen(status.reply) == len && status.reply[len - 1] == '?',
		"long binary text is cut");
	for (size_t i = 1; i + 3 <= sizeof text; i += 3)
		memcpy(text + i, "\342\202\254", 3);
	status_from_wait(&status, EXIT(82), (struct slice){text, sizeof text});
	ok(strlen(status.reply) == strlen("5.0.0 ") + STATUS_TEXT_MAX / 3 * 3,
		"no character is cut in the middle");
	memset(text, ' ', sizeof text);
	memcpy(text, "Z4.123.123 ", 11);
	text[sizeof text - 1] = 'x';
	status_from_wait(&status, EXIT(82), (struct slice){text, sizeof text});
	ok(strcmp(status.reply, "4.123.123 x") == 0, "blanks are skipped");
}

/* In memory of exactly its size, so that a sanitizer sees one octet more. */
static void
test_prefixes(void)
{
	static const char whole[] = "D554 5.7.1 m\303\266g (#5.7.1) \360\237";
	size_t good = 0;

	for (size_t len = 0; len < sizeof whole; len++) {
		struct status status;
		char *copy = malloc(len + 1);

		if (copy == NULL)
			break;
		memcpy(copy, whole, len);
		char *exact = realloc(copy, len > 0 ? len : 1);
		char *text = exact != NULL ? exact : copy;

		status_from_wait(&status, EXIT(88), (struct slice){text, len});
		good += strlen(status.reply) < STATUS_REPLY_MAX &&
			(status.class == STATUS_REFUSED) == (len > 0);
		free(text);
	}
	ok(good == sizeof whole, "every prefix of a text");
}

/* Of any program, with what is said where it says nothing. */
static void
test_words(void)
{
	static const struct {
		const char *words, *refused, *temporary;
	} cases[] = {
		{"", "5.1.1 nobody", "4.3.0 later"},
		{"\n", "5.1.1 nobody", "4.3.0 later"},
		{"550", "5.1.1 nobody", "4.3.0 later"},
		{"5.2.1", "5.2.1 nobody", "4.3.0 later"},
		{"no one", "5.1.1 no one", "4.3.0 no one"},
		{"550 5.2.1 off", "5.2.1 off", "4.3.0 off"},
		{"452 4.2.2 full", "5.1.1 full", "4.2.2 full"},
		{"full (#4.2.2)", "5.1.1 full", "4.2.2 full"},
		{"5.2.1234 x", "5.1.1 5.2.1234 x", "4.3.0 5.2.1234 x"},
	};
	struct status status;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice words = slice_of(cases[i].words);

		status_words(&status, STATUS_REFUSED, words, "5.1.1 nobody");
		ok(status.class == STATUS_REFUSED &&
				strcmp(status.reply, cases[i].refused) == 0,
			cases[i].refused);
		status_words(&status, STATUS_TEMPORARY, words, "4.3.0 later");
		ok(status.class == STATUS_TEMPORARY &&
				strcmp(status.reply, cases[i].temporary) == 0,
			cases[i].temporary);
	}
}

int
main(void)
{
	test_exits();
	test_words();
	for (size_t i = 0; i < sizeof customs / sizeof *customs; i++) {
		check_custom(82, &customs[i]);
		check_custom(88, &customs[i]);
	}
	test_long();
	test_prefixes();
	return tap_done();
}
