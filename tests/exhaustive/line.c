/*
 * Exhaustive test of session_line() in session/session.c: every input over the
 * octets that matter, up to a length, in every way of cutting it into reads,
 * against a reference from RFC 5321, 2.3.8 and 4.1.1.4: a line ends with CR
 * LF, and no CR, LF or NUL stands elsewhere in it.
 */
#include "session/session.h"

#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/exhaustive/count.h"

static const char octets[] = "\r\n\0 \ta";
static struct session s;
static struct config config;

/* The line that begins at *at. LINE_STOP: the input ends before it does. */
static enum line_result
refer(const char *in, size_t len, size_t *at, size_t *text_len)
{
	const char *line = in + *at;
	const char *lf = memchr(line, '\n', len - *at);

	if (lf == NULL)
		return LINE_STOP;
	*at = (size_t)(lf + 1 - in);
	*text_len = (size_t)(lf - line);
	if (*text_len == 0 || lf[-1] != '\r')
		return LINE_BAD_END;
	--*text_len;
	return memchr(line, '\r', *text_len) || memchr(line, '\0', *text_len)
		       ? LINE_BAD_END
		       : LINE_OK;
}

/* Bit i of cuts: a read ends behind octet i. */
static void
send_cut(int fd, const char *in, size_t len, unsigned cuts)
{
	size_t from = 0;

	for (size_t i = 0; i < len; i++)
		if (i + 1 == len || cuts >> i & 1) {
			if (send(fd, in + from, i + 1 - from, 0) == -1)
				abort();
			from = i + 1;
		}
}

/* One packet is one read, and the last is the end. */
static void
compare(const char *in, size_t len, unsigned cuts)
{
	int fds[2];
	size_t at = 0, text_len = 0;
	enum line_result expected;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == -1)
		abort();
	send_cut(fds[1], in, len, cuts);
	close(fds[1]);
	stream_init(&s.stream, fds[0], -1, -1, s.bulk_input);
	s.end = 0;
	do {
		const char *line = in + at;

		expected = refer(in, len, &at, &text_len);
		enum line_result got = session_line(&s, false);

		if (got != expected)
			count_difference("result", in, len);
		else if (got == LINE_OK &&
			 (s.line_len != text_len ||
				 memcmp(s.line, line, text_len) != 0))
			count_difference("text", in, len);
	} while (expected != LINE_STOP);
	close(fds[0]);
	count_inputs++;
}

static void
try_length(size_t len)
{
	unsigned long all = 1;
	char in[16];

	for (size_t i = 0; i < len; i++)
		all *= sizeof octets - 1;
	for (unsigned long n = 0; n < all; n++) {
		unsigned long rest = n;

		for (size_t i = 0; i < len; i++) {
			in[i] = octets[rest % (sizeof octets - 1)];
			rest /= sizeof octets - 1;
		}
		for (unsigned cuts = 0; cuts < 1u << (len - 1); cuts++)
			compare(in, len, cuts);
	}
}

int
main(int argc, char **argv)
{
	size_t max = count_full(argc, argv) ? 6 : 5;
	char what[80];

	config.timeoutsmtpd = 30;
	s.config = &config;
	s.login_deadline = CLOCK_NEVER;
	s.mail.pipe = -1;
	s.stream.nonblocking = true;
	for (size_t len = 1; len <= max; len++)
		try_length(len);
	snprintf(what, sizeof what,
		"CR LF NUL blank TAB a to %zu, each in all its cuts", max);
	count_check(what);
	return tap_done();
}
