/*
 * smtpd-auth - main: options, controls, what must be opened early, then the
 * fork. The child is the session, the process that was started is the
 * keeper. See smtpd-auth(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/offered.h"
#include "keeper/connections.h"
#include "keeper/find_pair.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "lib/fork.h"
#include "lib/identity.h"
#include "lib/signals.h"
#include "lib/standard.h"
#include "session/jail.h"
#include "session/session.h"

#define PROGRAM "smtpd-auth"
#define EXIT_USAGE 100
#define EXIT_TEMPORARY 111
#define UID_BASE 1900000000u
#define HELPER_MS 2000
#define SESSION_CHANNEL 3 /* the session's descriptors are 0, 1 and this */

struct options {
	bool smtps;
	const char *account;
	const char *directory;
	uid_t base;
	char **program; /* checkpassword and its arguments, or NULL */
};

static struct {
	struct config config;
	struct keeper keeper;
} all;
static struct session session;
static struct signer_pair pair;
static struct clientca clientca;
static struct standard standard[3]; /* the client and the log */
static int null;		    /* for the keeper, in the client's place */
static const char *null_reason;	    /* why it has none */

static struct config *const config = &all.config;
static struct keeper *const keeper = &all.keeper;

static const char usage[] =
	"usage: smtpd-auth [-s] [-u account] [-U base] [-j dir]\n"
	"                  [checkpassword [arg ...]]\n"
	"  -s          TLS from the first byte (port 465)\n"
	"  -u account  started as root: run as this account (qmaild)\n"
	"  -U base     first uid for the jailed processes (1900000000)\n"
	"  -j dir      empty directory to chroot into (/var/empty)\n"
	"  checkpassword arg ...  the program that knows the passwords\n"
	"  -h, -V      this text; the version\n";

static _Noreturn void
die_usage(const char *what)
{
	fprintf(stderr, PROGRAM ": fatal: %s\n%s", what, usage);
	exit(EXIT_USAGE);
}

static uid_t
parse_base(const char *text)
{
	uint64_t n;

	if (slice_number(slice_of(text), &n) == -1 || n < 1000 ||
		n > UINT_MAX / 2)
		die_usage("-U wants a number from 1000 to 2147483647");
	return (uid_t)n;
}

static void
parse_options(int argc, char **argv, struct options *options)
{
	int option;

	*options = (struct options){
		false, "qmaild", "/var/empty", (uid_t)UID_BASE, NULL};
	opterr = 0;
	while ((option = getopt(argc, argv, "+su:U:j:hV")) != -1)
		switch (option) {
		case 's':
			options->smtps = true;
			break;
		case 'u':
			options->account = optarg;
			break;
		case 'U':
			options->base = parse_base(optarg);
			break;
		case 'j':
			options->directory = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case 'V':
			puts(PROGRAM " " VERSION);
			exit(0);
		default:
			die_usage("unknown option or missing argument");
		}
	if (optind < argc)
		options->program = argv + optind;
}

/*
 * Signals and descriptors in a known state; returns whether to use syslog.
 * The keeper's /dev/null is opened while there still is a client to tell.
 */
static bool
prepare_process(void)
{
	const char *target = getenv("LOG");
	bool use_syslog = target != NULL && strcmp(target, "syslog") == 0;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write past ulimit -f fails instead */
	signal(SIGCHLD, SIG_DFL);
	signals_hold_term();
	jail_close_from(3);
	null = standard_open(standard) == -1
		       ? -1
		       : open("/dev/null", O_RDWR | O_CLOEXEC);
	null_reason = null == -1 ? strerror(errno) : NULL;
	use_syslog = use_syslog || standard_error_is_taken(standard);
	/* The queue program inherits descriptor 2: it is not the client's. */
	if (use_syslog && null != -1)
		dup2(null, STDERR_FILENO);
	return use_syslog;
}

/* The last word before there is a session. */
static _Noreturn void
die_reply(const char *reply, int code)
{
	/* With TLS from the first byte the client could not read it. */
	if (!config->smtps || config->tls_outside) {
		ssize_t ignored = write(1, reply, strlen(reply));

		(void)ignored;
	}
	standard_end_output(standard, HELPER_MS);
	exit(code);
}

/* Logs what is wrong with the set-up, says 421, and ends. */
static _Noreturn void
die_config(const char *file, const char *reason)
{
	keeper_log_config(keeper, file, reason);
	die_reply("421 4.3.0 service not available\r\n", EXIT_TEMPORARY);
}

