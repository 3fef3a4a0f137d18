/*
 * mechanism - what several mechanisms share. Run by the authenticator, and by
 * smtpd-passwd and smtpd-check, which ask what a user's secrets are good for.
 */
#include "sasl/mechanism.h"

#include <string.h>

#define DECLARATION(symbol, ...)                                               \
	extern const struct mechanism mechanism_##symbol;
#define ENTRY(symbol, ...) &mechanism_##symbol,

AUTHMECHS(DECLARATION)

const struct mechanism *const mechanisms[] = {AUTHMECHS(ENTRY) NULL};

const struct mechanism *
mechanism_find(struct slice name)
{
	const struct authmech *row = authmechs_find(name);

	return row == NULL ? NULL : mechanisms[row - authmechs];
}

/* The form in which a login is looked up; -1 when it is none. */
static int
add_login(struct buffer *out, struct slice login, struct slice domain)
{
	if (login.len == 0)
		return -1;
	for (size_t i = 0; i < login.len; i++) {
		if (bytes_control(login.data[i]))
			return -1;
		buffer_add_char(out, bytes_lower(login.data[i]));
	}
	if (slice_find(login, '@') == login.len && domain.len > 0) {
		buffer_add_char(out, '@');
		for (size_t i = 0; i < domain.len; i++)
			buffer_add_char(out, bytes_lower(domain.data[i]));
	}
	return out->overflow ? -1 : 0;
}

int
mechanism_login(struct exchange *x, struct slice login)
{
	struct buffer b = {x->login, 0, USERS_LOGIN_MAX, false};

	x->login_len = x->name_len = 0;
	if (add_login(&b, login, x->authdomain) == -1)
		return -1;
	x->login_len = x->name_len = b.len;
	return 0;
}

bool
mechanism_is_login(const struct exchange *x, struct slice login)
{
	char text[USERS_LOGIN_MAX];
	struct buffer b = BUFFER_OVER(text);

	return add_login(&b, login, x->authdomain) == 0 &&
	       slice_equal(
		       buffer_slice(&b), (struct slice){x->login, x->name_len});
}

enum users_result
mechanism_look_up(struct exchange *x)
{
	struct slice name = {x->login, x->name_len};
	size_t at = slice_find(name, '@');

	if (x->authdomain.len == 0 || at == name.len ||
		!slice_equal_nocase(slice_from(name, at + 1), x->authdomain))
		return users_find(x->users_fd, name, &x->user);
	x->login_len = at;
	return users_find_either(x->users_fd, name, &x->user, &x->login_len);
}

/* The login's own password, in a form that another mechanism needs. */
bool
mechanism_is_companion(struct slice label)
{
	return slice_is(label, "scram-sha-1") ||
	       slice_is(label, "scram-sha-256") ||
	       slice_is(label, "cram-md5") || slice_is(label, "digest-md5") ||
	       slice_is(label, "digest-md5-latin1");
}

static void
keep_label(struct exchange *x, struct slice label)
{
	if (mechanism_is_companion(label))
		label.len = 0;
	memcpy(x->label, label.data, label.len);
	x->label[label.len] = '\0';
}

enum exchange_result
mechanism_accept(struct exchange *x, struct slice label)
{
	for (size_t i = 0; i < x->user.secrets_count; i++)
		if (slice_equal(x->user.secrets[i].label, label) &&
			users_expired(&x->user.secrets[i], x->today)) {
			x->reason = "expired";
			return EXCHANGE_FAIL;
		}
	keep_label(x, label);
	return EXCHANGE_OK;
}

bool
mechanism_tries(const struct user *user, size_t i)
{
	const struct user_secret *first = &user->secrets[0];
	const struct user_secret *s = &user->secrets[i];
	bool own = first->label.len == 0 &&
		   secret_is(&first->secret, SECRET_PASSWORDS);

	if (!secret_is(&s->secret, SECRET_PASSWORDS) ||
		(own && mechanism_is_companion(s->label)))
		return false;
	for (size_t k = 0; k < i; k++)
		if (slice_equal(user->secrets[k].label, s->label) &&
			secret_is(&user->secrets[k].secret, SECRET_PASSWORDS))
			return false;
	return true;
}

bool
mechanism_holds(const struct user *user, unsigned kinds)
{
	for (size_t i = 0; i < user->secrets_count; i++)
		if (secret_is(&user->secrets[i].secret, kinds))
			return true;
	return false;
}

bool
mechanism_is_told(const struct mechanism *mechanism, const struct user *user)
{
	if (!mechanism->row->opt_in)
		return mechanism_holds(user, mechanism->kinds);
	return !(mechanism->row->wants & AUTHMECHS_BINDING) &&
	       mechanism_holds(
		       user, mechanism->kinds & ~SECRET_BIT(SECRET_PLAIN));
}

