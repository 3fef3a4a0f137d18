/*
 * late - an answer to the session that waits for somebody outside: a program
 * or a server. There is one at a time, and the session waits for it. The loop
 * polls fd, and calls go_on() when there is news or the deadline has come. When
 * the session is gone, or the service stops, it calls let_go().
 *
 * Whoever asks sets all members, and returns VERDICT_LATER in place of a
 * verdict. go_on() returns VERDICT_LATER once more, or the verdict; with that
 * the loop calls then(), which answers the session's request.
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
	short events;	  /* of fd that are news: POLLIN, POLLOUT */
	int64_t deadline; /* clock_ms(): then go_on() is called at the latest */
	int64_t asked;	  /* clock_ms() of the session's request */
	/*
	 * There is news, or the deadline has come: the verdict, or
	 * VERDICT_LATER. NULL: nobody is asked.
	 */
	int (*go_on)(struct keeper *k);
	/* No verdict is wanted any more: whoever is asked is let go. */
	void (*let_go)(struct keeper *k);
	/* Answers. Returns -1 for an attack. */
	int (*then)(struct keeper *k, int verdict);
};

/* Nobody is asked. */
void late_init(struct late *late);

/* For the loop: what it polls; late.deadline says until when. */
struct pollfd late_poll(const struct late *late);

/* For the loop: calls go_on(), if it is time. 0, or -1 for an attack. */
int late_advance(struct keeper *k, bool news);

/* Lets go of whoever is asked. */
void late_let_go(struct keeper *k);

#endif
