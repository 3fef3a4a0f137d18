/* detect - what this host has; part of smtpd-auth-conf. */
#include "conf/detect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/execute.h"
#include "lib/controldir.h"

/* Those that somebody has chosen stand before the one that comes along. */
static const struct supervisor supervisors[] = {
	{"daemontools", UNDER_TCPSERVER, "svscan", "svscan", "daemontools-run",
		"envdir", "setuidgid @LOGACCOUNT@ multilog t s1000000 n20",
		{"/service", "/etc/service"},
		{"tcpserver", "tcprules", "envdir", "setuidgid", "multilog"}},
	{"runit", UNDER_TCPSERVER, "runsvdir", "runsvdir", "runit", "chpst -e",
		"chpst -u @LOGACCOUNT@ svlogd -tt",
		{"/etc/service", "/service", "/var/service"},
		{"tcpserver", "tcprules", "chpst", "svlogd"}},
	{"s6", UNDER_TCPSERVER, "s6-svscan", "s6-svscan", "s6", "s6-envdir",
		"s6-setuidgid @LOGACCOUNT@ s6-log -b t s1000000 n20",
		{"/run/service", "/service", "/etc/service"},
		{"tcpserver", "tcprules", "s6-envdir", "s6-setuidgid",
			"s6-log"}},
	{"xinetd", UNDER_XINETD, "xinetd", "xinetd", "xinetd", NULL, NULL,
		{"/etc/xinetd.d"}, {NULL}},
	{"systemd", UNDER_SYSTEMD, NULL, "systemctl", "systemd", NULL, NULL,
		{NULL}, {NULL}},
};

#define SUPERVISORS (sizeof supervisors / sizeof *supervisors)

const struct supervisor *
supervisor_find(const char *name)
{
	for (size_t i = 0; i < SUPERVISORS; i++)
		if (strcmp(supervisors[i].name, name) == 0)
			return &supervisors[i];
	return NULL;
}

/* A file of /proc/PID, without the newline at its end. */
static bool
process_is(const char *pid, const char *name)
{
	char path[64], text[64];
	ssize_t got;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	got = read(fd, text, sizeof text);
	(void)close(fd);
	return got > 0 && slice_is((struct slice){text, (size_t)got - 1}, name);
}

/* The working directory of a supervisor is what it scans, unless it is /. */
static void
read_directory(const char *pid, char directory[CONF_PATH_MAX])
{
	char path[64];
	ssize_t len;

	(void)snprintf(path, sizeof path, "/proc/%.20s/cwd", pid);
	len = readlink(path, directory, CONF_PATH_MAX - 1);
	directory[len > 1 ? len : 0] = '\0';
}

