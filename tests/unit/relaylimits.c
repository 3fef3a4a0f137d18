/* Unit test of control/relaylimits: whose limit is what. */
#include "control/relaylimits.h"

#include <string.h>

#include "tests/tap.h"

#define LIST(s)                                                                \
	{                                                                      \
		true, (char *)(uintptr_t)(s), sizeof(s) - 1                    \
	}

int
main(void)
{
	const struct control_list list =
		LIST("joe@example.com:10\n:500\nann@example.com:0\n"
		     "joe@example.com:20\nbob:99999999999999999999\n:600\n");
	const struct control_list named = LIST("joe@example.com:10\n");
	const struct control_list none = {false, NULL, 0};
	static const struct {
		const char *login;
		uint64_t limit;
	} rows[] = {
		{"joe@example.com", 10},
		{"JOE@Example.com", 10},
		{"joe@example.co", 600},
		{"xjoe@example.com", 600},
		{"ann@example.com", 0},
		{"bob", UINT64_MAX},
		{"other@example.com", 600},
		{"", 600},
	};
	static const char *const bad[] = {"joe\n", "joe:\n", ":\n", "joe:x\n",
		"joe:1x\n", "joe: 1\n", "joe:-1\n", ":1\njoe\n", "joe:1:\n"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(relaylimits_find(&list, slice_of(rows[i].login)) ==
				rows[i].limit,
			rows[i].login);
	ok(relaylimits_find(&named, slice_of("ann@example.com")) == 0,
		"no limit for others");
	ok(relaylimits_find(&none, slice_of("joe@example.com")) == 0,
		"no list");
	ok(relaylimits_fault(&list) == NULL, "a good list");
	ok(relaylimits_fault(&none) == NULL, "none");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct control_list one = {
			true, (char *)(uintptr_t)bad[i], strlen(bad[i])};

		ok(relaylimits_fault(&one) != NULL, "a bad one");
		ok(relaylimits_find(&one, slice_of("ann")) <= 1,
			"is no limit that nobody meant");
	}
	return tap_done();
}
