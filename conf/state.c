/* state - see state.h; part of smtpd-auth-conf. */
#include "conf/state.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/service.h"

#define PARENT "/var/lib" /* a small system may have none */

static bool
is_wanted(const struct conf *conf)
{
	bool wanted = false;

	for (size_t i = 0; i < conf->ports_count; i++)
		wanted = wanted || conf->ports[i] != SERVICE_PORT_MX;
	return wanted && !conf->state_in_control;
}

/* One that was there stays as it is. */
static void
look_at_owner(const struct conf *conf)
{
	struct stat status;

	if (stat(CONF_STATE, &status) == 0 && S_ISDIR(status.st_mode) &&
		status.st_uid == conf->account.uid)
		return;
	tool_warn(CONF_STATE " is not a directory of %s: nothing is counted "
			     "until: install -d -o %s -m 700 " CONF_STATE,
		conf->account.name, conf->account.name);
}

int
state_make(struct conf *conf)
{
	if (!is_wanted(conf))
		return 0;
	conf->state_parent_made = mkdir(PARENT, 0755) == 0;
	if (mkdir(CONF_STATE, 0700) == -1) {
		if (errno != EEXIST)
			return tool_fatal(TOOL_TEMPORARY,
				"unable to make " CONF_STATE ": %s",
				strerror(errno));
		look_at_owner(conf);
		return 0;
	}
	conf->state_made = true;
	if (chown(CONF_STATE, conf->account.uid, conf->account.gid) == -1)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to change the owner of " CONF_STATE ": %s",
			strerror(errno));
	return 0;
}

void
state_undo(struct conf *conf)
{
	/* Stays when somebody has put something there meanwhile. */
	if (conf->state_made)
		(void)rmdir(CONF_STATE);
	if (conf->state_parent_made)
		(void)rmdir(PARENT);
	conf->state_made = conf->state_parent_made = false;
}
