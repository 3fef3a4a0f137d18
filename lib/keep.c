/*
 * keep - see keep.h. Run by main before it forks, by the keeper, and by
 * smtpd-check and smtpd-passwd.
 */
#include "lib/keep.h"

#include <stdlib.h>

char *
keep(size_t len)
{
	/* In here, so that nobody else can take of it. */
	static char kept[KEEP_FIRST];
	static size_t kept_len;

	if (len > sizeof kept - kept_len)
		return malloc(len);
	kept_len += len;
	return kept + kept_len - len;
}
