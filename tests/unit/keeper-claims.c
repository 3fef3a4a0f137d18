/*
 * Unit test of the keeper: what a session that was taken over may claim about
 * certificates, and when it is believed. This program is the session; the
 * keeper is a child.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "keeper/keeper.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "tests/cdbfile.h"
#include "tests/joe-certificate.h"
#include "tests/tap.h"

#define SITE "1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= 4096 16 0 {PLAIN}x"

static const struct cdbfile_record records[] = {
	{"joe@example.com",
		"{PLAIN}x:::smtp_secret_laptop={CERT-SHA256}" JOE_FINGERPRINT},
	{"#site", SITE},
	{NULL, NULL},
};

static char chain[1024];
static size_t chain_len;
static int users_fd;
static struct channel_message m;

struct world {
	const char *mechanisms;
	bool signed_once;  /* the keeper has signed */
	bool bound;	   /* and its certificate has a binding */
	bool key;	   /* the private key is in its memory */
	bool relay;	   /* RELAYCLIENT */
	const char *queue; /* the queue program; NULL: there is none */
};

static _Noreturn void
be_keeper(int channel, const struct world *world)
{
	static struct config config;
	static struct keeper k;
	static struct signer_pair pair;
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO); /* the log */
	config.me = slice_of("mx.example.org");
	config.timeoutsmtpd = 30;
	config.mechanisms = slice_of(world->mechanisms);
	log_open(&k.log, "smtpd-auth", "unknown", false);
	k.config = &config;
	k.backend.mechanisms = config.mechanisms;
	k.backend.users_fd = users_fd;
	k.channel.fd = channel;
	k.channel.session = 1; /* nobody's child */
	k.tls.signer.pair = &pair;
	k.tls.signer.certificate_fd = k.tls.signer.key_fd = k.tls.clientca_fd =
		-1;
	k.tls.signed_once = world->signed_once;
	k.tls.binding_len = world->bound ? 32 : 0;
	k.tls.signer.type = world->key ? KEY_EC : KEY_NONE;
	config.relayclient_set = world->relay;
	config.queue_program = slice_of(world->queue);
	config.timeoutqueue = 30;
	config.error_fd = 6;
	config.databytes = 1000;
	config.morercpthosts_fd = -1;
	k.channel.start = clock_ms();
	_exit(keeper_run(&k));
}

static pid_t
start(const struct world *world, int *channel)
{
	int fds[2];

	fflush(stdout);
	cdbfile_must(channel_pair(fds) == 0);
	pid_t pid = fork();

	cdbfile_must(pid != -1);
	if (pid == 0) {
		close(fds[1]);
		fcntl(fds[0], F_SETFL, O_RDWR | O_NONBLOCK);
		be_keeper(fds[0], world);
	}
	close(fds[0]);
	*channel = fds[1];
	return pid;
}

