/* tally - see tally.h. Used by smtpd-passwd. */
#include "passwd/tally.h"

#include "passwd/census.h"
#include "passwd/passwd.h"
#include "passwd/record.h"
#include "sasl/mechanism.h"
#include "control/control.h"

void
tally_add(struct tally *t, struct slice login, const struct user *user)
{
	struct slice record = {user->record, user->record_len};

	t->came++;
	t->disabled += user->disabled;
	t->without += user->secrets_count == 0;
	t->bare += slice_find(login, '@') == login.len;
	t->senders += record_sender(record).len > 0;
	for (size_t k = 0; k < CENSUS_MECHS_MAX && mechanisms[k] != NULL; k++)
		t->usable[k] += mechanism_holds(user, mechanisms[k]->kinds);
}

/* What sendercheck will make of them. */
static void
print_senders(const struct tally *t, int control_directory)
{
	size_t whole = t->came - t->bare;
	const char *reason;
	struct slice me;

	if (t->came == 0)
		return;
	/* Told even where the host has no name yet. */
	if (control_line(control_directory, "me", &me, &reason) != CONTROL_OK)
		me = slice_of("ME");
	(void)fputs("where sendercheck is on,", stdout);
	if (whole > 0)
		(void)printf(" %zu may send as their login", whole);
	if (t->bare > 0)
		(void)printf("%s %zu without a domain may send as LOGIN@%.*s "
			     "(import -D DOMAIN gives them one)",
			whole > 0 ? "," : "", t->bare, (int)me.len, me.data);
	if (t->senders > 0)
		(void)printf(", %zu also as smtp_sender says", t->senders);
	(void)putchar('\n');
}

void
tally_print(const struct tally *t, int control_directory)
{
	(void)printf("%zu user%s imported, %zu of them disabled; %zu line%s "
		     "refused\n",
		t->came, t->came == 1 ? "" : "s", t->disabled, t->refused,
		t->refused == 1 ? "" : "s");
	for (size_t k = 0; k < CENSUS_MECHS_MAX && mechanisms[k] != NULL; k++)
		(void)printf("%s: %zu of %zu\n", mechanisms[k]->row->name,
			t->usable[k], t->came);
	print_senders(t, control_directory);
	if (t->without > 0)
		tool_warn("%zu came without a password: " PASSWD_PROGRAM
			  " set makes one and enables",
			t->without);
}
