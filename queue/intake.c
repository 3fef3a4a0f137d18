/* intake - see intake.h. Run by our qmail-queue programs. */
#include "queue/intake.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "queue-handoff/status.h"
#include "lib/output.h"

#define BLOCK 65536 /* what a pipe holds */

void
intake_start(struct intake *in, int stop)
{
	*in = (struct intake){.stop = stop,
		.deadline = clock_ms() + (int64_t)INTAKE_SECONDS * 1000};
}

static int
fail(struct intake *in, int code, const char *reason)
{
	in->reason = reason;
	return code;
}

/*
 * Reads what is there, waiting for it. *len is 0 at the end. Returns 0 or an
 * exit code.
 */
static int
read_some(struct intake *in, int fd, char *block, size_t cap, size_t *len)
{
	struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
		{.fd = in->stop, .events = POLLIN}};

	for (;;) {
		int ready = clock_poll(fds, 2, in->deadline);

		if (ready == 0)
			return fail(in, QUEUE_TIMEOUT, "it takes too long");
		if (ready > 0 && fds[1].revents != 0)
			return fail(in, QUEUE_TIMEOUT, "stopped by a signal");
		ssize_t n = ready == -1 ? -1 : read(fd, block, cap);

		if (n >= 0) {
			*len = (size_t)n;
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN)
			return fail(in, QUEUE_READ_FAILED, NULL);
	}
}

int
intake_message(struct intake *in, int to)
{
	char block[BLOCK];
	size_t len;
	int code;

	while ((code = read_some(
			in, INTAKE_MESSAGE, block, sizeof block, &len)) == 0 &&
		len > 0)
		if (output_all(to, (struct slice){block, len}) == -1)
			return fail(in, QUEUE_WRITE_FAILED, NULL);
	return code;
}

/* The octet before an address: what it is, or that there are no more. */
static int
feed_mark(struct intake *in, char mark)
{
	in->len = 0;
	if (in->part == INTAKE_WANT_F && mark == 'F')
		in->part = INTAKE_SENDER;
	else if (in->part != INTAKE_WANT_F && mark == 'T')
		in->part = INTAKE_RECIPIENT;
	else if (in->part == INTAKE_WANT_T && mark == '\0')
		in->part = INTAKE_DONE;
	else if (in->part == INTAKE_WANT_FIRST_T && mark == '\0')
		return fail(in, QUEUE_BAD_ENVELOPE, "no recipient");
	else
		return fail(in, QUEUE_BAD_ENVELOPE, "malformed");
	return 0;
}

/* Octets of an address, from the front of text, and its NUL if it is there. */
static int
feed_address(struct intake *in, struct slice *text)
{
	struct slice address = {in->address, 0};
	bool sender = in->part == INTAKE_SENDER;
	size_t len = slice_find(*text, '\0');

	if (len > sizeof in->address - in->len)
		return fail(in, QUEUE_ADDRESS_TOO_LONG, "address too long");
	memcpy(in->address + in->len, text->data, len);
	in->len += len;
	if (len == text->len) {
		*text = slice_from(*text, len);
		return 0;
	}
	*text = slice_from(*text, len + 1);
	address.len = in->len;
	in->part = sender ? INTAKE_WANT_FIRST_T : INTAKE_WANT_T;
	return in->take(in->context, sender ? 'F' : 'T', address);
}

int
intake_feed(struct intake *in, struct slice text)
{
	int code = 0;

	if (text.len > INTAKE_ENVELOPE_MAX - in->octets)
		return fail(in, QUEUE_BAD_ENVELOPE, "too large");
	in->octets += text.len;
	while (code == 0 && text.len > 0 && in->part != INTAKE_DONE)
		if (in->part == INTAKE_SENDER || in->part == INTAKE_RECIPIENT) {
			code = feed_address(in, &text);
		} else {
			code = feed_mark(in, text.data[0]);
			text = slice_from(text, 1);
		}
	return code;
}

int
intake_envelope(struct intake *in, intake_address *take, void *context)
{
	char block[BLOCK];
	int code = 0;

	in->take = take;
	in->context = context;
	while (code == 0 && in->part != INTAKE_DONE) {
		size_t len;

		code = read_some(
			in, INTAKE_ENVELOPE, block, sizeof block, &len);
		if (code == 0 && len == 0)
			return fail(in, QUEUE_READ_FAILED, "it ends early");
		if (code == 0)
			code = intake_feed(in, (struct slice){block, len});
	}
	return code;
}
