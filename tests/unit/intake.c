/*
 * Unit test of queue-handoff/intake: waiting, stopping and the ceilings. The
 * grammar is the fuzz target's; tests/queue/maildir.t has the rest.
 */
#include "queue/intake.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "queue-handoff/status.h"
#include "tests/tap.h"

static int
count_address(void *context, char type, struct slice address)
{
	unsigned *count = context;

	(void)type;
	*count += address.len > 0;
	return 0;
}

/* The write end of a pipe whose read end is where the message comes from. */
static int
open_message(int flags)
{
	int ends[2];

	if (pipe(ends) == -1 || fcntl(ends[0], F_SETFL, flags) == -1 ||
		dup2(ends[0], INTAKE_MESSAGE) == -1)
		return -1;
	close(ends[0]);
	return ends[1];
}

static void
test_waiting(int flags, const char *kind)
{
	struct intake in;
	int stop[2], into[2], from = open_message(flags);
	char what[80], text[8];

	if (from == -1 || pipe(stop) == -1 || pipe(into) == -1) {
		ok(0, "cannot make a pipe");
		return;
	}
	intake_start(&in, stop[0]);
	in.deadline = clock_ms() + 50;
	snprintf(what, sizeof what, "%s: deadline", kind);
	ok(intake_message(&in, into[1]) == QUEUE_TIMEOUT && in.reason != NULL &&
			clock_ms() >= in.deadline,
		what);
	intake_start(&in, stop[0]);
	ok(write(stop[1], "", 1) == 1 && write(from, "hello", 5) == 5,
		"something to read on both");
	snprintf(what, sizeof what, "%s: stopped, input or not", kind);
	ok(intake_message(&in, into[1]) == QUEUE_TIMEOUT && in.reason != NULL,
		what);
	intake_start(&in, -1);
	close(from);
	snprintf(what, sizeof what, "%s: whole message", kind);
	ok(intake_message(&in, into[1]) == 0 &&
			read(into[0], text, sizeof text) == 5 &&
			memcmp(text, "hello", 5) == 0,
		what);
	ok(in.deadline > clock_ms() + (INTAKE_SECONDS - 60) * 1000LL &&
			in.deadline <= clock_ms() + INTAKE_SECONDS * 1000LL,
		"it may take a day");
	close(stop[0]);
	close(stop[1]);
	close(into[0]);
	close(into[1]);
}

static void
test_errors(void)
{
	struct intake in;
	int from = open_message(0);

	intake_start(&in, -1);
	ok(write(from, "x", 1) == 1 &&
			intake_message(&in, -1) == QUEUE_WRITE_FAILED &&
			in.reason == NULL,
		"message cannot be written");
	close(from);
	close(INTAKE_MESSAGE);
	intake_start(&in, -1);
	ok(intake_message(&in, -1) == QUEUE_READ_FAILED && in.reason == NULL,
		"message cannot be read");
}

static void
test_ceiling(void)
{
	struct intake in;
	unsigned count = 0;

	intake_start(&in, -1);
	in.take = count_address;
	in.context = &count;
	ok(intake_feed(&in, (struct slice){"Fa\0", 3}) == 0 && count == 1,
		"sender");
	in.octets = INTAKE_ENVELOPE_MAX - 3;
	ok(intake_feed(&in, (struct slice){"Tb\0", 3}) == 0 && count == 2,
		"envelope of just the permitted size");
	ok(intake_feed(&in, (struct slice){"", 1}) == QUEUE_BAD_ENVELOPE &&
			in.part != INTAKE_DONE,
		"envelope one octet over it");
}

int
main(void)
{
	test_waiting(0, "blocking");
	test_waiting(O_NONBLOCK, "non-blocking");
	test_errors();
	test_ceiling();
	return tap_done();
}
