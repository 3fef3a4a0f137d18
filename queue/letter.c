/* letter - see letter.h. Run by queue-qmqp. */
#include "queue/letter.h"

#include <unistd.h>

#include "lib/output.h"
#include "queue/intake.h"
#include "queue-handoff/status.h"

#define AROUND 32 /* octets around an address: its length, ":" and "," */

int
letter_begin(struct letter *letter, int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end == -1)
		return -1;
	letter->fd = fd;
	letter->message = letter->len = (uint64_t)end;
	letter->pending = BUFFER_OVER(letter->room);
	buffer_add_char(&letter->pending, ','); /* the message's */
	return 0;
}

int
letter_end(struct letter *letter)
{
	struct buffer *pending = &letter->pending;

	if (output_all(letter->fd, buffer_slice(pending)) == -1)
		return -1;
	letter->len += pending->len;
	pending->len = 0;
	return 0;
}

int
letter_take(void *context, char type, struct slice address)
{
	struct letter *letter = context;
	struct buffer *pending = &letter->pending;

	(void)type; /* the first is the sender, here and there */
	if (pending->cap - pending->len < INTAKE_ADDRESS_MAX + AROUND &&
		letter_end(letter) == -1)
		return QUEUE_WRITE_FAILED;
	buffer_add_number(pending, address.len);
	buffer_add_char(pending, ':');
	buffer_add_slice(pending, address);
	buffer_add_char(pending, ',');
	return 0;
}

void
letter_head(const struct letter *letter, struct buffer *out)
{
	char room[LETTER_HEAD];
	struct buffer inner = BUFFER_OVER(room);

	buffer_add_number(&inner, letter->message);
	buffer_add_char(&inner, ':');
	/* qmail-qmqpd counts down: it must be exact. */
	buffer_add_number(out, inner.len + letter->len);
	buffer_add_char(out, ':');
	buffer_add_slice(out, buffer_slice(&inner));
}
