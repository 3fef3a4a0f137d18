/* senders - addresses that a login may send as, and never can. */
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
			tool_warn("%.256s never matches: it %s",
				r->arguments[i], fault);
	}
}
