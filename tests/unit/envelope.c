/*
 * Unit test of keeper/envelope: more paths than its first memory holds, and
 * than what it allocated then; and that memory used again.
 */
#include "keeper/envelope.h"

#include <stdlib.h>

#include "tests/tap.h"

#define PATHS 200 /* of 16 octets each: past 512, 1024 and 2048 */

static struct slice
path_of(unsigned n, char *room, size_t cap)
{
	int len = snprintf(room, cap, "user-%05u@x.y", n);

	return (struct slice){room, (size_t)len};
}

/* Sender and paths, and what it says of them. */
static void
test_many(struct envelope *e, unsigned paths, const char *what)
{
	char room[32];
	bool added = envelope_add(e, 'F', slice_of("s@x.y"), SLICE_NONE) == 0;
	bool held = true;

	for (unsigned i = 0; i < paths; i++)
		added = added &&
			envelope_add(e, 'T', path_of(i, room, sizeof room),
				SLICE_NONE) == 0;
	ok(added && envelope_end(e) == 0, what);
	for (unsigned i = 0; i < paths; i++)
		held = held && envelope_holds(e, path_of(i, room, sizeof room));
	ok(held && !envelope_holds(e, path_of(paths, room, sizeof room)),
		"it holds them, and no other");
	ok(slice_is(envelope_sender(e), "s@x.y"), "its sender");
	ok(slice_is(envelope_recipient(e), "user-00000@x.y"),
		"its first recipient");
	ok(e->len == 8 + 16 * (size_t)paths, "and nothing else");
}

int
main(void)
{
	static struct envelope e;
	char *grown;

	test_many(&e, 2, "few are added");
	ok(e.text == e.first, "without an allocation");
	envelope_clear(&e);
	test_many(&e, PATHS, "many are added");
	grown = e.text;
	ok(grown != e.first, "to memory that was allocated");
	envelope_clear(&e);
	test_many(&e, PATHS, "and again");
	ok(e.text == grown, "to the same");
	free(e.text);
	return tap_done();
}
