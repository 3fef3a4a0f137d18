/* arguments - see arguments.h. Run by queue-sendmail. */
#include "queue/arguments.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "queue/mailbox.h"
#include "queue-handoff/status.h"

#define FIRST_ROOM 4096
#define OPTIONS_MAX 8 /* arguments before the recipients */
#define BESIDE 3      /* octets beside an address: brackets, NUL */

/*
 * execve(2): a quarter of the stack's limit, at least 128 KiB and at most
 * 6 MiB, holds arguments and environment with their pointers. The kernel has
 * the last word; this is where we stop to collect.
 */
#define ROOM_MIN (128UL << 10)
#define ROOM_MAX (6UL << 20)

static bool
ends_with(struct slice path, const char *name)
{
	struct slice end = slice_of(name);

	return path.len >= end.len &&
	       slice_equal(slice_from(path, path.len - end.len), end);
}

/*
 * What they are called behind their symbolic links, and what of theirs we
 * tested. Exim: -oep tells us what is wrong instead of mailing it to the
 * sender, whose client tries again. Postfix: -G says that the mail is another
 * host's, so its header is left alone; its own program is named sendmail,
 * too, and has postdrop beside it.
 */
static const struct kind {
	const char *name;
	const char *option; /* or NULL */
	bool quotes;	    /* understands quoted local parts */
	bool dashes;	    /* and that behind "--" no dash is an option */
} kinds[] = {
	{"/exim4", "-oep", true, true}, {"/exim", "-oep", true, true},
	{"/smtpctl", NULL, false, true}, /* OpenSMTPD */
};
static const struct kind postfix = {"postdrop", "-G", true, true};
static const struct kind any = {NULL, NULL, false, false};

static const struct kind *
recognize(const char *sendmail)
{
	char real[PATH_MAX];

	if (realpath(sendmail, real) == NULL)
		return &any; /* the exec will say why */
	struct slice path = slice_of(real);
	struct buffer beside = BUFFER_OVER(real);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (ends_with(path, kinds[i].name))
			return &kinds[i];
	beside.len = slice_find_last(path, '/') + 1;
	buffer_add_text(&beside, postfix.name);
	if (buffer_string(&beside) != NULL && access(real, F_OK) == 0)
		return &postfix;
	return &any;
}

void
arguments_start(struct arguments *a, const char *sendmail)
{
	struct rlimit stack;

	*a = (struct arguments){.room = ROOM_MAX};
	if (getrlimit(RLIMIT_STACK, &stack) == 0 &&
		stack.rlim_cur / 4 < ROOM_MAX)
		a->room = stack.rlim_cur / 4 < ROOM_MIN
				  ? ROOM_MIN
				  : (size_t)(stack.rlim_cur / 4);
	a->kind = recognize(sendmail);
}

/* Room for len octets more. Returns 0 or an exit code. */
static int
make_room(struct buffer *b, size_t len)
{
	size_t cap = b->cap == 0 ? FIRST_ROOM : b->cap;

	if (len <= b->cap - b->len)
		return 0;
	while (cap - b->len < len)
		cap *= 2;
	char *data = realloc(b->data, cap);

	if (data == NULL)
		return QUEUE_NO_MEMORY;
	b->data = data;
	b->cap = cap;
	return 0;
}

/*
 * nullmailer's sendmail drops our "--" when it calls its nullmailer-inject,
 * which takes -hf@example.net for options and recipients from the header:
 * brackets hide the dash, and Sendmail's own syntax has them.
 */
static int
write_address(struct arguments *a, char type, struct slice address)
{
	bool hide = !a->kind->dashes && type == 'T' && address.len > 0 &&
		    address.data[0] == '-';

	if (type == 'F' && address.len == 0) {
		buffer_add_text(&a->addresses, "<>");
		return 0;
	}
	if (hide)
		buffer_add_char(&a->addresses, '<');
	if (mailbox_write(&a->addresses, address, a->kind->quotes) == -1)
		return -1;
	if (hide)
		buffer_add_char(&a->addresses, '>');
	return 0;
}

int
arguments_take(void *context, char type, struct slice address)
{
	struct arguments *a = context;

	if (a->unfit || a->too_many)
		return 0;
	int code = make_room(&a->addresses, MAILBOX_MAX(address.len) + BESIDE);

	if (code != 0)
		return code;
	if (write_address(a, type, address) == -1)
		a->unfit = true;
	buffer_add_char(&a->addresses, '\0');
	a->recipients += type == 'T';
	a->too_many =
		a->addresses.len + a->recipients * sizeof(char *) > a->room;
	return 0;
}

char **
arguments_make(struct arguments *a, const char *sendmail)
{
	static char eight_bit[] = "-B8BITMIME", seven_bit[] = "-B7BIT";
	static char keep_dots[] = "-i", from[] = "-f", end[] = "--";
	size_t count = OPTIONS_MAX + a->recipients + 1, n = 0;
	char **all = calloc(count, sizeof *all);
	const char *body = getenv("BODY");
	char *address = a->addresses.data;

	if (all == NULL)
		return NULL;
	all[n++] = (char *)(uintptr_t)sendmail;
	if (a->kind->option != NULL)
		all[n++] = (char *)(uintptr_t)a->kind->option;
	all[n++] = keep_dots;
	if (body != NULL && strcmp(body, "8BITMIME") == 0)
		all[n++] = eight_bit;
	else if (body != NULL && strcmp(body, "7BIT") == 0)
		all[n++] = seven_bit;
	all[n++] = from;
	all[n++] = address;
	all[n++] = end;
	for (size_t i = 0; i < a->recipients; i++)
		all[n++] = address += strlen(address) + 1;
	return all;
}