/* Runs one of them? Where it looks goes into directory, or "". */
static bool
runs(const struct supervisor *supervisor, char directory[CONF_PATH_MAX])
{
	DIR *processes;
	const struct dirent *entry;
	bool found = false;

	directory[0] = '\0';
	if (supervisor->process == NULL) /* as sd_booted(3) has it */
		return access("/run/systemd/system", F_OK) == 0;
	if ((processes = opendir("/proc")) == NULL)
		return false;
	while (!found && (entry = readdir(processes)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			process_is(entry->d_name, supervisor->process)) {
			found = true;
			if (supervisor->kind == UNDER_TCPSERVER)
				read_directory(entry->d_name, directory);
		}
	(void)closedir(processes);
	return found;
}

static void
choose_directory(struct conf *conf)
{
	const char *const *known = conf->supervisor->directories;

	if (conf->scanned[0] != '\0' || known[0] == NULL)
		return;
	for (size_t i = 0; i < SUPERVISOR_DIRECTORIES && known[i] != NULL; i++)
		if (access(known[i], F_OK) == 0) {
			(void)strcpy(conf->scanned, known[i]);
			return;
		}
	(void)strcpy(conf->scanned, known[0]);
}

/* What only the running service needs is no reason not to begin. */
static int
look_for_tools(const struct supervisor *supervisor)
{
	if (supervisor->kind == UNDER_TCPSERVER && !execute_finds("tcprules"))
		return tool_fatal(TOOL_TEMPORARY,
			"no tcprules in PATH: apt-get install ucspi-tcp "
			"(or ucspi-tcp-ipv6)");
	for (size_t i = 0; i < SUPERVISOR_TOOLS && supervisor->tools[i] != NULL;
		i++) {
		const char *tool = supervisor->tools[i];

		if (!execute_finds(tool))
			tool_warn("no %s in PATH, which the service needs: "
				  "apt-get install %s",
				tool,
				strncmp(tool, "tcp", 3) == 0
					? "ucspi-tcp"
					: supervisor->package);
	}
	return 0;
}

int
detect_supervisor(struct conf *conf)
{
	const struct supervisor *chosen = conf->supervisor;

	if (chosen != NULL)
		conf->supervisor_runs = runs(chosen, conf->scanned);
	for (size_t i = 0; chosen == NULL && i < SUPERVISORS; i++)
		if (runs(&supervisors[i], conf->scanned)) {
			chosen = &supervisors[i];
			conf->supervisor_runs = true;
		}
	for (size_t i = 0; chosen == NULL && i < SUPERVISORS; i++)
		if (execute_finds(supervisors[i].program))
			chosen = &supervisors[i];
	if (chosen == NULL)
		return tool_fatal(TOOL_TEMPORARY,
			"no supervisor found; install one (apt-get install "
			"daemontools-run) or name the one to come: "
			"-S daemontools|runit|s6|xinetd|systemd");
	conf->supervisor = chosen;
	choose_directory(conf);
	return look_for_tools(chosen);
}

int
detect_programs(struct conf *conf)
{
	char path[CONF_PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
	const char *server;

	if (len <= 0)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to read /proc/self/exe: %s", strerror(errno));
	path[len] = '\0';
	*strrchr(path, '/') = '\0';
	if (!conf_harmless(path))
		return tool_fatal(TOOL_TEMPORARY,
			"the programs lie in \"%s\": a name without blanks "
			"and the like is wanted; make install",
			path);
	(void)strcpy(conf->programs, path);
	server = conf_path(path, conf->programs, "/smtpd-auth", "");
	if (server == NULL || access(server, X_OK) == -1)
		return tool_fatal(TOOL_TEMPORARY,
			"no smtpd-auth in %s, beside this program: "
			"make install",
			conf->programs);
	return 0;
}

void
detect_control(struct conf *conf)
{
	(void)conf_path(conf->control, conf->directory, "/control", "");
	if (strcmp(conf->directory, CONF_DIRECTORY) == 0 &&
		!conf_exists(conf->control, "") &&
		access(CONTROLDIR_QMAIL "/me", F_OK) == 0) {
		(void)strcpy(conf->control, CONTROLDIR_QMAIL);
		conf->control_is_qmails = true;
	}
	conf->control_exists = conf_exists(conf->control, "");
	conf->state_in_control = conf_exists(conf->control, "statedir");
}

int
detect_queue(struct conf *conf)
{
	static const char *const queues[] = {
		"/var/qmail/bin/qmail-queue", "/usr/sbin/qmail-queue"};

	for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
		if (access(queues[i], X_OK) == 0) {
			(void)strcpy(conf->queue, queues[i]);
			return 0;
		}
	if (conf_path(conf->queue, conf->programs, "/queue-sendmail", "") ==
		NULL)
		return tool_fatal(
			TOOL_TEMPORARY, "name too long: %s", conf->programs);
	if (access("/usr/sbin/sendmail", X_OK) == 0) {
		conf->sendmail = true;
		if (access(conf->queue, X_OK) == 0)
			return 0;
		tool_warn("no queue-sendmail in %s: make install; until then "
			  "messages get 451",
			conf->programs);
	} else {
		(void)strcpy(conf->queue, queues[0]);
		tool_warn("no mail system found (%s, /usr/sbin/sendmail); "
			  "until there is one, messages get 451; to try things "
			  "out: echo %s/queue-maildir > %s/%u/env/QMAILQUEUE",
			queues[0], conf->programs, conf->directory,
			conf->ports[0]);
	}
	conf->queue_missing = true;
	return 0;
}
