/*
 * Unit test of the keeper: recipients that take more than settings to know,
 * and answers that come late.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "keeper/deadline.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#define TEN_SECONDS 10000

static struct config config;
static struct keeper k;
static struct scratch scratch;

static void
start_anew(void)
{
	static char domains[] = "example.com\n";

	config = (struct config){.directory = scratch.path,
		.morercpthosts_fd = -1,
		.timeoutsmtpd = 30,
		.rcpthosts = {true, domains, sizeof domains - 1}};
	memset(&k, 0, sizeof k);
	k.config = &config;
	k.now = clock_ms();
	late_init(&k.late);
	log_open(&k.log, "smtpd-auth", "unknown", false);
	k.channel.log_lines = KEEPER_LOG_MAX + 1; /* no line goes out */
}

static int
take(const char *paths, size_t len, bool asked)
{
	return mail_take_paths(&k, (struct slice){paths, len}, asked);
}

#define TAKE(paths, asked) take((paths), sizeof(paths) - 1, (asked))
#define MAIL "Fa@example.org\0"
#define JOE "Tjoe@example.com\0"

/* --------------------------------------------------------- what is told --- */

static void
test_told(void)
{
	start_anew();
	ok(TAKE(MAIL JOE, false) == VERDICT_OK,
		"no lists, no program: a recipient may be told");
	start_anew();
	config.validrcptto = true;
	scratch_text(&scratch, "validrcptto", "joe@example.com\n");
	ok(TAKE(MAIL JOE, false) == -1, "validrcptto: it must be asked");
	start_anew();
	config.validrcptto = true;
	ok(TAKE(MAIL JOE, true) == VERDICT_OK, "validrcptto: it is asked");
	ok(TAKE("Tann@example.com\0", true) == VERDICT_UNKNOWN, "unknown");
	ok(TAKE("Tann@example.com\0" JOE, true) == -1,
		"before the one that is asked: an attack");
	start_anew();
	config.morevalidrcptto = true;
	ok(TAKE(MAIL JOE, false) == -1, "the cdb: it must be asked");
	start_anew();
	config.rcptcheck = slice_of("/bin/true");
	ok(TAKE(MAIL JOE, false) == -1, "rcptcheck: it must be asked");
	start_anew();
	config.validrcptto = config.relayclient_set = true;
	config.rcptcheck = slice_of("/bin/false");
	ok(TAKE(MAIL "Tann@example.com\0", false) == VERDICT_OK,
		"RELAYCLIENT: it may be told");
	scratch_remove(&scratch, "validrcptto");
}

static void
test_helo(void)
{
	char long_helo[1 + CHANNEL_HELO_MAX + 2] = "H";
	static const char rest[] = MAIL;
	char paths[sizeof long_helo + sizeof rest];

	start_anew();
	ok(TAKE("Hmx.\texample\x7f\0" MAIL, true) == VERDICT_OK, "HELO");
	is_bytes(k.mail.helo, k.mail.helo_len, "mx.?example?", 12,
		"without control characters");
	ok(TAKE("H\0" JOE, true) == VERDICT_OK && k.mail.helo_len == 0,
		"an empty one");
	ok(TAKE("Hmx\0", true) == -1, "alone: an attack");
	ok(TAKE("Hmx\0", false) == -1, "alone, and told: an attack");
	start_anew();
	memset(long_helo + 1, 'x', sizeof long_helo - 2);
	memcpy(paths, long_helo, sizeof long_helo);
	memcpy(paths + sizeof long_helo, rest, sizeof rest);
	ok(take(paths, sizeof long_helo + sizeof rest - 1, true) == -1,
		"an octet too long: an attack");
}

/* ---------------------------------------------------------- the program --- */

