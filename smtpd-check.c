/*
 * smtpd-check - main: is this service set up as it should be, does that
 * listener do what clients need? Changes nothing. See smtpd-check(8).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/live.h"
#include "check/network.h"
#include "check/plugin.h"
#include "client/verify.h"
#include "lib/tool.h"
#include "lib/terminal.h"

#define PROGRAM "smtpd-check"
#define PASSWORD_MAX 512 /* octets, with one for the end */
#define ADDRESS_MAX 255	 /* octets of a login, an address, a host */

enum { EXIT_FAILS = 1 };

struct options {
	bool settings;
	const char *user, *recipient;
	const char *directory;	 /* or */
	const char *host, *port; /* or neither: our own environment */
};

static const char usage[] =
	"usage: smtpd-check [-n | -N] [-l USER] [-t RCPT] "
	"[SERVICEDIR | HOST:PORT]\n"
	"  SERVICEDIR  check this service, with its env/, as its account\n"
	"  HOST:PORT   check what answers there, as a mail program would\n"
	"  neither     check this host's control directory\n"
	"  -n          print every setting that counts, and where it is set\n"
	"  -N          one line and exit codes for Nagios: 0 OK, 1 WARNING,\n"
	"              2 CRITICAL, 3 UNKNOWN\n"
	"  -l USER     log in by every mechanism; the password is asked for\n"
	"  -t RCPT     send a test message\n"
	"  -h, -V      this text; the version\n"
	"Lines begin with ok, warn or FAIL. Exit 0: no FAIL, 1: some, 100: "
	"wrong usage,\n111: could not check.\n";

static struct check check = {.days = CHECK_NO_DAYS};

static _Noreturn void
die_usage(const char *what)
{
	if (plugin_is_on())
		plugin_stop(PLUGIN_UNKNOWN, report_text("%s; see -h", what));
	tool_die_usage(what);
}

static _Noreturn void
die(const char *what, const char *name, const char *reason)
{
	if (plugin_is_on())
		plugin_stop(PLUGIN_UNKNOWN,
			report_text("unable to %s %s: %s", what, name, reason));
	exit(tool_fatal(
		TOOL_TEMPORARY, "unable to %s %s: %s", what, name, reason));
}

/* What goes into a line of SMTP as it is. */
static const char *
clean_address(const char *text, const char *fault)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '<' ||
			*c == '>')
			die_usage(fault);
	if (*text == '\0' || strlen(text) > ADDRESS_MAX)
		die_usage(fault);
	return text;
}

/* HOST:PORT, [ADDRESS]:PORT. False when it has no such form. */
static bool
split_host(const char *argument, struct options *options)
{
	struct slice all = slice_of(argument);
	size_t colon = slice_find_last(all, ':');
	uint64_t number;

	if (colon == all.len || colon == 0 ||
		slice_number(slice_from(all, colon + 1), &number) == -1 ||
		number == 0 || number > 65535)
		return false;
	all.len = colon;
	if (all.len > 2 && all.data[0] == '[' && all.data[all.len - 1] == ']') {
		all = slice_from(all, 1);
		all.len--;
	}
	if (all.len > ADDRESS_MAX)
		return false;
	options->host = clean_address(report_slice(all), "not a host name");
	options->port = argument + colon + 1;
	return true;
}

static void
take_argument(const char *argument, struct options *options)
{
	struct stat status;

	if (strchr(argument, '/') != NULL ||
		(stat(argument, &status) == 0 && S_ISDIR(status.st_mode)))
		options->directory = argument;
	else if (!split_host(argument, options))
		die_usage("takes a service directory or HOST:PORT");
}

static void
read_options(int argc, char **argv, struct options *options)
{
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "+nNl:t:hV")) != -1)
		switch (option) {
		case 'n':
			options->settings = true;
			break;
		case 'N':
			plugin_start();
			break;
		case 'l':
			options->user =
				clean_address(optarg, "-l wants a login");
			break;
		case 't':
			options->recipient =
				clean_address(optarg, "-t wants an address");
			break;
		case 'h':
			tool_print(usage);
		case 'V':
			tool_print(PROGRAM " " VERSION "\n");
		default:
			die_usage("unknown option or missing argument");
		}
	if (argc - optind > 1)
		die_usage("takes one service directory or HOST:PORT");
	if (optind < argc)
		take_argument(argv[optind], options);
	if (options->settings &&
		(options->host != NULL || options->user != NULL ||
			options->recipient != NULL || plugin_is_on()))
		die_usage("-n goes with a service directory alone");
}

/* No core with a password in it. */
static void
protect(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	if (terminal_keep_secret() == -1)
		die("switch off", "core dumps", strerror(errno));
}

