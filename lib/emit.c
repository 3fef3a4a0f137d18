/* emit - see emit.h. Run by the keeper and by our qmail-queue programs. */
#include "lib/emit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/output.h"

#define RACE_MS 100 /* poll() saw room, and somebody else was quicker */
#define AGAIN_US 100000
#define NOWAIT 8 /* RWF_NOWAIT of <linux/fs.h> */

static volatile sig_atomic_t rang;

static void
ring(int number)
{
	(void)number;
	rang = 1;
}

/* Again and again: one signal may come between a look at rang and the call. */
static void
set_alarm(int ms)
{
	struct itimerval timer = {
		.it_interval = {.tv_usec = ms > 0 ? AGAIN_US : 0},
		.it_value = {ms / 1000, ms % 1000 * 1000}};

	rang = 0;
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

static void
prepare_alarm(void)
{
	static bool prepared;
	struct sigaction action = {.sa_handler = ring}; /* no SA_RESTART */
	sigset_t alarm_only;

	if (prepared)
		return;
	prepared = true;
	(void)sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarm_only, NULL);
}

static bool
has_room(int fd, int64_t until)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	return clock_poll(&room, 1, until) == 1;
}

/* A write that may block, with somebody to wake it up. */
static bool
write_watched(int fd, const char *text, size_t len, int64_t until)
{
	int64_t left = until - clock_ms();
	bool good = true;

	prepare_alarm();
	set_alarm(left < RACE_MS ? RACE_MS : (int)left);
	while (good && len > 0) {
		ssize_t n = write(fd, text, len);

		if (n >= 0) {
			text += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			/* Somebody has set O_NONBLOCK. */
			good = has_room(fd, until);
		} else {
			good = errno == EINTR;
		}
		good = good && !rang;
	}
	set_alarm(0);
	return len == 0;
}

/* Nobody has to read a file, so that nothing waits there. */
static bool
is_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool
emit(int fd, const char *text, size_t len, int ms)
{
	static enum {
		UNTRIED,
		TO_FILE, /* five system calls a line less */
		WITHOUT_WAIT,
		WATCHED /* not this descriptor, or not this kernel */
	} way;
	struct iovec whole = {(void *)(uintptr_t)text, len};

	if (way == UNTRIED)
		way = is_file(fd) ? TO_FILE : WITHOUT_WAIT;
	if (way == TO_FILE)
		return output_all(fd, (struct slice){text, len}) == 0;
	if (way == WITHOUT_WAIT) {
		/* Pipes and sockets know it since Linux 6.5. */
		ssize_t n =
			syscall(SYS_pwritev2, fd, &whole, 1, -1L, -1L, NOWAIT);

		if (n == (ssize_t)len)
			return true;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			way = WATCHED;
	}
	int64_t until = clock_ms() + ms;

	/* At once where it has to wait anyway, and may. */
	if ((way == WITHOUT_WAIT || ms == 0) && !has_room(fd, until))
		return false;
	return write_watched(fd, text, len, until);
}

bool
emit_datagram(int fd, const char *text, size_t len, int ms)
{
	int64_t until = 0;

	while (send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == -1) {
		if (errno != EAGAIN && errno != EINTR)
			return false;
		if (until == 0)
			until = clock_ms() + ms;
		if (!has_room(fd, until) || clock_ms() > until) {
			errno = EAGAIN;
			return false;
		}
	}
	return true;
}
