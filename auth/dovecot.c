/*
 * dovecot - the kind of authenticator that asks Dovecot's auth service over
 * its client socket. It knows no mechanism: what the client says goes there,
 * what Dovecot answers comes back. It connects as the account, and is jailed
 * before it reads the first octet of either. Run by the authenticator.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/dovecot_lines.h"
#include "auth/authenticator_jail.h"
#include "auth/kind.h"
#include "auth/naming.h"
#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/words.h"

#define KEEPER_FD AUTHENTICATOR_KEEPER
#define DOVECOT_FD AUTHENTICATOR_OTHER
#define HANDSHAKE_MS 5000   /* to connect; and again until DONE */
#define HANDSHAKE_LINES 200 /* of which mechanisms are a few */
#define IGNORED_LINES 200   /* that may come in place of an answer */
#define SAID_MAX (BASE64_ENCODED_LEN(EXCHANGE_RESPONSE_MAX) + 512)

/* What came from Dovecot and was not looked at yet. */
struct reader {
	size_t start, end;
	char text[DOVECOT_LINE_MAX + 1];
};

enum heard { HEARD_LINE, HEARD_NOTHING, HEARD_END, HEARD_TOO_LONG };

/* ------------------------------------------------------------- lines --- */

/* The keeper has cancelled, or is gone: nobody is left to tell. */
static enum heard
wait_for_more(int64_t deadline)
{
	struct pollfd fds[] = {
		{.fd = KEEPER_FD}, {.fd = DOVECOT_FD, .events = POLLIN}};

	if (clock_poll(fds, 2, deadline) <= 0)
		return HEARD_NOTHING;
	if (fds[0].revents != 0)
		_exit(0);
	return HEARD_LINE;
}

/* The next line, without its LF; it points into the reader. */
static enum heard
hear(struct reader *r, int64_t deadline, struct slice *line)
{
	for (;;) {
		struct slice there = {r->text + r->start, r->end - r->start};
		size_t len = slice_find(there, '\n');

		if (len < there.len) {
			*line = (struct slice){there.data, len};
			r->start += len + 1;
			return HEARD_LINE;
		}
		memmove(r->text, there.data, there.len);
		r->start = 0;
		r->end = there.len;
		if (r->end == sizeof r->text)
			return HEARD_TOO_LONG;
		enum heard more = wait_for_more(deadline);

		if (more != HEARD_LINE)
			return more;
		ssize_t n = read(
			DOVECOT_FD, r->text + r->end, sizeof r->text - r->end);

		if (n <= 0)
			return HEARD_END;
		r->end += (size_t)n;
	}
}

/* Why there is no answer. */
static void
put_silence(struct word *word, enum heard heard)
{
	static const char *const words[] = {
		[HEARD_LINE] = "not the auth protocol 1.1 or later",
		[HEARD_NOTHING] = "no answer",
		[HEARD_END] = "connection closed",
		[HEARD_TOO_LONG] = "answer too long"};

	word_temporary(word, words[heard], true);
}

static int
say(struct buffer *text)
{
	bool whole =
		!text->overflow &&
		write(DOVECOT_FD, text->data, text->len) == (ssize_t)text->len;

	explicit_bzero(text->data, text->len);
	return whole ? 0 : -1;
}

/* --------------------------------------------------------- beginning --- */

