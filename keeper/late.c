/* late - see late.h. Run by the keeper. */
#include "keeper/late.h"

#include "keeper/keeper.h"
#include "lib/clock.h"

void
late_init(struct late *late)
{
	*late = (struct late){.fd = -1, .deadline = CLOCK_NEVER};
}

struct pollfd
late_poll(const struct late *late)
{
	return (struct pollfd){.fd = late->fd, .events = late->events};
}

int
late_advance(struct keeper *k, bool news)
{
	struct late *late = &k->late;

	if (late->go_on == NULL || (!news && late->deadline > k->now))
		return 0;
	int verdict = late->go_on(k);

	if (verdict == VERDICT_LATER)
		return 0;
	/* Another may be asked next. */
	int (*then)(struct keeper *, int) = late->then;
	int64_t asked = late->asked;

	late_init(late);
	/* The session has waited for us: that is not held against it. */
	k->channel.since += k->now - asked;
	return then(k, verdict);
}

void
late_let_go(struct keeper *k)
{
	if (k->late.go_on == NULL)
		return;
	k->late.let_go(k);
	late_init(&k->late);
}
