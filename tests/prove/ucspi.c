/* control/ucspi: the descriptors that a launcher's environment names. */
/* prove: lib/bytes.c */
/* bound: 4 */
#include "control/ucspi.c"

#include "tests/prove/input.h"

static char *text;

char *
getenv(const char *name)
{
	(void)name;
	return any_bool() ? text : NULL;
}

int
fstat(int fd, struct stat *status)
{
	(void)fd;
	if (any_bool())
		return -1;
	Frama_C_make_unknown((char *)status, sizeof *status);
	return 0;
}

void
prove(void)
{
	int fds[COUNT];

	text = strong_octets(prove_length + 1);
	text[prove_length] = '\0';
	(void)find(fds);
	free(text);
}
