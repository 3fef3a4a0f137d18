/*
 * Unit test of control/load: every file in every state that it must not be
 * in, and what is left of a configuration that could not be read.
 */
#include "control/config.h"

#include <errno.h>
#include <sys/wait.h>

#include "lib/controldir.h"
#include "tests/anew.h"
#include "tests/tap.h"

#define NOBODY 65534

/* Each file that config_load reads, in a state that it must not accept. */
static void
check_broken(const struct scratch *s, const char *name, const char *reason,
	const char *state)
{
	struct config config;
	char what[100], file[60];

	snprintf(what, sizeof what, "%s: %s", name, state);
	snprintf(file, sizeof file, "control/%s", name);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.failed_file, file) == 0 &&
			strcmp(config.reason, reason) == 0,
		what);
	scratch_remove(s, name);
}

/* What the variable says counts, and the file is not looked at. */
static void
check_unread(const struct scratch *s, const struct config_row *row)
{
	struct config config;
	char what[100];

	snprintf(what, sizeof what, "%s is not opened when %s is set",
		row->file, row->environment);
	scratch_must(mkdirat(s->fd, row->file, 0755) == 0, "mkdir");
	setenv(row->environment,
		strcmp(row->file, "policysocket") == 0 ? "/tmp/policy"
		: strcmp(row->file, "policyfail") == 0 ? "accept"
		: row->type == CONFIG_TEXT	       ? "example.com"
		: row->type == CONFIG_MECHANISMS       ? "PLAIN"
						       : "1",
		1);
	ok(config_load(&config, false) == 0, what);
}

static void
check_file(const struct scratch *s, const struct config_row *row)
{
	bool list = row->type == CONFIG_LIST || row->type == CONFIG_MECHANISMS;
	const char *name = row->file;

	anew(s);
	scratch_remove(s, name);
	scratch_must(mkdirat(s->fd, name, 0755) == 0, "mkdir");
	check_broken(s, name, "not a regular file", "directory");
	scratch_must(mkfifoat(s->fd, name, 0644) == 0, "mkfifo");
	check_broken(s, name, "not a regular file", "FIFO");
	scratch_must(symlinkat(name, s->fd, name) == 0, "symlink");
	check_broken(s, name, strerror(ELOOP), "loop of links");
	if (row->type != CONFIG_FILE) {
		scratch_write(s, name, "1\0\n", 3);
		check_broken(s, name, "holds a NUL", "NUL");
		scratch_huge(s, name, 8000000);
		check_broken(s, name,
			list ? "larger than 1048576 bytes"
			     : "larger than 4096 bytes",
			"8 MB");
	}
	if (row->environment != NULL)
		check_unread(s, row);
}

/* A child reads it as somebody else, since root reads everything. */
static void
check_denied(const struct scratch *s, const struct config_row *row)
{
	int status = -1;

	anew(s);
	scratch_text(s, row->file, "1\n");
	scratch_must(fchmodat(s->fd, row->file, 0, 0) == 0, "chmod");
	fflush(stdout);
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 && setuid(NOBODY) == -1)
			_exit(2);
		check_broken(s, row->file, "access denied", "mode 0");
		fflush(stdout);
		_exit(tap_failed != 0);
	}
	scratch_must(child > 0 && waitpid(child, &status, 0) == child, "fork");
	/* The child has printed the line; here it is counted. */
	tap_count++;
	tap_failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	scratch_remove(s, row->file);
}

static void
check_files(const struct scratch *s)
{
	size_t files = 0;

	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->file == NULL || row->type == CONFIG_PATH ||
			row->type == CONFIG_PRESENT)
			continue;
		check_file(s, row);
		check_denied(s, row);
		files++;
	}
	ok(files == 25, "so many files are read");
}

static void
check_lists(const struct scratch *s)
{
	struct config config;

	anew(s);
	ok(config_load(&config, false) == 0 && !config.rcpthosts.present &&
			config.morercpthosts_fd == -1,
		"lists: missing");
	scratch_text(s, "rcpthosts", "# ours\nexample.com\n");
	scratch_text(s, "badmailfrom", "");
	scratch_text(s, "badrcptto", "@example.org");
	scratch_text(s, "morercpthosts.cdb", "x");
	ok(config_load(&config, false) == 0, "lists: read");
	is_bytes(config.rcpthosts.text, config.rcpthosts.len, "example.com\n",
		strlen("example.com\n"), "lists: rcpthosts");
	ok(config.badmailfrom.present && config.badmailfrom.len == 0,
		"lists: badmailfrom is empty");
	is_bytes(config.badrcptto.text, config.badrcptto.len, "@example.org\n",
		strlen("@example.org\n"), "lists: badrcptto");
	ok(fcntl(config.morercpthosts_fd, F_GETFD) == FD_CLOEXEC,
		"lists: morercpthosts.cdb is open, for nobody else");
	close(config.morercpthosts_fd);
}

static void
check_failures(const struct scratch *s)
{
	struct config config;
	char text[400];

	anew(s);
	setenv("TCPREMOTEIP", "192.0.2.7", 1);
	setenv("SMTPS", "0", 1);
	scratch_remove(s, "me");
	ok(config_load(&config, true) == -1 && config.smtps &&
			slice_is(config.remote_ip, "192.0.2.7"),
		"a failure leaves the client's address and -s");
	setenv("CONTROLDIR", "/nonexistent/control", 1);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.failed_file, "/nonexistent/control") ==
				0 &&
			strcmp(config.reason, strerror(ENOENT)) == 0,
		"no control directory");
	snprintf(text, sizeof text, "%s/me", s->path);
	scratch_text(s, "me", "mx\n");
	setenv("CONTROLDIR", text, 1);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.reason, strerror(ENOTDIR)) == 0,
		"a file for a control directory");
	setenv("CONTROLDIR", "", 1);
	ok(strstr(controldir_find(), "/control") != NULL,
		"an empty CONTROLDIR is none");
	memset(text, 'x', 300);
	scratch_write(s, "me", text, 256);
	setenv("CONTROLDIR", s->path, 1);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.reason, "not a host name") == 0,
		"a host name of 256 octets");
	scratch_write(s, "me", text, 255);
	ok(config_load(&config, false) == 0, "one of 255");
}

int
main(void)
{
	struct scratch s;

	scratch_make(&s);
	int before = dup(s.fd);

	close(before);
	check_files(&s);
	check_lists(&s);
	check_failures(&s);
	int after = dup(s.fd);

	ok(after == before && after != -1, "no descriptor is left open");
	scratch_end(&s);
	return tap_done();
}
