/* race - see race.h. Run by queue-qmqp. */
#include "queue/race.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "queue/program.h"

/* A connection on its way. */
struct runner {
	size_t server; /* index */
	int64_t until; /* then it has lost */
};

struct race {
	struct servers *servers;
	size_t next;	    /* index of the first that was not begun */
	int64_t next_start; /* when it may be */
	size_t count;	    /* of runners */
	struct runner runners[SERVERS_MAX];
	struct pollfd fds[SERVERS_MAX + 1]; /* theirs; behind them stop */
};

static void
lose(struct server *server, const char *reason)
{
	program_say_about(server->name, reason, slice_of(""));
	server->out = true;
}

/* Takes it out of the race, its descriptor still open. */
static void
drop(struct race *race, size_t i)
{
	race->count--;
	race->runners[i] = race->runners[race->count];
	race->fds[i] = race->fds[race->count];
	race->next_start = 0; /* whoever waited beside it may begin */
}

/* Returns a socket on whose connection one can wait, or -1 with errno. */
static int
begin(const struct server *server)
{
	int fd = socket(server->address.any.sa_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 || connect(fd, &server->address.any, server->len) == 0 ||
		errno == EINPROGRESS)
		return fd;
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

/* Begins those whose time has come. */
static void
begin_due(struct race *race)
{
	struct servers *servers = race->servers;

	for (; race->next < servers->count; race->next++) {
		struct server *server = &servers->all[race->next];

		if (server->out)
			continue;
		if (race->count > 0 && clock_ms() < race->next_start)
			return;
		int fd = begin(server);

		if (fd == -1) {
			lose(server, strerror(errno));
			continue;
		}
		int64_t now = clock_ms();

		race->fds[race->count] =
			(struct pollfd){.fd = fd, .events = POLLOUT};
		race->runners[race->count++] =
			(struct runner){race->next, now + RACE_CONNECT_MS};
		race->next_start = now + RACE_NEXT_MS;
	}
}

/* Waits until something is to be done. Returns what poll() does. */
static int
wait_for_news(struct race *race, int stop, int64_t deadline)
{
	if (race->next < race->servers->count && race->next_start < deadline)
		deadline = race->next_start;
	for (size_t i = 0; i < race->count; i++)
		if (race->runners[i].until < deadline)
			deadline = race->runners[i].until;
	race->fds[race->count] = (struct pollfd){.fd = stop, .events = POLLIN};
	return clock_poll(race->fds, (nfds_t)race->count + 1, deadline);
}

/* Looks at each. Returns the index of a runner that has arrived, or count. */
static size_t
look(struct race *race)
{
	for (size_t i = 0; i < race->count;) {
		struct server *server =
			&race->servers->all[race->runners[i].server];
		int error = ETIMEDOUT;
		socklen_t len = sizeof error;

		if (race->fds[i].revents != 0 &&
			getsockopt(race->fds[i].fd, SOL_SOCKET, SO_ERROR,
				&error, &len) == 0 &&
			error == 0)
			return i;
		if (race->fds[i].revents == 0 &&
			clock_ms() < race->runners[i].until) {
			i++;
			continue;
		}
		lose(server, race->fds[i].revents == 0
				     ? "no connection within 5 seconds"
				     : strerror(error));
		close(race->fds[i].fd);
		drop(race, i);
	}
	return race->count;
}

static enum race_end
run(struct race *race, int stop, int64_t deadline, size_t *winner, int *fd)
{
	for (;;) {
		begin_due(race);
		if (race->count == 0)
			return RACE_NONE_LEFT;
		wait_for_news(race, stop, deadline);
		if (race->fds[race->count].revents != 0)
			return RACE_STOPPED;
		size_t first = look(race);

		if (first < race->count) {
			*winner = race->runners[first].server;
			*fd = race->fds[first].fd;
			drop(race, first);
			return RACE_WON;
		}
		if (clock_ms() >= deadline)
			return RACE_TIMEOUT;
	}
}

enum race_end
race_run(struct servers *servers, int stop, int64_t deadline, size_t *winner,
	int *fd)
{
	struct race race = {.servers = servers};
	enum race_end end = run(&race, stop, deadline, winner, fd);

	/* The others were told nothing, and may have another try. */
	for (size_t i = 0; i < race.count; i++)
		close(race.fds[i].fd);
	return end;
}
