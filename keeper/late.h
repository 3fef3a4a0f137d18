/*
 * late - an answer that waits for somebody outside, a program or a server: one
 * at a time, while the session waits. The loop polls what is named here and
 * goes on when there is news or the time is over; when the session is gone, or
 * the service stops, whoever is asked is let go.
 *
 * Who has to ask sets all members, and returns VERDICT_LATER; what
 * go_on() returns in the end is the verdict that then() gets. There it says
 * what is to be done with it; the request that it answers is pending.
 */
#ifndef KEEPER_LATE_H
#define KEEPER_LATE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* In place of a verdict of channel.h: there is none yet. */
#define VERDICT_LATER 0

struct keeper;

struct late {
	int fd;		  /* -1: none, only time passes */
	short events;	  /* of it, that are news: POLLIN, POLLOUT */
	int64_t deadline; /* of all of it, clock_ms(); it has to end */
	int64_t asked;	  /* the session's request came then */
	/*
	 * There is news, or the deadline has come: the verdict, or LATER. NULL:
	 * nobody is asked.
	 */
	int (*go_on)(struct keeper *k);
	/* No verdict is wanted any more: whoever is asked is let go. */
	void (*let_go)(struct keeper *k);
	/* Answers. Returns -1 for an attack. */
	int (*then)(struct keeper *k, int verdict);
};

/* Nobody is asked. */
void late_init(struct late *late);

/* For the loop: what it waits for, and until when. */
struct pollfd late_poll(const struct late *late);

/* For the loop: goes on, if there is something to do. -1 for an attack. */
int late_advance(struct keeper *k, bool news);

/* Lets go of whoever is asked. */
void late_let_go(struct keeper *k);

#endif
