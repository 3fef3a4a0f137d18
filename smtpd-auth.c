/*
 * smtpd-auth - main: options (control/options.c), the state of the process,
 * settings, what must be opened early (keeper/open.c), then the fork. The child
 * is the session, the process that was started is the keeper. Where there is
 * to be no session, keeper/turn_away.c ends it. See smtpd-auth(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "control/options.h"
#include "control/ucspi.h"
#include "keeper/environment.h"
#include "keeper/keeper.h"
#include "keeper/offer.h"
#include "keeper/privileges.h"
#include "keeper/turn_away.h"
#include "lib/clock.h"
#include "lib/fork.h"
#include "lib/signals.h"
#include "lib/standard.h"
#include "proxy/proxy.h"
#include "session/session.h"

static struct config settings;
static struct keeper state;
static struct session session;
static int null;		/* for the keeper, in the client's place */
static const char *null_reason; /* why it has none */
static const char *failed_call; /* that nothing is served without */
static int call_error;

static struct config *const config = &settings;
static struct keeper *const keeper = &state;

/* One that a filter refuses is told of when there is a log. */
static void
must(bool done, const char *call)
{
	if (done || failed_call != NULL)
		return;
	failed_call = call;
	call_error = errno;
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

	/* A write past ulimit -f fails instead. */
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR &&
			signal(SIGXFSZ, SIG_IGN) != SIG_ERR &&
			signal(SIGCHLD, SIG_DFL) != SIG_ERR,
		"rt_sigaction");
	must(signals_hold_term() == 0, "rt_sigprocmask");
	must(ucspi_take(&keeper->tls.outside.there) == 0, "close_range");
	null = standard_open() == -1 ? -1
				     : open("/dev/null", O_RDWR | O_CLOEXEC);
	null_reason = null == -1 ? strerror(errno) : NULL;
	use_syslog = use_syslog || standard_error_is_taken();
	/* The queue program inherits descriptor 2: it is not the client's. */
	if (use_syslog && null != -1)
		dup2(null, STDERR_FILENO);
	return use_syslog;
}

/* Whom the lines of the log are about. */
static void
name_client(void)
{
	static char address[64];

	if (slice_string(config->remote_ip, address, sizeof address) == 0 &&
		address[0] != '\0')
		keeper->log.address = address;
}

/* Settings, or the reason why not on the log and 421 to the client. */
static void
load_settings(const struct options *options)
{
	bool use_syslog = prepare_process();

	keeper->config = config;
	log_open(&keeper->log, OPTIONS_PROGRAM, "unknown", use_syslog);
	int loaded = config_load(config, options->smtps);

	name_client();
	if (failed_call != NULL)
		turn_away_config(keeper, failed_call, strerror(call_error));
	if (null_reason != NULL)
		turn_away_config(keeper, "/dev/null", null_reason);
	if (loaded == -1)
		turn_away_config(keeper, config->failed_file, config->reason);
	if (keeper->tls.outside.there && config->smtps)
		turn_away_config(keeper, "SSLCTLFD",
			"the launcher begins TLS at STARTTLS, -s before");
	environment_clear();
}

/* A balancer connects, and first it says for whom. */
static void
receive_header(void)
{
	struct proxy_outcome outcome = proxy_receive(config, &keeper->jail);

	if (outcome.result == PROXY_FAULT)
		turn_away_config(keeper, outcome.file, outcome.reason);
	name_client();
	if (outcome.result == PROXY_GOOD)
		return;
	if (outcome.detail != NULL)
		keeper_log_connect(
			keeper, "connect refused", "proxy", outcome.detail);
	/* No reply: nobody knows for whom it speaks. */
	turn_away(keeper, NULL, 0);
}

/* The child is the session; what returns is the keeper. */
static void
fork_session(bool tls_possible)
{
	bool outside = keeper->tls.outside.there;
	int nonblocking = standard_unblock(outside), channel[2];

	if (nonblocking == -1)
		turn_away_system(keeper, "client");
	if (channel_pair(channel) == -1)
		turn_away_system(keeper, "channel");
	keeper->channel.start = clock_ms();
	if (keeper->channel.start == 0)
		turn_away_system(keeper, "clock_gettime"); /* no deadline */
	struct session_setup setup = {.config = config,
		.mechanisms = keeper->backend.mechanisms,
		.tls_possible = tls_possible,
		.outside = outside,
		.nonblocking = nonblocking == 1,
		.piped = standard_output_is_piped(),
		.channel = channel[1],
		.jail = &keeper->jail};

	if (keeper->backend.kind == AUTHENTICATOR_DOVECOT)
		setup.offer_asks = KEEPER_OFFERS_MAX;
	pid_t child = fork_child();

	if (child == -1)
		turn_away_system(keeper, "fork");
	if (child == 0)
		session_start(&session, &setup);
	if (close(channel[1]) == -1)
		turn_away_late(keeper, "close", strerror(errno));
	keeper->channel.session = child;
	keeper->channel.fd = channel[0];
}

/* The parent: not the client, before TLS or behind it. */
static void
leave_client(void)
{
	if (keeper->tls.outside.there) {
		close(UCSPI_READ);
		close(UCSPI_WRITE);
	}
	if (dup2(null, 0) == -1 || dup2(null, 1) == -1)
		turn_away_late(keeper, "dup2", strerror(errno));
	close(null);
}

int
main(int argc, char **argv)
{
	struct options options;
	struct identity account;

	options_read(argc, argv, &options);
	load_settings(&options);
	privileges_prepare(keeper, &options, &account);
	if (config->proxyprotocol.data != NULL)
		receive_header();
	/* Who the client is must be settled by now. */
	if (!config->health_check)
		turn_away_crowd(keeper, &account);
	fork_session(keeper_open(keeper, options.program));
	leave_client();
	if (keeper->jail.isolate)
		privileges_drop(keeper, options.account, &account);
	prctl(PR_SET_DUMPABLE, 0);
	/* Not exit(): nothing is buffered, and it would touch a page. */
	_exit(keeper_run(keeper));
}
