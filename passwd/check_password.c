/* check_password - the command check of smtpd-passwd: is it this one? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "passwd/passwd.h"
#include "sasl/mechanism.h"
#include "lib/clock.h"
#include "lib/date.h"
#include "lib/path.h"

/* As the server would: the same lookup, the same check. */
static int
check(int users_fd, const struct passwd_request *r, struct slice password)
{
	struct exchange x = {.mechanism = mechanism_find(slice_of("PLAIN")),
		.users_fd = users_fd,
		.authdomain = r->domain};
	char name[USERS_LOGIN_MAX + 1];
	enum exchange_result result;
	const char *reason;

	x.today = date_of(clock_seconds());
	x.challenge = BUFFER_OVER(x.challenge_text);
	if (getrandom(x.random, sizeof x.random, 0) != sizeof x.random)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to get random octets: %s", strerror(errno));
	result = mechanism_check_password(&x, r->login, password);
	reason = x.reason == NULL ? "no reason" : x.reason;
	memcpy(name, x.login, x.login_len);
	name[x.login_len] = '\0';
	explicit_bzero(&x, sizeof x);
	if (result == EXCHANGE_OK) {
		(void)printf("%s: password is right\n", name);
		return 0;
	}
	if (result != EXCHANGE_FAIL)
		return tool_fatal(
			TOOL_TEMPORARY, "unable to check %s: %s", name, reason);
	(void)fprintf(
		stderr, PASSWD_PROGRAM ": %s: refused: %s\n", name, reason);
	return PASSWD_NO;
}

int
passwd_check(struct passwd_request *r)
{
	char text[SECRET_PASSWORD_MAX + 1];
	struct buffer password = BUFFER_OVER(text);
	struct userfile f;
	int fd, status = passwd_ask("Password: ", &password);

	if (status != 0 || (status = passwd_open(&f, r, false)) != 0)
		return status;
	passwd_warn_if_old(&f);
	fd = path_open(f.cdb_path);
	if (fd < 0)
		status = tool_fatal(TOOL_TEMPORARY, "unable to read %s.cdb: %s",
			f.name, strerror(errno));
	else if (password.len == 0)
		status = tool_fatal(TOOL_USAGE, "empty password");
	else
		status = check(fd, r, buffer_slice(&password));
	if (fd >= 0)
		(void)close(fd); /* was only read */
	explicit_bzero(text, sizeof text);
	userfile_close(&f);
	return status;
}
