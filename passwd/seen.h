/* seen - which logins a file has; 16 octets each, in memory. */
#ifndef PASSWD_SEEN_H
#define PASSWD_SEEN_H

#include <bearssl/bearssl.h>

#include "lib/bytes.h"

struct seen_slot {
	unsigned char
		digest[12]; /* 96 bits under a key: the same never twice */
	uint32_t line;	    /* number, saturated; 0: a free slot */
};

/* Open addressing, made for all logins at once: never more than half full. */
struct seen {
	struct seen_slot *slots;
	size_t mask;
	br_md5_context keyed; /* so that nobody can pick logins that collide */
};

/* Room for count logins. 0, or -1 with errno. Then seen_close(). */
int seen_open(struct seen *seen, size_t count);
void seen_close(struct seen *seen);

/* Adds a login in lower case; 0, or the line it was first on. */
size_t seen_add(struct seen *seen, struct slice login, size_t line);

#endif