/* A program that takes its time. */
static void
test_program(void)
{
	char path[300];

	start_anew();
	snprintf(path, sizeof path, "%s/check", scratch.path);
	scratch_text(&scratch, "check", "#!/bin/sh\nexec sleep 600\n");
	scratch_must(chmod(path, 0755) == 0, path);
	config.rcptcheck = slice_of(path);
	ok(TAKE(MAIL JOE, true) == VERDICT_LATER, "the answer comes later");
	ok(k.late.fd != -1 && k.late.deadline == k.now + TEN_SECONDS,
		"within ten seconds");
	ok(k.mail.recipients == 0, "until then it is no recipient");
	ok(late_advance(&k, false) == 0 && k.late.fd != -1,
		"no news, and time is left");
	ok(late_advance(&k, true) == 0 && k.late.fd != -1,
		"news that are none: it is waited for");
	pid_t pid = k.rcpt.check.pid;

	ok(kill(pid, 0) == 0 && getpgid(pid) == pid, "a group of its own");
	late_let_go(&k);
	ok(k.late.fd == -1 && waitpid(pid, NULL, 0) == -1 &&
			kill(-pid, 0) == -1,
		"let go: it is gone, and waited for");
	late_let_go(&k);
	ok(k.late.fd == -1, "let go of nobody");
	scratch_remove(&scratch, "check");
	ok(TAKE(JOE, true) == VERDICT_SAID &&
			strncmp(k.rcpt.said, "451 4.3.0 ", 10) == 0,
		"one that is not there");
}

/* What is full of refusals forgets, and goes on. */
static void
test_memory(void)
{
	char paths[1100];
	int same = 0;

	start_anew();
	config.rcptcheck = slice_of("/nowhere");
	ok(TAKE(MAIL, true) == VERDICT_OK, "a sender");
	for (unsigned i = 0; i < 50; i++) {
		int len =
			snprintf(paths, sizeof paths, "T%0900u@example.com", i);

		same += take(paths, (size_t)len + 1, true) == VERDICT_SAID;
	}
	ok(same == 50, "more refusals than are remembered");
	ok(k.rcpt.check.refused_len <= RCPTCHECK_REFUSED_MAX, "no octet more");
}

/* --------------------------------------------------------- late answers --- */

static unsigned released, answered;
static int verdict_next;

static int
go_on(struct keeper *keeper)
{
	(void)keeper;
	return verdict_next;
}

static void
let_go(struct keeper *keeper)
{
	(void)keeper;
	released++;
}

static int
then(struct keeper *keeper, int verdict)
{
	answered += verdict == VERDICT_OK && keeper->late.fd == -1;
	return verdict == VERDICT_OK ? 0 : -1;
}

static void
ask_somebody(void)
{
	k.late = (struct late){.fd = 0,
		.events = POLLOUT,
		.deadline = k.now + TEN_SECONDS,
		.go_on = go_on,
		.let_go = let_go,
		.then = then};
	k.channel.pending = ASK_PATHS;
	k.late.asked = k.now;
}

static void
test_late(void)
{
	start_anew();
	ok(late_advance(&k, true) == 0, "nobody is asked");
	ok(late_poll(&k.late).fd == -1, "and nothing waited for");
	k.channel.since = k.channel.start = k.channel.answered = k.now;
	int64_t before = keeper_deadline(&k);

	ask_somebody();
	ok(late_poll(&k.late).fd == 0 && late_poll(&k.late).events == POLLOUT,
		"what is waited for");
	ok(keeper_deadline(&k) == CLOCK_NEVER,
		"the session is not overdue meanwhile");
	verdict_next = VERDICT_LATER;
	ok(late_advance(&k, true) == 0 && answered == 0, "not yet");
	k.now += 7000;
	verdict_next = VERDICT_OK;
	ok(late_advance(&k, true) == 0 && answered == 1 && k.late.fd == -1,
		"then its answer");
	k.channel.pending = 0;
	ok(keeper_deadline(&k) == before + 7000,
		"what it took is not the session's time");
	ask_somebody();
	k.now += TEN_SECONDS - 1;
	ok(late_advance(&k, false) == 0 && answered == 1, "a ms before");
	k.now++;
	ok(late_advance(&k, false) == 0 && answered == 2, "the deadline");
	ask_somebody();
	verdict_next = -1;
	ok(late_advance(&k, true) == -1, "an attack");
	ask_somebody();
	late_let_go(&k);
	ok(released == 1 && k.late.fd == -1 && k.late.deadline == CLOCK_NEVER,
		"let go");
}

int
main(void)
{
	scratch_make(&scratch);
	test_told();
	test_helo();
	test_program();
	test_memory();
	test_late();
	scratch_end(&scratch);
	return tap_done();
}