/* Before anything that takes time: a client may go away in it. */
static void
tell_name(const struct exchange *x)
{
	if (x->named != NULL)
		x->named(x);
}

int
mechanism_find_user(struct exchange *x, unsigned kinds, bool *real)
{
	tell_name(x);
	enum users_result found = mechanism_look_up(x);

	*real = false;
	users_level(&x->user);
	x->reason = "backend";
	if (found == USERS_BROKEN)
		return -1;
	if (found == USERS_MISSING)
		x->reason = "unknown";
	else if (x->user.disabled)
		x->reason = "disabled";
	else if (kinds != 0 && !mechanism_holds(&x->user, kinds))
		x->reason = "no-secret";
	else {
		x->reason = "password";
		*real = true;
	}
	return 0;
}

/* Cheap once, not thirty times: as often for everybody who is refused. */
static bool
is_cheap(const struct secret *secret)
{
	return secret->kind == SECRET_PLAIN || secret->kind == SECRET_CRAM_MD5;
}

static void
level_checks(size_t done, struct slice password)
{
	static const struct secret nobody = {.kind = SECRET_PLAIN};

	for (; done < USERS_SECRETS_MAX; done++)
		(void)secret_check(&nobody, password);
}

/* Tries the password against the user's secrets until one matches. */
static enum exchange_result
try_secrets(struct exchange *x, struct slice password)
{
	const struct user *user = &x->user;
	struct secret derived = {.kind = SECRET_UNKNOWN};
	enum exchange_result result = EXCHANGE_FAIL;
	size_t cheap = 0;

	x->reason = "password";
	for (size_t i = 0; i < user->secrets_count; i++) {
		const struct user_secret *s = &user->secrets[i];

		if (result == EXCHANGE_OK || !mechanism_tries(user, i))
			continue;
		cheap += is_cheap(&s->secret);
		switch (secret_check_next(&s->secret, password, &derived)) {
		case SECRET_MATCH:
			/* Where this one has expired, another may match. */
			result = mechanism_accept(x, s->label);
			break;
		case SECRET_NO_MEMORY:
			x->reason = "memory";
			result = EXCHANGE_TEMPORARY;
			break;
		case SECRET_MISMATCH:
			break;
		}
	}
	if (result != EXCHANGE_OK)
		level_checks(cheap, password);
	explicit_bzero(&derived, sizeof derived);
	return result;
}

/*
 * What a known user's check would cost. A match does not matter, but want of
 * memory does: a known user would have got a 454.
 */
static enum exchange_result
pretend(struct exchange *x, const struct site *site, struct slice password,
	const char *reason)
{
	bool no_memory =
		secret_check(&site->usual, password) == SECRET_NO_MEMORY;

	level_checks(is_cheap(&site->usual), password);
	x->reason = no_memory ? "memory" : reason;
	return no_memory ? EXCHANGE_TEMPORARY : EXCHANGE_FAIL;
}

enum exchange_result
mechanism_hand_over(
	struct exchange *x, struct slice secret, struct slice challenge)
{
	buffer_add_slice(&x->challenge, secret);
	buffer_add_char(&x->challenge, '\0');
	buffer_add_slice(&x->challenge, challenge);
	if (!x->challenge.overflow)
		return EXCHANGE_COLLECTED;
	/* No program takes so much. */
	x->challenge.len = 0;
	x->reason = "password";
	return EXCHANGE_FAIL;
}

enum exchange_result
mechanism_check_password(
	struct exchange *x, struct slice login, struct slice password)
{
	struct site site;
	enum exchange_result result = EXCHANGE_TEMPORARY;

	/*
	 * NUL is no part of a password (RFC 4616 §2), and must be none: HMAC
	 * pads its key with NULs, so "x" and "x\0" would be the same.
	 */
	if (mechanism_login(x, login) == -1 || password.len == 0 ||
		slice_find(password, '\0') != password.len)
		return EXCHANGE_MALFORMED;
	if (x->collect)
		return mechanism_hand_over(x, password, (struct slice){"", 0});
	tell_name(x);
	enum users_result found = mechanism_look_up(x);

	x->reason = "backend";
	/* The site is read for a known user, too: the same time for both. */
	if (found == USERS_BROKEN ||
		users_site(x->users_fd, &site) != USERS_FOUND)
		return EXCHANGE_TEMPORARY;
	if (found == USERS_MISSING)
		result = pretend(x, &site, password, "unknown");
	else if (x->user.disabled)
		result = pretend(x, &site, password, "disabled");
	else if (!mechanism_holds(&x->user, SECRET_PASSWORDS))
		result = pretend(x, &site, password, "no-secret");
	else
		result = try_secrets(x, password);
	/* Who is let in is known: only a refusal may tell nothing. */
	if (result != EXCHANGE_OK)
		users_level(&x->user);
	explicit_bzero(&site, sizeof site);
	users_forget(&x->user);
	return result;
}
