/*
 * The user file and its secrets, as a mechanism sees them: any user with at
 * most two secrets, or none, or no file. secret.c, users.c and cdbread.c have
 * drivers of their own.
 */
#ifndef PROVE_USERS_H
#define PROVE_USERS_H

#include "users/users.h"

static enum users_result
any_user(struct user *user)
{
	static const enum secret_kind kinds[] = {
		SECRET_PLAIN, SECRET_SCRAM_SHA_256};

	user->disabled = any_bool();
	user->secrets_count = any_bool() ? 2 : 0;
	for (size_t i = 0; i < 2; i++) {
		struct user_secret *s = &user->secrets[i];

		Frama_C_make_unknown((char *)&s->secret, sizeof s->secret);
		s->label = slice_of(i == 0 ? "" : "ab");
		s->expires = 0;
		s->secret.kind = kinds[i];
		s->secret.text = slice_of("text");
		s->secret.salt_len = 4;
	}
	return any_bool()   ? USERS_FOUND
	       : any_bool() ? USERS_MISSING
			    : USERS_BROKEN;
}

enum users_result
users_find(int fd, struct slice login, struct user *user)
{
	(void)fd;
	(void)slice_find(login, '\0');
	return any_user(user);
}

enum users_result
users_find_either(int fd, struct slice login, struct user *user, size_t *len)
{
	*len = any_bool() ? *len : login.len;
	return users_find(fd, login, user);
}

enum users_result
users_site(int fd, struct site *site)
{
	(void)fd;
	Frama_C_make_unknown((char *)site, sizeof *site);
	site->scram_salt_len = 4;
	site->usual.kind = SECRET_PLAIN;
	site->usual.text = slice_of("text");
	return any_bool() ? USERS_FOUND : USERS_BROKEN;
}

void
users_level(struct user *user)
{
	(void)user;
}

void
users_forget(struct user *user)
{
	user->secrets_count = 0;
}

bool
users_expired(const struct user_secret *secret, uint32_t today)
{
	return secret->expires != 0 && today >= secret->expires;
}

bool
secret_checks_password(enum secret_kind kind)
{
	return kind == SECRET_PLAIN;
}

enum secret_result
secret_check_next(
	const struct secret *secret, struct slice password, struct secret *next)
{
	(void)secret;
	(void)next;
	(void)slice_find(password, '\0');
	return any_bool()   ? SECRET_MATCH
	       : any_bool() ? SECRET_MISMATCH
			    : SECRET_NO_MEMORY;
}

enum secret_result
secret_check(const struct secret *secret, struct slice password)
{
	return secret_check_next(secret, password, NULL);
}

#endif
