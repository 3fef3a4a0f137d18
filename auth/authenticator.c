/*
 * authenticator - see authenticator.h. The first half runs in the keeper, the
 * second, from authenticator_run() on, in the authenticator.
 */
#include "auth/kind.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/date.h"
#include "lib/fork.h"
#include "lib/memory.h"

#define RESPONSE_THERE 1
#define KEEPER_FD 0 /* in the authenticator */
#define USERS_FD 1
/* Of a packet so much is sent as there is. */
#define PACKET_HEAD offsetof(struct verdict_packet, challenge)
#define PACKET_ROOM (PACKET_HEAD + EXCHANGE_CHALLENGE_MAX)
#define EXIT_MS 1000 /* from the last word to the exit; then it is killed */

static _Noreturn void authenticator_run(
	int fd, const struct authenticator_setup *setup);

void
authenticator_init(struct authenticator *a)
{
	*a = (struct authenticator){
		.pid = -1, .fd = -1, .deadline = CLOCK_NEVER};
}

int
authenticator_start(
	struct authenticator *a, const struct authenticator_setup *setup)
{
	int pair[2];

	authenticator_init(a);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	a->has_child = setup->kind == AUTHENTICATOR_CHECKPASSWORD;
	a->pid = fork_child();
	if (a->pid == 0 && setup->kind == AUTHENTICATOR_CHECKPASSWORD)
		checkpassword_run(pair[1], setup);
	if (a->pid == 0 && setup->kind == AUTHENTICATOR_DOVECOT)
		dovecot_run(pair[1], setup);
	if (a->pid == 0)
		authenticator_run(pair[1], setup);
	close(pair[1]);
	if (a->pid == -1) {
		close(pair[0]);
		return -1;
	}
	a->fd = pair[0];
	a->isolated = setup->jail.isolate;
	return 0;
}

int
authenticator_step(struct authenticator *a, struct slice response, int64_t now)
{
	char flag = response.data == NULL ? 0 : RESPONSE_THERE;
	struct iovec parts[] = {
		{&flag, 1}, {(void *)(uintptr_t)response.data, response.len}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};

	if (response.len > EXCHANGE_RESPONSE_MAX)
		return -1;
	a->deadline = now + AUTHENTICATOR_TIMEOUT_MS;
	return sendmsg(a->fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT) ==
			       (ssize_t)(1 + response.len)
		       ? 0
		       : -1;
}

static size_t
packet_len(const struct verdict_packet *packet)
{
	return PACKET_HEAD + packet->challenge_len;
}

int
authenticator_read(struct authenticator *a, struct verdict_packet *packet)
{
	ssize_t n =
		recv(a->fd, packet, sizeof *packet, MSG_DONTWAIT | MSG_TRUNC);

	/* After a name the answer is still to come. */
	if (n < (ssize_t)PACKET_HEAD || packet->result != VERDICT_PACKET_NAMED)
		a->deadline = CLOCK_NEVER;
	if (n < (ssize_t)PACKET_HEAD || packet->login_len > USERS_LOGIN_MAX ||
		packet->challenge_len > AUTHENTICATOR_CHALLENGE_MAX ||
		(size_t)n != packet_len(packet))
		return -1;
	packet->login[packet->login_len] = '\0';
	packet->label[USERS_LABEL_MAX] = '\0';
	packet->reason[AUTHENTICATOR_REASON_MAX] = '\0';
	packet->detail[AUTHENTICATOR_DETAIL_MAX] = '\0';
	return 0;
}

/*
 * It has seen that its descriptor was closed, and ends the program that it
 * may have started; nobody else knows that one.
 */
