/*
 * reader - see reader.h. Run by the reader, jailed before it reads its first
 * octet.
 */
#include "proxy/reader.h"

#include <unistd.h>

#include "lib/clock.h"
#include "proxy/reader_jail.h"

#define RECORD_FD 1 /* in place of the way to the client */

/* The header's octets and no other's. Returns the verdict. */
static unsigned
read_header(struct proxyheader *h, int64_t deadline)
{
	unsigned char piece[PROXYHEADER_PIECE];
	struct pollfd client = {.fd = STDIN_FILENO, .events = POLLIN};
	bool any = false;

	while (h->verdict == PROXYHEADER_MORE) {
		if (clock_poll(&client, 1, deadline) <= 0)
			return READER_TIMEOUT;
		ssize_t got = read(STDIN_FILENO, piece, proxyheader_room(h));

		if (got <= 0)
			return any ? (unsigned)PROXYHEADER_SHORT
				   : (unsigned)READER_GONE;
		any = true;
		proxyheader_take(h, piece, (size_t)got);
	}
	return h->verdict;
}

_Noreturn void
reader_run(int out, const struct jail *outer, int64_t deadline)
{
	static struct proxyheader header;
	static struct reader_record record;
	struct jail jail = *outer;

	if (dup2(out, RECORD_FD) == -1)
		_exit(111);
	jail_close_from(RECORD_FD + 1);
	jail.calls = &reader_calls;
	jail.fds_max = RECORD_FD + 1;
	proxyheader_init(&header);
	record.step = (unsigned char)jail_enter(&jail);
	record.verdict =
		record.step != JAIL_ENTERED
			? (unsigned char)READER_JAIL
			: (unsigned char)read_header(&header, deadline);
	record.tls = header.tlv.tls;
	record.family = header.family;
	record.source = header.source;
	record.destination = header.destination;
	record.version = header.tlv.version;
	record.cipher = header.tlv.cipher;
	record.authority = header.tlv.authority;
	/* Smaller than PIPE_BUF: all of it, or nothing. */
	_exit(write(RECORD_FD, &record, sizeof record) == sizeof record ? 0
									: 111);
}
