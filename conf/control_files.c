/* control_files - me and certificate; part of smtpd-auth-conf. */
#include "conf/control_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/tls_files.h"

/* The first line of the control directory's me, or "". */
static void
read_me(const struct conf *conf, char out[CONF_PATH_MAX])
{
	char path[CONF_PATH_MAX];
	FILE *file = NULL;

	out[0] = '\0';
	if (conf_path(path, conf->control, "/me", "") != NULL)
		file = fopen(path, "re");
	if (file == NULL)
		return;
	if (fgets(out, CONF_PATH_MAX, file) == NULL)
		out[0] = '\0';
	out[strcspn(out, " \t\n")] = '\0';
	(void)fclose(file); /* was only read */
}

/* qmail's me is the name of the whole host: no command to change it. */
static void
compare_me(const struct conf *conf)
{
	char me[CONF_PATH_MAX];

	read_me(conf, me);
	if (strcmp(me, conf->host) == 0)
		return;
	if (conf->control_is_qmails)
		tool_warn("%s/me stays %s: so the service greets; "
			  "smtpgreeting may name another",
			conf->control, me);
	else
		tool_warn("%s/me stays %s; to change it: echo %s > "
			  "%s/me",
			conf->control, me, conf->host, conf->control);
}

int
control_files_make(struct conf *conf, struct stage *stage)
{
	char line[CONF_PATH_MAX];
	int status = stage_directory(stage, "control", 0755);

	if (status != 0)
		return status;
	(void)snprintf(line, sizeof line, "%s\n", conf->host);
	if (!conf_exists(conf->control, "me"))
		status = stage_file(stage, "control/me", slice_of(line), 0644);
	else
		compare_me(conf);
	return status != 0 ? status : tls_files_make(conf, stage);
}

int
control_files_place(const struct conf *conf, struct stage *stage)
{
	static const char *const names[] = {"control/me",
		"control/serverkey.pem", "control/servercert.pem"};
	int status = 0;

	if (!conf->control_exists)
		return stage_place(stage, "control", "control");
	for (size_t i = 0; status == 0 && i < sizeof names / sizeof *names; i++)
		if (faccessat(stage->fd, names[i], F_OK, AT_SYMLINK_NOFOLLOW) ==
			0)
			status = stage_place(stage, names[i],
				conf->control_is_qmails
					? names[i] + strlen("control/")
					: names[i]);
	return status;
}
