/* offer - see offer.h. Run by main. */
#include "auth/offer.h"

/* What can be asked of a program that knows the password, or its digest. */
static bool
program_can(const struct mechanism *m)
{
	static const char *const names[] = {"PLAIN", "LOGIN", "CRAM-MD5"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(slice_of(m->name), names[i]))
			return true;
	return false;
}

/* A broken file is 454 to AUTH; the client is not to think there is none. */
static void
add_usual(struct buffer *usual, int users_fd)
{
	if (users_mechanisms(users_fd, usual) == USERS_FOUND)
		return;
	usual->len = 0;
	usual->overflow = false;
	for (size_t i = 0; mechanisms[i] != NULL; i++) {
		if (mechanisms[i]->traits & MECHANISM_OPT_IN)
			continue;
		buffer_add_text(usual, mechanisms[i]->name);
		buffer_add_char(usual, ' ');
	}
}

void
offer_make(struct buffer *out, enum authenticator_kind kind, int users_fd,
	struct slice wanted)
{
	static char text[USERS_MECHS_MAX];
	struct buffer usual = BUFFER_OVER(text);

	if (wanted.data == NULL) {
		if (kind == AUTHENTICATOR_USERS)
			add_usual(&usual, users_fd);
		else
			buffer_add_text(&usual, "PLAIN LOGIN");
		wanted = buffer_slice(&usual);
	}
	while (wanted.data != NULL) {
		const struct mechanism *m =
			mechanism_find(slice_split(&wanted, ' '));

		if (m == NULL ||
			(kind != AUTHENTICATOR_USERS && !program_can(m)))
			continue;
		if (out->len > 0)
			buffer_add_char(out, ' ');
		buffer_add_text(out, m->name);
	}
}
