/*
 * control - read one qmail control file: "#" lines are comments, trailing
 * blanks are ignored, an empty first line counts as no value.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "lib/bytes.h"

#define CONTROL_LINE_MAX 4096	 /* octets of a file with one value */
#define CONTROL_LIST_MAX 1048576 /* octets of a file with a list */

/* In place of dir_fd: known not to be there, without looking again. */
#define CONTROL_ABSENT (-2)

enum control_result { CONTROL_OK, CONTROL_MISSING, CONTROL_BROKEN };

/* Lines of a list, without comments, blank lines and trailing blanks. */
struct control_list {
	bool present; /* the file exists */
	char *text;   /* lines, each ended by LF; process lifetime */
	size_t len;   /* octets */
};

/*
 * Both read NAME in the directory open as dir_fd. Memory lives as long as
 * the process. On CONTROL_BROKEN *reason is "access denied", "not a regular
 * file", "holds a NUL", "larger than 1048576 bytes", or strerror's. A file
 * without a value is CONTROL_MISSING to control_line.
 */
enum control_result control_line(
	int dir_fd, const char *name, struct slice *value, const char **reason);
enum control_result control_list(int dir_fd, const char *name,
	struct control_list *list, const char **reason);

/*
 * As control_line, but a file without a value has the value "", and *value
 * stays as it is where there is no file.
 */
enum control_result control_characters(
	int dir_fd, const char *name, struct slice *value, const char **reason);

/*
 * Calls found(context, name) for each entry of the directory: one list is
 * cheaper than looking for a dozen files that are not there. 0, or -1 when
 * the directory cannot be listed.
 */
int control_entries(int dir_fd, void (*found)(void *context, const char *name),
	void *context);

/* Opens NAME, a regular file; *fd is -1 but on CONTROL_OK. */
enum control_result control_open(
	int dir_fd, const char *name, int *fd, const char **reason);

/* For each line: while (control_next(list, &at, &line)) ...; at starts at 0. */
bool control_next(
	const struct control_list *list, size_t *at, struct slice *line);

#endif
