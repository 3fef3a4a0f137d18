/* list - the commands list and export of smtpd-passwd. */
#include <string.h>

#include "passwd/passwd.h"
#include "passwd/record.h"
#include "sasl/mechanism.h"
#include "lib/clock.h"
#include "lib/date.h"

static void
print_login(struct slice login)
{
	for (size_t i = 0; i < login.len; i++)
		(void)putchar(bytes_lower(login.data[i]));
}

static bool
is_able(const struct user *user)
{
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		if (mechanism_is_told(mechanisms[i], user))
			return true;
	return false;
}

/* The user with nothing but the secrets of that label. */
static void
keep_label(struct user *only, const struct user *user, struct slice label)
{
	only->disabled = user->disabled;
	only->secrets_count = 0;
	for (size_t i = 0; i < user->secrets_count; i++)
		if (slice_equal(user->secrets[i].label, label))
			only->secrets[only->secrets_count++] = user->secrets[i];
}

static bool
was_before(const struct user *user, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (slice_equal(user->secrets[k].label, user->secrets[i].label))
			return true;
	return false;
}

static void
print_date(const struct user_secret *app, uint32_t today)
{
	uint32_t date = app->expires;

	if (date == 0)
		(void)fputs("never expires", stdout);
	else
		(void)printf("%s %04u-%02u-%02u",
			users_expired(app, today) ? "expired" : "expires",
			date / 10000, date / 100 % 100, date % 100);
}

static void
list_apps(const struct userfile_line *line, const struct user *user,
	uint32_t today)
{
	struct user only;

	for (size_t i = 0; i < user->secrets_count; i++) {
		const struct user_secret *app = &user->secrets[i];

		if (app->label.len == 0 || mechanism_is_companion(app->label) ||
			was_before(user, i))
			continue;
		keep_label(&only, user, app->label);
		print_login(line->login);
		(void)printf(
			": app %.*s: ", (int)app->label.len, app->label.data);
		print_date(app, today);
		(void)putchar(':');
		passwd_print_usable(stdout, &only);
	}
	explicit_bzero(&only, sizeof only);
}

static void
list_user(const struct userfile_line *line, const struct user *user,
	uint32_t today)
{
	print_login(line->login);
	if (!is_able(user)) {
		(void)puts(": cannot log in");
		return;
	}
	(void)fputs(user->disabled ? ": disabled:" : ": enabled:", stdout);
	passwd_print_usable(stdout, user);
	list_apps(line, user, today);
}

static void
export_user(const struct userfile_line *line)
{
	char text[USERS_RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);

	record_without_ours(&record, line->record);
	print_login(line->login);
	(void)printf(":%.*s\n", (int)record.len, record.data);
	explicit_bzero(text, sizeof text);
}

/* Each sound line of the text, and a warning for each other. */
static int
each_user(const struct passwd_request *r, bool export)
{
	uint32_t today = date_of(clock_seconds());
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;
	struct userfile f;
	struct user user;
	int status = passwd_open_existing(&f, r, false);

	if (status != 0)
		return status;
	if (!export)
		passwd_warn_if_old(&f);
	while (userfile_next(f.text, &at, &line)) {
		const char *fault;

		if (line.login.data == NULL)
			continue;
		fault = userfile_parse(&line, &user);
		if (fault == NULL) {
			if (export)
				export_user(&line);
			else
				list_user(&line, &user, today);
			continue;
		}
		userfile_warn(&f, "%s:%zu: %s", f.name, at.line, fault);
		status = TOOL_TEMPORARY;
	}
	explicit_bzero(&user, sizeof user);
	userfile_close(&f);
	return status;
}

int
passwd_list(struct passwd_request *r)
{
	return each_user(r, false);
}

int
passwd_export(struct passwd_request *r)
{
	if (strcmp(r->arguments[0], "dovecot") != 0)
		return tool_fatal(TOOL_USAGE,
			"unknown format %.32s: export knows dovecot",
			r->arguments[0]);
	return each_user(r, true);
}
