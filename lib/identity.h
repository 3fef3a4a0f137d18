/* identity - the ids of an account of the host, as /etc/passwd has it. */
#ifndef LIB_IDENTITY_H
#define LIB_IDENTITY_H

#include <sys/types.h>

struct identity {
	uid_t uid;
	gid_t gid;
};

/* 0, or -1 when there is no such account. */
int identity_find(const char *name, struct identity *account);

/*
 * For a process of root's: from now on it opens and makes files with the
 * rights of this account alone. Called with the ids 0, it takes that back. 0,
 * or -1.
 */
int identity_for_files(const struct identity *account);

#endif
