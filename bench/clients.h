/*
 * clients - all clients of the load generator: an epoll loop, a conversation
 * each, a new connection when one has ended.
 */
#ifndef BENCH_CLIENTS_H
#define BENCH_CLIENTS_H

#include "bench/script.h"

struct client;

struct load {
	struct script script;
	size_t clients_len; /* at once */
	size_t sessions;    /* in all */
	unsigned short port;
	bool tls, idle;

	/* What clients_run() and clients_wait() keep and leave. */
	struct client *clients;
	size_t started, finished, waiting;
	int64_t *latency; /* ns, one a finished session */
	int64_t body_ns;
	uint64_t body_octets;
	int epoll;
};

/* Says what is wrong and ends the program: there is nothing to measure. */
_Noreturn void clients_die(const char *what, struct slice text);
_Noreturn void clients_die_system(const char *what);

/* Memory for all, before anything is measured. */
void clients_prepare(struct load *l);
/* All sessions from start to end. */
void clients_run(struct load *l);
/* Connects all; each stays after its EHLO. */
void clients_connect(struct load *l);

#endif
