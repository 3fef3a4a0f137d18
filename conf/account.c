/* account - /etc/passwd, useradd, userdel; part of smtpd-auth-conf. */
#include "conf/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "conf/execute.h"

/* 0, or -1 when there is none; *broken when the file cannot be read. */
static int
lookup(struct account *account, bool *broken)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *entry;
	int result = -1;

	*broken = file == NULL;
	if (file == NULL)
		return -1;
	while (result == -1 && (entry = fgetpwent(file)) != NULL)
		if (strcmp(entry->pw_name, account->name) == 0) {
			account->uid = entry->pw_uid;
			account->gid = entry->pw_gid;
			result = 0;
		}
	(void)fclose(file);
	return result;
}

int
account_find(struct account *account, const struct conf *conf)
{
	bool broken;

	if (lookup(account, &broken) == 0) {
		if (account->uid == 0)
			return conf_fatal(CONF_USAGE,
				"account %s is root; name another: -a, -l",
				account->name);
		return 0;
	}
	if (broken)
		return conf_fatal(CONF_TEMPORARY,
			"unable to read /etc/passwd: %s", strerror(errno));
	account->missing = true;
	if (conf->create)
		return 0;
	return conf_fatal(CONF_TEMPORARY,
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
	bool broken;

	/* The two may be one. */
	if (!account->missing || lookup(account, &broken) == 0)
		return 0;
	if (execute(argv, -1, -1, &reason) != 0)
		return conf_fatal(CONF_TEMPORARY,
			"unable to make account %s: useradd: %s", account->name,
			reason.text);
	account->made = true;
	if (lookup(account, &broken) == -1)
		return conf_fatal(CONF_TEMPORARY,
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
		conf_warn("unable to remove account %s again: userdel: %s",
			account->name, reason.text);
	account->made = false;
}
