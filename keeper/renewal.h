/*
 * renewal - are certificate and key being replaced at this moment?
 *
 * certbot and its like replace two files one after the other, and certbot
 * removes a link before it makes the new one. In between, what can be opened
 * is a key and another key's certificate, or nothing. Run by the keeper:
 * before the fork as root, for only then can the key be opened again.
 */
#ifndef KEEPER_RENEWAL_H
#define KEEPER_RENEWAL_H

#include <stdbool.h>

#define RENEWAL_STEP 10	   /* milliseconds from one look to the next */
#define RENEWAL_TRIES 100  /* so many looks */
#define RENEWAL_SECONDS 10 /* younger files may be part of one */

/*
 * Has this file changed lately? One fstat(2); false for -1. A file of the
 * future has not: the clock is behind, and would be so for long.
 */
bool renewal_is_young(int fd);

/* There is nothing to open at path: is there a link to nothing? */
bool renewal_dangles(const char *path);

/*
 * Such a link: has the directory that it leads to, another than its own,
 * changed lately?
 */
bool renewal_is_relinked(const char *path);

/* Waits for RENEWAL_STEP. */
void renewal_wait(void);

#endif
