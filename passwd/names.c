/* names - see names.h. Used by smtpd-passwd. */
#include "passwd/names.h"

#include <string.h>
#include <unistd.h>

#include "lib/path.h"

/* Is there login@domain in the cdb? name gets it, as it is stored. */
static bool
has_longer(int fd, struct slice login, struct slice domain, struct buffer *name)
{
	struct user user;
	bool found;

	userfile_add_login(name, login);
	buffer_add_char(name, '@');
	userfile_add_login(name, domain);
	found = !name->overflow &&
		users_find(fd, buffer_slice(name), &user) == USERS_FOUND;
	explicit_bzero(&user, sizeof user);
	return found;
}

static void
look_at_lines(struct userfile *f, int fd, struct slice domain)
{
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;

	while (userfile_next(f->text, &at, &line)) {
		char text[USERS_LOGIN_MAX];
		struct buffer name = BUFFER_OVER(text);

		if (line.login.len == 0 ||
			slice_find(line.login, '@') < line.login.len ||
			!has_longer(fd, line.login, domain, &name))
			continue;
		userfile_warn(f,
			"%s:%zu: %.*s is %.*s by authdomain, which is there "
			"too, and alone can log in",
			f->name, at.line, (int)line.login.len, line.login.data,
			(int)name.len, name.data);
	}
}

void
names_warn(struct userfile *f, struct slice domain)
{
	int fd;

	if (domain.len == 0)
		return;
	fd = path_open(f->cdb_path);
	if (fd < 0)
		return; /* whoever has just written it can read it */
	look_at_lines(f, fd, domain);
	(void)close(fd); /* was only read */
}
