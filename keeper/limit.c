/* limit - see limit.h. Run by the keeper. */
#include "keeper/limit.h"

#include <errno.h>
#include <string.h>

#include "control/relaylimits.h"
#include "keeper/counter.h"
#include "keeper/limithook.h"
#include "keeper/keeper.h"
#include "keeper/quota.h"
#include "lib/clock.h"

/* The name that the login is counted and listed under. */
static struct slice
counted_name(const struct keeper *k, struct buffer *name)
{
	buffer_add_text(name, k->login);
	counter_domain(name, k->config->authdomain);
	return buffer_slice(name);
}

static bool
open_counts(struct keeper *k)
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	struct limit *l = &k->limit;

	if (l->tried)
		return l->usable;
	l->tried = true;
	l->most = relaylimits_find(
		&k->config->relaylimits, counted_name(k, &name));
	if (l->most == 0)
		return false;
	if (k->config->statedir.data == NULL)
		keeper_log_config(
			k, "control/relaylimits", "needs control/statedir");
	else
		l->usable = guard_open(k, &l->recipients, &quota_shape);
	return l->usable;
}

static void
log_limit(struct keeper *k, struct slice recipient)
{
	struct log_line line;

	if (k->limit.logged)
		return;
	k->limit.logged = true;
	log_start(&line, &k->log, "rcpt refused");
	log_value(&line, "rcpt", recipient);
	log_text(&line, "reason", "limit");
	log_text(&line, "user", k->login);
	log_number(&line, "limit", k->limit.most);
	keeper_log(k, &line);
}

bool
limit_allows(struct keeper *k, struct slice recipient)
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	struct limit *l = &k->limit;

	if (!open_counts(k))
		return true;
	enum quota_result result = quota_take(&l->recipients,
		counted_name(k, &name), l->most, clock_seconds());

	if (result == QUOTA_BROKEN) {
		guard_log(k, quota_shape.name, strerror(errno));
		return true;
	}
	if (result == QUOTA_FREE) {
		l->taken++;
		return true;
	}
	log_limit(k, recipient);
	if (result == QUOTA_FIRST)
		hook_run(k, l->most);
	return false;
}

void
limit_queued(struct keeper *k)
{
	k->limit.taken = 0;
}

void
limit_give_back(struct keeper *k)
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);

	if (k->limit.taken > 0 &&
		quota_give_back(&k->limit.recipients, counted_name(k, &name),
			k->limit.taken, clock_seconds()) == -1)
		guard_log(k, quota_shape.name, strerror(errno));
	k->limit.taken = 0;
}
