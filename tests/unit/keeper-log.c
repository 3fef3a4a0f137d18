/*
 * Unit test of the keeper: what a session that was taken over can bring into
 * the log. This program is the session; the keeper is a child.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "lib/clock.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#define FORGED "auth ok user=root mech=PLAIN\nsmtpd-auth: 1 192.0.2.1 auth ok"
#define JAIL "/var/empty"

static struct channel_message m;
static char text[65536];

static _Noreturn void
be_keeper(int channel, int log, bool trace)
{
	static struct config config;
	static struct keeper k;
	static struct signer_pair pair;

	dup2(log, STDERR_FILENO);
	config.me = slice_of("mx.example.org");
	config.timeoutsmtpd = 30;
	config.trace = trace;
	config.morercpthosts_fd = -1;
	log_open(&k.log, "smtpd-auth", "192.0.2.9", false);
	k.config = &config;
	k.jail.directory = JAIL;
	k.backend.users_fd = -1;
	k.channel.fd = channel;
	k.channel.session = 1; /* nobody's child */
	k.tls.signer.pair = &pair;
	k.tls.signer.certificate_fd = k.tls.signer.key_fd = k.tls.clientca_fd =
		-1;
	k.channel.start = clock_ms();
	_exit(keeper_run(&k));
}

/* One packet of it, or two; returns the keeper's exit code, text the log. */
struct packet {
	unsigned type, code;
	const char *body;
	size_t len;
};

static int
tell(bool trace, const struct packet *packets)
{
	int fds[2], status = 0;
	int log = memfd_create("log", MFD_CLOEXEC);

	fflush(stdout);
	scratch_must(log != -1 && channel_pair(fds) == 0, "prepare");
	pid_t pid = fork();

	scratch_must(pid != -1, "fork");
	if (pid == 0) {
		close(fds[1]);
		fcntl(fds[0], F_SETFL, O_RDWR | O_NONBLOCK);
		be_keeper(fds[0], log, trace);
	}
	close(fds[0]);
	for (; packets->type != 0; packets++) {
		channel_start(&m, packets->type, packets->code);
		channel_add(&m, packets->body, packets->len);
		(void)channel_send(fds[1], &m);
	}
	close(fds[1]);
	while (waitpid(pid, &status, 0) == -1)
		;
	ssize_t n = pread(log, text, sizeof text - 1, 0);

	close(log);
	text[n > 0 ? n : 0] = '\0';
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Is there a line with this behind "smtpd-auth: PID 192.0.2.9 "? */
static bool
line_begins(const char *event)
{
	for (const char *line = text; line != NULL && *line != '\0';) {
		const char *address = strstr(line, " 192.0.2.9 ");
		const char *end = strchr(line, '\n');

		if (address != NULL && (end == NULL || address < end) &&
			strncmp(address + 11, event, strlen(event)) == 0)
			return true;
		line = end == NULL ? NULL : end + 1;
	}
	return false;
}

static unsigned
lines(void)
{
	unsigned n = 0;

	for (const char *c = text; *c != '\0'; c++)
		n += *c == '\n';
	return n;
}

#define PACKET(type, code, body)                                               \
	{                                                                      \
		(type), (code), (body), sizeof(body) - 1                       \
	}
#define TELL(trace, ...)                                                       \
	tell((trace), (const struct packet[]){__VA_ARGS__, {0, 0, NULL, 0}})

static void
test_trace(void)
{
	ok(TELL(true, PACKET(TELL_TRACE, TRACE_FROM, FORGED)) == 0,
		"a line of the client");
	ok(line_begins("< auth ok user=root") && !line_begins("auth ok"),
		"the keeper's mark stands before it");
	ok(lines() == 3, "and it is one line");
	ok(TELL(true, PACKET(TELL_TRACE, TRACE_TO, FORGED)) == 0,
		"a line to the client");
	ok(line_begins("> auth ok user=root") && !line_begins("auth ok"),
		"the other mark");
	ok(TELL(true, PACKET(TELL_TRACE, TRACE_FROM, "")) == 0 &&
			line_begins("<\n"),
		"an empty line");
	ok(TELL(true, PACKET(TELL_TRACE, 0, FORGED)) == 111 && lines() == 2,
		"no way it went: an attack, and no line");
	ok(TELL(true, PACKET(TELL_TRACE, TRACE_TO + 1, FORGED)) == 111 &&
			lines() == 2,
		"a way that there is not: an attack, and no line");
	ok(TELL(false, PACKET(TELL_TRACE, TRACE_FROM, FORGED)) == 111 &&
			lines() == 2,
		"a trace that nobody asked for: an attack, and no line");
}

static void
test_end(void)
{
	static const char landlock[] = {JAIL_LANDLOCK, '\0'};
	static const char beyond[] = {JAIL_SECCOMP + 1, '\0'};

	ok(TELL(false, PACKET(TELL_END, END_JAIL, landlock)) == 0 &&
			line_begins(
				"config fail file=" JAIL " reason=landlock\n"),
		"a jail's step, as the first word");
	ok(line_begins("end seconds=") &&
			strstr(text, " messages=0 reason=jail\n") != NULL,
		"and the end");
	ok(TELL(true, PACKET(TELL_TRACE, TRACE_FROM, "x"),
		   PACKET(TELL_END, END_JAIL, landlock)) == 111 &&
			!line_begins("config fail"),
		"later: an attack, and no such line");
	ok(TELL(false, PACKET(TELL_END, END_QUIT, landlock)) == 111 &&
			!line_begins("config fail"),
		"with another end: an attack");
	ok(TELL(false, PACKET(TELL_END, END_JAIL, beyond)) == 111 &&
			!line_begins("config fail"),
		"a step that there is not: an attack");
	ok(TELL(false, PACKET(TELL_END, END_JAIL, "\0")) == 111 &&
			!line_begins("config fail"),
		"none: an attack");
	ok(TELL(false, PACKET(TELL_END, END_JAIL, "TEXT")) == 111 &&
			strstr(text, "TEXT") == NULL,
		"text: an attack, and not logged");
	ok(TELL(false, PACKET(TELL_END, 200, "")) == 0 &&
			strstr(text, "reason=session-died\n") != NULL,
		"an end that there is not");
}

int
main(void)
{
	test_trace();
	test_end();
	return tap_done();
}
