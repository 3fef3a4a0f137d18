/* isolation - see isolation.h. Run by isolated and isolated_bear. */
#include "bench/isolation.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/authenticator_jail.h"
#include "keeper/channel.h"
#include "lib/fork.h"
#include "lib/jail.h"
#include "session/session_jail.h"

#define ACCOUNT 65534
#define CHANNEL 3 /* the session's descriptors are 0, 1 and this */

static struct jail jail = {
	.isolate = true, .base = JAIL_BASE, .account = ACCOUNT};
static struct channel_message message;
static const struct isolation *how;

/* ------------------------------------------------------- the session --- */

/* Asks the keeper; returns 0, the descriptor that came, or -1. */
static int
ask(enum channel_type type)
{
	int fd;

	channel_start(&message, type, 0);
	if (channel_send(CHANNEL, &message) == -1 ||
		channel_receive_fd(CHANNEL, &message, &fd) == -1)
		return -1;
	return fd == -1 ? 0 : fd;
}

static int
ask_login(void)
{
	return ask(ASK_AUTH);
}

static int
ask_open(void)
{
	return ask(ASK_OPEN);
}

static int
ask_commit(void)
{
	return ask(ASK_COMMIT);
}

size_t
isolation_ask_sign(unsigned char *data, size_t len, size_t cap)
{
	channel_start(&message, ASK_SIGN, 0);
	if (channel_add(&message, data, len) == -1 ||
		channel_ask(CHANNEL, &message) == -1 || message.len > cap)
		return 0;
	memcpy(data, message.body, message.len);
	return message.len;
}

static _Noreturn void
be_session(int channel)
{
	struct canned c = {.read = canned_read,
		.write = canned_write,
		.login = ask_login,
		.open = ask_open,
		.commit = ask_commit};

	if (dup2(channel, CHANNEL) == -1)
		_exit(111);
	close(STDERR_FILENO);
	jail_close_from(CHANNEL + 1);
	jail.calls = &session_calls;
	jail.fds_max = CHANNEL + 2;
	if (jail_enter(&jail) != JAIL_ENTERED)
		_exit(111);
	how->talk(&c);
	_exit(0);
}

/* -------------------------------------------------------- the keeper --- */

/* A process that answers once, and is gone. */
static int
log_in(void)
{
	char letter = 'A';
	int pair[2];

	if (channel_pair(pair) == -1)
		return -1;
	pid_t pid = fork_child();

	if (pid == 0) {
		dup2(pair[1], 0);
		jail_close_from(1);
		jail.calls = &authenticator_calls;
		jail.fds_max = 2;
		if (jail_raise(JAIL_RIGHTS_MAKE) == -1 ||
			jail_enter(&jail) != JAIL_ENTERED ||
			read(0, &letter, 1) != 1)
			_exit(111);
		_exit(write(0, &letter, 1) != 1);
	}
	close(pair[1]);
	int result = pid != -1 && write(pair[0], &letter, 1) == 1 &&
				     read(pair[0], &letter, 1) == 1 &&
				     waitpid(pid, NULL, 0) == pid
			     ? 0
			     : -1;
	close(pair[0]);
	return result;
}

static int
sign(void)
{
	message.len = how->sign(message.body, message.len, sizeof message.body);
	return message.len > 0 ? 0 : -1;
}

static int
serve(int channel)
{
	static struct canned_message m;
	int fd = -1, result;

	switch (message.type) {
	case ASK_AUTH:
		result = log_in();
		break;
	case ASK_SIGN:
		result = sign();
		break;
	case ASK_OPEN:
		result = canned_open(&m, how->sink);
		fd = m.data;
		break;
	default:
		result = canned_commit(&m);
	}
	if (result == 0)
		result = channel_answer(channel, &message, fd);
	if (fd != -1)
		close(fd);
	m.data = -1;
	return result;
}

/* As a line of smtpd-auth's log. */
static int
say(const char *text)
{
	return write(STDERR_FILENO, text, strlen(text)) == -1 ? -1 : 0;
}

static int
be_keeper(int channel, pid_t session)
{
	if (how->load != NULL && how->load() == -1)
		return 111;
	/* Not the client, and no room for a pipe there. */
	if (dup2(STDERR_FILENO, 0) == -1 || dup2(STDERR_FILENO, 1) == -1 ||
		jail_keep() == -1 || jail_identity(ACCOUNT, ACCOUNT) == -1 ||
		jail_lower(JAIL_RIGHTS_MAKE) == -1 ||
		prctl(PR_SET_DUMPABLE, 0) == -1 ||
		say("smtpd-auth: 4711 127.0.0.1 connect port=587\n") == -1)
		return 111;
	while (channel_receive(channel, &message) == 1)
		if (serve(channel) == -1)
			return 111;
	waitpid(session, NULL, 0);
	return say("smtpd-auth: 4711 127.0.0.1 end seconds=0.0 messages=0 "
		   "reason=quit\n") == -1;
}

int
isolation_run(const struct isolation *given)
{
	int on = 1, channel[2];

	how = given;
	jail.directory = how->empty;
	setsockopt(1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (channel_pair(channel) == -1)
		return 111;
	pid_t session = fork_child();

	if (session == -1)
		return 111;
	if (session == 0)
		be_session(channel[1]);
	close(channel[1]);
	return be_keeper(channel[0], session);
}
