/*
 * smtpd-passwd - the administrator's tool for the user file, authusers(5).
 *
 * A program of its own, run by hand; the server only reads what it compiles.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/control.h"
#include "lib/controldir.h"
#include "lib/terminal.h"
#include "lib/words.h"
#include "passwd/census.h"
#include "passwd/passwd.h"
#include "passwd/record.h"
#include "passwd/subaddress.h"
#include "sasl/mechanism.h"

static const char usage[] =
	"usage: " PASSWD_PROGRAM " [-f FILE] [-m MECH]... [-i N] COMMAND\n"
	"  set USER    add a user or change a password\n"
	"  del USER    delete a user\n"
	"  list        show who can log in, and how\n"
	"  check USER  is this the password? exit 0 yes, 1 no\n"
	"  build       compile FILE to FILE.cdb\n"
	"  newapp USER LABEL       make up, show and store an app password\n"
	"  delapp USER LABEL       delete one\n"
	"  expire USER LABEL DATE  refuse one from DATE on (YYYY-MM-DD or "
	"never)\n"
	"  sender USER [ADDRESS..] show or replace the addresses USER may send "
	"as\n"
	"  disable USER, enable USER\n"
	"  import [-D DOMAIN] FORMAT FORMATS_FILE  add the users of another "
	"program's\n"
	"              file; DOMAIN is for those who have none:\n"
	"              dovecot htpasswd shadow vpasswd sqmail sasldb\n"
	"  export dovecot  print a passwd-file without what is ours\n"
	"  -f FILE     the user file, default authusers in the control "
	"directory\n"
	"  -m MECH     store a weaker secret too: cram-md5, digest-md5\n"
	"  -i N        iterations of SCRAM, default 16384\n"
	"  -h, -V      this text, the version\n"
	"Passwords are read from the terminal, or one line from standard "
	"input.\n";

static int build(struct passwd_request *r);

#define ANY 1000 /* arguments */

static const struct command {
	const char *name;
	const char *arguments; /* USER first, where it takes one */
	int least, most;       /* of the arguments */
	int (*run)(struct passwd_request *r);
} commands[] = {
	{"set", "USER", 1, 1, passwd_set},
	{"del", "USER", 1, 1, passwd_del},
	{"list", "no argument", 0, 0, passwd_list},
	{"check", "USER", 1, 1, passwd_check},
	{"build", "no argument", 0, 0, build},
	{"newapp", "USER LABEL", 2, 2, passwd_newapp},
	{"delapp", "USER LABEL", 2, 2, passwd_delapp},
	{"expire", "USER LABEL DATE or never", 3, 3, passwd_expire},
	{"sender", "USER [ADDRESS...]", 1, ANY, passwd_sender},
	{"disable", "USER", 1, 1, passwd_disable},
	{"enable", "USER", 1, 1, passwd_enable},
	{"import", PASSWD_IMPORT, 2, 4, passwd_import},
	{"export", "FORMAT", 1, 1, passwd_export},
};

static bool
takes_user(const struct command *command)
{
	return slice_starts_nocase(slice_of(command->arguments), "USER");
}

/* Warns of each mechanism in a line of authmechs that leaves users out. */
static void
warn_shut_out(struct slice names, const struct census *census)
{
	struct slice name;

	while (words_next(&names, &name)) {
		for (size_t i = 0; mechanisms[i] != NULL; i++)
			if (slice_is_nocase(name, mechanisms[i]->row->name) &&
				census->without[i] > 0)
				tool_warn("authmechs offers %s, which %zu of "
					  "%zu enabled users cannot use",
					mechanisms[i]->row->name,
					census->without[i], census->able);
	}
}

static int
build(struct passwd_request *r)
{
	struct census census;
	struct control_list list;
	struct slice line;
	const char *reason;
	size_t at = 0;
	int status = passwd_build(r, &census);

	if (status != 0)
		return status;
	switch (control_list(r->directory, "authmechs", &list, &reason)) {
	case CONTROL_MISSING:
		break;
	case CONTROL_BROKEN:
		return tool_fatal(
			TOOL_TEMPORARY, "unable to read authmechs: %s", reason);
	case CONTROL_OK:
		while (control_next(&list, &at, &line))
			warn_shut_out(line, &census);
	}
	return subaddress_warn(r);
}

static void
set_iterations(struct passwd_request *r, const char *text)
{
	uint64_t n;

	if (slice_number(slice_of(text), &n) != 0 ||
		n < RECORD_ITERATIONS_MIN || n > SECRET_ITERATIONS_MAX)
		exit(tool_fatal(TOOL_USAGE, "-i takes a number from %d to %d",
			RECORD_ITERATIONS_MIN, SECRET_ITERATIONS_MAX));
	r->iterations = (uint32_t)n;
	r->iterations_given = true;
}

static void
add_mechanism(struct passwd_request *r, const char *name)
{
	if (slice_is_nocase(slice_of(name), "cram-md5"))
		r->weaker |= RECORD_CRAM_MD5;
	else if (slice_is_nocase(slice_of(name), "digest-md5"))
		r->weaker |= RECORD_DIGEST_MD5;
	else
		exit(tool_fatal(TOOL_USAGE,
			"-m %.32s: it takes cram-md5 or digest-md5", name));
}

