/* senders - addresses that a login may send as, and never can. */
#include <stdio.h>
#include <string.h>

#include "control/entry.h"
#include "passwd/passwd.h"

void
passwd_warn_of_senders(const struct passwd_request *r)
{
	for (size_t i = 0; i < r->arguments_count; i++) {
		const char *fault =
			entry_fault(slice_of(r->arguments[i]), ENTRY_SENDER);

		if (fault != NULL && strcmp(r->arguments[i], "-") != 0)
			(void)fprintf(stderr,
				PASSWD_PROGRAM ": warning: %.256s never "
					       "matches: it %s\n",
				r->arguments[i], fault);
	}
}
