/* servers - see servers.h. Run by queue-qmqp and smtpd-check. */
#include "queue/servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "lib/controldir.h"
#include "lib/path.h"
#include "queue/program.h"
#include "queue-handoff/status.h"

#define PORT_MAX 65535
#define SECONDS_MAX 86400

/* Behind the address: nothing, or ":" and a port. In network order. */
static int
parse_port(struct slice rest, in_port_t *port)
{
	uint64_t number = SERVERS_PORT;

	if (rest.len > 0 &&
		(rest.data[0] != ':' ||
			slice_number(slice_from(rest, 1), &number) == -1))
		return -1;
	if (number == 0 || number > PORT_MAX)
		return -1;
	*port = htons((uint16_t)number);
	return 0;
}

static int
parse_v4(struct server *server, struct slice line)
{
	struct sockaddr_in *to = &server->address.v4;
	size_t len = slice_find(line, ':');
	char text[INET_ADDRSTRLEN];

	to->sin_family = AF_INET;
	server->len = sizeof *to;
	if (slice_string((struct slice){line.data, len}, text, sizeof text) ==
			-1 ||
		inet_pton(AF_INET, text, &to->sin_addr) != 1)
		return -1;
	return parse_port(slice_from(line, len), &to->sin_port);
}

static int
parse_v6(struct server *server, struct slice line)
{
	struct sockaddr_in6 *to = &server->address.v6;
	struct slice inner = slice_from(line, 1);
	size_t len = slice_find(inner, ']');
	char text[INET6_ADDRSTRLEN];

	to->sin6_family = AF_INET6;
	server->len = sizeof *to;
	if (len == inner.len ||
		slice_string((struct slice){inner.data, len}, text,
			sizeof text) == -1 ||
		inet_pton(AF_INET6, text, &to->sin6_addr) != 1)
		return -1;
	return parse_port(slice_from(inner, len + 1), &to->sin6_port);
}

static int
parse_line(struct server *server, struct slice line)
{
	*server = (struct server){.out = false};
	if (slice_string(line, server->name, sizeof server->name) == -1)
		return -1;
	return line.data[0] == '[' ? parse_v6(server, line)
				   : parse_v4(server, line);
}

const char *
servers_parse(struct servers *servers, struct slice text, struct slice *line)
{
	servers->count = 0;
	while (text.data != NULL) {
		*line = slice_split(&text, '\n');
		while (line->len > 0 && bytes_space(line->data[line->len - 1]))
			line->len--;
		if (line->len == 0 || line->data[0] == '#')
			continue;
		if (servers->count == SERVERS_MAX)
			return "too many servers";
		if (parse_line(&servers->all[servers->count++], *line) == -1)
			return "not a numeric address";
	}
	*line = SLICE_NONE;
	return servers->count == 0 ? "names no server" : NULL;
}

void
servers_rotate(struct servers *servers, size_t n)
{
	for (n %= servers->count; n > 0; n--) {
		struct server first = servers->all[0];

		memmove(servers->all, servers->all + 1,
			(servers->count - 1) * sizeof first);
		servers->all[servers->count - 1] = first;
	}
}

/*
 * The file's text into room. Returns 0, or -1 with *reason, NULL for errno's.
 */
static int
read_list(const char *path, struct buffer *room, const char **reason)
{
	int fd = path_open(path);
	struct stat status;
	ssize_t n = -1;

	*reason = NULL;
	if (fd == -1)
		return -1;
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode))
		*reason = "not a regular file";
	else
		while ((n = read(fd, room->data + room->len,
				room->cap - room->len)) > 0)
			room->len += (size_t)n;
	if (*reason == NULL && room->len == room->cap)
		*reason = "too large";
	int error = errno;

	close(fd);
	errno = error;
	return n == -1 || *reason != NULL ? -1 : 0;
}

static int
fail_list(const char *path, const char *reason, struct slice line)
{
	char room[512];
	struct buffer why = BUFFER_OVER(room);

	buffer_add_text(&why, reason);
	if (line.data != NULL) {
		buffer_add_text(&why, ": ");
		buffer_add_escaped(&why, line, SERVERS_NAME);
	}
	return program_fail(QUEUE_NO_CONFIG, "use ", path, buffer_string(&why));
}

int
servers_load(struct servers *servers)
{
	static char text[SERVERS_OCTETS];
	char place[PATH_ROOM];
	struct buffer list = BUFFER_OVER(text);
	struct slice line;
	const char *reason;

	if (path_join(place, sizeof place, slice_of(controldir_find()),
		    SERVERS_FILE) == NULL)
		return program_fail(QUEUE_NO_CONFIG, "find " SERVERS_FILE, "",
			strerror(ENAMETOOLONG));
	if (read_list(place, &list, &reason) == -1) {
		/* The code stays that of a configuration whatever errno is. */
		program_fail(QUEUE_NO_CONFIG, "read ", place, reason);
		return QUEUE_NO_CONFIG;
	}
	reason = servers_parse(servers, buffer_slice(&list), &line);
	return reason == NULL ? 0 : fail_list(place, reason, line);
}

const char *
servers_environment(bool *rotate, uint64_t *seconds, const char **rule)
{
	struct slice order = slice_of(getenv("QMQPORDER"));
	struct slice timeout = slice_of(getenv("QMQPTIMEOUT"));

	*rotate = order.data == NULL || slice_is(order, "rotate");
	*seconds = SERVERS_SECONDS;
	*rule = "must be rotate or list";
	if (!*rotate && !slice_is(order, "list"))
		return "QMQPORDER";
	*rule = "must be 1 to 86400 seconds";
	if (timeout.data != NULL &&
		(slice_number(timeout, seconds) == -1 || *seconds == 0 ||
			*seconds > SECONDS_MAX))
		return "QMQPTIMEOUT";
	return NULL;
}
