/* signals - see signals.h. Run by children of the keeper before an exec. */
#include "lib/signals.h"

#include <signal.h>
#include <stddef.h>

void
signals_default(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL); /* SIGKILL and SIGSTOP refuse */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
