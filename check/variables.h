/*
 * variables - those of a run script, and the values that it asks other
 * programs for.
 */
#ifndef CHECK_VARIABLES_H
#define CHECK_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#define VARIABLES_VALUE 4096 /* octets */
/* Stands in a value for what only a shell can tell. */
#define VARIABLES_UNKNOWN '\1'

/* Octets of the name that text begins with; 0: it begins with none. */
size_t variables_name(const char *text);

/* By a script's assignment, else of our environment; NULL: not set. */
const char *variables_value(const char *name, size_t len);

/* value must live on. */
void variables_assign(const char *name, size_t len, const char *value);
/* Puts it into our environment, too. */
void variables_export(const char *name, size_t len, const char *value);
/* Was it put there by a script, not by env/? */
bool variables_exported(const char *name);

/* The first line of a file, or all of it. False: not to be read. */
bool variables_read(const char *path, bool all, char value[VARIABLES_VALUE]);
/* What id(1) prints with -u or -g. False: no such account. */
bool variables_id(
	const char *option, const char *name, char value[VARIABLES_VALUE]);

#endif
