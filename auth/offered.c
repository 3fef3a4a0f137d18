/* offered - see offered.h. Run by main before it forks, and by smtpd-check. */
#include "auth/offered.h"

#include "auth/dovecot_lines.h"
#include "lib/words.h"

/* A program knows the password, or a digest of it. */
static bool
can(enum authenticator_kind kind, struct slice name)
{
	if (kind == AUTHENTICATOR_DOVECOT)
		return dovecot_is_relayed(name);
	if (kind == AUTHENTICATOR_CHECKPASSWORD)
		return slice_is(name, "PLAIN") || slice_is(name, "LOGIN") ||
		       slice_is(name, "CRAM-MD5");
	return authmechs_find(name) != NULL;
}

/* A broken file is 454 to AUTH; the client is not to think there is none. */
static void
add_usual(struct buffer *usual, int users_fd)
{
	if (users_mechanisms(users_fd, usual) == USERS_FOUND)
		return;
	usual->len = 0;
	usual->overflow = false;
	for (size_t i = 0; i < AUTHMECHS_COUNT; i++) {
		if (authmechs[i].opt_in)
			continue;
		words_add(usual, slice_of(authmechs[i].name));
	}
}

void
offer_make(struct buffer *out, enum authenticator_kind kind, int users_fd,
	struct slice wanted)
{
	static char usual_text[USERS_MECHS_MAX];
	struct buffer usual = BUFFER_OVER(usual_text);
	struct slice name;

	if (wanted.data == NULL) {
		if (kind == AUTHENTICATOR_USERS)
			add_usual(&usual, users_fd);
		else
			buffer_add_text(&usual, "PLAIN LOGIN");
		wanted = buffer_slice(&usual);
	}
	while (words_next(&wanted, &name))
		if (can(kind, name))
			words_add(out, name);
}
