/*
 * smtpd-auth-conf - makes service directories for smtpd-auth, in the manner
 * of djb's *-conf programs. See smtpd-auth-conf(8).
 *
 * A program of its own, run by hand as root, once for a host. It starts
 * nothing: that is what the links are for, which it tells.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/account.h"
#include "conf/control_files.h"
#include "conf/detect.h"
#include "conf/mailhost.h"
#include "conf/summary.h"
#include "conf/service.h"
#include "conf/state.h"
#include "proxy/balancers.h"
#include "lib/buffer.h"

struct stages {
	struct stage services, control;
};

static const char usage[] =
	"usage: " CONF_PROGRAM " [-c] [-S SUPERVISOR] [-a ACCOUNT] "
	"[-l ACCOUNT] [-d DIR]\n"
	"                       [-p BALANCER]... HOST [PORT...]\n"
	"  -S NAME     daemontools, runit, s6, xinetd or systemd; default: "
	"what runs here\n"
	"  -a ACCOUNT  the server's account, default qmaild\n"
	"  -l ACCOUNT  the log's account, default qmaill\n"
	"  -c          make accounts that are missing\n"
	"  -d DIR      default " CONF_DIRECTORY "\n"
	"  -p ADDRESS  a balancer, or ADDRESS/BITS: only these may connect, "
	"with a\n              PROXY header\n"
	"  PORT...     default 587 and 465 (465: TLS from the first byte)\n"
	"  -h, -V      this text; the version\n";

static void
set_supervisor(struct conf *conf, const char *name)
{
	conf->supervisor = supervisor_find(name);
	if (conf->supervisor == NULL)
		exit(tool_fatal(TOOL_USAGE,
			"-S %.40s: not daemontools, runit, s6, xinetd or "
			"systemd",
			name));
}

static void
set_account(struct account *account, const char *name)
{
	if (!conf_harmless(name) || strlen(name) > 32 ||
		strpbrk(name, "/+") != NULL)
		exit(tool_fatal(
			TOOL_USAGE, "\"%.40s\" is no account's name", name));
	account->name = name;
}

static void
set_directory(struct conf *conf, char *name)
{
	size_t len = strlen(name);

	while (len > 1 && name[len - 1] == '/')
		name[--len] = '\0';
	if (name[0] != '/' || len < 2 || !conf_harmless(name) ||
		len > CONF_PATH_MAX / 2)
		exit(tool_fatal(TOOL_USAGE,
			"-d \"%.80s\": a whole path of letters, digits and "
			"._+-/ is wanted, as " CONF_DIRECTORY,
			name));
	conf->directory = name;
}

/*
 * One at a time, so that a list is refused; and so is what would be everybody,
 * 1 or 0.0.0.0/0.
 */
static void
add_balancer(struct conf *conf, const char *text)
{
	char reason[CONF_PATH_MAX];
	struct buffer fault = BUFFER_OVER(reason);
	struct buffer list = {conf->balancers, strlen(conf->balancers),
		sizeof conf->balancers, false};
	struct slice balancer = slice_of(text);

	if (text[strcspn(text, " \t\r\n,")] != '\0' ||
		balancers_are_anybody(balancer) ||
		balancers_fault(balancer, &fault) != NULL)
		exit(tool_fatal(TOOL_USAGE,
			"-p \"%.60s\" is no address and no prefix, as "
			"192.0.2.7 or 2001:db8::/64",
			text));
	if (list.len > 0)
		buffer_add_char(&list, ' ');
	buffer_add_slice(&list, balancer);
	if (buffer_string(&list) == NULL)
		exit(tool_fatal(TOOL_USAGE,
			"-p \"%.60s\" is one too many; give a prefix for "
			"several",
			text));
}

static void
read_options(struct conf *conf, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+:S:a:l:d:p:chV")) != -1)
		switch (option) {
		case 'S':
			set_supervisor(conf, optarg);
			break;
		case 'a':
			set_account(&conf->account, optarg);
			break;
		case 'l':
			set_account(&conf->log_account, optarg);
			break;
		case 'd':
			set_directory(conf, optarg);
			break;
		case 'p':
			add_balancer(conf, optarg);
			break;
		case 'c':
			conf->create = true;
			break;
		case 'h':
			tool_print(usage);
		case 'V':
			tool_print(CONF_PROGRAM " " VERSION "\n");
		case ':':
			exit(tool_fatal(TOOL_USAGE,
				"option -%c takes a value; see -h", optopt));
		default:
			exit(tool_fatal(TOOL_USAGE,
				"unknown option -%c; see -h", optopt));
		}
}

static void
set_host(struct conf *conf, char *name)
{
	const char *fault;

	for (char *c = name; *c != '\0'; c++)
		*c = bytes_lower(*c);
	fault = mailhost_fault(slice_of(name));
	if (fault != NULL)
		exit(tool_fatal(TOOL_USAGE,
			"host name \"%.80s\" is %s; type the whole name, as "
			"mail.example.com",
			name, fault));
	conf->host = name;
}

