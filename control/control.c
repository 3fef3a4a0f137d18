/*
 * control - see control.h. Run by main before it forks, by session, keeper
 * and smtpd-passwd where they look into a list, and by smtpd-check.
 */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/keep.h"

#define TEXT_OF(number) #number
#define LARGER_THAN(number) "larger than " TEXT_OF(number) " bytes"

static enum control_result
broken(const char **reason, const char *why)
{
	*reason = why;
	return CONTROL_BROKEN;
}

static enum control_result
broken_system(const char **reason, int error)
{
	return broken(
		reason, error == EACCES ? "access denied" : strerror(error));
}

/* Reads len octets, or fewer when the file has become shorter since. */
static enum control_result
fill(int fd, struct control_list *text, size_t len, const char **reason)
{
	while (text->len < len) {
		ssize_t got = read(fd, text->text + text->len, len - text->len);

		if (got == 0)
			break;
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return broken_system(reason, errno);
		text->len += (size_t)got;
	}
	if (memchr(text->text, '\0', text->len) != NULL)
		return broken(reason, "holds a NUL");
	return CONTROL_OK;
}

/* O_NONBLOCK: a FIFO must not hold up the greeting. */
static enum control_result
open_regular(int dir_fd, const char *name, int *fd, uint64_t *size,
	const char **reason)
{
	struct stat status;
	const char *why;

	*fd = -1;
	if (dir_fd == CONTROL_ABSENT)
		return CONTROL_MISSING;
	*fd = openat(
		dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (*fd == -1)
		return errno == ENOENT ? CONTROL_MISSING
				       : broken_system(reason, errno);
	if (fstat(*fd, &status) == -1) {
		why = strerror(errno);
	} else if (!S_ISREG(status.st_mode)) {
		why = "not a regular file";
	} else {
		*size = (uint64_t)status.st_size;
		return CONTROL_OK;
	}
	close(*fd);
	*fd = -1;
	return broken(reason, why);
}

/* The system call itself: opendir() allocates, and asks more than we need. */
int
control_entries(int dir_fd, void (*found)(void *context, const char *name),
	void *context)
{
	/* One entry as the kernel gives it, getdents64(2). */
	struct entry {
		uint64_t inode;
		int64_t offset;
		unsigned short len;
		unsigned char type;
		char name[];
	};
	_Alignas(struct entry) char list[512];
	long got;

	while ((got = syscall(SYS_getdents64, dir_fd, list, sizeof list)) > 0)
		for (long at = 0; at < got;) {
			const struct entry *entry =
				(const struct entry *)(const void *)(list + at);

			found(context, entry->name);
			at += entry->len;
		}
	return got == 0 ? 0 : -1;
}

enum control_result
control_open(int dir_fd, const char *name, int *fd, const char **reason)
{
	uint64_t size;

	return open_regular(dir_fd, name, fd, &size, reason);
}

/* The whole of an open file, with room for one octet more. */
static enum control_result
read_open(int fd, uint64_t size, size_t max, struct control_list *text,
	const char **reason)
{
	if (size > max)
		return broken(reason, max == CONTROL_LINE_MAX
					      ? LARGER_THAN(CONTROL_LINE_MAX)
					      : LARGER_THAN(CONTROL_LIST_MAX));
	text->text = keep((size_t)size + 1);
	if (text->text == NULL)
		return broken_system(reason, errno);
	return fill(fd, text, (size_t)size, reason);
}

static enum control_result
read_file(int dir_fd, const char *name, size_t max, struct control_list *text,
	const char **reason)
{
	uint64_t size;
	int fd;

	*text = (struct control_list){.text = NULL};
	enum control_result result =
		open_regular(dir_fd, name, &fd, &size, reason);

	if (result != CONTROL_OK)
		return result;
	result = read_open(fd, size, max, text, reason);
	close(fd);
	if (result == CONTROL_BROKEN)
		*text = (struct control_list){.text = NULL};
	return result;
}

/* Takes the next line that is no comment, without its trailing blanks. */
static bool
next_line(struct slice *rest, struct slice *line)
{
	while (rest->data != NULL) {
		*line = slice_split(rest, '\n');
		if (line->len > 0 && line->data[0] == '#')
			continue;
		while (line->len > 0 && bytes_space(line->data[line->len - 1]))
			line->len--;
		return true;
	}
	return false;
}

enum control_result
control_line(
	int dir_fd, const char *name, struct slice *value, const char **reason)
{
	struct control_list text;
	enum control_result result =
		read_file(dir_fd, name, CONTROL_LINE_MAX, &text, reason);
	struct slice rest = {text.text, text.len};

	*value = SLICE_NONE;
	if (result != CONTROL_OK)
		return result;
	if (next_line(&rest, value) && value->len > 0)
		return CONTROL_OK;
	*value = SLICE_NONE;
	return CONTROL_MISSING;
}

enum control_result
control_characters(
	int dir_fd, const char *name, struct slice *value, const char **reason)
{
	struct slice line;
	enum control_result result = control_line(dir_fd, name, &line, reason);

	if (result == CONTROL_MISSING && dir_fd != CONTROL_ABSENT &&
		faccessat(dir_fd, name, F_OK, 0) == 0) {
		line = slice_of("");
		result = CONTROL_OK;
	}
	if (result == CONTROL_OK)
		*value = line;
	return result;
}

enum control_result
control_list(int dir_fd, const char *name, struct control_list *list,
	const char **reason)
{
	enum control_result result =
		read_file(dir_fd, name, CONTROL_LIST_MAX, list, reason);
	struct slice rest = {list->text, list->len}, line;

	if (result != CONTROL_OK)
		return result;
	list->present = true;
	list->len = 0;
	/* In place: no line grows, but by the LF that the last may lack. */
	while (next_line(&rest, &line)) {
		if (line.len == 0)
			continue;
		memmove(list->text + list->len, line.data, line.len);
		list->len += line.len;
		list->text[list->len++] = '\n';
	}
	return CONTROL_OK;
}

bool
control_next(const struct control_list *list, size_t *at, struct slice *line)
{
	if (*at >= list->len)
		return false;
	*line = (struct slice){list->text + *at, list->len - *at};
	line->len = slice_find(*line, '\n');
	*at += line->len + 1;
	return true;
}
