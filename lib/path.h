/* path - a file of a directory, by its path. */
#ifndef LIB_PATH_H
#define LIB_PATH_H

#include "lib/bytes.h"

#define PATH_ROOM 1024 /* octets of a path to be opened, with its NUL */

/* DIRECTORY/NAME in out; NULL with ENAMETOOLONG where that has no room. */
const char *path_join(
	char *out, size_t room, struct slice directory, const char *name);

/*
 * Opens a file to be read, and does not wait where it is a FIFO.
 * A descriptor, or -1 with errno.
 */
int path_open(const char *path);
int path_open_in(const char *directory, const char *name);

#endif
