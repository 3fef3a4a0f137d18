/*
 * people - the commands of smtpd-passwd that change one thing about a user
 * who is there: senders, disabled or not; apps.c has those of app passwords.
 */
#include "passwd/people.h"

#include <string.h>

#include "passwd/census.h"
#include "passwd/record.h"
#include "control/entry.h"

int
people_open(struct userfile *f, struct passwd_request *r, bool to_change,
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

int
people_write(struct userfile *f, const struct passwd_request *r,
	const struct people_step *step, struct slice old, struct user *user)
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
run_step(struct passwd_request *r, const struct people_step *step,
	struct user *user)
{
	struct userfile_line line;
	struct userfile f;
	int status = people_open(&f, r, true, &line);

	if (status != 0)
		return status;
	status = people_write(&f, r, step, line.record, user);
	userfile_close(&f);
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
	int status = people_open(&f, r, false, &line);

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

/* Addresses that can never match are stored all the same. */
static void
warn_of_senders(const struct passwd_request *r)
{
	for (size_t i = 0; i < r->arguments_count; i++) {
		const char *fault =
			entry_fault(slice_of(r->arguments[i]), ENTRY_SENDER);

		if (fault != NULL && strcmp(r->arguments[i], "-") != 0)
			tool_warn("%.256s never matches: it %s",
				r->arguments[i], fault);
	}
}

int
passwd_sender(struct passwd_request *r)
{
	static const struct people_step step = {set_senders, false, false};
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
		warn_of_senders(r);
	explicit_bzero(&user, sizeof user);
	return status;
}

/* ------------------------------------------------------------- on, off --- */

static void
disable(struct buffer *out, struct slice old, const struct passwd_request *r)
{
	(void)r;
	record_set_disabled(out, old, true);
}

static void
enable(struct buffer *out, struct slice old, const struct passwd_request *r)
{
	(void)r;
	record_set_disabled(out, old, false);
}

int
passwd_disable(struct passwd_request *r)
{
	static const struct people_step step = {disable, true, true};
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
	static const struct people_step step = {enable, false, false};
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
