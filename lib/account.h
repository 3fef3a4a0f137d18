/* account - a user of the host, as /etc/passwd has it. */
#ifndef LIB_ACCOUNT_H
#define LIB_ACCOUNT_H

#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
};

/* 0, or -1 when there is no such account. */
int account_find(const char *name, struct account *account);

#endif