/* A socket whose queue is full is waited for, but not for ever. */
static int
connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = HANDSHAKE_MS / 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	/* main has seen that it fits. */
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		    sizeof patience) == -1 ||
		connect(fd, (struct sockaddr *)&address, sizeof address) ==
			-1) {
		int error = errno == EAGAIN ? ETIMEDOUT : errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/*
 * At once, because connecting may take a while: what the keeper holds open it
 * holds for itself alone. Its log stays until the jail.
 */
static int
leave_keeper(int fd)
{
	if (dup2(fd, KEEPER_FD) == -1)
		_exit(1); /* the keeper finds out */
	jail_close_from(STDERR_FILENO + 1);
	return KEEPER_FD;
}

/* Until DONE. Returns 0, or -1 with the word telling why not. */
static int
shake_hands(struct reader *r, struct dovecot_handshake *h, uint64_t pid,
	struct word *word)
{
	char text[64];
	struct buffer hello = BUFFER_OVER(text);
	int64_t deadline = clock_ms() + HANDSHAKE_MS;
	enum heard heard = HEARD_END;

	dovecot_say_hello(&hello, pid);
	if (say(&hello) == 0)
		for (unsigned n = 0; n < HANDSHAKE_LINES && !h->done; n++) {
			struct slice line;

			heard = hear(r, deadline, &line);
			if (heard != HEARD_LINE ||
				dovecot_hear_handshake(h, line) == -1)
				break;
		}
	if (h->done)
		return 0;
	put_silence(word, heard);
	return -1;
}

/* What Dovecot offers, or of the admin's choice, in its order, what it has. */
static void
choose(struct buffer *out, struct slice wanted, struct slice offered)
{
	struct slice all = wanted.data != NULL ? wanted : offered, name;

	while (words_next(&all, &name))
		if (words_has(offered, name))
			words_add(out, name);
}

/* --------------------------------------------------------- exchanges --- */

/* The answer to what was said. The keeper's patience is the deadline. */
static void
hear_answer(struct reader *r, const struct authenticator_setup *setup,
	struct word *word)
{
	enum heard heard = HEARD_LINE;
	struct slice line;

	for (unsigned n = 0; n < IGNORED_LINES && heard == HEARD_LINE; n++) {
		heard = hear(r, CLOCK_NEVER, &line);
		if (heard == HEARD_LINE &&
			dovecot_hear_answer(word, line, setup->authdomain))
			return;
	}
	put_silence(word, heard);
}

/*
 * Whom the response is about, before Dovecot thinks about it; the first time
 * also of nobody: that there is such a mechanism.
 */
static void
tell_name(struct exchange *naming, struct slice mechanism, struct slice text,
	bool first)
{
	if ((naming->login_len == 0 && naming_hear(naming, mechanism, text)) ||
		first)
		word_name(KEEPER_FD,
			(struct slice){naming->login, naming->login_len});
}

/* From the client's first response to the verdict. */
static void
relay(struct reader *r, struct word_response *response, struct slice text,
	const struct authenticator_setup *setup, struct word *word)
{
	static char said[SAID_MAX];
	static struct exchange naming;
	struct buffer out = BUFFER_OVER(said);
	struct slice mechanism = slice_of(setup->name);

	naming.authdomain = setup->authdomain;
	dovecot_say_auth(&out, setup->name, &setup->peer, text);
	for (bool first = true;; first = false) {
		tell_name(&naming, mechanism, text, first);
		word_wipe(response);
		if (say(&out) == -1)
			put_silence(word, HEARD_END);
		else
			hear_answer(r, setup, word);
		if (word->result != EXCHANGE_CHALLENGE)
			return;
		word->proven = naming_is_proof(
			mechanism, (struct slice){word->body, word->body_len});
		if (word_say(KEEPER_FD, word) == -1 ||
			word_await(KEEPER_FD, response, &text) == -1)
			_exit(0);
		out = BUFFER_OVER(said);
		dovecot_say_response(&out, text);
	}
}

/* Jailed, and connected. */
static void
serve(struct word_response *response, struct slice text, uint64_t pid,
	const struct authenticator_setup *setup, struct word *word)
{
	static struct reader reader;
	static char names[AUTHMECHS_OFFER_MAX], list[sizeof names];
	struct dovecot_handshake h = {.offered = BUFFER_OVER(names)};
	struct buffer chosen = BUFFER_OVER(list);

	if (shake_hands(&reader, &h, pid, word) == -1)
		return;
	choose(&chosen, setup->wanted, buffer_slice(&h.offered));
	if (setup->offer) {
		word->result = WORD_OFFER;
		word->body_len = (uint32_t)chosen.len;
		memcpy(word->body, list, chosen.len);
	} else if (words_has(buffer_slice(&chosen), slice_of(setup->name))) {
		relay(&reader, response, text, setup, word);
	} else {
		word->result = WORD_NOT_OFFERED;
	}
}

_Noreturn void
dovecot_run(int fd, const struct authenticator_setup *setup)
{
	static struct word word;
	static struct word_response response;
	struct slice text;
	const char *failed;

	fd = leave_keeper(fd);
	int dovecot = connect_to(setup->socket);
	uint64_t pid = (uint64_t)getpid();

	if (dovecot == -1)
		word_temporary(&word, strerror(errno), true);
	failed = authenticator_jail_enter(fd, dovecot, &setup->jail);
	/* A close with octets unread in the socket would lose the word. */
	if (word_await(KEEPER_FD, &response, &text) == -1)
		_exit(0);
	if (failed != NULL) {
		word.result = WORD_JAIL;
		word_put(word.reason, sizeof word.reason, failed);
	} else if (dovecot != -1) {
		serve(&response, text, pid, setup, &word);
	}
	word_wipe(&response);
	word_say(KEEPER_FD, &word);
	_exit(0);
}
