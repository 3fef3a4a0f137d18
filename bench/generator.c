/*
 * generator - the load generator: N clients at once in one process, each with
 * the same conversation again and again. Prints totals, one "name value" a
 * line. A reply that is not the expected one ends it: errors are not measured.
 *
 * load [-c clients] [-n sessions] [-s | -S] [-b] [-u user] [-p password]
 *      [-U users] [-m octets] [-t seconds] SCENARIO PORT
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/clients.h"

static double
seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
print_totals(struct load *l, double seconds)
{
	size_t n = l->finished;

	qsort(l->latency, n, sizeof *l->latency, by_value);
	printf("sessions %zu\nseconds %.6f\n", n, seconds);
	printf("p50_us %.1f\n", (double)l->latency[n / 2] / 1e3);
	printf("p99_us %.1f\n", (double)l->latency[n * 99 / 100] / 1e3);
	if (l->body_ns > 0)
		printf("mb_s %.1f\n",
			(double)l->body_octets * 1e3 / (double)l->body_ns);
	printf("failures 0\n"); /* the first one would have ended it */
}

static uint64_t
number(const char *text)
{
	uint64_t n;

	if (slice_number(slice_of(text), &n) == -1)
		clients_die("not a number", slice_of(text));
	return n;
}

static void
parse_options(struct load *l, int argc, char **argv, unsigned *seconds)
{
	int option;

	while ((option = getopt(argc, argv, "c:n:sSbu:p:U:m:t:")) != -1)
		switch (option) {
		case 'c':
			l->clients_len = (size_t)number(optarg);
			break;
		case 'n':
			l->sessions = (size_t)number(optarg);
			break;
		case 's':
			l->tls = true;
			break;
		case 'S':
			l->tls = l->script.starttls = true;
			break;
		case 'b':
			l->script.believe = true;
			break;
		case 'u':
			l->script.user = optarg;
			break;
		case 'p':
			l->script.password = optarg;
			break;
		case 'U':
			l->script.users = number(optarg);
			break;
		case 'm':
			l->script.octets = number(optarg);
			break;
		case 't':
			*seconds = (unsigned)number(optarg);
			break;
		default:
			exit(100);
		}
	if (argc - optind != 2 || l->clients_len == 0 || l->sessions == 0)
		clients_die("usage", slice_of("load [options] SCENARIO PORT"));
	l->port = (unsigned short)number(argv[optind + 1]);
	l->idle = strcmp(argv[optind], "idle") == 0;
	if (script_make(&l->script, argv[optind]) == -1)
		clients_die("unknown scenario", slice_of(argv[optind]));
}

/* The clients wait until whoever started this has looked. */
static void
stay(struct load *l)
{
	char byte;

	clients_connect(l);
	printf("idle %zu\n", l->waiting);
	fflush(stdout);
	if (read(STDIN_FILENO, &byte, 1) == -1)
		clients_die_system("read");
}

int
main(int argc, char **argv)
{
	static struct load l = {.clients_len = 1, .sessions = 1};
	unsigned seconds = 120;

	l.script.user = l.script.password = "";
	parse_options(&l, argc, argv, &seconds);
	signal(SIGPIPE, SIG_IGN);
	alarm(seconds);
	clients_prepare(&l);
	double start = seconds_now();

	if (l.idle) {
		stay(&l);
		return 0;
	}
	clients_run(&l);
	print_totals(&l, seconds_now() - start);
	return 0;
}
