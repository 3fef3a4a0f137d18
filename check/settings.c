/*
 * settings - the one table of control/config.h, as the server would read it:
 * what is broken, what counts, and where it comes from. Run by smtpd-check.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/cure.h"
#include "check/settings.h"
#include "check/variables.h"
#include "lib/controldir.h"

const struct config_row *
settings_row(const char *file, const char *variable)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (file != NULL && row->file != NULL &&
			strcmp(file, row->file) == 0)
			return row;
		if (variable != NULL && row->environment != NULL &&
			strcmp(variable, row->environment) == 0)
			return row;
	}
	return NULL;
}

/* Is there something in the file that counts? */
static bool
file_counts(const char *directory, const struct config_row *row)
{
	struct control_list list = {.present = false};
	struct slice value;
	const char *reason;
	int fd, dir_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool counts = false;

	if (dir_fd == -1)
		return false;
	switch (row->type) {
	case CONFIG_LIST:
	case CONFIG_MECHANISMS:
		counts = control_list(dir_fd, row->file, &list, &reason) ==
				 CONTROL_OK &&
			 (row->type == CONFIG_LIST || list.len > 0);
		break;
	case CONFIG_FILE:
		counts = control_open(dir_fd, row->file, &fd, &reason) ==
			 CONTROL_OK;
		if (counts)
			close(fd);
		break;
	case CONFIG_PATH:
	case CONFIG_PRESENT:
	case CONFIG_CHARACTERS:
		counts = faccessat(dir_fd, row->file, F_OK, 0) == 0;
		break;
	default:
		counts = control_line(dir_fd, row->file, &value, &reason) ==
			 CONTROL_OK;
	}
	close(dir_fd);
	return counts;
}

const char *
settings_where(const struct check *c, const struct config_row *row)
{
	if (row->environment != NULL && getenv(row->environment) != NULL)
		return variables_exported(row->environment)
			       ? "run"
			       : report_text("env/%s", row->environment);
	/* SMTPAUTH goes before authmechs. */
	if (row->type == CONFIG_MECHANISMS && getenv("SMTPAUTH") != NULL)
		return "env/SMTPAUTH";
	if (row->file != NULL && file_counts(c->directory, row))
		return report_text("control/%s", row->file);
	if (row->environment != NULL &&
		strcmp(row->environment, "SMTPS") == 0 && c->service.smtps)
		return "run";
	return "default";
}

const char *
settings_path(const struct check *c, const char *name)
{
	return report_text("%s/%s", c->directory, name);
}

const char *
settings_quoted(const struct check *c, const char *name)
{
	return report_quoted(settings_path(c, name));
}

const char *
settings_variable_path(const struct check *c, const char *name)
{
	return report_text("%s/env/%s", c->service.directory, name);
}

/* The start of a command that writes to path: nothing there is lost. */
static const char *
put_aside(const char *path, const char *aside)
{
	return access(path, F_OK) != 0
		       ? ""
		       : report_text("mv --backup=numbered %s %s && ",
				 report_quoted(path), report_quoted(aside));
}

const char *
settings_cure_variable(
	const struct check *c, const char *name, const char *value)
{
	if (c->service.directory == NULL)
		return report_text("export %s=%s", name, report_quoted(value));
	const char *path = settings_variable_path(c, name);

	/* Beside env/, where it would be a variable. */
	return report_text("%secho %s > %s",
		put_aside(path,
			report_text("%s/%s.old", c->service.directory, name)),
		report_quoted(value), report_quoted(path));
}

const char *
settings_cure_file(const struct check *c, const char *name, const char *value)
{
	return cure_over(settings_path(c, name),
		report_text("echo %s", report_quoted(value)));
}

const char *
settings_cure_unset(const struct check *c, const char *name)
{
	if (c->service.directory == NULL)
		return report_text("unset %s", name);
	return report_text(
		"rm %s", report_quoted(settings_variable_path(c, name)));
}

const char *
settings_text(const struct check *c, const char *file, const char *variable,
	const char **where)
{
	struct slice value = slice_of(getenv(variable));
	const char *reason;
	int dir_fd;

	*where = report_text("env/%s", variable);
	if (value.data == NULL) {
		*where = report_text("control/%s", file);
		dir_fd = open(c->directory, O_PATH | O_CLOEXEC);
		(void)control_line(dir_fd, file, &value, &reason);
		if (dir_fd != -1)
			close(dir_fd);
	}
	return value.len == 0 ? NULL : report_slice(value);
}

