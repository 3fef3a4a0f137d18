/* Unit test of lib/words: names with blanks between. */
#include "lib/words.h"

#include "tests/tap.h"

static bool
next_is(struct slice *words, const char *expected)
{
	struct slice name;

	if (!words_next(words, &name))
		return expected == NULL && name.len == 0;
	return expected != NULL && slice_is(name, expected);
}

static void
check_next(void)
{
	struct slice one = slice_of("PLAIN");
	struct slice all = slice_of(" \tPLAIN  LOGIN\r\n\nX\vY\t");
	struct slice none = slice_of(NULL), blanks = slice_of(" \n ");

	ok(next_is(&one, "PLAIN") && next_is(&one, NULL) && next_is(&one, NULL),
		"one name, and the end as often as it is asked for");
	ok(next_is(&all, "PLAIN"), "blanks in front are skipped");
	ok(next_is(&all, "LOGIN"), "as many as stand between");
	ok(next_is(&all, "X\vY"), "line ends too, and nothing else");
	ok(next_is(&all, NULL), "those at the end are no name");
	ok(next_is(&none, NULL), "no list");
	ok(next_is(&blanks, NULL), "a list of nothing");
}

static bool
has(const char *words, const char *name)
{
	return words_has(slice_of(words), slice_of(name));
}

static void
check_has(void)
{
	ok(has("PLAIN LOGIN", "PLAIN") && has("PLAIN LOGIN", "LOGIN"),
		"the first, the last");
	ok(has("PLAIN login", "LoGiN"), "in any case");
	ok(!has("PLAIN LOGIN", "LOG") && !has("PLAIN LOGIN", "LOGINS"),
		"not a part, nor more");
	ok(!has("PLAIN LOGIN", "PLAIN LOGIN"), "not two");
	ok(!has("PLAIN  LOGIN ", "") && !has("", "") && !has(NULL, NULL),
		"no name is in no list");
	ok(!has(NULL, "PLAIN"), "no list has none");
}

static void
check_add(void)
{
	char text[12];
	struct buffer b = BUFFER_OVER(text);

	words_add(&b, slice_of("PLAIN"));
	ok(slice_is(buffer_slice(&b), "PLAIN"), "the first has no blank");
	words_add(&b, slice_of("LOGIN"));
	ok(slice_is(buffer_slice(&b), "PLAIN LOGIN"), "the second has one");
	words_add(&b, slice_of("EXTERNAL"));
	ok(b.overflow, "what does not fit is told");
}

int
main(void)
{
	check_next();
	check_has();
	check_add();
	return tap_done();
}
