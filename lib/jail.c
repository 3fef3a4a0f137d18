/*
 * jail - see jail.h. Run by session, authenticator and reader; the last part,
 * about capabilities, by main and the keeper; smtpd-check tries it, and asks
 * for Landlock.
 */
#include "lib/jail.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/filter.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define STEP_NAME(symbol, word) [symbol] = word,

static int
limit(int resource, rlim_t value)
{
	struct rlimit both = {value, value};

	/* The libraries do not agree on the type of resource. */
	return (int)syscall(SYS_prlimit64, 0, resource, &both, NULL);
}

/*
 * The system calls themselves: a C library's functions block and unblock all
 * signals around each, for the threads that we do not have.
 */
int
jail_identity(uid_t uid, gid_t gid)
{
	if (syscall(SYS_setgroups, 0, NULL) == -1 ||
		syscall(SYS_setresgid, gid, gid, gid) == -1 ||
		syscall(SYS_setresuid, uid, uid, uid) == -1)
		return -1;
	return 0;
}

/* A uid and gid that nothing else on the machine uses. */
static int
change_uid(const struct jail *jail)
{
	uid_t id = jail->base + (uid_t)getpid();

	if (jail->base == 0 || id < jail->base || id == jail->account) {
		errno = ERANGE;
		return -1;
	}
	/* EINVAL: the uid is none of those that a user namespace has. */
	return jail_identity(id, id);
}

/* Deny-all on files; a descriptor, or -1. */
static int
landlock_ruleset(void)
{
	struct landlock_ruleset_attr rules = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE |
				     LANDLOCK_ACCESS_FS_WRITE_FILE |
				     LANDLOCK_ACCESS_FS_READ_FILE |
				     LANDLOCK_ACCESS_FS_READ_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_DIR |
				     LANDLOCK_ACCESS_FS_REMOVE_FILE |
				     LANDLOCK_ACCESS_FS_MAKE_CHAR |
				     LANDLOCK_ACCESS_FS_MAKE_DIR |
				     LANDLOCK_ACCESS_FS_MAKE_REG |
				     LANDLOCK_ACCESS_FS_MAKE_SOCK |
				     LANDLOCK_ACCESS_FS_MAKE_FIFO |
				     LANDLOCK_ACCESS_FS_MAKE_BLOCK |
				     LANDLOCK_ACCESS_FS_MAKE_SYM};

	return (int)syscall(
		SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
}

/* Not in this kernel, switched off, or refused by a container's filter. */
static bool
landlock_is_missing(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

static int
landlock(void)
{
	int fd = landlock_ruleset();

	if (fd == -1)
		return landlock_is_missing(errno) ? 0 : -1;
	/* There is one: from here on nothing may fail. */
	int result = (int)syscall(SYS_landlock_restrict_self, fd, 0);

	close(fd);
	return result;
}

int
jail_landlock_missing(void)
{
	int fd = landlock_ruleset();

	if (fd == -1)
		return errno;
	close(fd);
	return 0;
}

const char *
jail_step_name(unsigned step)
{
	static const char *const names[] = {JAIL_STEPS(STEP_NAME)};

	return step < COUNT(names) ? names[step] : NULL;
}

enum jail_step
jail_enter(const struct jail *jail)
{
	if (jail->isolate) {
		/* Root's rights are needed up to here, and gone after. */
		if (chroot(jail->directory) == -1)
			return JAIL_CHROOT;
		if (chdir("/") == -1)
			return JAIL_CHDIR;
		if (change_uid(jail) == -1)
			return errno == EINVAL ? JAIL_UID_MAP : JAIL_SETRESUID;
		if (jail_lower(JAIL_RIGHTS_NONE) == -1)
			return JAIL_CAPSET;
	}
	/* Without this a sibling of the same uid could read our memory. */
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return JAIL_DUMPABLE;
	/* Now that the uid is final: nothing an exec could give back. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return JAIL_NO_NEW_PRIVS;
	/* Landlock opens a descriptor, so it comes before the limits. */
	if (landlock() == -1)
		return JAIL_LANDLOCK;
	/* poll() fails for more descriptors than NOFILE, so it is not 0. */
	if (limit(RLIMIT_CORE, 0) == -1 || limit(RLIMIT_NPROC, 0) == -1 ||
		limit(RLIMIT_NOFILE, (rlim_t)jail->fds_max) == -1)
		return JAIL_SETRLIMIT;
	/* Last: it forbids every call above. */
	if (filter_install(jail->calls) == -1)
		return JAIL_SECCOMP;
	return JAIL_ENTERED;
}

int
jail_close_from(unsigned first)
{
	/* Since Linux 5.9, the oldest that is supported. */
	return (int)syscall(SYS_close_range, first, ~0u, 0);
}

static int
capabilities(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct header = {
		_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{.permitted = permitted, .effective = effective}};

	return (int)syscall(SYS_capset, &header, data);
}

static uint32_t
capability_set(enum jail_rights rights)
{
	uint32_t kill = 1u << CAP_KILL;

	if (rights == JAIL_RIGHTS_NONE)
		return 0;
	if (rights == JAIL_RIGHTS_KILL)
		return kill;
	return kill | 1u << CAP_SETUID | 1u << CAP_SETGID |
	       1u << CAP_SYS_CHROOT;
}

int
jail_keep(void)
{
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

int
jail_lower(enum jail_rights rights)
{
	return capabilities(capability_set(rights), 0);
}

int
jail_raise(enum jail_rights rights)
{
	return capabilities(capability_set(rights), capability_set(rights));
}
