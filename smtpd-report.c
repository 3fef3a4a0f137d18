/*
 * smtpd-report - main: what the log says, as a text, a page or metrics. Reads
 * logs and writes to standard output, no more. See smtpd-report(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/tool.h"
#include "report/page.h"
#include "report/sheet.h"
#include "report/shown.h"
#include "report/story.h"
#include "report/when.h"

#define PROGRAM "smtpd-report"
#define COLUMNS 80 /* where there is no terminal */
#define COLUMNS_LEAST 40

struct options {
	void (*form)(const struct page *page);
	const char *user, *message;
	int64_t now, since, until;
	char *const *logs;
	size_t count;
};

static const char usage[] =
	"usage: smtpd-report [-f html|text|prometheus] [-u USER]\n"
	"       [-m ID|MESSAGE-ID|ADDRESS|QP] [--since TIME] [--until TIME] "
	"[LOG...]\n"
	"  -f FORM       text (default), one HTML page, metrics for "
	"Prometheus\n"
	"  -u USER       all that this login did\n"
	"  -m WHAT       the lines of a message and of its connection, by our "
	"id, its\n"
	"                Message-ID, an address, or the number qp\n"
	"  --since TIME  from then on: 2026-11-28, \"2026-11-28 06:00\", "
	"today,\n"
	"  --until TIME  up to then    yesterday, 12h, 7d (ago)\n"
	"  LOG           a directory of multilog, svlogd or s6-log, or the "
	"service\n"
	"                that has it; a file of syslog, .gz too; - or nothing: "
	"standard\n"
	"                input, as from journalctl -o short-iso\n"
	"  -h, -V        this text; the version\n"
	"Exit 0, 100: wrong usage, 111: a log could not be read.\n";

static _Noreturn void
die(const char *what, const char *name)
{
	const char *reason = strerror(errno);

	if (errno == EILSEQ)
		reason = "damaged gzip";
	if (errno == ENODATA)
		reason = "neither current nor @*.s in it, main or log/main";
	exit(tool_fatal(
		TOOL_TEMPORARY, "unable to %s %s: %s", what, name, reason));
}

static void
set_form(struct options *options, const char *name)
{
	static const struct {
		const char *name;
		void (*form)(const struct page *page);
	} forms[] = {{"text", page_text}, {"html", page_html},
		{"prometheus", page_prometheus}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (strcmp(name, forms[i].name) == 0) {
			options->form = forms[i].form;
			return;
		}
	tool_die_usage("-f wants html, text or prometheus");
}

static void
set_time(const struct options *options, const char *text, int64_t *time)
{
	if (when_parse(text, options->now, time) == -1)
		tool_die_usage("that is no time");
}

static const char *
not_empty(const char *argument)
{
	if (*argument == '\0')
		tool_die_usage("an argument is empty");
	return argument;
}

static void
read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{"since", required_argument, NULL, 's'},
		{"until", required_argument, NULL, 'e'}, {NULL, 0, NULL, 0}};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "f:u:m:hV", names, NULL)) !=
		-1)
		switch (option) {
		case 'f':
			set_form(options, optarg);
			break;
		case 'u':
			options->user = not_empty(optarg);
			break;
		case 'm':
			options->message = not_empty(optarg);
			break;
		case 's':
			set_time(options, optarg, &options->since);
			break;
		case 'e':
			set_time(options, optarg, &options->until);
			break;
		case 'h':
			tool_print(usage);
		case 'V':
			tool_print(PROGRAM " " VERSION "\n");
		default:
			tool_die_usage("unknown option or missing argument");
		}
	if (options->user != NULL && options->message != NULL)
		tool_die_usage("-u and -m don't go together");
	if (options->message != NULL && options->form == page_prometheus)
		tool_die_usage("-m has no metrics");
	options->logs = argv + optind;
	options->count = (size_t)(argc - optind);
}

/* A terminal's, else what COLUMNS says. */
static size_t
terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	uint64_t columns;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	else if (slice_number(slice_of(text), &columns) == -1 || columns > 1000)
		columns = COLUMNS;
	return columns < COLUMNS_LEAST ? COLUMNS_LEAST : (size_t)columns;
}

/* What tells lines of several services and hosts apart. */
static struct slice
place_of(const struct logs *logs, const struct record *record)
{
	if (record->stamp.host.data != NULL)
		return record->stamp.host;
	return slice_of(logs_facts(logs, record->log)->service);
}

static bool
is_within(const struct options *options, const struct stamp *stamp)
{
	if (stamp->clock == STAMP_NONE)
		return options->since == INT64_MIN &&
		       options->until == INT64_MAX;
	return stamp->seconds >= options->since &&
	       stamp->seconds < options->until;
}

static void
read_logs(const struct options *options, struct logs *logs, struct facts *facts,
	struct follow *follow)
{
	const struct record *record;

	if (logs_open(logs, options->logs, options->count, options->now) == -1)
		die("read", logs->fault);
	while ((record = logs_next(logs)) != NULL) {
		struct slice place = place_of(logs, record);

		if (!is_within(options, &record->stamp))
			continue;
		if (follow == NULL)
			facts_take(facts, record, place);
		else if (follow_take(follow, record, place) == -1)
			die("allocate", "memory");
	}
	if (logs->fault != NULL)
		die("read", logs->fault);
	if (follow != NULL)
		follow_finish(follow);
	facts_finish(facts);
}

/* A page gets its lines at its end: until then they are in a file. */
static FILE *
story_file(const struct options *options)
{
	FILE *file = options->form == page_text ? stdout : tmpfile();

	if (file == NULL)
		die("make", "a temporary file");
	return file;
}

static void
report(const struct options *options)
{
	static struct sheet sheet;
	struct logs logs = {.since = options->since};
	struct facts *facts = facts_new();
	struct story story = {.user = options->user, .facts = facts};
	struct follow *follow = NULL;

	if (facts == NULL)
		die("allocate", "memory");
	if (options->user != NULL || options->message != NULL) {
		story.out = story_file(options);
		follow = follow_new(
			options->user, options->message, story_sink(&story));
		if (follow == NULL)
			die("allocate", "memory");
	}
	read_logs(options, &logs, facts, follow);
	if (follow != NULL)
		story_finish(&story, options->user != NULL ? options->user
							   : options->message);
	struct page page = {.facts = facts,
		.logs = &logs,
		.now = options->now,
		.user = options->user,
		.message = options->message,
		.trace = story.out == stdout ? NULL : story.out,
		.sheet = &sheet,
		.out = stdout,
		.columns = terminal_columns()};
	options->form(&page);
}

int
main(int argc, char **argv)
{
	struct options options = {.form = page_text,
		.now = clock_seconds(),
		.since = INT64_MIN,
		.until = INT64_MAX};

	tool_start(PROGRAM);
	(void)signal(SIGPIPE, SIG_IGN);
	read_options(argc, argv, &options);
	shown_locale();
	report(&options);
	tool_leave(0);
}
