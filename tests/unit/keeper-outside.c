/*
 * Unit test of the keeper: what a session that was taken over may ask where
 * the launcher begins TLS, and what the launcher's word is good for. This
 * program is the session and the launcher; the keeper is a child.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "control/ucspi.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "tests/cdbfile.h"
#include "tests/joe-certificate.h"
#include "tests/tap.h"

#define ATTACK 111
#define JOE "joe@example.com"
#define SITE "1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= 4096 16 0 {PLAIN}x"
#define WORD "SSL_PROTOCOL=TLSv1.3\0"
#define HASH "SSL_PEER_CERT_HASH=SHA256:"

static const struct cdbfile_record records[] = {
	{JOE, "{PLAIN}x:::smtp_secret_laptop={CERT-SHA256}" JOE_FINGERPRINT},
	{"#site", SITE},
	{NULL, NULL},
};

static int users_fd;
static struct channel_message m;

struct world {
	pid_t keeper;
	int channel;
	int control; /* the launcher's end; -1: none */
};

static _Noreturn void
be_keeper(int channel, bool outside)
{
	static struct config config;
	static struct keeper k;
	static struct signer_pair pair;

	config.me = slice_of("mx.example.org");
	config.timeoutsmtpd = 30;
	config.forcetls = true;
	config.mechanisms = slice_of("EXTERNAL PLAIN");
	config.morercpthosts_fd = -1;
	log_open(&k.log, "smtpd-auth", "unknown", false);
	k.config = &config;
	k.backend.mechanisms = config.mechanisms;
	k.backend.users_fd = users_fd;
	k.channel.fd = channel;
	k.channel.session = 1; /* nobody's child */
	k.tls.outside.there = outside;
	k.tls.signer.pair = &pair;
	k.tls.signer.certificate_fd = k.tls.signer.key_fd = k.tls.clientca_fd =
		-1;
	k.channel.start = clock_ms();
	_exit(keeper_run(&k));
}

static void
start(struct world *w, bool outside)
{
	int fds[2], control[2], null = open("/dev/null", O_WRONLY);

	fflush(stdout);
	cdbfile_must(channel_pair(fds) == 0);
	cdbfile_must(socketpair(AF_UNIX, SOCK_STREAM, 0, control) == 0);
	w->keeper = fork();
	cdbfile_must(w->keeper != -1);
	if (w->keeper == 0) {
		int channel = fcntl(fds[0], F_DUPFD, 20);
		int ours = fcntl(control[0], F_DUPFD, 20);

		users_fd = fcntl(users_fd, F_DUPFD, 20);
		dup2(null, STDERR_FILENO); /* the log */
		close(fds[1]);
		close(control[1]);
		dup2(ours, UCSPI_CONTROL);
		close(ours);
		fcntl(channel, F_SETFL, O_RDWR | O_NONBLOCK);
		be_keeper(channel, outside);
	}
	close(null);
	close(fds[0]);
	close(control[0]);
	w->channel = fds[1];
	w->control = control[1];
}

