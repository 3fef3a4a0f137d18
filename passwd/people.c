/*
 * people - the commands of smtpd-passwd that change one thing about a user
 * who is there: app passwords, their dates, senders, disabled or not.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "passwd/passwd.h"
#include "passwd/record.h"
#include "sasl/mechanism.h"
#include "lib/date.h"

#define APP_GROUPS 5 /* of the letters of an app password */
#define APP_GROUP 4
#define APP_LEN (APP_GROUPS * (APP_GROUP + 1) - 1)

/* What a command makes of the user's record. */
struct step {
	void (*change)(struct buffer *out, struct slice old,
		const struct passwd_request *r);
	bool lenient; /* bad lines of others must not stop it */
	bool both;    /* it takes the user's other line, too */
};

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
has_label(struct slice record, struct slice label)
{
	char text[USERS_RECORD_MAX];
	struct buffer without = BUFFER_OVER(text);
	bool found;

	record_drop_label(&without, record, label);
	found = without.overflow || without.len != record.len;
	explicit_bzero(text, sizeof text);
	return found;
}

/* Opens the file and finds the user; afterwards f is to be closed. */
static int
open_user(struct userfile *f, struct passwd_request *r, bool to_change,
	struct userfile_line *line)
{
	int status = passwd_open_existing(f, r, to_change);

	if (status != 0)
		return status;
	if (passwd_find(f, r, line) && line->record.data != NULL)
		return 0;
	userfile_close(f);
	return passwd_unknown(r);
}

static int
write_step(struct userfile *f, const struct passwd_request *r,
	const struct step *step, struct slice old, struct user *user)
{
	char text[USERS_RECORD_MAX], twin_text[USERS_RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);
	struct buffer twin = BUFFER_OVER(twin_text);
	struct userfile_edit edit = {
		.login = r->login, .lenient = step->lenient};
	struct census census;
	int status = 0;

	step->change(&record, old, r);
	edit.record = buffer_slice(&record);
	if (step->both && r->twin_record.data != NULL) {
		step->change(&twin, r->twin_record, r);
		edit.twin = r->twin;
		edit.twin_record = buffer_slice(&twin);
	}
	if (record.overflow || twin.overflow ||
		(users_parse(user, edit.record) != 0 && !step->lenient))
		status = tool_fatal(TOOL_TEMPORARY,
			"the line of %.*s would be malformed or too long",
			(int)r->login.len, r->login.data);
	else if (userfile_change(f, &edit, &census) != 0)
		status = passwd_trouble(f);
	explicit_bzero(text, sizeof text);
	explicit_bzero(twin_text, sizeof twin_text);
	return status;
}

static int
run_step(struct passwd_request *r, const struct step *step, struct user *user)
{
	struct userfile_line line;
	struct userfile f;
	int status = open_user(&f, r, true, &line);

	if (status != 0)
		return status;
	status = write_step(&f, r, step, line.record, user);
	userfile_close(&f);
	return status;
}

/* As run_step(), for a label that the user must have. */
static int
run_label(struct passwd_request *r, const struct step *step)
{
	struct userfile_line line;
	struct userfile f;
	struct user user;
	int status = check_label(r);

	if (status == 0)
		status = open_user(&f, r, true, &line);
	if (status != 0)
		return status;
	if (has_label(line.record, label_of(r)))
		status = write_step(&f, r, step, line.record, &user);
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

/* ------------------------------------------------------- app passwords --- */

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
		status = open_user(&f, r, true, &line);
	if (status != 0)
		return status;
	if (!has_label(line.record, label_of(r)))
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
	static const struct step step = {drop_app, true, false};
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
	static const struct step step = {set_date, false, false};
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

/* ------------------------------------------------------------- senders --- */

static const char *
sender_fault(struct slice sender)
{
	size_t at = slice_find_last(sender, '@');

	if (slice_is(sender, "!<>"))
		return NULL;
	if (at >= sender.len || at + 1 == sender.len)
		return "it takes user@domain, @domain or !<>";
	for (size_t i = 0; i < sender.len; i++) {
		unsigned char c = (unsigned char)sender.data[i];

		if (c <= ' ' || c == 0x7f || c == ':' || c == ',')
			return "blanks, colons and commas have no place in it";
	}
	return NULL;
}

static int
check_senders(const struct passwd_request *r)
{
	if (r->arguments_count == 1 && strcmp(r->arguments[0], "-") == 0)
		return 0;
	for (size_t i = 0; i < r->arguments_count; i++) {
		const char *fault = sender_fault(slice_of(r->arguments[i]));

		if (fault != NULL)
			return tool_fatal(TOOL_USAGE, "address %.256s: %s",
				r->arguments[i], fault);
	}
	return 0;
}

static int
print_senders(struct passwd_request *r)
{
	struct userfile_line line;
	struct userfile f;
	struct slice senders;
	int status = open_user(&f, r, false, &line);

	if (status != 0)
		return status;
	senders = record_sender(line.record);
	while (senders.data != NULL) {
		struct slice one = slice_split(&senders, ',');

		if (one.len > 0)
			(void)printf("%.*s\n", (int)one.len, one.data);
	}
	userfile_close(&f);
	return 0;
}

static void
set_senders(
	struct buffer *out, struct slice old, const struct passwd_request *r)
{
	char text[USERS_RECORD_MAX];
	struct buffer list = BUFFER_OVER(text);
	bool none = strcmp(r->arguments[0], "-") == 0;

	for (size_t i = 0; i < r->arguments_count; i++) {
		if (i > 0)
			buffer_add_char(&list, ',');
		buffer_add_text(&list, r->arguments[i]);
	}
	out->overflow |= list.overflow;
	record_set_sender(out, old, none ? SLICE_NONE : buffer_slice(&list));
}

int
passwd_sender(struct passwd_request *r)
{
	static const struct step step = {set_senders, false, false};
	struct user user;
	int status;

	if (r->arguments_count == 0)
		return print_senders(r);
	status = check_senders(r);
	if (status == 0)
		status = run_step(r, &step, &user);
	if (status == 0)
		(void)printf("senders changed for %.*s\n", (int)r->login.len,
			r->login.data);
	if (status == 0)
		passwd_warn_of_senders(r);
	explicit_bzero(&user, sizeof user);
	return status;
}

/* ------------------------------------------------------------- on, off --- */

static void
disable(struct buffer *out, struct slice old, const struct passwd_request *r)
{
	(void)r;
	record_disable(out, old);
}

static void
enable(struct buffer *out, struct slice old, const struct passwd_request *r)
{
	(void)r;
	record_enable(out, old);
}

int
passwd_disable(struct passwd_request *r)
{
	static const struct step step = {disable, true, true};
	struct user user;
	int status = run_step(r, &step, &user);

	if (status == 0)
		passwd_print_done(r, "disabled");
	explicit_bzero(&user, sizeof user);
	return status;
}

int
passwd_enable(struct passwd_request *r)
{
	static const struct step step = {enable, false, false};
	struct user user;
	int status = run_step(r, &step, &user);

	if (status == 0) {
		(void)printf("enabled %.*s: can use", (int)r->login.len,
			r->login.data);
		passwd_print_usable(stdout, &user);
	}
	explicit_bzero(&user, sizeof user);
	return status;
}
