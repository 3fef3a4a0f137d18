/*
 * rcptcheck - the program that control/rcptcheck names is asked whether there
 * is a recipient. The program runs in a process group of its own, and the loop
 * waits for its exit (late.h). Its refusals are remembered until the
 * transaction's end. Source: the RCPTCHECK patches of qmail.
 */
#ifndef KEEPER_RCPTCHECK_H
#define KEEPER_RCPTCHECK_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/bytes.h"

#define RCPTCHECK_MS 10000	   /* for one recipient */
#define RCPTCHECK_TEXT_MAX 300	   /* octets of descriptor 4 that count */
#define RCPTCHECK_REFUSED_MAX 8192 /* octets of remembered refusals */

struct rcptcheck {
	pid_t pid;
	int text_fd; /* the other end of its descriptor 4 */
	/* Refusals of the transaction: recipient NUL reply NUL ... */
	char refused[RCPTCHECK_REFUSED_MAX];
	size_t refused_len;
};

struct keeper;

/*
 * Asks the program, or remembers that it has refused: VERDICT_OK, VERDICT_SAID
 * with the reply in rcpt.said, or VERDICT_LATER. A refusal is logged, or
 * mail.reason says why.
 */
int rcptcheck_ask(struct keeper *k, struct slice recipient);

/* The transaction is over. */
void rcptcheck_forget(struct keeper *k);

#endif