/* The keeper's exit code, once the session has gone. */
static int
finish(struct world *w)
{
	int status = 0;

	close(w->channel);
	while (waitpid(w->keeper, &status, 0) == -1)
		;
	close(w->control);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ask(const struct world *w, enum channel_type type, const char *text, size_t len)
{
	channel_start(&m, type, 0);
	(void)channel_add(&m, text, len);
	(void)channel_send(w->channel, &m);
}

/* The verdict on ASK_OUTSIDE, where the launcher says this; -1: none. */
static int
begin(const struct world *w, const char *word, size_t len)
{
	char octet = 0;

	ask(w, ASK_OUTSIDE, "", 0);
	if (recv(w->control, &octet, 1, 0) != 1 || octet != 'Y')
		return -1;
	(void)send(w->control, word, len, MSG_NOSIGNAL);
	return channel_await(w->channel, &m);
}

/* The verdict on AUTH MECHANISM response, or -1 when the keeper has gone. */
static int
auth(const struct world *w, const char *mechanism, const char *response)
{
	channel_start(&m, ASK_AUTH, INITIAL_RESPONSE);
	(void)channel_add(&m, mechanism, strlen(mechanism) + 1);
	(void)channel_add(&m, response, strlen(response));
	return channel_ask(w->channel, &m);
}

static void
test_word(void)
{
	static const char pinned[] = WORD HASH JOE_FINGERPRINT "\0";
	static const char other[] =
		WORD HASH "00000000000000000000000000000000"
			  "00000000000000000000000000000000\0";
	struct world w;

	start(&w, true);
	ok(auth(&w, "EXTERNAL", JOE) == VERDICT_AUTH_NO_TLS, "before: no TLS");
	ok(begin(&w, pinned, sizeof pinned) == VERDICT_OK && m.len == 1 &&
			m.body[0] == AUTHMECHS_CERTIFICATE,
		"the launcher's word, with a certificate");
	ok(auth(&w, "EXTERNAL", "ann@example.com") == VERDICT_AUTH_FAILED,
		"another user");
	ok(auth(&w, "EXTERNAL", "") == VERDICT_AUTH_FAILED,
		"nobody: a hash has no names");
	ok(auth(&w, "EXTERNAL", JOE) == VERDICT_OK, "whose it is");
	ok(finish(&w) == 0, "and no attack");
	start(&w, true);
	ok(begin(&w, other, sizeof other) == VERDICT_OK, "another certificate");
	ok(auth(&w, "EXTERNAL", JOE) == VERDICT_AUTH_FAILED, "is nobody's");
	ok(finish(&w) == 0, "and no attack");
	start(&w, true);
	ok(begin(&w, WORD, sizeof WORD) == VERDICT_OK && m.len == 1 &&
			m.body[0] == 0,
		"no certificate");
	ok(auth(&w, "EXTERNAL", JOE) == VERDICT_AUTH_UNKNOWN,
		"EXTERNAL is not offered");
	ok(finish(&w) == 0, "and no attack");
	start(&w, true);
	ok(begin(&w, "", 1) == VERDICT_TEMPORARY, "an empty word");
	ok(auth(&w, "PLAIN", JOE) == VERDICT_AUTH_NO_TLS, "is no TLS");
	ok(finish(&w) == 0, "and no attack");
}

/* What is asked then is an attack. */
static void
attacks(bool outside, bool begun, enum channel_type type, size_t len,
	const char *what)
{
	static const char zeros[CHANNEL_SIGN_MAX];
	struct world w;

	start(&w, outside);
	bool good = !begun || begin(&w, WORD, sizeof WORD) == VERDICT_OK;

	ask(&w, type, zeros, len);
	ok(good && channel_await(w.channel, &m) == -1 && finish(&w) == ATTACK,
		what);
}

static void
test_attacks(void)
{
	struct world w;

	attacks(false, false, ASK_OUTSIDE, 0, "no such launcher");
	attacks(true, true, ASK_OUTSIDE, 0, "a second time");
	attacks(true, false, ASK_OUTSIDE, 1, "with a body");
	attacks(true, false, ASK_TLS, 0, "our own TLS in its place");
	attacks(true, false, ASK_CERTIFICATE, 0, "our certificate");
	attacks(true, false, ASK_SIGN, CHANNEL_RANDOMS_LEN + 36, "a signature");
	attacks(true, false, TELL_CLIENT, 2, "a certificate of the client's");
	attacks(true, false, TELL_TLS, sizeof(struct channel_tls),
		"TLS by the session's word");
	attacks(true, true, TELL_TLS, sizeof(struct channel_tls),
		"... once more");
	start(&w, true);
	ok(begin(&w, "", 1) == VERDICT_TEMPORARY, "a failure");
	ask(&w, ASK_OUTSIDE, "", 0);
	ok(channel_await(w.channel, &m) == -1 && finish(&w) == ATTACK,
		"is not tried again");
	start(&w, true);
	ask(&w, ASK_OUTSIDE, "", 0);
	ask(&w, ASK_AUTH, "PLAIN\0x", 7);
	ok(channel_await(w.channel, &m) == -1 && finish(&w) == ATTACK,
		"anything else before the answer");
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	users_fd = cdbfile_make(records);
	test_word();
	test_attacks();
	return tap_done();
}
