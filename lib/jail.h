/*
 * jail - take everything away from a process that parses hostile bytes.
 *
 * Each room has the list of the system calls that are left to its process:
 * session/session_jail.c, auth/authenticator_jail.c, proxy/reader_jail.c.
 */
#ifndef LIB_JAIL_H
#define LIB_JAIL_H

#include <stdbool.h>
#include <sys/types.h>

struct filter_list;

#define JAIL_BASE 1900000000u /* of uids, without smtpd-auth's -U */

struct jail {
	const struct filter_list *calls; /* what is left to it */
	bool isolate;	       /* started as root: uid, groups, chroot */
	uid_t base;	       /* uid and gid become base + process id */
	uid_t account;	       /* a uid that it must not become */
	const char *directory; /* empty, chroot goes there */
	int fds_max;	       /* descriptors from here on may not be opened */
};

/*
 * The steps into the jail, in their order, with the log's words for them.
 * uid_map: setresuid, where the user namespace lacks the uid.
 */
// clang-format off
#define JAIL_STEPS(ROW)                         \
	ROW(JAIL_CHROOT,       "chroot")        \
	ROW(JAIL_CHDIR,        "chdir")         \
	ROW(JAIL_UID_MAP,      "uid_map")       \
	ROW(JAIL_SETRESUID,    "setresuid")     \
	ROW(JAIL_CAPSET,       "capset")        \
	ROW(JAIL_DUMPABLE,     "dumpable")      \
	ROW(JAIL_NO_NEW_PRIVS, "no_new_privs")  \
	ROW(JAIL_LANDLOCK,     "landlock")      \
	ROW(JAIL_SETRLIMIT,    "setrlimit")     \
	ROW(JAIL_SECCOMP,      "seccomp")
// clang-format on

#define JAIL_NUMBER(symbol, word) symbol,
enum jail_step {
	JAIL_ENTERED, /* no step failed */
	JAIL_STEPS(JAIL_NUMBER)
};

/*
 * Enters the jail. Returns JAIL_ENTERED, or the step that failed with errno
 * set; the caller then must not go on. Whoever calls has closed every
 * descriptor that the process is not to have.
 */
enum jail_step jail_enter(const struct jail *jail);

/* The log's word for a step that failed; NULL for any other number. */
const char *jail_step_name(unsigned step);

/*
 * Does the kernel, or the filter of a container, let us have Landlock? 0, or
 * an errno: with ENOSYS, EOPNOTSUPP and EPERM a jail is entered without it,
 * with any other it is not.
 */
int jail_landlock_missing(void);

/*
 * Real, effective and saved uid and gid at once, and no other group than
 * gid. 0, or -1 with errno.
 */
int jail_identity(uid_t uid, gid_t gid);

/*
 * Closes every descriptor from first on; those below stay. -1 where a filter
 * or the kernel refuses the call; main asks, and then nothing is served.
 */
int jail_close_from(unsigned first);

/*
 * The capabilities of the keeper, which stays outside: started as root and
 * changed to the account, it may still raise them for a moment.
 * JAIL_RIGHTS_KILL lets it end a child that has another uid. JAIL_RIGHTS_MAKE
 * is that, and what a child needs to enter its jail: setuid, setgid, chroot.
 */
enum jail_rights { JAIL_RIGHTS_NONE, JAIL_RIGHTS_KILL, JAIL_RIGHTS_MAKE };

int jail_keep(void);			 /* before setresuid */
int jail_lower(enum jail_rights rights); /* may be raised later; now none */
int jail_raise(enum jail_rights rights); /* in force now */

#endif
