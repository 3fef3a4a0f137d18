/*
 * Unit test of keeper/login: what an authenticator that somebody has taken
 * over may say. This program is the keeper, and both of its neighbours.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "tests/cdbfile.h"
#include "tests/tap.h"

static struct config config;
static struct keeper k;
static struct signer_pair pair;
static struct channel_message m;
static int session;

static void
make_keeper(void)
{
	int fds[2];

	cdbfile_must(channel_pair(fds) == 0);
	session = fds[1];
	config.me = slice_of("mx.example.org");
	log_open(&k.log, "smtpd-auth", "unknown", false);
	k.config = &config;
	k.channel.fd = fds[0];
	k.login.mechanism = authmechs_find(slice_of("PLAIN"));
	k.tls.signer.pair = &pair;
}

/* A response was handed over to an authenticator that says this. */
static void
say(uint32_t result, struct slice login)
{
	static struct word word;
	size_t head = offsetof(struct word, body);

	word = (struct word){
		.result = result, .login_len = (uint32_t)login.len};
	memcpy(word.login, login.data, login.len);
	cdbfile_must(write(session, &word, head) == (ssize_t)head);
}

/* The verdict that the session hears on that, or 0 when there is none. */
static int
verdict(uint32_t result, struct slice login)
{
	int fds[2], channel = session;

	cdbfile_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     fds) == 0);
	login_init(&k);
	k.login.state = LOGIN_EXCHANGE;
	k.login.authenticator.fd = fds[0];
	k.channel.pending = ASK_AUTH;
	session = fds[1];
	say(result, login);
	session = channel;
	cdbfile_must(login_advance(&k, true) == 0);
	close(fds[1]);
	if (k.channel.pending != 0)
		return 0;
	cdbfile_must(recv(session, &m.type, 2, MSG_DONTWAIT) == 2);
	return m.code;
}

static void
test_logins(void)
{
	static const char *const bad[] = {"joe\n", "\tjoe",
		"jo\x01"
		"e",
		"joe\x7f", "joe\xc2\x85", "joe\xc2\x9f", "\x1b[2J", ""};
	static const char *const good[] = {"joe@example.com", "j\xc3\xb6",
		"joe doe", "\xc3\x85sa", "\xc2\xa0"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ok(verdict(EXCHANGE_OK, slice_of(bad[i])) == VERDICT_TEMPORARY,
			"a login with a control character, or none: 454");
		ok(login_user(&k) == NULL, "and nobody is logged in");
	}
	ok(verdict(EXCHANGE_OK, (struct slice){"j\0e", 3}) == VERDICT_TEMPORARY,
		"nor with NUL");
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(verdict(EXCHANGE_OK, slice_of(good[i])) == VERDICT_OK &&
				slice_is(slice_of(login_user(&k)), good[i]),
			"others are");
}

static void
test_names(void)
{
	struct slice none = {"", 0};

	guess_start(&k);
	ok(verdict(WORD_NAMED, slice_of("joe")) == 0, "a name is no verdict");
	ok(k.login.guess.user_len == 3 && login_user(&k) == NULL,
		"it is remembered, and nobody logged in");
	ok(verdict(WORD_NAMED, slice_of("jo\ne")) == 0 &&
			k.login.guess.user_len == 3,
		"one with a control character is not");
	ok(verdict(WORD_NAMED, none) == 0 && k.login.guess.user_len == 3,
		"nor is none");
	ok(verdict(EXCHANGE_FAIL, none) == VERDICT_AUTH_FAILED,
		"then the verdict");
}

int
main(void)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO); /* the log */
	make_keeper();
	test_logins();
	test_names();
	return tap_done();
}
