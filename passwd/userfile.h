/*
 * userfile - the text file of users, authusers(5), and its compiled form.
 *
 * Whoever changes it holds a lock, writes text and cdb beside the old ones
 * and renames them, so that a reader sees the old file or the new one. All
 * functions return 0, or -1 with a whole sentence in message.
 */
#ifndef PASSWD_USERFILE_H
#define PASSWD_USERFILE_H

#include <sys/stat.h>

#include "users/users.h"

struct census;

#define USERFILE_PATH_MAX 4096 /* octets with NUL */
#define USERFILE_MESSAGE_MAX (USERFILE_PATH_MAX + 256)

struct userfile {
	const char *name; /* as the caller called it, for messages */
	void (*warn)(const char *message);
	char text_path[USERFILE_PATH_MAX]; /* symbolic links resolved */
	char cdb_path[USERFILE_PATH_MAX];
	int lock_fd;
	bool missing; /* no text file yet: text is then empty */
	struct stat status;
	struct slice text; /* mapped */
	char message[USERFILE_MESSAGE_MAX];
};

/* Where in a text one is; {0} at the start. */
struct userfile_cursor {
	size_t offset;
	size_t line; /* number of the line read last, from 1 */
	/*
	 * Gives the memory behind it back: only over what userfile_map() has
	 * mapped, which is then read anew should it be wanted again.
	 */
	bool lets_go;
	size_t gone; /* octets given back */
};

/* A user's line; or a comment or empty line, whose login is absent. */
struct userfile_line {
	struct slice text;   /* the whole line without its LF or CR LF */
	struct slice login;  /* as written; record is absent without a colon */
	struct slice record; /* after "login:" */
};

/* One change. An absent login changes no user: the text is compiled only. */
struct userfile_edit {
	struct slice login;  /* lower case */
	struct slice record; /* absent: delete */
	struct slice twin;   /* a second login that changes too, or absent */
	struct slice twin_record;
	struct slice append; /* whole lines for the end of the text, or empty */
	/* For standard output, before anything takes effect; or empty. */
	struct slice show;
	bool lenient; /* let no bad line stop it: it is left out */
};

/*
 * Opens name (it must outlive f); to_change waits for the lock. A text file
 * that does not exist is no error here.
 */
int userfile_open(struct userfile *f, const char *name, bool to_change,
	void (*warn)(const char *message));
void userfile_close(struct userfile *f);

/* The directory of a path, into out; "." where the path has no slash. */
void userfile_directory(const char *path, char out[USERFILE_PATH_MAX]);

/* A whole file to read, and back. Returns 0, or -1 with errno. */
int userfile_map(int fd, size_t len, struct slice *text);
void userfile_unmap(struct slice text);

/* Gives the memory of a part back, whole pages of it; it stays readable. */
void userfile_let_go(struct slice text, size_t from, size_t to);

/* Octets of the byte order mark that a text begins with; mostly 0. */
size_t userfile_mark(struct slice text);

/* The next line of a text, behind such a mark; false at its end. */
bool userfile_next(struct slice text, struct userfile_cursor *at,
	struct userfile_line *line);

/* Its number of lines; lets_go: as the cursor's. */
size_t userfile_lines(struct slice text, bool lets_go);

/* Appends a login as it is stored: in lower case. */
void userfile_add_login(struct buffer *out, struct slice login);

/* What is wrong with a login; NULL when it is sound. */
const char *userfile_login_fault(struct slice login);

/* And with a line, its login and its fields; NULL when user is filled. */
const char *userfile_parse(const struct userfile_line *line, struct user *user);

/* The first line of a login (lower case). False when there is none. */
bool userfile_find(const struct userfile *f, struct slice login,
	struct userfile_line *line);

/* Rewrites text and cdb; census tells what the new file holds. */
int userfile_change(struct userfile *f, const struct userfile_edit *edit,
	struct census *census);

/* Fills message; returns -1. The other has it told as a warning. */
int userfile_fail(struct userfile *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void userfile_warn(struct userfile *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
