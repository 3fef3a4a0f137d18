/*
 * load - config_load of config.h: one pass over the table, then what one
 * setting means for another. Run by main before it forks, and by
 * smtpd-check.
 */
#include "control/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/authmechs.h"
#include "control/launcher.h"
#include "control/relaylimits.h"
#include "lib/controldir.h"

#define AT(member) offsetof(struct config, member)
#define HOST_MAX 255	     /* octets, RFC 5321 4.5.3.1.2 */
#define GREETING_MAX 500     /* octets; fits a reply line of 512 */
#define TIMEOUT_MAX 31536000 /* seconds, a year */
#define GREETDELAY_MAX 60    /* seconds */
#define SOCKET_MAX 107	     /* octets, unix(7) */
#define RCPTCHECK_MAX 1023   /* octets of a path */
#define ERROR_FD_MIN 2
#define ERROR_FD_MAX 9

static int
fail(struct config *config, const char *file, const char *reason)
{
	config->failed_file = file;
	config->reason = reason;
	return -1;
}

/*
 * The value of a row that the environment overrules, or absent. getenv() calls
 * a function to compare each variable with each of the names, a third of all
 * instructions of a plain connection; nearly all differ in the first octet.
 */
static struct slice
from_environment(const struct config_row *row)
{
	const char *name = row->environment;
	size_t len = name == NULL ? 0 : strlen(name);

	for (char **next = environ; len > 0 && *next != NULL; next++)
		if (**next == *name && strncmp(*next, name, len) == 0 &&
			(*next)[len] == '=')
			return slice_of(*next + len + 1);
	return SLICE_NONE;
}

/* Blames the variable when it is set, since then it counts. */
static int
fail_row(
	struct config *config, const struct config_row *row, const char *reason)
{
	char *file;

	if (row->file == NULL || from_environment(row).data != NULL)
		return fail(config, row->environment, reason);
	if (asprintf(&file, "control/%s", row->file) == -1)
		return fail(config, row->file, reason);
	return fail(config, file, reason);
}

/* Blames the row of a member: FAIL(config, me, "not set"). */
static int
fail_at(struct config *config, size_t offset, const char *reason)
{
	size_t i = 0;

	while (config_rows[i].offset != offset)
		i++;
	return fail_row(config, &config_rows[i], reason);
}

#define FAIL(config, member, reason) fail_at((config), AT(member), (reason))

/* Not of a row that is CONFIG_NOWHERE. */
static void *
member_of(struct config *config, const struct config_row *row)
{
	return (char *)config + row->offset;
}

/* One value as text: the variable, the first line of the file, the default. */
static int
find_text(struct config *config, const struct config_row *row, int dir_fd,
	struct slice *text)
{
	const char *reason;
	enum control_result (*read_line)(int, const char *, struct slice *,
		const char **) = row->type == CONFIG_CHARACTERS
					 ? control_characters
					 : control_line;

	*text = from_environment(row);
	if (text->data == NULL && row->file != NULL &&
		read_line(dir_fd, row->file, text, &reason) == CONTROL_BROKEN)
		return fail_row(config, row, reason);
	if (text->data == NULL)
		*text = slice_of(row->fallback);
	return 0;
}

/* A submission service is known by its port (RFC 6409, RFC 8314). */
static bool
is_submission(const struct config *config)
{
	return config->smtps || slice_is(config->port, "587") ||
	       slice_is(config->port, "465");
}

static int
load_value(struct config *config, const struct config_row *row, int dir_fd)
{
	void *member = member_of(config, row);
	struct slice text;

	if (find_text(config, row, dir_fd, &text) == -1)
		return -1;
	if (text.data == NULL) {
		if (row->type == CONFIG_SUBMISSION && is_submission(config))
			*(bool *)member = true;
		return 0;
	}
	if (row->type == CONFIG_TEXT || row->type == CONFIG_CHARACTERS) {
		*(struct slice *)member = text;
	} else if (row->type == CONFIG_NUMBER) {
		if (slice_number(text, member) == -1)
			return fail_row(config, row, "not a number");
	} else {
		if (text.len > 0 && !slice_is(text, "0") &&
			!slice_is(text, "1"))
			return fail_row(config, row, "must be 0 or 1");
		*(bool *)member = !slice_is(text, "0");
	}
	return 0;
}

