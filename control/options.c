/* options - see options.h. Run by main. */
#include "control/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/jail.h"

#define EXIT_USAGE 100

static const char usage[] =
	"usage: smtpd-auth [-s] [-u account] [-U base] [-j dir]\n"
	"                  [checkpassword [arg ...]]\n"
	"  -s          TLS from the first byte (port 465)\n"
	"  -u account  started as root: run as this account (qmaild)\n"
	"  -U base     first uid for the jailed processes (1900000000)\n"
	"  -j dir      empty directory to chroot into (/var/empty)\n"
	"  checkpassword arg ...  the program that knows the passwords\n"
	"  -h, -V      this text; the version\n";

static _Noreturn void
die_usage(const char *what)
{
	fprintf(stderr, OPTIONS_PROGRAM ": fatal: %s\n%s", what, usage);
	exit(EXIT_USAGE);
}

static uid_t
parse_base(const char *text)
{
	uint64_t n;

	if (slice_number(slice_of(text), &n) == -1 || n < 1000 ||
		n > UINT_MAX / 2)
		die_usage("-U wants a number from 1000 to 2147483647");
	return (uid_t)n;
}

void
options_read(int argc, char **argv, struct options *options)
{
	int option;

	*options = (struct options){
		false, "qmaild", "/var/empty", JAIL_BASE, NULL};
	opterr = 0;
	while ((option = getopt(argc, argv, "+su:U:j:hV")) != -1)
		switch (option) {
		case 's':
			options->smtps = true;
			break;
		case 'u':
			options->account = optarg;
			break;
		case 'U':
			options->base = parse_base(optarg);
			break;
		case 'j':
			options->directory = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case 'V':
			puts(OPTIONS_PROGRAM " " VERSION);
			exit(0);
		default:
			die_usage("unknown option or missing argument");
		}
	if (optind < argc)
		options->program = argv + optind;
}