static void
add_port(struct conf *conf, const char *text)
{
	uint64_t port;

	if (slice_number(slice_of(text), &port) == -1 || port < 1 ||
		port > 65535)
		exit(tool_fatal(TOOL_USAGE,
			"port \"%.40s\" is not a number from 1 to 65535",
			text));
	if (conf->ports_count == CONF_PORTS_MAX)
		exit(tool_fatal(
			TOOL_USAGE, "more than %d ports", CONF_PORTS_MAX));
	for (size_t i = 0; i < conf->ports_count; i++)
		if (conf->ports[i] == port)
			exit(tool_fatal(
				TOOL_USAGE, "port %u twice", conf->ports[i]));
	conf->ports[conf->ports_count++] = (unsigned)port;
}

static void
read_arguments(struct conf *conf, int argc, char **argv)
{
	if (argc < 1)
		exit(tool_fatal(TOOL_USAGE, "no host name; type: " CONF_PROGRAM
					    " mail.example.com (see -h)"));
	set_host(conf, argv[0]);
	for (int i = 1; i < argc; i++)
		add_port(conf, argv[i]);
	if (argc == 1) {
		add_port(conf, "587");
		add_port(conf, "465");
	}
}

/* Directories and ports that are taken, before anything is made. */
static int
look_at_ports(const struct conf *conf)
{
	for (size_t i = 0; i < conf->ports_count; i++) {
		unsigned port = conf->ports[i];
		char name[12];

		(void)snprintf(name, sizeof name, "%u", port);
		if (conf_exists(conf->directory, name))
			return tool_fatal(TOOL_TEMPORARY,
				"%s/%u exists already; to make it anew: mv "
				"%s/%u %s/%u.old",
				conf->directory, port, conf->directory, port,
				conf->directory, port);
		if (mailhost_port_taken(port))
			return tool_fatal(TOOL_TEMPORARY,
				"port %u is in use; see by whom: ss -ltnp "
				"'sport = :%u'",
				port, port);
	}
	return 0;
}

static int
look_around(struct conf *conf)
{
	int status;

	if (geteuid() != 0)
		return tool_fatal(TOOL_TEMPORARY,
			"must be run by root; type: sudo " CONF_PROGRAM " %s",
			conf->host);
	detect_control(conf);
	if ((status = look_at_ports(conf)) != 0 ||
		(status = account_find(&conf->account, conf)) != 0 ||
		(status = detect_programs(conf)) != 0 ||
		(status = detect_supervisor(conf)) != 0)
		return status;
	if (conf->supervisor->kind == UNDER_TCPSERVER &&
		(status = account_find(&conf->log_account, conf)) != 0)
		return status;
	if (!mailhost_resolves(conf->host))
		tool_warn("%s does not resolve: clients cannot find it until "
			  "it has an A or AAAA record, or a line in /etc/hosts",
			conf->host);
	return detect_queue(conf);
}

/* qmail's control directory may lie on another file system than DIR. */
static struct stage *
control_stage(const struct conf *conf, struct stages *stages)
{
	return conf->control_is_qmails ? &stages->control : &stages->services;
}

static int
place_all(const struct conf *conf, struct stages *stages)
{
	struct stage *control = control_stage(conf, stages);
	int status = control_files_place(conf, control);

	if (status != 0 ||
		(status = service_place(conf, &stages->services)) != 0)
		return status;
	if (control != &stages->services)
		status = stage_end(control);
	return status == 0 ? stage_end(&stages->services) : status;
}

/* Everything beside its place, accounts late, the places last. */
static int
make_all(struct conf *conf, struct stages *stages)
{
	struct stage *control = control_stage(conf, stages);
	int status = stage_begin(&stages->services, conf->directory);

	if (status == 0 && control != &stages->services)
		status = stage_begin(control, conf->control);
	if (status == 0)
		service_probe(conf, &stages->services);
	for (size_t i = 0; status == 0 && i < conf->ports_count; i++)
		status = service_make(conf, &stages->services, conf->ports[i]);
	if (status != 0 || (status = control_files_make(conf, control)) != 0 ||
		(status = account_make(&conf->account)) != 0)
		return status;
	if (conf->supervisor->kind == UNDER_TCPSERVER)
		status = account_make(&conf->log_account);
	for (size_t i = 0; status == 0 && i < conf->ports_count; i++)
		status = service_own(conf, &stages->services, conf->ports[i]);
	if (status == 0)
		status = state_make(conf);
	return status == 0 ? place_all(conf, stages) : status;
}

static void
undo_all(struct conf *conf, struct stages *stages)
{
	stage_abandon(&stages->control);
	stage_abandon(&stages->services);
	state_undo(conf);
	account_undo(&conf->account);
	account_undo(&conf->log_account);
}

int
main(int argc, char **argv)
{
	struct conf conf = {.directory = CONF_DIRECTORY,
		.account.name = "qmaild",
		.log_account.name = "qmaill"};
	struct stages stages = {.control = {.parent = -1, .fd = -1}};
	int status;

	tool_start(CONF_PROGRAM);
	opterr = 0;
	read_options(&conf, argc, argv);
	read_arguments(&conf, argc - optind, argv + optind);
	(void)umask(022);
	if ((status = look_around(&conf)) != 0)
		return status;
	status = make_all(&conf, &stages);
	if (status != 0) {
		undo_all(&conf, &stages);
		return status;
	}
	summary_print(&conf);
	return fflush(stdout) == 0 ? 0
				   : tool_fatal(TOOL_TEMPORARY,
					     "unable to write to standard "
					     "output; all is made");
}