static void
wait_for_parting(pid_t pid)
{
	struct pollfd gone = {
		.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	if (gone.fd == -1)
		return;
	clock_poll(&gone, 1, clock_ms() + AUTHENTICATOR_PARTING_MS);
	close(gone.fd);
}

static bool
has_gone(const struct authenticator *a)
{
	return waitpid(a->pid, NULL, WNOHANG) == a->pid;
}

static void
end_by_force(struct authenticator *a)
{
	if (a->has_child)
		wait_for_parting(a->pid);
	if (a->isolated)
		(void)jail_raise(JAIL_RIGHTS_MAKE);
	kill(a->pid, SIGKILL);
	if (a->isolated)
		(void)jail_lower(JAIL_RIGHTS_MAKE);
	while (waitpid(a->pid, NULL, 0) == -1 && errno == EINTR)
		;
}

void
authenticator_stop(struct authenticator *a)
{
	if (a->fd != -1)
		close(a->fd);
	if (a->pid != -1 && !has_gone(a))
		end_by_force(a);
	authenticator_init(a);
}

void
authenticator_finish(struct authenticator *a, int64_t now)
{
	struct pollfd gone = {.fd = a->fd};

	/* Its end of the pair closes when it exits: nothing to kill. */
	(void)clock_poll_at(&gone, 1, now + EXIT_MS, now);
	authenticator_stop(a);
}

/* ------------------------------------------------ in the authenticator --- */

int
kind_receive(int fd, struct kind_response *r, struct slice *text)
{
	ssize_t n = read(fd, r->packet, sizeof r->packet);

	*text = (struct slice){NULL, 0};
	if (n <= 0)
		return -1;
	r->len = (size_t)n;
	if (r->packet[0] == RESPONSE_THERE)
		*text = (struct slice){r->packet + 1, r->len - 1};
	return 0;
}

void
kind_wipe(struct kind_response *r)
{
	explicit_bzero(r->packet, r->len);
}

int
kind_report(int fd, const struct verdict_packet *packet)
{
	size_t len = packet_len(packet);

	return write(fd, packet, len) == (ssize_t)len ? 0 : -1;
}

void
kind_name(int fd, struct slice login)
{
	static UNTOUCHED struct verdict_packet packet;

	if (login.len > USERS_LOGIN_MAX)
		return;
	packet.result = VERDICT_PACKET_NAMED;
	packet.login_len = (uint32_t)login.len;
	memcpy(packet.login, login.data, login.len);
	(void)kind_report(fd, &packet); /* the verdict will find out */
}

void
kind_text(char *to, size_t cap, const char *from)
{
	struct slice text = slice_of(from);

	if (text.len >= cap)
		text.len = cap - 1;
	memcpy(to, text.data, text.len);
	to[text.len] = '\0';
}

void
kind_temporary(struct verdict_packet *packet, const char *detail, bool set_up)
{
	packet->result = EXCHANGE_TEMPORARY;
	packet->set_up = set_up;
	kind_text(packet->reason, sizeof packet->reason, "backend");
	kind_text(packet->detail, sizeof packet->detail, detail);
}

/* Descriptors 0 and 1 become the keeper and the user file; no other stays. */
static const char *
enter_jail(int fd, const struct authenticator_setup *setup)
{
	struct jail jail = setup->jail;

	/* A collector has no file: the keeper once more. */
	if (dup2(fd, KEEPER_FD) == -1 ||
		dup2(setup->users_fd == -1 ? KEEPER_FD : setup->users_fd,
			USERS_FD) == -1)
		return "dup2";
	jail_close_from(USERS_FD + 1);
	jail.kind = JAIL_AUTHENTICATOR;
	jail.fds_max = USERS_FD + 1;
	if (jail.isolate && jail_raise(JAIL_RIGHTS_MAKE) == -1)
		return "capset";
	return jail_step_name(jail_enter(&jail));
}

/*
 * Where users' secrets are of different kinds, the time of a failure would
 * tell which kind, and so whether there is such a user: none is answered
 * before the costliest kind would have been, and no success either, or going
 * away early would tell that it is none.
 */
static void
wait_for_floor(int users_fd, int64_t start)
{
	struct site site;
	int64_t until = start;

	if (users_site(users_fd, &site) == USERS_FOUND)
		until += site.floor_ms;
	explicit_bzero(&site, sizeof site);
	while (clock_ms() < until)
		clock_poll(NULL, 0, until);
}

static enum exchange_result
step(struct exchange *x, struct slice response)
{
	int64_t start = clock_ms();
	bool known = x->proven;

	x->challenge = BUFFER_OVER(x->challenge_text);
	x->reason = "";
	enum exchange_result result = x->mechanism->step(x, response);
	bool right = (result == EXCHANGE_OK || x->proven) && !known;

	if ((result == EXCHANGE_FAIL || right) && !x->collect)
		wait_for_floor(x->users_fd, start);
	return result;
}

static void
tell_name(const struct exchange *x)
{
	kind_name(KEEPER_FD, (struct slice){x->login, x->login_len});
}

/*
 * With the verdict, so that the keeper never reads the user file. Looked up
 * anew, because the mechanisms wipe what they have read.
 */
static const struct verdict_packet *
add_senders(struct verdict_packet *packet, const struct verdict_packet *verdict,
	struct exchange *x)
{
	struct buffer senders = BUFFER_OVER(packet->challenge);
	enum users_result found = users_senders(x->users_fd,
		(struct slice){x->login, x->login_len}, &x->user, &senders);

	memcpy(packet, verdict, PACKET_HEAD);
	packet->challenge_len = (uint32_t)senders.len;
	packet->senders = found == USERS_FOUND;
	if (found != USERS_FOUND) {
		packet->result = EXCHANGE_TEMPORARY;
		kind_text(packet->reason, sizeof packet->reason, "backend");
	}
	return packet;
}

static void
report(struct verdict_packet *packet, const struct exchange *x,
	enum exchange_result result)
{
	packet->result = result;
	packet->login_len = (uint32_t)x->login_len;
	memcpy(packet->login, x->login, sizeof packet->login);
	memcpy(packet->label, x->label, sizeof packet->label);
	kind_text(packet->reason, sizeof packet->reason, x->reason);
	packet->proven = x->proven;
	packet->challenge_len = (uint32_t)x->challenge.len;
	memcpy(packet->challenge, x->challenge_text, x->challenge.len);
}

static void
authenticator_run(int fd, const struct authenticator_setup *setup)
{
	/*
	 * What every exchange touches of the first two is one page. Of a
	 * packet's challenge so much is used as a mechanism here may fill.
	 */
	static UNTOUCHED _Alignas(MEMORY_PAGE) struct {
		_Alignas(struct verdict_packet) char packet[PACKET_ROOM];
		struct exchange x;
		union {
			struct kind_response response;
			struct verdict_packet with_senders;
		};
	} work;
	struct exchange *x = &work.x;
	struct verdict_packet *packet =
		(struct verdict_packet *)(void *)work.packet;
	struct slice text;

	/* Random octets are wanted inside, where getrandom is forbidden. */
	if (getrandom(x->random, sizeof x->random, 0) != sizeof x->random)
		_exit(1);
	x->mechanism = mechanism_find(slice_of(setup->name));
	x->users_fd = USERS_FD;
	x->authdomain = setup->authdomain;
	x->collect = setup->kind == AUTHENTICATOR_COLLECTOR;
	x->named = x->collect ? NULL : tell_name;
	x->facts = setup->facts;
	x->today = date_of(clock_seconds());
	const char *failed = enter_jail(fd, setup);

	if (failed != NULL) {
		/* A socket that is closed with something unread in it takes
		 * the last word with it. */
		(void)kind_receive(KEEPER_FD, &work.response, &text);
		packet->result = VERDICT_PACKET_JAIL;
		kind_text(packet->reason, sizeof packet->reason, failed);
		kind_report(KEEPER_FD, packet);
		_exit(0);
	}
	for (;;) {
		if (kind_receive(KEEPER_FD, &work.response, &text) == -1)
			_exit(0); /* cancelled, or the keeper is gone */
		const struct verdict_packet *verdict = packet;

		report(packet, x, step(x, text));
		kind_wipe(&work.response);
		if (packet->result == EXCHANGE_OK && setup->senders)
			verdict = add_senders(&work.with_senders, packet, x);
		if (kind_report(KEEPER_FD, verdict) == -1 ||
			verdict->result != EXCHANGE_CHALLENGE)
			_exit(0);
	}
}
