/* fork - see fork.h. Run by main, keeper and authenticator. */
#include "lib/fork.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t
fork_child(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}
