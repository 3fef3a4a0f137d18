/* logs - see logs.h. */
#include "report/logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/lines.h"
#include "report/logdir.h"

struct log_source {
	struct log_facts facts;
	struct stamp_reader reader;
	struct logdir dir; /* fd -1: one file */
	struct lines lines;
	bool opened, ended;
	bool waiting; /* record is the next one, not given out yet */
	struct record record;
	int64_t now;
};

/* A year that is not in the stamp is that of the file's last change. */
static int
use_file(struct log_source *source, int fd, bool whole)
{
	struct stat status;

	source->reader = (struct stamp_reader){.newest = source->now};
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		source->reader.newest = (int64_t)status.st_mtime;
	source->opened = true;
	source->facts.files++;
	return lines_open(&source->lines, fd, whole);
}

/* Has every service directory such a part? */
static bool
is_of_form(const char *part)
{
	static const char *const form[] = {"main", "log", "current", ".", ""};

	for (size_t i = 0; i < sizeof form / sizeof *form; i++)
		if (strcmp(part, form[i]) == 0)
			return true;
	return false;
}

/*
 * /etc/smtpd-auth/587/log/main is 587: the last part of the path that does not
 * belong to a service directory's form.
 */
static const char *
service_of(const char *path)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return path;
	for (;;) {
		char *slash = strrchr(copy, '/');
		const char *part = slash == NULL ? copy : slash + 1;

		if (slash == NULL || !is_of_form(part))
			return *part == '\0' ? path : part;
		*slash = '\0';
	}
}

static int
open_one(struct log_source *source, const char *name, int64_t since)
{
	struct stat status;

	source->dir.fd = source->dir.current = -1;
	source->facts.name = name;
	source->facts.service = service_of(name);
	if (strcmp(name, "-") == 0) {
		source->facts.name = "standard input";
		source->facts.service = source->facts.name;
		return use_file(source, STDIN_FILENO, false);
	}
	if (stat(name, &status) == -1)
		return -1;
	if (S_ISDIR(status.st_mode))
		return logdir_open(&source->dir, name, since);
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	return fd == -1 ? -1 : use_file(source, fd, false);
}

int
logs_open(struct logs *logs, char *const *names, size_t count, int64_t now)
{
	static char dash[] = "-";
	static char *const input[] = {dash};

	if (count == 0) {
		names = input;
		count = 1;
	}
	logs->fault = "memory";
	logs->sources = calloc(count, sizeof *logs->sources);
	if (logs->sources == NULL)
		return -1;
	for (; logs->count < count; logs->count++) {
		struct log_source *source = &logs->sources[logs->count];

		source->now = now;
		source->record.log = logs->count;
		logs->fault = names[logs->count];
		if (open_one(source, names[logs->count], logs->since) == -1)
			return -1;
	}
	logs->fault = NULL;
	return 0;
}

/* The next file of a directory. 1, 0 when there is none, -1. */
static int
next_file(struct log_source *source)
{
	bool whole;

	if (source->dir.fd == -1)
		return 0;
	int fd = logdir_next(&source->dir, &whole);

	source->facts.gone = source->dir.gone;
	if (fd == -1)
		return errno == 0 ? 0 : -1;
	return use_file(source, fd, whole) == -1 ? -1 : 1;
}

static void
end_file(struct log_source *source)
{
	if (source->lines.whole)
		logdir_left(&source->dir, lines_position(&source->lines));
	lines_close(&source->lines);
	source->opened = false;
}

static void
note_time(struct log_facts *facts, const struct stamp *stamp)
{
	facts->lines++;
	facts->clocks[stamp->clock] = true;
	if (stamp->clock == STAMP_NONE)
		return;
	if (facts->first == 0 || stamp->seconds < facts->first)
		facts->first = stamp->seconds;
	if (stamp->seconds > facts->last)
		facts->last = stamp->seconds;
}

static bool
take(struct log_source *source, struct slice text)
{
	struct record *record = &source->record;

	record->text = text;
	if (stamp_take(&source->reader, &record->text, &record->stamp) == -1 ||
		line_parse(&record->line, record->text) == -1)
		return false;
	note_time(&source->facts, &record->stamp);
	return true;
}

/* The source's next line of ours. 1, 0 at its end, -1. */
static int
advance(struct logs *logs, struct log_source *source)
{
	struct slice text;

	while (!source->ended) {
		int got =
			source->opened ? lines_next(&source->lines, &text) : 0;

		if (got == -1)
			return -1;
		if (got == 1) {
			logs->lines++;
			if (take(source, text))
				return 1;
			logs->foreign++;
			continue;
		}
		if (source->opened)
			end_file(source);
		got = next_file(source);
		if (got == -1)
			return -1;
		source->ended = got == 0;
	}
	return 0;
}

static bool
is_before(const struct stamp *a, const struct stamp *b)
{
	return a->seconds != b->seconds ? a->seconds < b->seconds
					: a->nanos < b->nanos;
}

/* Has the source a line that was not given out? False at its end, or fault. */
static bool
has_line(struct logs *logs, struct log_source *source)
{
	if (source->waiting || source->ended)
		return source->waiting;
	int got = advance(logs, source);

	if (got == -1)
		logs->fault = source->facts.name;
	source->waiting = got == 1;
	return source->waiting;
}

/*
 * The source whose next line is the oldest, and how long it may go on before
 * another one's turn comes: logs that follow each other are not compared line
 * by line.
 */
static void
choose(struct logs *logs)
{
	const struct log_source *second = NULL;
	struct log_source *best = NULL;

	for (size_t i = 0; i < logs->count && logs->fault == NULL; i++) {
		struct log_source *source = &logs->sources[i];

		if (!has_line(logs, source))
			continue;
		if (best == NULL ||
			is_before(&source->record.stamp, &best->record.stamp)) {
			second = best;
			best = source;
		} else if (second == NULL || is_before(&source->record.stamp,
						     &second->record.stamp)) {
			second = source;
		}
	}
	logs->current = best;
	logs->alone = second == NULL;
	if (second != NULL)
		logs->limit = second->record.stamp;
}

const struct record *
logs_next(struct logs *logs)
{
	struct log_source *source = logs->current;

	if (source == NULL || !has_line(logs, source) ||
		(!logs->alone &&
			is_before(&logs->limit, &source->record.stamp)))
		choose(logs);
	source = logs->current;
	if (source == NULL || logs->fault != NULL)
		return NULL;
	source->waiting = false;
	return &source->record;
}

const struct log_facts *
logs_facts(const struct logs *logs, size_t log)
{
	return &logs->sources[log].facts;
}
