/* lines - see lines.h. */
#include "report/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest, and gzip's head and tail */

struct lines_gzip {
	z_stream stream;
	bool between; /* two members of a file */
	unsigned char in[16 * 1024];
};

int
lines_open(struct lines *lines, int fd, bool whole)
{
	*lines = (struct lines){.fd = fd, .whole = whole};
	lines->buffer = malloc(LINES_BUFFER);
	if (lines->buffer != NULL)
		return 0;
	(void)close(fd);
	return -1;
}

void
lines_close(struct lines *lines)
{
	if (lines->buffer == NULL)
		return;
	if (lines->gzip != NULL)
		(void)inflateEnd(&lines->gzip->stream); /* frees, no more */
	free(lines->gzip);
	free(lines->buffer);
	(void)close(lines->fd); /* was read only */
	*lines = (struct lines){.fd = -1};
}

off_t
lines_position(const struct lines *lines)
{
	size_t unread = lines->whole ? lines->rest : 0;

	return lseek(lines->fd, 0, SEEK_CUR) - (off_t)unread;
}

static ssize_t
read_some(int fd, void *data, size_t len)
{
	ssize_t n;

	do
		n = read(fd, data, len);
	while (n == -1 && errno == EINTR);
	return n;
}

static ssize_t
inflate_some(struct lines *lines, char *out, size_t room)
{
	struct lines_gzip *gzip = lines->gzip;
	z_stream *z = &gzip->stream;

	z->next_out = (unsigned char *)out;
	z->avail_out = (unsigned)room;
	while (z->avail_out == room) {
		if (z->avail_in == 0) {
			ssize_t n =
				read_some(lines->fd, gzip->in, sizeof gzip->in);

			if (n == 0 && !gzip->between)
				errno = EILSEQ;
			if (n <= 0)
				return n == 0 && gzip->between ? 0 : -1;
			z->next_in = gzip->in;
			z->avail_in = (unsigned)n;
		}
		if (gzip->between && inflateReset(z) != Z_OK)
			break;
		gzip->between = false;
		int result = inflate(z, Z_NO_FLUSH);

		gzip->between = result == Z_STREAM_END;
		if (result != Z_OK && result != Z_STREAM_END &&
			result != Z_BUF_ERROR)
			break;
	}
	if (z->avail_out < room)
		return (ssize_t)(room - z->avail_out);
	errno = EILSEQ;
	return -1;
}

/* The first octets are in the buffer: are they gzip's? Then they move. */
static int
look_for_gzip(struct lines *lines)
{
	lines->looked = true;
	if (lines->len < 3 || memcmp(lines->buffer, "\x1f\x8b\x08", 3) != 0)
		return 0;
	lines->gzip = calloc(1, sizeof *lines->gzip);
	if (lines->gzip == NULL ||
		inflateInit2(&lines->gzip->stream, GZIP_WINDOW) != Z_OK) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(lines->gzip->in, lines->buffer, lines->len);
	lines->gzip->stream.next_in = lines->gzip->in;
	lines->gzip->stream.avail_in = (unsigned)lines->len;
	lines->len = 0;
	return 0;
}

/* More octets behind those that are there. 0 at the end. */
static ssize_t
fill(struct lines *lines)
{
	if (lines->at > 0) {
		memmove(lines->buffer, lines->buffer + lines->at,
			lines->len - lines->at);
		lines->len -= lines->at;
		lines->at = 0;
	}
	char *end = lines->buffer + lines->len;
	size_t room = LINES_BUFFER - lines->len;

	if (!lines->looked && room > sizeof lines->gzip->in)
		room = sizeof lines->gzip->in;
	ssize_t n = lines->gzip != NULL ? inflate_some(lines, end, room)
					: read_some(lines->fd, end, room);

	if (n <= 0)
		return n;
	lines->len += (size_t)n;
	/* A pipe may give less than three octets at first. */
	if (!lines->looked && lines->len >= 3) {
		if (look_for_gzip(lines) == -1)
			return -1;
	}
	return 1;
}

/* A log that has been through a Windows program; ours writes none. */
static void
drop_cr(struct slice *line)
{
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
}

/* What stands there without an LF: at the end a line, if it may be one. */
static int
last_line(struct lines *lines, struct slice *line)
{
	*line = (struct slice){
		lines->buffer + lines->at, lines->len - lines->at};
	lines->rest = line->len;
	lines->at = lines->len;
	lines->ended = true;
	drop_cr(line);
	return line->len > 0 && !lines->whole && !lines->skipping;
}

int
lines_next(struct lines *lines, struct slice *line)
{
	size_t known = 0; /* octets that hold no LF */

	while (!lines->ended) {
		char *start = lines->buffer + lines->at;
		size_t len = lines->len - lines->at;
		char *lf = len == known
				   ? NULL
				   : memchr(start + known, '\n', len - known);

		if (lf != NULL) {
			bool skipped = lines->skipping;

			*line = (struct slice){start, (size_t)(lf - start)};
			lines->at += line->len + 1;
			drop_cr(line);
			lines->skipping = false;
			known = 0;
			if (!skipped)
				return 1;
			continue;
		}
		known = len;
		if (len == LINES_BUFFER) {
			lines->skipping = true;
			lines->at = lines->len;
			known = 0;
		}
		ssize_t n = fill(lines);

		if (n <= 0)
			return n == 0 ? last_line(lines, line) : -1;
	}
	return 0;
}
