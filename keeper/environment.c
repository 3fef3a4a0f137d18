/*
 * environment - see environment.h. Run by the keeper; environment_clear() by
 * main before it forks.
 */
#include "keeper/environment.h"

#include <stdlib.h>
#include <string.h>

extern char **environ;

/* Where our own variables stand: of the login, of a sender and a recipient. */
#define TEXT_MAX (7 * (USERS_LOGIN_MAX + 24) + 3 * (KEEPER_PATH_MAX + 400))

/* Never the launcher's copy: after AUTH ours proves something. */
static const char *const logins[] = {"TCPREMOTEINFO", "SMTPAUTHUSER",
	"SMTP_AUTH_USER", "AUTHUSER", "AUTHINFO", NULL};
static const char *const methods[] = {"SMTPAUTHMETHOD", "AUTHPROTOCOL", NULL};
/* Between a launcher and its helper for TLS; and TLS_ANYTHING. */
static const char *const helper[] = {
	"SSLCTLFD", "SSLREADFD", "SSLWRITEFD", "CERTFILE", "KEYFILE", NULL};
#define HELPER_PREFIX "TLS_"

struct builder {
	char **variables;
	size_t count;
	bool overflow;
	struct buffer text; /* where our own variables stand */
};

static void
add(struct builder *b, char *variable)
{
	/* One place stays free for the NULL at the end. */
	if (b->count + 1 >= ENVIRONMENT_MAX)
		b->overflow = true;
	else
		b->variables[b->count++] = variable;
}

static void
add_value(struct builder *b, const char *name, struct slice value)
{
	char *start = b->text.data + b->text.len;

	buffer_add_text(&b->text, name);
	buffer_add_char(&b->text, '=');
	buffer_add_slice(&b->text, value);
	buffer_add_char(&b->text, '\0');
	add(b, start);
}

static void
add_values(struct builder *b, const char *const *names, const char *value)
{
	for (; *names != NULL; names++)
		add_value(b, *names, slice_of(value));
}

static struct slice
name_of(const char *variable)
{
	struct slice rest = slice_of(variable);

	return slice_split(&rest, '=');
}

/* Is it one that the login replaces? */
static bool
is_replaced(const char *variable)
{
	return slice_is(name_of(variable), "TCPREMOTEINFO");
}

static bool
is_among(const char *variable, const struct environment_variable *own,
	size_t own_count)
{
	for (size_t i = 0; i < own_count; i++)
		if (slice_is(name_of(variable), own[i].name))
			return true;
	return false;
}

static void
clear_prefix(void)
{
	char **to = environ;

	for (char **from = environ; *from != NULL; from++)
		if (strncmp(*from, HELPER_PREFIX, strlen(HELPER_PREFIX)) != 0)
			*to++ = *from;
	*to = NULL;
}

void
environment_clear(void)
{
	static const char *const declared[] = {"SMTPUTF8", "BODY", NULL};
	static const char *const *const all[] = {
		logins, methods, helper, declared};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (const char *const *name = all[i]; *name != NULL; name++)
			if (!is_replaced(*name))
				(void)unsetenv(*name);
	clear_prefix();
}

char *const *
environment_make(struct keeper *k, unsigned flags,
	const struct environment_variable *own, size_t own_count)
{
	static char text[TEXT_MAX];
	static char *variables[ENVIRONMENT_MAX];
	static char relayclient[] = "RELAYCLIENT=", smtputf8[] = "SMTPUTF8=1";
	static char body_8bit[] = "BODY=8BITMIME", body_7bit[] = "BODY=7BIT";
	struct builder b = {variables, 0, false, BUFFER_OVER(text)};
	const char *user = login_user(k);

	/* environment_clear() has removed what else is ours. */
	for (char **v = environ; *v != NULL; v++)
		if (!(user != NULL && is_replaced(*v)) &&
			!is_among(*v, own, own_count))
			add(&b, *v);
	for (size_t i = 0; i < own_count; i++)
		add_value(&b, own[i].name, own[i].value);
	if (user != NULL) {
		add_values(&b, logins, user);
		add_values(&b, methods, login_mechanism(k));
		if (!k->config->relayclient_set)
			add(&b, relayclient);
	}
	if (flags & OPEN_8BITMIME)
		add(&b, body_8bit);
	else if (flags & OPEN_7BIT)
		add(&b, body_7bit);
	if (flags & OPEN_SMTPUTF8)
		add(&b, smtputf8);
	variables[b.count] = NULL;
	return b.overflow || b.text.overflow ? NULL : variables;
}