static void
ask_password(const struct options *options, struct live *live)
{
	static char password[PASSWORD_MAX];
	struct buffer b = BUFFER_OVER(password);

	if (options->user == NULL)
		return;
	if (terminal_password(
		    report_text("password of %s: ", options->user), &b) == -1)
		die("read", "the password", strerror(errno));
	if (b.overflow || b.len == 0 || b.len == PASSWORD_MAX)
		die_usage("the password is empty or longer than 511 octets");
	live->login_wanted = true;
	live->login.user = slice_of(options->user);
	live->login.password = buffer_slice(&b);
}

static void
print_phone(
	const char *server, const char *port, bool implicit, const char *user)
{
	if (plugin_is_on())
		return;
	(void)printf("phone: server %s, port %s, security %s, login %s, "
		     "authentication \"password\"\n",
		server, port, implicit ? "SSL/TLS" : "STARTTLS", user);
}

static void
talk_live(struct live *live)
{
	if (live_check(live) == 0)
		return;
	if (plugin_is_on())
		plugin_stop(PLUGIN_CRITICAL,
			report_text("unable to connect: %s", live->fault));
	die("connect to", live->where, live->fault);
}

static void
check_listener(struct options *options, struct live *live)
{
	check.roots = verify_load(check.roots_file);
	if (check.roots == NULL)
		report_add(&check.report, CERT_ROOTS, check.roots_file,
			strerror(errno), NULL);
	live->host = live->name = options->host;
	live->port = options->port;
	live->where = report_text("%s:%s", live->host, live->port);
	talk_live(live);
	print_phone(live->host, live->port, live->implicit,
		options->user == NULL ? "as smtpd-passwd list shows it"
				      : options->user);
}

/* Makes the service's environment ours, as its launcher does. */
static void
enter_service(const struct options *options)
{
	const char *what;

	servicedir_defaults(&check.service);
	check.port_variable = "";
	if (options->directory == NULL)
		return;
	if (servicedir_enter(&check.service, options->directory, &what) == -1)
		die("read", what, strerror(errno));
	servicedir_read_run(&check.service);
	if (check.service.port != NULL && getenv("TCPLOCALPORT") == NULL) {
		check.port_variable = "TCPLOCALPORT";
		(void)setenv("TCPLOCALPORT", check.service.port, 1);
	}
}

static const char *
phone_port(void)
{
	const struct service *s = &check.service;

	if (s->port != NULL)
		return s->port;
	return check.config.smtps ? "465" : "587";
}

static void
check_service(const struct options *options, struct live *live)
{
	enter_service(options);
	int loaded = check_settings(&check);

	if (loaded == 0)
		check_mechanisms(&check);
	if (options->settings) {
		if (loaded == 0)
			check_print_settings(&check);
		return;
	}
	if (loaded == 0) {
		check_me(&check);
		check_host(&check);
		check_certificates(&check);
		check_users(&check);
		check_programs(&check);
		check_misspelt(&check);
		check_overruled(&check);
		check_lists(&check);
		check_existing(&check);
		check_daemon(&check);
		check_crowd(&check);
		check_network(&check);
		live->name = check.me;
	}
	if (loaded == 0 && (options->user != NULL || options->recipient)) {
		live->host = network_local_address(&check);
		live->port = phone_port();
		live->where = report_text("%s:%s", live->host, live->port);
		live->chain_known = true;
		live->introduced = check_introduces(&check, live->host);
		talk_live(live);
	}
	if (loaded == 0)
		print_phone(live->name, phone_port(), check.config.smtps,
			options->user != NULL ? options->user
			: check.user != NULL  ? check.user
					      : "of your user");
}

static const char *
target_name(const struct options *options)
{
	if (options->host != NULL)
		return report_text("%s:%s", options->host, options->port);
	return options->directory != NULL ? options->directory : "this host";
}

int
main(int argc, char **argv)
{
	static struct live live;
	struct options options = {.settings = false};
	const char *roots = getenv("SSL_CERT_FILE");

	tool_start(PROGRAM);
	read_options(argc, argv, &options);
	protect();
	check.root = geteuid() == 0;
	check.mechanisms = "";
	check.roots_file =
		roots != NULL && *roots != '\0' ? strdup(roots) : VERIFY_ROOTS;
	live.check = &check;
	live.milliseconds = -1;
	live.recipient = options.recipient;
	ask_password(&options, &live);
	if (plugin_is_on())
		plugin_watch(target_name(&options));
	if (options.host != NULL)
		check_listener(&options, &live);
	else
		check_service(&options, &live);
	if (plugin_is_on())
		plugin_end(&check, live.milliseconds);
	tool_leave(check.report.fails > 0 ? EXIT_FAILS : 0);
}
