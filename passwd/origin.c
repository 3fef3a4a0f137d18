/* origin - see origin.h. Used by smtpd-passwd and smtpd-check. */
#include "passwd/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "passwd/compile.h"
#include "lib/cdbread.h"
#include "lib/hex.h"
#include "lib/path.h"

void
origin_start(struct origin *o)
{
	br_sha256_init(&o->sum);
}

void
origin_add(struct origin *o, const struct userfile_line *line)
{
	if (line->login.data == NULL && !compile_is_key(line))
		return;
	br_sha256_update(&o->sum, line->text.data, line->text.len);
	br_sha256_update(&o->sum, "\n", 1);
}

void
origin_record(const struct origin *o, struct buffer *out)
{
	unsigned char digest[br_sha256_SIZE];

	br_sha256_out(&o->sum, digest);
	hex_encode(out, (struct slice){(const char *)digest, sizeof digest});
}

/* 0, or -1 with errno. */
static int
sum_text(const char *path, struct origin *o)
{
	int fd = path_open(path);
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;
	struct slice text;
	struct stat status;
	int result = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, &status) == 0 &&
		userfile_map(fd, (size_t)status.st_size, &text) == 0) {
		origin_start(o);
		while (userfile_next(text, &at, &line))
			origin_add(o, &line);
		userfile_unmap(text);
		result = 0;
	}
	(void)close(fd); /* was only read */
	return result;
}

enum origin_state
origin_state(const char *text_path, const char *cdb_path)
{
	int fd = path_open(cdb_path);
	char wanted[ORIGIN_MAX], found[ORIGIN_MAX];
	struct buffer record = BUFFER_OVER(wanted);
	enum cdbread_result result;
	struct origin o;
	size_t len;

	if (fd == -1)
		return errno == ENOENT ? ORIGIN_NO_CDB : ORIGIN_UNREADABLE;
	result = cdbread_find(fd, slice_of("#text"), found, sizeof found, &len);
	(void)close(fd); /* was only read */
	if (result == CDBREAD_BROKEN)
		return ORIGIN_BROKEN;
	if (sum_text(text_path, &o) == -1)
		return ORIGIN_UNREADABLE;
	origin_record(&o, &record);
	return result == CDBREAD_FOUND && slice_equal(buffer_slice(&record),
						  (struct slice){found, len})
		       ? ORIGIN_SAME
		       : ORIGIN_OTHER;
}