/* AUTHMECHS, SMTPAUTH, authmechs: the first that is there. */
static int
load_mechanisms(struct config *config, const struct config_row *row, int dir_fd)
{
	struct slice text = from_environment(row);
	struct control_list list = {.present = false};
	struct authmechs_smtpauth smtpauth = {.off = false};
	const char *reason;

	if (config->smtpauth.data != NULL &&
		authmechs_smtpauth(config->smtpauth, &smtpauth) == -1)
		return fail(config, "SMTPAUTH",
			"must be -, 0, empty, +cram or cram, or one of these "
			"after !");
	/* AUTHMECHS goes before, also before "off". */
	config->auth_off = smtpauth.off && text.data == NULL;
	config->require_auth = smtpauth.required;
	if (text.data == NULL && config->smtpauth.data != NULL) {
		config->mechanisms = smtpauth.mechanisms;
		return 0;
	}
	if (text.data == NULL) {
		if (control_list(dir_fd, row->file, &list, &reason) ==
			CONTROL_BROKEN)
			return fail_row(config, row, reason);
		text = (struct slice){list.text, list.len};
	}
	reason = authmechs_list(
		text, config->authsocket.len > 0, &config->mechanisms);
	if (reason != NULL)
		return fail_row(config, row, reason);
	/* Set to nothing: default, or no AUTH? Better asked than guessed. */
	if (config->mechanisms.data == NULL &&
		from_environment(row).data != NULL)
		return fail_row(config, row, "names no mechanism");
	return 0;
}

static int
load_row(struct config *config, const struct config_row *row, int dir_fd)
{
	enum control_result result = CONTROL_OK;
	const char *reason;

	switch (row->type) {
	case CONFIG_LIST:
		result = control_list(
			dir_fd, row->file, member_of(config, row), &reason);
		break;
	case CONFIG_FILE:
		result = control_open(
			dir_fd, row->file, member_of(config, row), &reason);
		break;
	case CONFIG_PRESENT:
		*(bool *)member_of(config, row) = dir_fd != CONTROL_ABSENT;
		break;
	case CONFIG_MECHANISMS:
		return load_mechanisms(config, row, dir_fd);
	case CONFIG_PATH:
	case CONFIG_LAUNCHER:
		break;
	default:
		return load_value(config, row, dir_fd);
	}
	return result == CONTROL_BROKEN ? fail_row(config, row, reason) : 0;
}

static void
mark_row(void *context, const char *name)
{
	uint64_t *present = context;

	for (size_t i = 0; i < config_rows_count; i++)
		if (config_rows[i].file != NULL &&
			strcmp(config_rows[i].file, name) == 0)
			*present |= UINT64_C(1) << i;
}

/*
 * Which rows' files are there, a bit each. All, where the directory may be
 * searched but not listed: then each is tried.
 */
static uint64_t
rows_present(int dir_fd)
{
	uint64_t present = 0;

	if (dir_fd == -1 || control_entries(dir_fd, mark_row, &present) == -1)
		return UINT64_MAX;
	return present;
}

static int
load_rows(struct config *config, bool smtps)
{
	const char *directory = config->directory;
	int dir_fd =
		openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t present = rows_present(dir_fd);
	int result = 0;

	if (dir_fd == -1 && errno == EACCES)
		dir_fd = openat(
			AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd == -1)
		return fail(config, directory, strerror(errno));
	for (size_t i = 0; i < config_rows_count && result == 0; i++) {
		result = load_row(config, &config_rows[i],
			present >> i & 1 ? dir_fd : CONTROL_ABSENT);
		/* The option counts, whatever SMTPS says. */
		config->smtps = config->smtps || smtps;
	}
	close(dir_fd);
	return result;
}

/* Printable ASCII without blanks, of a length that SMTP knows. */
static bool
is_host(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] > '~')
			return false;
	return name.len > 0 && name.len <= HOST_MAX;
}

/* UTF-8 may pass, control characters may not. */
static bool
is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (bytes_control(text.data[i]))
			return false;
	return true;
}

/* An empty variable switches off what a file has set. */
static void
drop_empty(struct slice *value)
{
	if (value->len == 0)
		*value = SLICE_NONE;
}