static void
read_options(struct passwd_request *r, int argc, char **argv)
{
	int option;

	/* "+": what follows the command is not an option. */
	while ((option = getopt(argc, argv, "+:f:i:m:D:hV")) != -1) {
		switch (option) {
		case 'f':
			r->file = optarg;
			break;
		case 'i':
			set_iterations(r, optarg);
			break;
		case 'm':
			add_mechanism(r, optarg);
			break;
		case 'D':
			r->import_domain = optarg;
			break;
		case 'h':
			tool_print(usage);
		case 'V':
			tool_print(PASSWD_PROGRAM " " VERSION "\n");
		case ':':
			exit(tool_fatal(TOOL_USAGE, "option -%c takes a value",
				optopt));
		default:
			exit(tool_fatal(
				TOOL_USAGE, "unknown option -%c", optopt));
		}
	}
}

static const struct command *
read_command(int argc, char **argv)
{
	const struct command *command = NULL;

	if (argc < 1)
		exit(tool_fatal(TOOL_USAGE, "no command; see -h"));
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			command = &commands[i];
	if (command == NULL)
		exit(tool_fatal(
			TOOL_USAGE, "unknown command %.32s; see -h", argv[0]));
	if (argc - 1 < command->least || argc - 1 > command->most)
		exit(tool_fatal(TOOL_USAGE, "%s takes %s", command->name,
			command->arguments));
	return command;
}

static void
check_domain(const struct passwd_request *r, const struct command *command)
{
	if (r->import_domain != NULL && command->run != passwd_import)
		exit(tool_fatal(TOOL_USAGE, "-D is for import alone"));
}

static int
open_directory(const char *file)
{
	char path[USERFILE_PATH_MAX];
	int fd;

	if (file[0] == '\0' || strlen(file) >= sizeof path)
		exit(tool_fatal(
			TOOL_USAGE, "name of the user file empty or too long"));
	userfile_directory(file, path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		exit(tool_fatal(TOOL_TEMPORARY, "unable to open %s: %s", path,
			strerror(errno)));
	return fd;
}

/* What the control directory says about every user. */
static void
read_domain(struct passwd_request *r)
{
	const char *reason;

	if (control_line(r->directory, "authdomain", &r->domain, &reason) ==
		CONTROL_BROKEN)
		exit(tool_fatal(TOOL_TEMPORARY, "unable to read authdomain: %s",
			reason));
}

/* The host's name is the realm that DIGEST-MD5 offers. */
static void
read_realm(struct passwd_request *r)
{
	const char *reason = "no such file, or nothing in it";

	if (control_line(r->directory, "me", &r->realm, &reason) != CONTROL_OK)
		exit(tool_fatal(TOOL_TEMPORARY,
			"unable to read me, the realm of DIGEST-MD5: %s",
			reason));
	for (size_t i = 0; i < r->realm.len; i++)
		if (r->realm.data[i] <= ' ' || r->realm.data[i] == ':' ||
			r->realm.data[i] == ',')
			exit(tool_fatal(TOOL_TEMPORARY,
				"me, the realm of DIGEST-MD5, holds a colon, "
				"a comma or a blank"));
}

/*
 * No core with a password in it, no file on descriptor 0, 1 or 2, and a
 * limit of file sizes is an error that can be told and cleared away.
 */
static void
protect(void)
{
	tool_start(PASSWD_PROGRAM);
	if (terminal_keep_secret() == -1)
		exit(tool_fatal(TOOL_TEMPORARY,
			"unable to switch core dumps off: %s",
			strerror(errno)));
	(void)signal(SIGXFSZ, SIG_IGN); /* it can be ignored */
	(void)umask(077);
}

int
main(int argc, char **argv)
{
	char file[USERFILE_PATH_MAX], text[USERS_LOGIN_MAX];
	struct passwd_request request = {.iterations = CENSUS_ITERATIONS};
	struct buffer login = BUFFER_OVER(text);
	const struct command *command;
	const char *fault;

	request.no_output = fcntl(STDOUT_FILENO, F_GETFD) == -1;
	protect();
	read_options(&request, argc, argv);
	command = read_command(argc - optind, argv + optind);
	check_domain(&request, command);
	if (request.file == NULL) {
		(void)snprintf(
			file, sizeof file, "%s/authusers", controldir_find());
		request.file = file;
	}
	request.directory = open_directory(request.file);
	request.arguments = argv + optind + 1;
	request.arguments_count = (size_t)(argc - optind - 1);
	read_domain(&request);
	if (request.weaker & RECORD_DIGEST_MD5)
		read_realm(&request);
	if (takes_user(command)) {
		fault = passwd_login(
			slice_of(argv[optind + 1]), request.domain, &login);
		if (fault != NULL)
			exit(tool_fatal(TOOL_USAGE, "%s", fault));
		request.arguments++;
		request.arguments_count--;
	}
	request.login = buffer_slice(&login);
	tool_leave(command->run(&request));
}
