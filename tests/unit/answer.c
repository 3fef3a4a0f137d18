/*
 * Unit test of queue/answer: netstrings whole, cut and wrong, in one piece
 * and octet by octet, and what their text means. The fuzz target has the
 * grammar.
 */
#include "queue/answer.h"

#include "tests/tap.h"

static const struct row {
	const char *octets;
	bool ended;
	enum answer_meaning meaning;
	const char *text;
} rows[] = {
	{"", false, ANSWER_NONE, ""},
	{"1", false, ANSWER_NONE, ""},
	{"3:", false, ANSWER_NONE, ""},
	{"3:K", false, ANSWER_TAKEN, "K"},
	{"3:Kok", false, ANSWER_TAKEN, "Kok"},
	{"3:Kok,", true, ANSWER_TAKEN, "Kok"},
	{"3:Kok,3:Dno,", true, ANSWER_TAKEN, "Kok"},
	{"3:Kokx", true, ANSWER_NONE, "Kok"},
	{"3:Zno,", true, ANSWER_NOT_NOW, "Zno"},
	{"3:Z", false, ANSWER_NOT_NOW, "Z"},
	{"3:Dno,", true, ANSWER_NEVER, "Dno"},
	{"3:D", false, ANSWER_NEVER, "D"},
	{"3:xno,", true, ANSWER_NONE, "xno"},
	{"3:kok,", true, ANSWER_NONE, "kok"},
	{"0:,", true, ANSWER_NONE, ""},
	{"03:Kok,", true, ANSWER_NONE, ""},
	{":Kok,", true, ANSWER_NONE, ""},
	{" 3:Kok,", true, ANSWER_NONE, ""},
	{"-3:Kok,", true, ANSWER_NONE, ""},
	{"1001:K", false, ANSWER_TAKEN, "K"},
	{"99999:Dno", false, ANSWER_NEVER, "Dno"},
	{"100000:K", true, ANSWER_NONE, ""},
	{"1000:K", false, ANSWER_TAKEN, "K"},
	{"18446744073709551617:K,", true, ANSWER_NONE, ""},
	{"K", true, ANSWER_NONE, ""},
	{"16:DToo Large a one,", true, ANSWER_TOO_LARGE, "DToo Large a one"},
	{"22:Dover a storage limit,", false, ANSWER_TOO_LARGE,
		"Dover a storage limit,"},
	{"10:Dtoo larg,", false, ANSWER_NEVER, "Dtoo larg,"},
	{"15:Znot authorized,", true, ANSWER_NOT_NOW, "Znot authorized"},
	{"15:Dnot authorized,", true, ANSWER_DENIED, "Dnot authorized"},
	{"21:Dyou: NOT AUTHORIZED.,", true, ANSWER_DENIED,
		"Dyou: NOT AUTHORIZED."},
	{"26:Dnot configured to accept ", false, ANSWER_DENIED,
		"Dnot configured to accept "},
	{"18:Dmust authenticate,", true, ANSWER_DENIED, "Dmust authenticate"},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct slice octets = slice_of(row->octets);
		struct answer whole = {.len = 0}, pieces = whole;

		answer_feed(&whole, octets);
		for (; octets.len > 0; octets = slice_from(octets, 1))
			answer_feed(&pieces, (struct slice){octets.data, 1});
		ok(answer_ended(&whole) == row->ended &&
				answer_meaning(&whole) == row->meaning &&
				slice_is(answer_text(&whole), row->text),
			row->octets);
		ok(answer_ended(&pieces) == row->ended &&
				answer_meaning(&pieces) == row->meaning &&
				slice_equal(answer_text(&pieces),
					answer_text(&whole)),
			"octet by octet");
	}
	return tap_done();
}
