/* stage - all files or none; part of smtpd-auth-conf. */
#include "conf/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_REPLACE 1u /* RENAME_NOREPLACE of renameat2(2) */

static volatile sig_atomic_t stopped;

static void
stop(int signal)
{
	stopped = signal;
}

static void
hold_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = stop};

	(void)sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		(void)sigaction(signals[i], &action, NULL);
	/* A file past ulimit -f is then an error, and all is taken back. */
	(void)signal(SIGXFSZ, SIG_IGN);
}

static int
failed(const struct stage *stage, const char *what, const char *path)
{
	if (stopped)
		return tool_fatal(TOOL_TEMPORARY,
			"stopped by signal %d; nothing was changed",
			(int)stopped);
	return tool_fatal(TOOL_TEMPORARY, "unable to %s %s/%s: %s", what,
		stage->directory, path, strerror(errno));
}

int
stage_begin(struct stage *stage, const char *directory)
{
	*stage = (struct stage){.directory = directory, .parent = -1, .fd = -1};
	hold_signals();
	if (mkdir(directory, 0755) == 0)
		stage->made_parent = true;
	else if (errno == ENOENT)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to make %s: no directory above it; mkdir -p %s",
			directory, directory);
	else if (errno != EEXIST)
		return tool_fatal(TOOL_TEMPORARY, "unable to make %s: %s",
			directory, strerror(errno));
	stage->parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stage->parent == -1)
		return tool_fatal(TOOL_TEMPORARY, "unable to open %s: %s",
			directory, strerror(errno));
	if (mkdirat(stage->parent, STAGE_NAME, 0700) == -1) {
		if (errno == EEXIST)
			return tool_fatal(TOOL_TEMPORARY,
				"%s/" STAGE_NAME " exists: another run is "
				"under way, or was killed; then: rm -r "
				"%s/" STAGE_NAME,
				directory, directory);
		return failed(stage, "make", STAGE_NAME);
	}
	stage->made = true;
	stage->fd = openat(
		stage->parent, STAGE_NAME, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return stage->fd == -1 ? failed(stage, "open", STAGE_NAME) : 0;
}

int
stage_directory(struct stage *stage, const char *path, mode_t mode)
{
	if (stopped || mkdirat(stage->fd, path, 0700) == -1 ||
		fchmodat(stage->fd, path, mode, 0) == -1)
		return failed(stage, "make", path);
	return 0;
}

int
stage_file(
	struct stage *stage, const char *path, struct slice text, mode_t mode)
{
	int fd = openat(
		stage->fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool good = fd != -1 && !stopped;

	while (good && text.len > 0) {
		ssize_t put = write(fd, text.data, text.len);

		if (put >= 0)
			text = slice_from(text, (size_t)put);
		else if (errno != EINTR || stopped)
			good = false;
	}
	good = good && fchmod(fd, mode) == 0 && fsync(fd) == 0;
	if (!good) {
		int status = failed(stage, "write", path);

		if (fd != -1)
			(void)close(fd);
		return status;
	}
	return close(fd) == 0 ? 0 : failed(stage, "write", path);
}

int
stage_link(struct stage *stage, const char *path, const char *target)
{
	if (stopped || symlinkat(target, stage->fd, path) == -1)
		return failed(stage, "link", path);
	return 0;
}

int
stage_mode(struct stage *stage, const char *path, mode_t mode)
{
	if (stopped || fchmodat(stage->fd, path, mode, 0) == -1)
		return failed(stage, "change the mode of", path);
	return 0;
}

int
stage_owner(
	struct stage *stage, const char *path, const struct account *account)
{
	if (stopped || fchownat(stage->fd, path, account->uid, account->gid,
			       AT_SYMLINK_NOFOLLOW) == -1)
		return failed(stage, "change the owner of", path);
	return 0;
}

int
stage_place(struct stage *stage, const char *path, const char *target)
{
	if (stopped || stage->placed_count == STAGE_PLACED_MAX ||
		slice_string(slice_of(target),
			stage->placed[stage->placed_count],
			sizeof *stage->placed) == -1 ||
		syscall(SYS_renameat2, stage->fd, path, stage->parent, target,
			NO_REPLACE) == -1)
		return failed(stage, "make", target);
	stage->placed_count++;
	return 0;
}

int
stage_end(struct stage *stage)
{
	if (stopped || fsync(stage->parent) == -1)
		return failed(stage, "write", "");
	if (unlinkat(stage->parent, STAGE_NAME "/control", AT_REMOVEDIR) ==
			-1 &&
		errno != ENOENT)
		return failed(stage, "remove", STAGE_NAME "/control");
	if (unlinkat(stage->parent, STAGE_NAME, AT_REMOVEDIR) == -1)
		return failed(stage, "remove", STAGE_NAME);
	stage->made = false;
	return 0;
}

static int
remove_one(const char *path, const struct stat *status, int kind,
	struct FTW *where)
{
	(void)status;
	(void)kind;
	(void)where;
	return remove(path);
}

static void
remove_below(const struct stage *stage, const char *name)
{
	char path[CONF_PATH_MAX];

	if (conf_path(path, stage->directory, "/", name) != NULL &&
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == -1)
		tool_warn("unable to remove %s: %s", path, strerror(errno));
}

void
stage_abandon(struct stage *stage)
{
	while (stage->placed_count > 0)
		remove_below(stage, stage->placed[--stage->placed_count]);
	if (stage->made)
		remove_below(stage, STAGE_NAME);
	/* Stays when somebody else has put something there meanwhile. */
	if (stage->made_parent)
		(void)rmdir(stage->directory);
}
