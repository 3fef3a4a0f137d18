/*
 * filter - seccomp filters made from lists of system calls.
 */
#ifndef LIB_FILTER_H
#define LIB_FILTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#ifdef __NR_poll
#define NR_POLL __NR_poll
#else
#define NR_POLL __NR_ppoll
#endif

#define FILTER_CALLS_MAX 16 /* system calls of one list */

struct filter_call {
	uint32_t number; /* __NR_x */
	enum {
		FILTER_ANY,	/* whatever the arguments */
		FILTER_NO_EXEC, /* third argument: no PROT_EXEC (mprotect) */
		FILTER_MEMORY /* ... and nothing but anonymous memory (mmap) */
	} rule;
};

struct filter_list {
	const struct filter_call *calls;
	size_t count;
};

/*
 * Forbids this process every system call that is not in the list, in
 * whatever order; what is forbidden kills it. Wants no_new_privs. 0, or -1
 * with errno.
 */
int filter_install(const struct filter_list *list);

#endif
