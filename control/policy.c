/*
 * policy - see policy.h. Run by the session, then once more by the keeper; and
 * by smtpd-passwd and smtpd-check.
 */
#include "control/policy.h"

#include "lib/cdbread.h"

#define DOMAIN_MAX 1024 /* a path has at most 900 octets */
#define DATA_MAX 1024	/* qmail-newmrh stores none, others a few */

/* Is the address named, as user@host or by its @host? */
static bool
is_listed(const struct control_list *list, struct slice address)
{
	struct slice host = slice_from(address, slice_find_last(address, '@'));
	struct slice line;
	size_t at = 0;

	while (control_next(list, &at, &line))
		if (slice_equal_nocase(line, address) ||
			slice_equal_nocase(line, host))
			return true;
	return false;
}

/* host names itself; .suffix all hosts that end so. */
static bool
in_rcpthosts(const struct control_list *list, struct slice domain)
{
	struct slice line;
	size_t at = 0;

	while (control_next(list, &at, &line)) {
		if (line.len > domain.len)
			continue;
		struct slice tail = slice_from(domain, domain.len - line.len);

		if ((line.data[0] == '.' || tail.len == domain.len) &&
			slice_equal_nocase(line, tail))
			return true;
	}
	return false;
}

/* The keys of qmail-newmrh are in lower case: host and .suffix. */
static enum policy_result
in_morercpthosts(int fd, struct slice domain)
{
	char text[DOMAIN_MAX], data[DATA_MAX];
	size_t len;

	if (fd == -1 || domain.len > sizeof text)
		return POLICY_RELAY;
	for (size_t i = 0; i < domain.len; i++)
		text[i] = bytes_lower(domain.data[i]);
	for (size_t i = 0; i < domain.len; i++) {
		if (i != 0 && text[i] != '.')
			continue;
		struct slice key = {text + i, domain.len - i};

		switch (cdbread_find(fd, key, data, sizeof data, &len)) {
		case CDBREAD_FOUND:
			return POLICY_OK;
		case CDBREAD_MISSING:
			break;
		default:
			return POLICY_BROKEN;
		}
	}
	return POLICY_RELAY;
}

enum policy_result
policy_sender(const struct config *config, struct slice sender)
{
	/* The empty sender of a bounce is never refused (RFC 5321 4.5.5). */
	if (sender.len > 0 && is_listed(&config->badmailfrom, sender))
		return POLICY_BAD;
	return POLICY_OK;
}

/* A sender, taken apart. */
struct parts {
	struct slice user;   /* what stands before the last @ */
	struct slice base;   /* ... and before the first delimiter */
	struct slice domain; /* absent where there is no @ */
};

size_t
policy_base(struct slice user, struct slice delimiters)
{
	size_t base = 1;

	/* What has nothing before the delimiter is no sub-address. */
	while (base < user.len &&
		slice_find(delimiters, user.data[base]) == delimiters.len)
		base++;
	return base < user.len ? base : user.len;
}

static struct parts
part_sender(const struct config *config, struct slice sender)
{
	size_t at = slice_find_last(sender, '@');
	struct slice user = {sender.data, at};
	struct parts parts = {.user = user,
		.base = {sender.data,
			policy_base(user, config->recipientdelimiter)}};

	if (at < sender.len)
		parts.domain = slice_from(sender, at + 1);
	return parts;
}

/*
 * A login is known without case (authusers(5)), so it is compared without;
 * one without domain is of authdomain, else of this host.
 */
static bool
is_login(const struct config *config, struct slice login,
	const struct parts *sender)
{
	size_t at = slice_find_last(login, '@');
	struct slice user = {login.data, at}, domain = config->me;

	if (at < login.len)
		domain = slice_from(login, at + 1);
	else if (config->authdomain.data != NULL)
		domain = config->authdomain;
	/* Without a domain only what the login itself is without one. */
	if (sender->domain.data == NULL
			? at < login.len
			: !slice_equal_nocase(domain, sender->domain))
		return false;
	return slice_equal_nocase(user, sender->user) ||
	       slice_equal_nocase(user, sender->base);
}

/* user@host with the user's case, or @host for every user. */
static bool
is_sender(struct slice entry, const struct parts *sender)
{
	size_t at = slice_find_last(entry, '@');
	struct slice user = {entry.data, at};

	if (at == entry.len || sender->domain.data == NULL ||
		!slice_equal_nocase(slice_from(entry, at + 1), sender->domain))
		return false;
	return at == 0 || slice_equal(user, sender->user) ||
	       slice_equal(user, sender->base);
}

enum policy_result
policy_login_sender(const struct config *config, struct slice login,
	struct slice senders, struct slice sender)
{
	struct parts parts = part_sender(config, sender);
	bool bounces = true, listed = false;

	while (senders.data != NULL) {
		struct slice entry = slice_split(&senders, ',');

		if (slice_is(entry, "!<>"))
			bounces = false;
		else if (is_sender(entry, &parts))
			listed = true;
	}
	if (sender.len == 0)
		return bounces ? POLICY_OK : POLICY_LOGIN;
	return listed || is_login(config, login, &parts) ? POLICY_OK
							 : POLICY_LOGIN;
}

enum policy_result
policy_recipient(
	const struct config *config, struct slice recipient, bool relay)
{
	size_t at = slice_find_last(recipient, '@');

	if (at == recipient.len) /* RFC 5321 4.5.1 */
		return slice_is_nocase(recipient, "postmaster")
			       ? POLICY_OK
			       : POLICY_NO_DOMAIN;
	if (is_listed(&config->badrcptto, recipient))
		return POLICY_BAD;
	struct slice domain = slice_from(recipient, at + 1);

	if (relay || in_rcpthosts(&config->rcpthosts, domain))
		return POLICY_OK;
	return in_morercpthosts(config->morercpthosts_fd, domain);
}

bool
policy_looks_up(const struct config *config, bool relay)
{
	return !relay && (config->validrcptto || config->morevalidrcptto ||
				 config->rcptcheck.data != NULL);
}

bool
policy_asks(const struct config *config, bool relay)
{
	return config->policy.rcpt || policy_looks_up(config, relay);
}