/* Every file of the table that the server would refuse. */
static void
look_at_file(struct check *c, int dir_fd, const struct config_row *row)
{
	struct control_list list;
	struct slice value;
	const char *reason = NULL, *path = settings_quoted(c, row->file);
	const char *where = report_text("control/%s", row->file);
	int fd = -1;
	enum control_result result;

	if (row->type == CONFIG_FILE)
		result = control_open(dir_fd, row->file, &fd, &reason);
	else if (row->type == CONFIG_LIST || row->type == CONFIG_MECHANISMS)
		result = control_list(dir_fd, row->file, &list, &reason);
	else
		result = control_line(dir_fd, row->file, &value, &reason);
	if (fd != -1)
		close(fd);
	if (result != CONTROL_BROKEN)
		return;
	if (strcmp(reason, "holds a NUL") == 0)
		report_add(&c->report, SET_FILE_NUL, where, NULL, path);
	else if (strcmp(reason, "access denied") == 0)
		report_add(&c->report, SET_FILE_DENIED, where, reason, path);
	else
		report_add(&c->report, SET_FILE_KIND, where, reason, path);
}

static unsigned
look_at_files(struct check *c, int dir_fd)
{
	unsigned before = c->report.fails;

	for (size_t i = 0; i < config_rows_count; i++)
		if (config_rows[i].file != NULL &&
			config_rows[i].type != CONFIG_PATH &&
			config_rows[i].type != CONFIG_PRESENT)
			look_at_file(c, dir_fd, &config_rows[i]);
	return c->report.fails - before;
}

/* What the server says of the first wrong value; true: look for the next. */
static bool
blame(struct check *c)
{
	const char *name = c->config.failed_file;
	const char *reason = report_text("%s", c->config.reason);
	const struct config_row *row = settings_row(NULL, name);

	if (row != NULL) {
		report_add(&c->report, SET_VARIABLE,
			report_text("env/%s", name),
			report_text("%s: %s", getenv(name), reason),
			settings_cure_unset(c, name));
		return unsetenv(name) == 0;
	}
	if (strcmp(name, "control/me") == 0)
		report_add(&c->report, SET_ME, name, reason,
			cure_over(settings_path(c, "me"), "hostname -f"));
	else if (strncmp(name, "control/", 8) == 0)
		report_add(&c->report, SET_VALUE, name, reason,
			settings_quoted(c, name + 8));
	else
		report_add(&c->report, SET_VALUE, NULL,
			report_text("%s: %s", name, reason),
			report_quoted(name));
	return false;
}

int
check_settings(struct check *c)
{
	int dir_fd;

	c->directory = controldir_find();
	dir_fd = open(c->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd == -1) {
		report_add(&c->report, SET_DIRECTORY, c->directory,
			strerror(errno), report_quoted(c->directory));
		return -1;
	}
	unsigned broken = look_at_files(c, dir_fd);

	close(dir_fd);
	if (broken > 0)
		return -1;
	while (config_load(&c->config, c->service.smtps) == -1)
		if (!blame(c))
			return -1;
	c->me = report_slice(c->config.me);
	return 0;
}

void
check_overruled(struct check *c)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];
		const char *name = row->environment;

		/* SMTPAUTH goes before authmechs, too. */
		if (row->type == CONFIG_MECHANISMS &&
			getenv("AUTHMECHS") == NULL)
			name = "SMTPAUTH";
		if (row->file == NULL || name == NULL || getenv(name) == NULL ||
			!file_counts(c->directory, row))
			continue;
		report_add(&c->report, SET_OVERRULED,
			report_text("control/%s", row->file),
			variables_exported(name)
				? report_text("%s in run", name)
				: report_text("env/%s", name),
			NULL);
	}
}

/* The list of a file, its lines with a blank between. */
static void
print_list(const struct control_list *list)
{
	struct slice line;
	size_t at = 0;

	while (control_next(list, &at, &line))
		(void)printf(" %.*s", (int)line.len, line.data);
}

static void
print_slice(struct slice text)
{
	if (text.data != NULL)
		(void)printf(" %.*s", (int)text.len, text.data);
}

static void
print_value(const struct check *c, const struct config_row *row)
{
	const void *member = (const char *)&c->config + row->offset;

	switch (row->type) {
	case CONFIG_TEXT:
	case CONFIG_CHARACTERS:
		print_slice(*(const struct slice *)member);
		break;
	case CONFIG_MECHANISMS:
		print_slice(slice_of(c->mechanisms));
		break;
	case CONFIG_NUMBER:
		(void)printf(
			" %llu", (unsigned long long)*(const uint64_t *)member);
		break;
	case CONFIG_FLAG:
	case CONFIG_SUBMISSION:
		(void)printf(" %d", *(const bool *)member);
		break;
	case CONFIG_LIST:
		print_list(member);
		break;
	default:
		if (row->file == NULL)
			(void)printf(" %s", c->directory);
		else if (file_counts(c->directory, row))
			(void)printf(" %s/%s", c->directory, row->file);
	}
}

void
check_print_settings(const struct check *c)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->type == CONFIG_LAUNCHER)
			continue;
		(void)printf("%s =",
			row->file != NULL ? row->file : row->environment);
		print_value(c, row);
		(void)printf(" (%s)\n", settings_where(c, row));
	}
}
