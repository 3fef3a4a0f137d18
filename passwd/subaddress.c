/* subaddress - see subaddress.h. Used by smtpd-passwd. */
#include "passwd/subaddress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "control/policy.h"
#include "lib/cdbread.h"
#include "lib/path.h"

struct search {
	struct userfile file;
	struct slice delimiters;
	int cdb;
};

static bool
is_user(const struct search *s, struct slice user, struct slice domain)
{
	char text[2 * USERS_LOGIN_MAX], record[USERS_RECORD_MAX];
	struct buffer key = BUFFER_OVER(text);
	size_t len;

	userfile_add_login(&key, user);
	userfile_add_login(&key, domain);
	enum cdbread_result found = cdbread_find(
		s->cdb, buffer_slice(&key), record, sizeof record, &len);

	explicit_bzero(record, sizeof record);
	return found == CDBREAD_FOUND;
}

static void
look_at(struct search *s, struct slice login, size_t line)
{
	size_t at = slice_find_last(login, '@');
	struct slice user = {login.data, at}, domain = slice_from(login, at);
	struct slice base = {login.data, policy_base(user, s->delimiters)};

	if (base.len == user.len || !is_user(s, base, domain))
		return;
	userfile_warn(&s->file,
		"%s:%zu: %.*s is a sub-address of %.*s%.*s, who may send as "
		"it where sendercheck is on: see recipientdelimiter",
		s->file.name, line, (int)login.len, login.data, (int)base.len,
		base.data, (int)domain.len, domain.data);
}

static int
look(struct search *s)
{
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;

	s->cdb = path_open(s->file.cdb_path);
	if (s->cdb == -1)
		return tool_fatal(TOOL_TEMPORARY, "unable to read %s.cdb: %s",
			s->file.name, strerror(errno));
	while (userfile_next(s->file.text, &at, &line))
		if (line.login.data != NULL)
			look_at(s, line.login, at.line);
	(void)close(s->cdb); /* was only read */
	return 0;
}

int
subaddress_warn(const struct passwd_request *r)
{
	struct search s = {.delimiters = slice_of("+")};
	const char *reason;

	if (control_characters(r->directory, "recipientdelimiter",
		    &s.delimiters, &reason) == CONTROL_BROKEN)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to read recipientdelimiter: %s", reason);
	int status = passwd_open(&s.file, r, false);

	if (status != 0)
		return status;
	status = look(&s);
	userfile_close(&s.file);
	return status;
}
