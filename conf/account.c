/* account - /etc/passwd, useradd, userdel; part of smtpd-auth-conf. */
#include "conf/account.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/execute.h"
#include "lib/identity.h"

/* 0, or -1 when there is none. */
static int
lookup(struct account *account)
{
	struct identity found;

	if (identity_find(account->name, &found) == -1)
		return -1;
	account->uid = found.uid;
	account->gid = found.gid;
	return 0;
}

int
account_find(struct account *account, const struct conf *conf)
{
	if (lookup(account) == 0) {
		if (account->uid == 0)
			return tool_fatal(TOOL_USAGE,
				"account %s is root; name another: -a, -l",
				account->name);
		return 0;
	}
	if (access("/etc/passwd", R_OK) == -1)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to read /etc/passwd: %s", strerror(errno));
	account->missing = true;
	if (conf->create)
		return 0;
	return tool_fatal(TOOL_TEMPORARY,
		"no account %s; make it: useradd --system --no-create-home "
		"--shell /usr/sbin/nologin %s (or let -c do it)",
		account->name, account->name);
}

int
account_make(struct account *account)
{
	char *const argv[] = {(char *)"useradd", (char *)"--system",
		(char *)"--user-group", (char *)"--no-create-home",
		(char *)"--home-dir", (char *)"/nonexistent", (char *)"--shell",
		(char *)"/usr/sbin/nologin", (char *)"--",
		(char *)(uintptr_t)account->name, NULL};
	struct execute_reason reason;

	/* Server and log may have one account, which is there by now. */
	if (!account->missing || lookup(account) == 0)
		return 0;
	if (execute(argv, -1, -1, &reason) != 0)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to make account %s: useradd: %s", account->name,
			reason.text);
	account->made = true;
	if (lookup(account) == -1)
		return tool_fatal(TOOL_TEMPORARY,
			"useradd has made %s, but not in /etc/passwd, where "
			"smtpd-auth looks",
			account->name);
	return 0;
}

void
account_undo(struct account *account)
{
	char *const argv[] = {(char *)"userdel", (char *)"--",
		(char *)(uintptr_t)account->name, NULL};
	struct execute_reason reason;

	if (account->made && execute(argv, -1, -1, &reason) != 0)
		tool_warn("unable to remove account %s again: userdel: %s",
			account->name, reason.text);
	account->made = false;
}
