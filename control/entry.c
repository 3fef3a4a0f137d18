/* entry - see entry.h. Run by smtpd-check and smtpd-passwd. */
#include "control/entry.h"

#define MARK_LEN 3 /* octets of a byte order mark */

static bool
holds(struct slice text, char c)
{
	return slice_find(text, c) < text.len;
}

/* What no entry may hold, whatever it names. */
static const char *
octets_fault(struct slice entry)
{
	if (entry.len == 0)
		return "is empty";
	if (entry.len >= MARK_LEN &&
		slice_is((struct slice){entry.data, MARK_LEN}, "\xef\xbb\xbf"))
		return "begins with a byte order mark";
	if (bytes_blank(entry.data[0]))
		return "begins with a blank, which counts";
	for (size_t i = 0; i < entry.len; i++) {
		if (bytes_blank(entry.data[i]))
			return holds(entry, '#')
				       ? "has a comment behind it, which "
					 "counts: "
					 "a line of its own it must be"
				       : "holds a blank, which counts";
		if (bytes_control(entry.data[i]))
			return "holds a control character";
	}
	return NULL;
}

/* Of a host name; a literal in brackets is left alone. */
static const char *
domain_fault(struct slice domain)
{
	if (domain.len == 0)
		return "names no domain";
	if (domain.data[0] == '[')
		return NULL;
	if (holds(domain, '*'))
		return "holds a *, which is no wildcard";
	if (domain.data[domain.len - 1] == '.')
		return "ends in a dot";
	for (size_t i = 1; i < domain.len; i++)
		if (domain.data[i] == '.' && domain.data[i - 1] == '.')
			return "has two dots in a row";
	if (holds(domain, ':') || holds(domain, '/') || holds(domain, ','))
		return "is no name of a domain";
	return NULL;
}

const char *
entry_fault(struct slice entry, enum entry_kind kind)
{
	const char *fault = octets_fault(entry);
	size_t at = slice_find_last(entry, '@');

	if (fault != NULL)
		return fault;
	if (kind == ENTRY_SENDER && slice_is(entry, "!<>"))
		return NULL;
	if (kind == ENTRY_DOMAIN)
		return at < entry.len ? "has an @: only the domain counts here"
				      : domain_fault(entry);
	if (at == entry.len)
		return "has no @: user@domain or @domain is meant";
	if (slice_is((struct slice){entry.data, at}, "*"))
		return "holds a *, which is no wildcard: @domain is everybody "
		       "there";
	entry = slice_from(entry, at + 1);
	if (entry.len > 0 && entry.data[0] == '.')
		return "begins its domain with a dot, which means no suffix "
		       "here";
	return domain_fault(entry);
}
