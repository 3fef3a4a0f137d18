/*
 * limithook - see limithook.h. Run by the keeper and by the watcher that it
 * forks. The watcher starts the hook: the keeper may be gone before it ends.
 */
#include "keeper/limithook.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keeper/environment.h"
#include "keeper/keeper.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/fork.h"
#include "lib/path.h"

#define NAME "control/limithook"

/* Returns 0, or an errno. */
static int
start_hook(pid_t *pid, const char *path, char *const *argv,
	char *const *environment)
{
	const struct child_fd fd = {STDERR_FILENO, STDOUT_FILENO};

	return child_spawn(pid, &(struct child_program){.path = path,
					.arguments = argv,
					.environment = environment,
					.fds = &fd,
					.fds_count = 1});
}

/* Waits for the hook, and kills it in the end: then false. */
static bool
wait_for(pid_t pid)
{
	/* What a hook that has ended left running is not killed. */
	if (child_wait(pid, NULL, LIMITHOOK_MS) != 0)
		return true;
	child_kill(pid);
	(void)child_wait(pid, NULL, CLOCK_NEVER);
	return false;
}

/* The watcher: out of the keeper's session, with nothing of its secrets. */
static _Noreturn void
watch(struct keeper *k, const char *path, char *const *argv,
	char *const *environment)
{
	pid_t pid;

	setsid();
	jail_close_from(STDERR_FILENO + 1);
	signer_close(&k->tls.signer);
	int failed = start_hook(&pid, path, argv, environment);

	if (failed != 0)
		keeper_log_config(k, NAME, strerror(failed));
	else if (!wait_for(pid))
		keeper_log_config(k, NAME, "killed, it took too long");
	_exit(0);
}

void
limithook_run(struct keeper *k, uint64_t limit)
{
	char path[PATH_ROOM], digits[24];
	struct buffer number = BUFFER_OVER(digits);
	struct slice directory = slice_of(k->config->directory);
	char *user = (char *)(uintptr_t)login_user(k);
	char *const argv[] = {path, user, digits, NULL};

	buffer_add_number(&number, limit);
	if (path_join(path, sizeof path, directory, "limithook") == NULL ||
		buffer_string(&number) == NULL)
		return; /* a directory that could not have been opened */
	if (access(path, X_OK) == -1) {
		if (errno != ENOENT)
			keeper_log_config(k, NAME, strerror(errno));
		return;
	}
	char *const *environment = environment_make(k, 0, NULL, 0);

	if (environment == NULL) {
		keeper_log_config(k, NAME, strerror(E2BIG));
		return;
	}
	pid_t watcher = fork_child();

	if (watcher == 0)
		watch(k, path, argv, environment);
	if (watcher == -1)
		keeper_log_config(k, NAME, strerror(errno));
}
