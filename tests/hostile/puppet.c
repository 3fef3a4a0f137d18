/*
 * puppet - a session, an authenticator or a reader that somebody has taken
 * over: linked with the real main, it is smtpd-auth, but that the process named
 * in $HOSTILE (session, authenticator, reader), once it is in its jail, makes
 * the system calls that it is told to, instead of its work. Run behind
 * tcpserver by the tests below attack/; support/extra_puppet.py pulls the
 * strings.
 *
 * The session and the reader take their orders from the client, each with the
 * octets for their room behind it, and answer with the call's result (or
 * -errno) and the room's first octets. The authenticator finds its orders in
 * the client's response, and answers with a challenge.
 *
 * With "unfiltered" in $HOSTILE the jail's last step is left out: what stops
 * the process then is the rest of it.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/authenticator_jail.h"
#include "auth/word.h"
#include "lib/jail.h"
#include "proxy/reader_jail.h"
#include "session/session_jail.h"

#define ROOM 262144
#define ORDER_FOREIGN (1ull << 63) /* by its number for 32 bits */
#define ORDER_FACTS (1ull << 62)   /* no call: what a test must know */

struct order {
	uint64_t number; /* of the system call */
	uint64_t argument[6];
	uint32_t pointers; /* bit n: argument n is an offset into the room */
	uint32_t given;	   /* octets for the room that follow */
	uint32_t wanted;   /* of the room, sent back */
	uint32_t times;
	uint32_t mute; /* 1: no answer */
	uint32_t unused;
};

static char room[ROOM];

enum jail_step __wrap_jail_enter(const struct jail *jail);
enum jail_step __real_jail_enter(const struct jail *jail);
int __wrap_filter_install(const struct filter_list *list);
int __real_filter_install(const struct filter_list *list);

static bool
is_hostile(const char *what)
{
	const char *all = getenv("HOSTILE");

	return all != NULL && strstr(all, what) != NULL;
}

static int64_t
foreign(uint64_t number)
{
#ifdef __x86_64__
	int64_t result = (int64_t)number;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
	return result;
#else
	return syscall(-1 - (long)number) == -1 ? -errno : 0;
#endif
}

static int64_t
facts(void)
{
	uint64_t all[] = {(uint64_t)(uintptr_t)room,
		offsetof(struct word, body), offsetof(struct word, login),
		offsetof(struct word, label), offsetof(struct word, reason),
		offsetof(struct word, detail)};

	memcpy(room, all, sizeof all);
	return sizeof all;
}

static int64_t
obey(const struct order *order)
{
	long argument[6];
	int64_t result = 0;

	if (order->number == ORDER_FACTS)
		return facts();
	for (int i = 0; i < 6; i++)
		argument[i] =
			(long)(order->argument[i] +
				(order->pointers & 1u << i ? (uintptr_t)room
							   : 0));
	for (uint32_t n = 0; n < order->times; n++) {
		if (order->number & ORDER_FOREIGN)
			result = foreign(order->number & ~ORDER_FOREIGN);
		else
			result = syscall((long)order->number, argument[0],
				argument[1], argument[2], argument[3],
				argument[4], argument[5]);
		if (result == -1)
			result = -errno;
	}
	return result;
}

/* ------------------------------------------ by the client's connection --- */

static void
wait_client(short events)
{
	struct pollfd client = {.fd = 0, .events = events};

	(void)poll(&client, 1, -1);
}

static void
read_all(void *to, size_t len)
{
	for (char *at = to; len > 0;) {
		ssize_t n = read(0, at, len);

		if (n == 0 || (n == -1 && errno != EAGAIN))
			_exit(0);
		if (n == -1) {
			wait_client(POLLIN);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

static void
write_all(const void *from, size_t len)
{
	for (const char *at = from; len > 0;) {
		ssize_t n = write(0, at, len);

		if (n == -1 && errno != EAGAIN)
			_exit(0);
		if (n == -1) {
			wait_client(POLLOUT);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

static _Noreturn void
serve_client(void)
{
	struct order order;

	for (;;) {
		read_all(&order, sizeof order);
		if (order.given > ROOM || order.wanted > ROOM)
			_exit(1);
		read_all(room, order.given);
		int64_t result = obey(&order);

		if (order.mute)
			continue;
		write_all(&result, sizeof result);
		write_all(room, order.wanted);
	}
}

/* ------------------------------------------------- by what it is asked --- */

/* The orders of one response, one behind the other. */
static void
obey_all(struct slice text)
{
	static struct word word;
	struct order order;

	for (size_t at = 0; text.len - at >= sizeof order;) {
		memcpy(&order, text.data + at, sizeof order);
		at += sizeof order;
		if (order.given > text.len - at || order.wanted > 8000)
			_exit(1);
		memcpy(room, text.data + at, order.given);
		at += order.given;
		int64_t result = obey(&order);

		if (order.mute)
			continue;
		memset(&word, 0, offsetof(struct word, body));
		word.result = EXCHANGE_CHALLENGE;
		word.body_len = (uint32_t)sizeof result + order.wanted;
		memcpy(word.body, &result, sizeof result);
		memcpy(word.body + sizeof result, room, order.wanted);
		(void)word_say(0, &word);
	}
}

static _Noreturn void
serve_keeper(void)
{
	static struct word_response response;
	struct slice text;

	while (word_await(0, &response, &text) == 0)
		if (text.data != NULL)
			obey_all(text);
	_exit(0);
}

enum jail_step
__wrap_jail_enter(const struct jail *jail)
{
	enum jail_step failed = __real_jail_enter(jail);

	if (failed != JAIL_ENTERED)
		return failed;
	if (jail->calls == &session_calls && is_hostile("session"))
		serve_client();
	if (jail->calls == &reader_calls && is_hostile("reader"))
		serve_client();
	if (jail->calls == &authenticator_calls && is_hostile("authenticator"))
		serve_keeper();
	return failed;
}

int
__wrap_filter_install(const struct filter_list *list)
{
	return is_hostile("unfiltered") ? 0 : __real_filter_install(list);
}
