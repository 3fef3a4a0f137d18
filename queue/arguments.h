/*
 * arguments - the command line of a sendmail program, made of an envelope.
 * Run by queue-sendmail.
 */
#ifndef QUEUE_ARGUMENTS_H
#define QUEUE_ARGUMENTS_H

#include "lib/buffer.h"

struct arguments {
	struct buffer addresses; /* each with a NUL: sender, recipients */
	size_t room;		 /* octets that fit into a command line */
	size_t recipients;
	const struct kind *kind; /* of program */
	bool unfit;		 /* an address that cannot be an argument */
	bool too_many;		 /* more than fits */
};

/* For this program; looks up how long a command line may be. */
void arguments_start(struct arguments *a, const char *sendmail);

/*
 * An intake_address whose context is the struct. After an address that
 * cannot be handed on the rest is taken and dropped: only a complete
 * envelope is worth a refusal. Returns 0, or QUEUE_NO_MEMORY with errno.
 */
int arguments_take(void *context, char type, struct slice address);

/*
 * sendmail [-G | -oep] -i [-BBODY] -f SENDER -- RECIPIENT... , for execve;
 * it points into the struct. NULL with errno.
 */
char **arguments_make(struct arguments *a, const char *sendmail);

#endif
