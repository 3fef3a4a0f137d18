/*
 * holder - which program listens on a port: its socket's inode by /proc/net,
 * the process by its descriptors. Run by smtpd-check.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check/holder.h"
#include "check/report.h"
#include "check/shell.h"

#define LISTENERS_MAX 16
#define STATE_LISTEN 0x0a

struct listeners {
	char links[LISTENERS_MAX][32]; /* socket:[INODE] */
	size_t count;
};

/* Listeners of one family on a port. */
static void
read_table(const char *path, unsigned wanted, struct listeners *found)
{
	FILE *file = fopen(path, "re");
	char line[512];
	unsigned port, state;
	unsigned long inode;

	while (file != NULL && found->count < LISTENERS_MAX &&
		fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line,
			    " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s "
			    "%*s %*s %*u %*u %lu",
			    &port, &state, &inode) != 3 ||
			state != STATE_LISTEN || port != wanted)
			continue;
		(void)snprintf(found->links[found->count++],
			sizeof *found->links, "socket:[%lu]", inode);
	}
	if (file != NULL)
		(void)fclose(file); /* was only read */
}

static bool
is_among(const struct listeners *l, const char *link)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->links[i], link) == 0)
			return true;
	return false;
}

/* Has the process one of these sockets? */
static bool
holds(const char *pid, const struct listeners *l)
{
	char link[64];
	DIR *directory = opendir(report_text("/proc/%s/fd", pid));
	const struct dirent *entry;
	bool found = false;

	while (!found && directory != NULL &&
		(entry = readdir(directory)) != NULL) {
		ssize_t len = readlinkat(
			dirfd(directory), entry->d_name, link, sizeof link - 1);

		link[len < 0 ? 0 : len] = '\0';
		found = is_among(l, link);
	}
	if (directory != NULL)
		closedir(directory);
	return found;
}

/* A file of /proc/PID; its length, 0 when there is none. */
static size_t
read_about(const char *pid, const char *name, char *text, size_t cap)
{
	int fd = open(
		report_text("/proc/%s/%s", pid, name), O_RDONLY | O_CLOEXEC);
	ssize_t len = fd == -1 ? 0 : read(fd, text, cap - 1);

	if (fd != -1)
		close(fd);
	len = len < 0 ? 0 : len;
	text[len] = '\0';
	return (size_t)len;
}

/* Does it start smtpd-auth for whoever connects, as far as can be seen? */
static bool
is_launcher(const char *pid, const char *name)
{
	static const char *const inetd[] = {
		"xinetd", "inetd", "systemd", "systemd-socket-", NULL};
	static char words[65536];
	size_t len = read_about(pid, "cmdline", words, sizeof words);

	/* The words have a NUL between; sh -c has one word of many. */
	return shell_is_among(inetd, name) ||
	       memmem(words, len, "smtpd-auth", strlen("smtpd-auth")) != NULL;
}

bool
holder_find(unsigned port, struct holder *holder)
{
	struct listeners listeners = {.count = 0};
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	*holder = (struct holder){.is_launcher = false};
	read_table("/proc/net/tcp", port, &listeners);
	read_table("/proc/net/tcp6", port, &listeners);
	while (processes != NULL && listeners.count > 0 &&
		!holder->is_launcher && (entry = readdir(processes)) != NULL) {
		const char *pid = entry->d_name;

		if (*pid < '1' || *pid > '9' || !holds(pid, &listeners))
			continue;
		(void)snprintf(holder->pid, sizeof holder->pid, "%.11s", pid);
		(void)read_about(
			pid, "comm", holder->name, sizeof holder->name);
		holder->name[strcspn(holder->name, "\n")] = '\0';
		holder->is_launcher = is_launcher(pid, holder->name);
	}
	if (processes != NULL)
		closedir(processes);
	return holder->pid[0] != '\0';
}
