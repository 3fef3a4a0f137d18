/*
 * terminal - see terminal.h. Run by smtpd-passwd and smtpd-check.
 *
 * While echo is off, signals are blocked and only looked at through a
 * signalfd; they strike when the terminal is as it was. So no handler and
 * nothing global is needed.
 */
#include "lib/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

enum line_result { LINE_READ, LINE_FAILED, LINE_SIGNAL };

static enum line_result
read_line(int signals, struct buffer *out)
{
	struct pollfd fds[2] = {
		{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};

	while (!out->overflow) {
		ssize_t n;
		char c;

		if (signals >= 0 && poll(fds, 2, -1) < 0 && errno != EINTR)
			return LINE_FAILED;
		if (fds[1].revents != 0)
			return LINE_SIGNAL;
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return LINE_FAILED;
		if (n == 0 || c == '\n')
			return LINE_READ;
		buffer_add_char(out, c);
	}
	return LINE_READ;
}

static void
show(const char *text)
{
	/* Without a prompt it still works. */
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
	(void)ignored;
}

static enum line_result
ask(int signals, const char *prompt, struct buffer *out)
{
	struct termios usual, silent;
	enum line_result result;

	if (tcgetattr(STDIN_FILENO, &usual) != 0)
		return LINE_FAILED;
	silent = usual;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	silent.c_lflag |= ICANON | ISIG;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0)
		return LINE_FAILED;
	show(prompt);
	result = read_line(signals, out);
	show("\n");
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual) != 0)
		return LINE_FAILED;
	return result;
}

int
terminal_password(const char *prompt, struct buffer *out)
{
	static const int caught[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};
	enum line_result result;
	sigset_t set, usual;
	int signals;

	if (!isatty(STDIN_FILENO))
		return read_line(-1, out) == LINE_READ ? 0 : -1;
	(void)sigemptyset(&set); /* these two cannot fail */
	for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++)
		(void)sigaddset(&set, caught[i]);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return -1;
	do {
		explicit_bzero(out->data, out->len);
		out->len = 0;
		if (sigprocmask(SIG_BLOCK, &set, &usual) != 0)
			return -1;
		result = ask(signals, prompt, out);
		/* A signal that came strikes here; after a stop, ask again. */
		if (sigprocmask(SIG_SETMASK, &usual, NULL) != 0)
			return -1;
	} while (result == LINE_SIGNAL);
	(void)close(signals);
	return result == LINE_READ ? 0 : -1;
}

int
terminal_keep_secret(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 &&
			       prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
		       ? 0
		       : -1;
}
