/* litter - see litter.h. Used by smtpd-passwd, under the lock. */
#include "passwd/litter.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "passwd/userfile.h"

#define PATHS_MAX 4

static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGXCPU};

static char paths[PATHS_MAX][USERFILE_PATH_MAX + 32];
static volatile sig_atomic_t count;

/* While the lock is held no file of these names is anybody else's. */
static void
remove_and_end(int number)
{
	for (int i = 0; i < count; i++)
		(void)unlink(paths[i]); /* may be in its place already */
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

/* Leaves alone what is ignored, as by nohup(1). */
static void
set_all(void (*action)(int), void (*instead)(int))
{
	struct sigaction old, new = {.sa_handler = action};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &old) == 0 &&
			old.sa_handler == instead)
			(void)sigaction(ends[i], &new, NULL);
}

void
litter_watch(const char *path)
{
	if (count == PATHS_MAX)
		return; /* a change has three files */
	(void)snprintf(paths[count], sizeof paths[0], "%s", path);
	count++;
	set_all(remove_and_end, SIG_DFL);
}

void
litter_forget(void)
{
	set_all(SIG_DFL, remove_and_end);
	count = 0;
}
