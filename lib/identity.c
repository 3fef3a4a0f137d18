/*
 * identity - see identity.h. Run by main before it forks, by smtpd-check and
 * smtpd-auth-conf.
 */
#include "lib/identity.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/bytes.h"

#define ACCOUNT_LINE_MAX 512 /* octets of a line of passwd(5) */

/* The fields of one line of passwd(5) that count: -1 when it has others. */
static int
parse_account(struct slice line, const char *name, struct identity *account)
{
	uint64_t uid, gid;

	if (!slice_is(slice_split(&line, ':'), name))
		return -1;
	(void)slice_split(&line, ':');
	if (slice_number(slice_split(&line, ':'), &uid) == -1 ||
		slice_number(slice_split(&line, ':'), &gid) == -1 ||
		uid >= UINT_MAX || gid >= UINT_MAX)
		return -1;
	*account = (struct identity){(uid_t)uid, (gid_t)gid};
	return 0;
}

/*
 * Not by the C library: getpwnam() wants a dynamic program, and fgetpwent()
 * costs a connection more system calls than all control files together.
 */
int
identity_find(const char *name, struct identity *account)
{
	char text[ACCOUNT_LINE_MAX];
	size_t len = 0;
	ssize_t got;
	int result = -1,
	    fd = openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC);

	while (result == -1 && fd != -1 &&
		(got = read(fd, text + len, sizeof text - len)) > 0) {
		struct slice rest = {text, len + (size_t)got};

		while (result == -1 && slice_find(rest, '\n') < rest.len)
			result = parse_account(
				slice_split(&rest, '\n'), name, account);
		memmove(text, rest.data, rest.len);
		/* A line that is no account's is as long as it likes. */
		len = rest.len < sizeof text ? rest.len : 0;
	}
	if (fd != -1)
		close(fd);
	return result;
}

/* The calls return the id before; asked for an impossible one, the present. */
static bool
take_id(long call, unsigned id)
{
	syscall(call, id);
	return (unsigned)syscall(call, -1) == id;
}

int
identity_for_files(const struct identity *account)
{
	bool group = take_id(SYS_setfsgid, account->gid);

	return take_id(SYS_setfsuid, account->uid) && group ? 0 : -1;
}
