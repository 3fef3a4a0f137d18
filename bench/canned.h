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

/* A queue program that was started. */
struct canned_message {
	pid_t pid;
	int data, envelope; /* write ends; -1 when closed */
};

struct canned {
	ssize_t (*read)(void *wire, char *data, size_t len); /* <= 0: the end */
	int (*write)(void *wire, const char *data, size_t len);
	void *wire;
	const char *sink; /* path of the queue program */
	/*
	 * Where somebody else lets in and hands over: 0 or -1, and a
	 * descriptor for the body. NULL: all is done in this process.
	 */
	int (*login)(void);
	int (*open)(void);
	int (*commit)(void);
};

/* Greets, and talks until QUIT or the end of input. */
void canned_talk(struct canned *c);

/* The wire in the clear: descriptors 0 and 1. */
ssize_t canned_read(void *wire, char *data, size_t len);
int canned_write(void *wire, const char *data, size_t len);

/* Starts the queue program. 0, or -1. */
int canned_open(struct canned_message *m, const char *sink);

/* Closes the body, gives the envelope, waits for the end. 0, or -1. */
int canned_commit(struct canned_message *m);

#endif
