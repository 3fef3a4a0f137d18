/*
 * canned - a conversation of fixed replies: the least that any server does.
 *
 * The program around it gives it a way to read and write, clear or TLS.
 */
#ifndef BENCH_CANNED_H
#define BENCH_CANNED_H

#include <stddef.h>
#include <sys/types.h>

#define CANNED_INPUT 65536

struct canned {
	ssize_t (*read)(void *wire, char *data, size_t len); /* <= 0: the end */
	int (*write)(void *wire, const char *data, size_t len);
	void *wire;
	const char *sink; /* path of the queue program */
};

/* Greets, and talks until QUIT or the end of input. */
void canned_talk(struct canned *c);

#endif
