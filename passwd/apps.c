/*
 * apps - the commands of smtpd-passwd for a user's app passwords and their
 * dates.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "passwd/people.h"
#include "passwd/record.h"
#include "sasl/mechanism.h"
#include "lib/date.h"

#define APP_GROUPS 5 /* of the letters of an app password */
#define APP_GROUP 4
#define APP_LEN (APP_GROUPS * (APP_GROUP + 1) - 1)

static struct slice
label_of(const struct passwd_request *r)
{
	return slice_of(r->arguments[0]);
}

static int
check_label(const struct passwd_request *r)
{
	if (!users_is_label(label_of(r)))
		return tool_fatal(TOOL_USAGE,
			"label %.64s: it takes 1 to 32 of a-z, 0-9 and -",
			r->arguments[0]);
	if (mechanism_is_companion(label_of(r)))
		return tool_fatal(TOOL_USAGE,
			"label %.32s is that of the user's own password",
			r->arguments[0]);
	return 0;
}

/* Is there a word of that label in field 5, readable or not? */
static bool
holds_label(struct slice record, struct slice label)
{
	char text[USERS_RECORD_MAX];
	struct buffer without = BUFFER_OVER(text);
	bool found;

	record_drop_label(&without, record, label);
	found = without.overflow || without.len != record.len;
	explicit_bzero(text, sizeof text);
	return found;
}

/* Runs a step on a label that the user must have. */
static int
run_label(struct passwd_request *r, const struct people_step *step)
{
	struct userfile_line line;
	struct userfile f;
	struct user user;
	int status = check_label(r);

	if (status == 0)
		status = people_open(&f, r, true, &line);
	if (status != 0)
		return status;
	if (holds_label(line.record, label_of(r)))
		status = people_write(&f, r, step, line.record, &user);
	else {
		(void)fprintf(stderr,
			PASSWD_PROGRAM ": %.*s has no app password %s\n",
			(int)r->login.len, r->login.data, r->arguments[0]);
		status = PASSWD_NO;
	}
	explicit_bzero(&user, sizeof user);
	userfile_close(&f);
	return status;
}

/* Groups of letters: 23 that are not mistaken for others, 90 bits. */
static int
make_up(struct buffer *out)
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz";
	const size_t count = sizeof letters - 1;
	unsigned char dice;

	for (size_t i = 0; i < APP_GROUPS * APP_GROUP; i++) {
		do /* each letter as likely as the others */
			if (getrandom(&dice, 1, 0) != 1)
				return -1;
		while (dice >= 256 / count * count);
		if (i > 0 && i % APP_GROUP == 0)
			buffer_add_char(out, '-');
		buffer_add_char(out, letters[dice % count]);
	}
	explicit_bzero(&dice, sizeof dice);
	return 0;
}

static int
store_app(struct userfile *f, const struct passwd_request *r,
	struct buffer *password)
{
	struct slice made;
	struct user user;
	int status = 0;

	if (make_up(password) != 0)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to get random octets: %s", strerror(errno));
	made = buffer_slice(password);
	/* The password alone on standard output: for a script. */
	buffer_add_char(password, '\n');
	if (passwd_store(f, r, label_of(r), made, buffer_slice(password),
		    &user) != 0)
		status = passwd_trouble(f);
	else {
		(void)fprintf(stderr,
			PASSWD_PROGRAM ": new app password %s for %.*s, shown "
				       "this once: can use",
			r->arguments[0], (int)r->login.len, r->login.data);
		passwd_print_usable(stderr, &user);
	}
	explicit_bzero(&user, sizeof user);
	return status;
}

int
passwd_newapp(struct passwd_request *r)
{
	char text[APP_LEN + 1];
	struct buffer password = BUFFER_OVER(text);
	struct userfile_line line;
	struct userfile f;
	int status = check_label(r);

	if (status == 0 && r->no_output)
		status = tool_fatal(TOOL_TEMPORARY,
			"standard output is closed: nobody would see the "
			"password");
	if (status == 0)
		status = people_open(&f, r, true, &line);
	if (status != 0)
		return status;
	if (!holds_label(line.record, label_of(r)))
		status = store_app(&f, r, &password);
	else {
		(void)fprintf(stderr,
			PASSWD_PROGRAM ": %.*s has an app password %s: delapp "
				       "it first\n",
			(int)r->login.len, r->login.data, r->arguments[0]);
		status = PASSWD_NO;
	}
	explicit_bzero(text, sizeof text);
	userfile_close(&f);
	return status;
}

static void
drop_app(struct buffer *out, struct slice old, const struct passwd_request *r)
{
	record_drop_label(out, old, label_of(r));
}

int
passwd_delapp(struct passwd_request *r)
{
	static const struct people_step step = {drop_app, true, false};
	int status = run_label(r, &step);

	if (status == 0)
		(void)printf("deleted app password %s of %.*s\n",
			r->arguments[0], (int)r->login.len, r->login.data);
	return status;
}

static void
set_date(struct buffer *out, struct slice old, const struct passwd_request *r)
{
	struct slice date = slice_of(r->arguments[1]);

	if (slice_is(date, "never"))
		date.data = NULL;
	record_expire(out, old, label_of(r), date);
}

int
passwd_expire(struct passwd_request *r)
{
	static const struct people_step step = {set_date, false, false};
	const char *when = r->arguments[1];
	uint32_t date;
	int status;

	if (strcmp(when, "never") != 0 && date_parse(slice_of(when), &date))
		return tool_fatal(TOOL_USAGE,
			"date %.32s: it takes YYYY-MM-DD or never", when);
	status = run_label(r, &step);
	if (status == 0)
		(void)printf("app password %s of %.*s %s%s\n", r->arguments[0],
			(int)r->login.len, r->login.data,
			strcmp(when, "never") == 0 ? "" : "expires ",
			strcmp(when, "never") == 0 ? "never expires" : when);
	return status;
}