/* The keeper's exit code, once the session has gone. */
static int
finish(pid_t pid, int channel)
{
	int status = 0;

	close(channel);
	while (waitpid(pid, &status, 0) == -1)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
tell_client(int channel)
{
	channel_start(&m, TELL_CLIENT, 0);
	(void)channel_add(&m, chain, chain_len);
	(void)channel_send(channel, &m);
}

static void
tell_tls(int channel)
{
	struct channel_tls facts = {.version = 0x0303, .suite = 0xC02B};

	channel_start(&m, TELL_TLS, 0);
	(void)channel_add(&m, &facts, sizeof facts);
	(void)channel_send(channel, &m);
}

/* The verdict on AUTH MECHANISM response, or -1 when the keeper has gone. */
static int
auth(int channel, const char *mechanism, const char *response)
{
	channel_start(&m, ASK_AUTH, INITIAL_RESPONSE);
	(void)channel_add(&m, mechanism, strlen(mechanism) + 1);
	(void)channel_add(&m, response, strlen(response));
	return channel_ask(channel, &m);
}

#define EXTERNAL "EXTERNAL PLAIN"
#define JOE "joe@example.com"

static const struct world unsigned_yet = {.mechanisms = EXTERNAL};
static const struct world signed_world = {
	.mechanisms = EXTERNAL, .signed_once = true};

static void
test_believed(void)
{
	int channel;
	pid_t pid = start(&signed_world, &channel);

	tell_client(channel);
	tell_tls(channel);
	ok(auth(channel, "EXTERNAL", JOE) == VERDICT_OK,
		"after the signature, before TLS is on: believed");
	ok(finish(pid, channel) == 0, "and no attack");
	pid = start(&signed_world, &channel);
	tell_client(channel);
	ok(auth(channel, "EXTERNAL", JOE) == VERDICT_AUTH_UNKNOWN,
		"TLS is not on: EXTERNAL is not offered");
	tell_tls(channel);
	ok(auth(channel, "EXTERNAL", "ann@example.com") == VERDICT_AUTH_FAILED,
		"another user");
	ok(finish(pid, channel) == 0, "and no attack");
	pid = start(&signed_world, &channel);
	tell_tls(channel);
	ok(auth(channel, "EXTERNAL", JOE) == VERDICT_AUTH_UNKNOWN,
		"no certificate: EXTERNAL is not offered");
	ok(finish(pid, channel) == 0, "and no attack");
}

static void
test_attacks(void)
{
	static const struct world not_listed = {
		.mechanisms = "PLAIN", .signed_once = true};
	static const struct world with_key = {
		.mechanisms = EXTERNAL, .key = true};
	int channel;
	pid_t pid = start(&unsigned_yet, &channel);

	tell_client(channel);
	ok(auth(channel, "EXTERNAL", JOE) == -1 && finish(pid, channel) == 111,
		"a certificate before the signature: an attack");
	pid = start(&unsigned_yet, &channel);
	tell_tls(channel);
	ok(auth(channel, "EXTERNAL", JOE) == -1 && finish(pid, channel) == 111,
		"TLS before the signature: an attack");
	pid = start(&not_listed, &channel);
	tell_client(channel);
	ok(auth(channel, "EXTERNAL", JOE) == -1 && finish(pid, channel) == 111,
		"a certificate that nobody asked for: an attack");
	pid = start(&signed_world, &channel);
	tell_client(channel);
	tell_client(channel);
	ok(auth(channel, "EXTERNAL", JOE) == -1 && finish(pid, channel) == 111,
		"a second certificate: an attack");
	pid = start(&signed_world, &channel);
	tell_tls(channel);
	tell_client(channel);
	ok(auth(channel, "EXTERNAL", JOE) == -1 && finish(pid, channel) == 111,
		"a certificate when TLS is on: an attack");
	pid = start(&signed_world, &channel);
	channel_start(&m, TELL_CLIENT, 0);
	(void)channel_send(channel, &m);
	ok(auth(channel, "EXTERNAL", JOE) == -1 && finish(pid, channel) == 111,
		"an empty one: an attack");
	pid = start(&with_key, &channel);
	ok(auth(channel, "PLAIN", JOE) == -1 && finish(pid, channel) == 111,
		"a login while the private key is in memory: an attack");
}

#define ATTACK 111

/* The verdict on the last of these paths, or ATTACK. */
static int
asked(const struct world *world, const char *text, size_t len)
{
	int channel;
	pid_t pid = start(world, &channel);

	channel_start(&m, ASK_PATHS, 0);
	(void)channel_add(&m, text, len);
	int verdict = channel_ask(channel, &m);
	int code = finish(pid, channel);

	return code == 0 ? verdict : code;
}

#define ASKED(world, text) asked((world), (text), sizeof(text) - 1)

static void
test_paths(void)
{
	static const struct world relay = {.mechanisms = "", .relay = true};
	static const struct world none = {.mechanisms = ""};
	static char long_path[1200] = "Fa@b";

	memset(long_path + 4, 'x', sizeof long_path - 5);
	ok(ASKED(&relay, "Fa@example.com\0Tb@example.net\0Tc@d\0") ==
			VERDICT_OK,
		"an envelope that the policy allows");
	ok(ASKED(&relay, "Fa@b\0") == VERDICT_OK, "a sender alone");
	ok(ASKED(&none, "F\0Tpostmaster\0") == VERDICT_OK,
		"postmaster, from nobody");
	ok(ASKED(&none, "Fa@example.com\0Tb@example.net\0") == VERDICT_RELAY,
		"a recipient without relaying rights: no, when it is asked");
	ok(ASKED(&none, "Fa@b\0Tb@example.net\0Tpostmaster\0") == ATTACK,
		"before the last: an attack");
	ok(ASKED(&relay, "") == ATTACK, "nothing: an attack");
	ok(ASKED(&relay, "Tb@example.net\0") == ATTACK, "no sender: an attack");
	ok(ASKED(&relay, "Fa@b\0Fc@d\0") == ATTACK, "two senders: an attack");
	ok(ASKED(&relay, "Fa@b\0Tc@d") == ATTACK, "no end: an attack");
	ok(ASKED(&relay, "Fa@b\0\0Tc@d\0") == ATTACK,
		"an empty path: an attack");
	ok(ASKED(&relay, "Fa@b\0T\0") == ATTACK,
		"an empty recipient: an attack");
	ok(ASKED(&relay, "Fa@b\0Xc@d\0") == ATTACK, "no such type: an attack");
	ok(ASKED(&relay, "Fa\n@b\0") == ATTACK,
		"a control character: an attack");
	ok(asked(&relay, long_path, sizeof long_path) == ATTACK,
		"a path that is too long: an attack");
}

static int
question(int channel, const char *text)
{
	channel_start(&m, ASK_PATHS, 0);
	(void)channel_add(&m, text, strlen(text) + 1);
	return channel_ask(channel, &m);
}

/* One that is refused leaves the others; the envelope goes on. */
static void
test_questions(void)
{
	static const struct world none = {.mechanisms = ""};
	int channel;
	pid_t pid = start(&none, &channel);

	ok(question(channel, "F") == VERDICT_OK, "nobody sends");
	ok(question(channel, "Tb@example.net") == VERDICT_RELAY, "not there");
	ok(question(channel, "Tpostmaster") == VERDICT_OK,
		"then to postmaster");
	ok(question(channel, "Fa@b") == -1 && finish(pid, channel) == ATTACK,
		"a second sender: an attack");
}

/* What comes of asking to open a message with this behind flags and HELO. */
static int
opened(unsigned flags, unsigned helo_len, const char *text, size_t len)
{
	static const struct world relay = {.mechanisms = "", .relay = true};
	struct channel_open open = {.flags = flags, .helo_len = helo_len};
	int channel;
	pid_t pid = start(&relay, &channel);

	channel_start(&m, ASK_OPEN, 0);
	(void)channel_add(&m, &open, sizeof open);
	(void)channel_add(&m, text, len);
	/* There is no queue program: what is right is answered 451. */
	int verdict = channel_ask(channel, &m);
	int code = finish(pid, channel);

	return verdict == VERDICT_TEMPORARY && code == 0 ? 0 : code;
}

#define OPENED(flags, helo_len, text)                                          \
	opened((flags), (helo_len), (text), sizeof(text) - 1)

static void
test_open(void)
{
	char helo[CHANNEL_HELO_MAX + 20];

	memset(helo, 'h', sizeof helo);
	memcpy(helo + CHANNEL_HELO_MAX + 1, "Fa@b\0Tc@d", 10);
	ok(OPENED(OPEN_ESMTP, 4, "heloFa@b\0Tc@d\0") == 0,
		"HELO and an envelope that the policy allows");
	ok(OPENED(0, 0, "Fa@b\0Tc@d\0") == 0, "no HELO");
	ok(OPENED(0, 4, "helo") == 111, "no envelope: an attack");
	ok(OPENED(0, 4, "heloFa@b\0") == 111, "no recipient: an attack");
	ok(OPENED(0, 4, "heloFa@b\0Tc\0") == 111,
		"a recipient that the policy refuses, last too: an attack");
	ok(OPENED(0, 4, "heloTc@d\0") == 111, "no sender: an attack");
	ok(OPENED(0, 4, "heloFa@b\0Tc@d") == 111, "no end: an attack");
	ok(OPENED(0, 5, "helo") == 111, "HELO behind the end: an attack");
	ok(OPENED(0, ~0u, "heloFa@b\0Tc@d\0") == 111,
		"HELO of four billion octets: an attack");
	ok(opened(0, CHANNEL_HELO_MAX + 1, helo, CHANNEL_HELO_MAX + 11) == 111,
		"HELO that is too long: an attack");
	ok(OPENED(OPEN_FLAGS + 1, 4, "heloFa@b\0Tc@d\0") == 111,
		"an unknown flag: an attack");
}

/* What comes of committing with these counts and a Message-ID so long. */
static int
committed(uint64_t octets, uint64_t written, size_t msgid)
{
	static const struct world queue = {
		.mechanisms = "", .relay = true, .queue = "/bin/true"};
	static const char name[CHANNEL_MSGID_MAX + 1];
	struct channel_open open = {.flags = 0};
	struct channel_commit commit = {octets, written, 0};
	int channel, fd;
	pid_t pid = start(&queue, &channel);

	channel_start(&m, ASK_OPEN, 0);
	(void)channel_add(&m, &open, sizeof open);
	(void)channel_add(&m, "Fa@b\0Tc@d", 10);
	(void)channel_send(channel, &m);
	cdbfile_must(channel_receive_fd(channel, &m, &fd) == 1 && fd != -1);
	ok(m.code == VERDICT_OK && m.len > 4 && m.len < CHANNEL_ID_MAX,
		"the answer has the message's id");
	close(fd);
	channel_start(&m, ASK_COMMIT, 0);
	(void)channel_add(&m, &commit, sizeof commit);
	(void)channel_add(&m, name, msgid);
	int verdict = channel_ask(channel, &m);
	int code = finish(pid, channel);

	return verdict == VERDICT_TEMPORARY && code == 0 ? 0 : code;
}

static void
test_commit(void)
{
	ok(committed(1000, 950, 0) == 0, "as many octets as may be");
	ok(committed(1000, 1000 + CHANNEL_ADDED_MAX, CHANNEL_MSGID_MAX) == 0,
		"written, as many more as may be added");
	ok(committed(1001, 950, 0) == 111, "over databytes: an attack");
	ok(committed(1000, 1001 + CHANNEL_ADDED_MAX, 0) == 111,
		"more was written than may be added: an attack");
	ok(committed(0, UINT64_MAX, 0) == 111, "far more: an attack");
	ok(committed(0, 0, CHANNEL_MSGID_MAX + 1) == 111,
		"a Message-ID that is too long: an attack");
}

static void
test_plus(void)
{
	static const struct world bound = {.mechanisms = "SCRAM-SHA-256-PLUS",
		.signed_once = true,
		.bound = true};
	static const struct world unbound = {
		.mechanisms = "SCRAM-SHA-256-PLUS", .signed_once = true};
	static const char first[] = "p=tls-server-end-point,,n=joe,r=abc";
	int channel;
	pid_t pid = start(&unbound, &channel);

	tell_tls(channel);
	ok(auth(channel, "SCRAM-SHA-256-PLUS", first) == VERDICT_AUTH_UNKNOWN,
		"no binding: -PLUS is not offered");
	ok(finish(pid, channel) == 0, "and no attack");
	pid = start(&bound, &channel);
	ok(auth(channel, "SCRAM-SHA-256-PLUS", first) == VERDICT_AUTH_UNKNOWN,
		"TLS is not on: nor then");
	tell_tls(channel);
	ok(auth(channel, "SCRAM-SHA-256-PLUS", first) == VERDICT_CHALLENGE,
		"TLS and a binding: it is");
	ok(finish(pid, channel) == 0, "and no attack");
}

int
main(void)
{
	struct buffer b = BUFFER_OVER(chain);

	signal(SIGPIPE, SIG_IGN);
	b.len = 2;
	cdbfile_must(hex_decode(&b, slice_of(JOE_DER_HEX)) == 0);
	chain[0] = (char)((b.len - 2) >> 8);
	chain[1] = (char)(b.len - 2);
	chain_len = b.len;
	users_fd = cdbfile_make(records);
	test_believed();
	test_attacks();
	test_plus();
	test_paths();
	test_questions();
	test_open();
	test_commit();
	return tap_done();
}
