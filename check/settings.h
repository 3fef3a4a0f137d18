/*
 * settings - a setting of the service: its row, its value, where that comes
 * from, and commands that change it.
 */
#ifndef CHECK_SETTINGS_H
#define CHECK_SETTINGS_H

#include "check/check.h"

/* The row of a file; file NULL: that of a variable. NULL: there is none. */
const struct config_row *settings_row(const char *file, const char *variable);

/* "env/FORCETLS", "control/me", "default": where a row's value comes from. */
const char *settings_where(const struct check *c, const struct config_row *row);

/* A setting's first line, whether or not the table has it; NULL: none. */
const char *settings_text(const struct check *c, const char *file,
	const char *variable, const char **where);

/* The path of a control file; the same for a command of the shell. */
const char *settings_path(const struct check *c, const char *name);
const char *settings_quoted(const struct check *c, const char *name);

/* The path of a file in env/. */
const char *settings_variable_path(const struct check *c, const char *name);

/*
 * A command that sets a variable of the service, or a control file. What
 * stands there is kept under another name.
 */
const char *settings_cure_variable(
	const struct check *c, const char *name, const char *value);
const char *settings_cure_file(
	const struct check *c, const char *name, const char *value);

/* A command that takes a variable away. */
const char *settings_cure_unset(const struct check *c, const char *name);

#endif
