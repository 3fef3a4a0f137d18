/*
 * keep - see keep.h. Run by main before it forks, by the keeper, and by
 * smtpd-check and smtpd-passwd.
 */
#include "lib/keep.h"

#include <stdlib.h>

#include "lib/memory.h"

char *
keep(size_t len)
{
	/* The one place of the program that allocates has the one state. */
	static TOUCHED char first[KEEP_FIRST];
	static TOUCHED size_t used;

	if (len > sizeof first - used)
		return malloc(len);
	used += len;
	return first + used - len;
}
