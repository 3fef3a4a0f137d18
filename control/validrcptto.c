/*
 * validrcptto - see validrcptto.h. Run by the keeper, at the first recipient
 * that is to be looked up, and by smtpd-check.
 */
#include "control/validrcptto.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/cdbread.h"

/* A path has at most 900 octets, and a host in place of our address more. */
#define ENTRY_MAX CDBREAD_KEY_MAX
#define DATA_MAX 1024 /* qmail-newmvrt stores none */

static int
fail(struct validrcptto *v, const char *file, const char *reason)
{
	v->file = file;
	v->reason = reason;
	return -1;
}

/* Is there an entry that does not begin with -? */
static bool
has_positive(const struct control_list *list)
{
	struct slice line;
	size_t at = 0;

	while (control_next(list, &at, &line))
		if (line.data[0] != '-')
			return true;
	return false;
}

static bool
is_positive(void *positive, struct slice key)
{
	*(bool *)positive |= key.len > 0 && key.data[0] != '-';
	return !*(bool *)positive;
}

static int
open_text(struct validrcptto *v, int dir_fd)
{
	const char *reason;

	if (control_list(dir_fd, VALIDRCPTTO_TEXT, &v->text, &reason) ==
		CONTROL_BROKEN)
		return fail(v, VALIDRCPTTO_TEXT,
			strncmp(reason, "larger", 6) != 0
				? reason
				: "larger than 1048576 bytes: compile it to "
				  "morevalidrcptto.cdb");
	v->positive = has_positive(&v->text);
	return 0;
}

static int
open_cdb(struct validrcptto *v, int dir_fd)
{
	const char *reason;
	size_t records = 0;

	if (control_open(dir_fd, VALIDRCPTTO_CDB, &v->cdb, &reason) ==
		CONTROL_BROKEN)
		return fail(v, VALIDRCPTTO_CDB, reason);
	if (v->cdb == -1)
		return 0;
	if (cdbread_keys(v->cdb, is_positive, &v->positive, &records) == -1)
		return fail(v, VALIDRCPTTO_CDB, "corrupt");
	if (records == 0) {
		close(v->cdb);
		v->cdb = -1;
	}
	return 0;
}

int
validrcptto_open(struct validrcptto *v, const char *directory)
{
	int dir_fd =
		openat(AT_FDCWD, directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*v = (struct validrcptto){.cdb = -1};
	int result = open_text(v, dir_fd);

	if (result == 0)
		result = open_cdb(v, dir_fd);
	if (dir_fd != -1)
		close(dir_fd);
	return result;
}

/* ------------------------------------------------------------- look up --- */

static bool
in_text(const struct control_list *list, struct slice entry)
{
	struct slice line;
	size_t at = 0;

	while (control_next(list, &at, &line))
		if (slice_equal(line, entry))
			return true;
	return false;
}

static enum cdbread_result
in_either(struct validrcptto *v, struct slice entry)
{
	char data[DATA_MAX];
	size_t len;

	if (in_text(&v->text, entry))
		return CDBREAD_FOUND;
	if (v->cdb == -1)
		return CDBREAD_MISSING;
	enum cdbread_result found =
		cdbread_find(v->cdb, entry, data, sizeof data, &len);

	if (found == CDBREAD_BROKEN)
		(void)fail(v, VALIDRCPTTO_CDB, "corrupt");
	return found;
}

enum validrcptto_result
validrcptto_find(struct validrcptto *v, struct slice recipient)
{
	/* Each entry's - stands before it. */
	char user[1 + ENTRY_MAX] = "-", host[1 + ENTRY_MAX] = "-";
	size_t at = slice_find_last(recipient, '@');

	if (recipient.len > ENTRY_MAX)
		return VALIDRCPTTO_UNLISTED;
	for (size_t i = 0; i < recipient.len; i++)
		user[1 + i] = bytes_lower(recipient.data[i]);
	memcpy(host + 1, user + 1 + at, recipient.len - at);
	const struct {
		struct slice entry;
		enum validrcptto_result result;
	} order[] = {
		{{user + 1, recipient.len}, VALIDRCPTTO_YES},
		{{user, 1 + recipient.len}, VALIDRCPTTO_NO},
		{{host + 1, recipient.len - at}, VALIDRCPTTO_YES},
		{{host, 1 + recipient.len - at}, VALIDRCPTTO_NO},
	};
	bool postmaster = slice_is((struct slice){user + 1, at}, "postmaster");
	/* An entry that begins so means somebody else. */
	size_t first = recipient.len > 0 && recipient.data[0] == '-';

	for (size_t i = first; i < sizeof order / sizeof *order; i++) {
		if (i == 2 && postmaster)
			return VALIDRCPTTO_YES;
		switch (in_either(v, order[i].entry)) {
		case CDBREAD_FOUND:
			return order[i].result;
		case CDBREAD_MISSING:
			break;
		default:
			return VALIDRCPTTO_BROKEN;
		}
	}
	return VALIDRCPTTO_UNLISTED;
}
