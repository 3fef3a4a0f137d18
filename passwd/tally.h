/* tally - how many users an import brought, and what they can do. */
#ifndef PASSWD_TALLY_H
#define PASSWD_TALLY_H

#include "passwd/census.h"

struct tally {
	size_t came, refused, disabled;
	size_t without; /* came without a password: disabled until it is set */
	size_t bare;	/* without a domain */
	size_t senders; /* with addresses of their own */
	size_t usable[CENSUS_MECHS_MAX]; /* users of mechanisms[i] */
};

void tally_add(struct tally *t, struct slice login, const struct user *user);

/* On standard output, ending with what the users may send as. */
void tally_print(const struct tally *t, int control_directory);

#endif
