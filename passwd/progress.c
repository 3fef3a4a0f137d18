/* progress - see progress.h. Used by smtpd-passwd. */
#include "passwd/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"

#define FIRST_MS 500 /* what is done sooner needs no words */
#define EACH_MS 200
#define EVERY 16 /* calls between two looks at the clock */

void
progress_start(struct progress *p, const char *what, size_t total)
{
	*p = (struct progress){.total = total > 0 ? total : 1};
	if (!isatty(STDERR_FILENO))
		return;
	p->what = what;
	p->next = clock_ms() + FIRST_MS;
}

static void
show(struct progress *p, size_t done)
{
	int n = fprintf(stderr, "\r%s: %zu %%", p->what,
		(size_t)((double)done * 100 / (double)p->total));

	if (n > 0 && (unsigned)n > p->shown)
		p->shown = (unsigned)n;
	(void)fflush(stderr); /* a terminal that is gone is no failure */
}

void
progress_at(struct progress *p, size_t done)
{
	if (p->what == NULL || p->calls++ % EVERY != 0 || clock_ms() < p->next)
		return;
	p->next = clock_ms() + EACH_MS;
	show(p, done);
}

void
progress_end(struct progress *p)
{
	if (p->what != NULL && p->shown > 0)
		(void)fprintf(stderr, "\r%*s\r", (int)p->shown, "");
	p->what = NULL;
}