static int
settle_names(struct config *config)
{
	if (config->me.data == NULL)
		return FAIL(config, me, "not set");
	if (!is_host(config->me))
		return FAIL(config, me, "not a host name");
	if (config->smtpgreeting.data == NULL)
		config->smtpgreeting = config->me;
	if (!is_printable(config->smtpgreeting))
		return FAIL(config, smtpgreeting, "not printable");
	if (config->smtpgreeting.len > GREETING_MAX)
		return FAIL(config, smtpgreeting, "too long");
	if (config->localiphost.data == NULL)
		config->localiphost = config->me;
	if (!is_host(config->localiphost))
		return FAIL(config, localiphost, "not a host name");
	drop_empty(&config->authdomain);
	if (config->authdomain.data != NULL && !is_host(config->authdomain))
		return FAIL(config, authdomain, "not a host name");
	drop_empty(&config->authsocket);
	if (config->authsocket.len > SOCKET_MAX)
		return FAIL(config, authsocket, "too long");
	return 0;
}

/* No timeout at all is a second, as in qmail; the rest would never be met. */
static uint64_t
timeout_within(uint64_t seconds)
{
	if (seconds > TIMEOUT_MAX)
		return TIMEOUT_MAX;
	return seconds == 0 ? 1 : seconds;
}

static int
settle_numbers(struct config *config)
{
	config->timeoutsmtpd = timeout_within(config->timeoutsmtpd);
	config->timeoutqueue = timeout_within(config->timeoutqueue);
	config->policytimeout = timeout_within(config->policytimeout);
	if (config->maxrcpt > CONFIG_RCPTS_MAX)
		config->maxrcpt = CONFIG_RCPTS_MAX;
	if (config->error_fd < ERROR_FD_MIN || config->error_fd > ERROR_FD_MAX)
		return FAIL(config, error_fd, "out of range");
	if (config->greetdelay > GREETDELAY_MAX)
		return FAIL(config, greetdelay, "out of range");
	return 0;
}

static int
settle_tls(struct config *config)
{
	if (slice_is(config->tls_min_text, "1.2"))
		config->tls_min = TLS_1_2;
	else if (slice_is(config->tls_min_text, "1.1"))
		config->tls_min = TLS_1_1;
	else if (slice_is(config->tls_min_text, "1.0"))
		config->tls_min = TLS_1_0;
	else
		return FAIL(config, tls_min_text, "must be 1.0, 1.1 or 1.2");
	return 0;
}

static int
settle_policy(struct config *config)
{
	const char *fault = NULL;

	config->policy_accepts = slice_is_nocase(config->policyfail, "accept");
	if (!config->policy_accepts &&
		!slice_is_nocase(config->policyfail, "defer"))
		return FAIL(config, policyfail, "must be defer or accept");
	drop_empty(&config->policysocket);
	if (config->policysocket.data != NULL)
		fault = policysocket_read(
			&config->policy, config->policysocket);
	return fault == NULL ? 0 : FAIL(config, policysocket, fault);
}

static int
settle_rest(struct config *config)
{
	if (config->queue_program.len == 0)
		return FAIL(config, queue_program, "names no program");
	if (!slice_is(config->log_target, "syslog"))
		config->log_target = SLICE_NONE;
	drop_empty(&config->statedir);
	drop_empty(&config->rcptcheck);
	if (config->rcptcheck.len > RCPTCHECK_MAX)
		return FAIL(config, rcptcheck, "too long");
	if (config->proxyprotocol.len == 0 ||
		slice_is(config->proxyprotocol, "0"))
		config->proxyprotocol = SLICE_NONE;
	const char *fault = NULL;

	if (config->relaylimits.present)
		fault = relaylimits_fault(&config->relaylimits);
	if (fault != NULL)
		return FAIL(config, relaylimits, fault);
	config->relayclient_set = config->relayclient.data != NULL;
	return 0;
}

int
config_load(struct config *config, bool smtps)
{
	*config = (struct config){.directory = controldir_find(),
		.morercpthosts_fd = -1,
		.smtps = smtps};
	/* First, so that the line about a failure can name the client. */
	launcher_read(config, STDIN_FILENO);
	if (load_rows(config, smtps) == -1 || settle_names(config) == -1 ||
		settle_numbers(config) == -1 || settle_tls(config) == -1 ||
		settle_policy(config) == -1)
		return -1;
	return settle_rest(config);
}