static _Noreturn void
die_system(const char *what)
{
	die_config(what, strerror(errno));
}

/* No process is made for this address. */
static _Noreturn void
refuse_connection(const char *reason, const char *reply)
{
	struct log_line line;

	log_start(&line, &keeper->log, "connect refused");
	if (config->local_port.data != NULL)
		log_value(&line, "port", config->local_port);
	log_text(&line, "reason", reason);
	keeper_log(keeper, &line);
	die_reply(reply, 0);
}

/* Too many connections at once, too many failed logins. */
static void
turn_away(const struct identity *account)
{
	static const struct identity root = {0, 0};
	bool isolate = account->uid != 0, crowded = false;

	/* Without statedir not even a call into its code, a page. */
	if (config->connlimit > 0) {
		if (isolate && identity_for_files(account) == -1)
			die_system("setfsuid");
		crowded = connections_crowded(keeper);
		if (isolate && identity_for_files(&root) == -1)
			die_system("setfsuid");
	}
	if (crowded)
		refuse_connection(
			"connections", "421 4.7.0 too many connections\r\n");
	if (config->statedir.data != NULL && failures_turn_away(keeper))
		refuse_connection("limit",
			"421 4.7.0 too many authentication failures\r\n");
}

/* Copies of what we set ourselves after AUTH prove nothing: clear them. */
static void
clear_environment(void)
{
	static const char *const names[] = {"SMTPAUTHUSER", "SMTP_AUTH_USER",
		"AUTHUSER", "AUTHINFO", "SMTPAUTHMETHOD", "AUTHPROTOCOL",
		"SMTPUTF8", "BODY"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
}

/* A missing or unreadable user file is 454 to AUTH, nothing to plain mail. */
static void
open_users(struct keeper *k)
{
	char path[1024];
	struct buffer b = BUFFER_OVER(path);
	struct stat status;

	buffer_add_text(&b, config_directory());
	buffer_add_text(&b, "/authusers.cdb");
	k->users_fd =
		buffer_string(&b) == NULL
			? -1
			: openat(AT_FDCWD, path,
				  O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (k->users_fd == -1) {
		k->users_reason = strerror(errno);
	} else if (fstat(k->users_fd, &status) == -1 ||
		   !S_ISREG(status.st_mode)) {
		close(k->users_fd);
		k->users_fd = -1;
		k->users_reason = "not a regular file";
	} else {
		k->users_ctime = status.st_ctim;
	}
}

/* Which mechanisms to offer; none where nobody expects any. */
static void
choose_mechanisms(struct keeper *k)
{
	static char offered_text[USERS_MECHS_MAX];
	static char many[AUTHENTICATOR_OFFER_MAX];
	struct buffer offered = k->kind == AUTHENTICATOR_DOVECOT
					? BUFFER_OVER(many)
					: BUFFER_OVER(offered_text);
	bool users = k->kind != AUTHENTICATOR_USERS || k->users_fd != -1;

	k->mechanisms = (struct slice){NULL, 0};
	if (config->auth_off || (!users && !config->require_auth &&
					config->mechanisms.data == NULL))
		return;
	offer_make(&offered, k->kind, k->users_fd, config->mechanisms);
	k->mechanisms = buffer_slice(&offered);
}

/* From root to the account; rights for the authenticators' jails are kept. */
static void
become_account(const struct keeper *k, const struct identity *account)
{
	if (jail_keep() == -1 ||
		jail_identity(account->uid, account->gid) == -1 ||
		jail_lower(k->mechanisms.len > 0 ? JAIL_RIGHTS_MAKE
						 : JAIL_RIGHTS_KILL) == -1)
		_exit(EXIT_TEMPORARY); /* the session sees it, and says 421 */
}

/* Replies leave when they are written; reads and writes never block us. */
static bool
prepare_client(void)
{
	bool in = S_ISSOCK(standard[0].mode), out = S_ISSOCK(standard[1].mode);
	int on = 1;

	/* Fails for what is no TCP socket, which needs it not. */
	if (out)
		(void)setsockopt(1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!in || !out)
		return false;
	/* One socket is one flag, whatever descriptors it has. */
	if (fcntl(1, F_SETFL, O_RDWR | O_NONBLOCK) == -1 ||
		(standard[0].inode != standard[1].inode &&
			fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK) == -1))
		die_system("client");
	return true;
}

/* The child: nothing but the client and the channel stays open. */
static _Noreturn void
become_session(struct session *s, int channel, const struct jail *jail,
	bool nonblocking, bool tls_possible)
{
	if (dup2(channel, SESSION_CHANNEL) == -1)
		_exit(EXIT_TEMPORARY);
	close(STDERR_FILENO);
	jail_close_from(SESSION_CHANNEL + 1);
	s->config = config;
	s->mechanisms = keeper->mechanisms;
	s->offer_asks =
		keeper->kind == AUTHENTICATOR_DOVECOT ? KEEPER_OFFERS_MAX : 0;
	s->tls.possible = tls_possible;
	s->channel = SESSION_CHANNEL;
	s->jail = *jail;
	s->jail.calls = &session_calls;
	s->jail.fds_max = SESSION_CHANNEL + 2; /* the message pipe */
	s->stream.nonblocking = nonblocking;
	s->stream.terminal = !nonblocking && isatty(0);
	s->stream.piped = standard_output_is_piped(standard);
	stream_init(&s->stream, 0, 1, SESSION_CHANNEL, s->bulk_input);
	session_run(s);
}

/* The parent: not the client. */
static void
leave_client(void)
{
	dup2(null, 0);
	dup2(null, 1);
	close(null);
}

/* Settings, or the reason why not on the log and 421 to the client. */
static void
load_settings(const struct options *options)
{
	static char address[64];
	static char path[sizeof((struct sockaddr_un *)0)->sun_path];
	bool use_syslog = prepare_process();

	log_open(&keeper->log, PROGRAM, "unknown", use_syslog);
	int loaded = config_load(config, options->smtps);

	if (slice_string(config->remote_ip, address, sizeof address) == 0 &&
		address[0] != '\0')
		keeper->log.address = address;
	if (null_reason != NULL)
		die_config("/dev/null", null_reason);
	if (loaded == -1)
		die_config(config->failed_file, config->reason);
	clear_environment();
	keeper->config = config;
	keeper->program = options->program;
	keeper->kind = AUTHENTICATOR_USERS;
	if (config->authsocket.len > 0 &&
		slice_string(config->authsocket, path, sizeof path) == 0) {
		keeper->socket = path;
		keeper->kind = AUTHENTICATOR_DOVECOT;
	}
	if (options->program != NULL)
		keeper->kind = AUTHENTICATOR_CHECKPASSWORD;
}

/* What may be root's alone. Returns whether STARTTLS is to be offered. */
static bool
open_early(void)
{
	keeper->tls.signer.pair = &pair;
	keeper->users_fd = -1;
	if (keeper->kind == AUTHENTICATOR_USERS)
		open_users(keeper);
	choose_mechanisms(keeper);
	keeper_open_clientca(keeper, &clientca, config_directory());
	int opened = find_pair_open(
		&keeper->tls.signer, config_directory(), config->tls_min);

	if (keeper->tls.signer.file != NULL)
		keeper_log_config(keeper, keeper->tls.signer.file,
			keeper->tls.signer.reason);
	/* There is one, and it cannot be read: 454, not silence. */
	return opened == -1 || signer_present(&keeper->tls.signer);
}

int
main(int argc, char **argv)
{
	struct options options;
	struct identity account = {0, 0};
	bool isolate = geteuid() == 0;
	int channel[2];

	parse_options(argc, argv, &options);
	load_settings(&options);
	if (isolate && identity_find(options.account, &account) == -1)
		die_config(options.account, "no such account in /etc/passwd");
	if (isolate && account.uid == 0)
		die_config(options.account, "root is no account for this");
	turn_away(&account);
	bool tls_possible = open_early();

	bool nonblocking = prepare_client();

	keeper->jail = (struct jail){.isolate = isolate,
		.base = options.base,
		.account = account.uid,
		.directory = options.directory};
	if (channel_pair(channel) == -1)
		die_system("channel");
	pid_t child = fork_child();

	if (child == -1)
		die_system("fork");
	if (child == 0)
		become_session(&session, channel[1], &keeper->jail, nonblocking,
			tls_possible);
	close(channel[1]);
	keeper->channel.session = child;
	keeper->channel.fd = channel[0];
	leave_client();
	if (isolate)
		become_account(keeper, &account);
	prctl(PR_SET_DUMPABLE, 0);
	/* Not exit(): nothing is buffered, and it would touch a page. */
	_exit(keeper_run(keeper));
}
