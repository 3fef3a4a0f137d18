/*
 * mechanisms - those that are offered, and to whom: AUTH and rcpthosts. Run by
 * smtpd-check.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/certificates.h"
#include "check/dovecot_socket.h"
#include "check/logins.h"
#include "check/rules.h"
#include "check/settings.h"
#include "auth/offered.h"
#include "lib/controldir.h"
#include "lib/hostname.h"
#include "lib/words.h"

/* As the server: what Dovecot has, or what of it the admin has listed. */
static bool
offer_dovecot(const struct check *c, struct buffer *names)
{
	struct slice rest = c->config.mechanisms, name;
	const char *has =
		dovecot_socket_ask(c, report_slice(c->config.authsocket));

	if (has == NULL)
		return false;
	if (rest.data == NULL)
		rest = slice_of(has);
	while (words_next(&rest, &name))
		if (words_has(slice_of(has), name))
			words_add(names, name);
	return true;
}

void
check_mechanisms(struct check *c)
{
	static char text[AUTHMECHS_OFFER_MAX];
	struct buffer names = BUFFER_OVER(text);
	enum authenticator_kind kind =
		c->service.checkpassword != NULL ? AUTHENTICATOR_CHECKPASSWORD
		: c->config.authsocket.data != NULL ? AUTHENTICATOR_DOVECOT
						    : AUTHENTICATOR_USERS;
	int fd = -1;

	c->mechanisms = "";
	if (c->config.auth_off)
		return;
	if (kind == AUTHENTICATOR_USERS && c->config.mechanisms.data == NULL) {
		fd = logins_open(c);
		if (fd == -1)
			return;
	}
	if (kind != AUTHENTICATOR_DOVECOT || !offer_dovecot(c, &names))
		offer_make(&names, kind, fd, c->config.mechanisms);
	if (fd != -1)
		close(fd);
	if (buffer_string(&names) != NULL)
		c->mechanisms = text;
}

static int
can_connect(const void *path)
{
	int fd = dovecot_socket_connect(path, 0);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* It runs as the account: what only root may read needs more. */
static void
look_at_rights(struct check *c, const char *program)
{
	struct stat status;

	if (c->uid != 0 && stat(program, &status) == 0 &&
		!((status.st_mode & S_ISUID) && status.st_uid == 0))
		report_add(&c->report, PEOPLE_PROGRAM_RIGHTS, "run",
			report_text("%s runs as %s", program, c->account),
			NULL);
	report_ok("users", "run", "known to %s", program);
}

/* Users that another program knows. False: they are in the user file. */
static bool
look_elsewhere(struct check *c)
{
	const char *program = c->service.checkpassword, *where;
	const char *path = settings_text(c, "authsocket", "AUTHSOCKET", &where);

	if (program != NULL && as_account(c, as_account_runs, program) != 1)
		report_add(&c->report, PEOPLE_PROGRAM, "run", program,
			report_text("chmod a+x %s", report_quoted(program)));
	else if (program != NULL)
		look_at_rights(c, program);
	else if (path != NULL && as_account(c, can_connect, path) != 1)
		report_add(&c->report, PEOPLE_SOCKET, where, path,
			"systemctl restart dovecot");
	else if (path != NULL)
		report_ok("users", where, "known to %s", path);
	return program != NULL || path != NULL;
}

static void
look_at_offer(struct check *c)
{
	const char *where = settings_where(c, settings_row("authmechs", NULL));

	if (c->config.auth_off && c->config.require_auth)
		report_add(&c->report, AUTH_OFF, where, NULL,
			settings_cure_unset(c, "SMTPAUTH"));
	else if (c->config.auth_off)
		report_ok("AUTH", where, "switched off");
	else if (!c->certificate && c->config.forcetls && !c->config.smtps &&
		 !c->config.tls_outside)
		report_add(&c->report, AUTH_INVISIBLE,
			settings_where(c, settings_row(NULL, "FORCETLS")), NULL,
			certificates_cure(c));
	else if (*c->mechanisms != '\0')
		report_ok("AUTH", where, "%s%s", c->mechanisms,
			c->config.require_auth ? ", required" : "");
}

bool
check_launcher_tls(struct check *c)
{
	if (!c->service.begins_tls || c->config.tls_outside)
		return false;
	c->certificate = true;
	if (c->config.smtps)
		report_add(&c->report, CERT_LAUNCHER, "run", NULL, NULL);
	else
		report_ok("certificate", "run",
			"the launcher's, which begins TLS at STARTTLS");
	return true;
}

/*
 * No login is asked for, and no domain is taken: what is meant for port 25
 * and takes mail for nobody, as after a second control directory was made.
 */
static bool
nobody_is_served(const struct check *c)
{
	return !c->config.require_auth && c->config.rcpthosts.len == 0 &&
	       c->config.morercpthosts_fd == -1 && !c->config.relayclient_set &&
	       !rules_exempt(NULL, "RELAYCLIENT");
}

static const char *
cure_for_nobody(const struct check *c)
{
	if (c->service.port == NULL || strcmp(c->service.port, "25") != 0)
		return settings_cure_variable(c, "REQUIREAUTH", "1");
	if (strcmp(c->directory, CONTROLDIR_QMAIL) != 0 &&
		access(CONTROLDIR_QMAIL "/rcpthosts", R_OK) == 0)
		return settings_cure_variable(
			c, "CONTROLDIR", CONTROLDIR_QMAIL);
	return settings_cure_file(c, "rcpthosts", hostname_domain(c->me));
}

static void
look_at_recipients(struct check *c)
{
	const char *where = settings_where(c, settings_row("rcpthosts", NULL));

	if (nobody_is_served(c))
		report_add(&c->report, AUTH_NOBODY, where, NULL,
			cure_for_nobody(c));
	else if (c->config.rcpthosts.len > 0 ||
		 c->config.morercpthosts_fd != -1)
		report_ok("rcpthosts", where, "mail for these from everyone%s",
			c->config.require_auth ? " who is logged in" : "");
	else
		report_ok("rcpthosts", where,
			"nothing is local: mail from those logged in alone");
}

void
check_users(struct check *c)
{
	if (!look_elsewhere(c))
		check_logins(c);
	look_at_offer(c);
	look_at_recipients(c);
}
