/*
 * lists - entries of the control files' lists, and of smtp_sender in the user
 * file, that can never match. Run by smtpd-check.
 */

#include "check/lists.h"
#include "control/entry.h"

#define SHOWN_MAX 10	/* of one file */
#define ENTRY_SHOWN 100 /* octets */

/* The rest of a list that is wrong altogether says nothing new. */
void
lists_report(struct check *c, const char *where, struct slice entry,
	const char *fault, unsigned *count)
{
	if (++*count > SHOWN_MAX)
		return;
	report_add(&c->report, LIST_ENTRY, where,
		report_text("\"%.*s\" %s",
			(int)(entry.len < ENTRY_SHOWN ? entry.len
						      : ENTRY_SHOWN),
			entry.data, fault),
		NULL);
}

static void
look_at_list(struct check *c, const struct control_list *list,
	const char *where, enum entry_kind kind)
{
	struct slice line;
	unsigned count = 0;
	size_t at = 0;

	while (control_next(list, &at, &line)) {
		const char *fault = entry_fault(line, kind);

		if (fault != NULL)
			lists_report(c, where, line, fault, &count);
	}
}

void
lists_senders(struct check *c, struct slice login, struct slice senders)
{
	while (senders.data != NULL) {
		struct slice entry = slice_split(&senders, ',');
		const char *fault = entry_fault(entry, ENTRY_SENDER);

		if (fault != NULL && entry.len > 0)
			lists_report(c, "control/authusers", entry,
				report_text("in smtp_sender of %.*s %s",
					(int)login.len, login.data, fault),
				&c->senders_faults);
	}
}

void
check_lists(struct check *c)
{
	const struct config *config = &c->config;

	look_at_list(c, &config->rcpthosts, "control/rcpthosts", ENTRY_DOMAIN);
	look_at_list(
		c, &config->badmailfrom, "control/badmailfrom", ENTRY_ADDRESS);
	look_at_list(c, &config->badrcptto, "control/badrcptto", ENTRY_ADDRESS);
}
