/*
 * address - see address.h. Run by the session. Each function of the grammar
 * takes what it knows off the front of p->rest and returns 0, or -1 when the
 * input is something else.
 */
#include "session/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/utf8.h"
#include "session/parameters.h"

#define DOMAIN_MAX 255 /* octets, RFC 5321 §4.5.3.1.2 */
#define LABEL_MAX 63   /* characters, RFC 1035 §2.3.4 */

struct parser {
	struct slice rest;
	bool utf8; /* RFC 6531 is part of the grammar */
	struct address *out;
};

enum path_rule { ALLOW_NULL, NO_NULL };

static bool
is_alphanumeric(char c)
{
	char lower = bytes_lower(c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static bool
next_is(const struct parser *p, char c)
{
	return p->rest.len > 0 && p->rest.data[0] == c;
}

static bool
take_char(struct parser *p, char c)
{
	if (!next_is(p, c))
		return false;
	p->rest = slice_from(p->rest, 1);
	return true;
}

/* Takes n octets off the front and adds them to the address. */
static int
keep(struct parser *p, size_t n)
{
	struct address *out = p->out;

	if (n > sizeof out->text - out->len)
		return -1;
	memcpy(out->text + out->len, p->rest.data, n);
	out->len += n;
	p->rest = slice_from(p->rest, n);
	return 0;
}

/* Keeps one character over 127. */
static int
keep_utf8(struct parser *p)
{
	size_t n = p->utf8 ? utf8_length(p->rest) : 0;

	if (n == 0)
		return -1;
	p->out->eight_bit = true;
	return keep(p, n);
}

/* One character of an atom. */
static int
keep_atext(struct parser *p)
{
	char c;

	if (p->rest.len == 0)
		return -1;
	c = p->rest.data[0];
	if (is_alphanumeric(c) ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL))
		return keep(p, 1);
	return keep_utf8(p);
}

/*
 * Atoms and dots, in any order: addresses of Japanese carriers have dots at
 * their ends and two in a row, which RFC 5321 would want quoted.
 */
static int
parse_dot_string(struct parser *p)
{
	size_t start = p->out->len;

	while ((next_is(p, '.') ? keep(p, 1) : keep_atext(p)) == 0)
		;
	return p->out->len > start ? 0 : -1;
}

/* Keeps what stands between quotes, without the backslashes. */
static int
parse_quoted(struct parser *p)
{
	if (!take_char(p, '"'))
		return -1;
	while (!take_char(p, '"')) {
		bool pair = take_char(p, '\\');

		if (p->rest.len == 0)
			return -1;
		char c = p->rest.data[0];
		bool printable = c >= ' ' && c <= '~';

		if (pair && !printable)
			return -1;
		if ((printable ? keep(p, 1) : keep_utf8(p)) == -1)
			return -1;
	}
	/* An empty local part would pass for the null path. */
	return p->out->len > 0 ? 0 : -1;
}

/* Keeps a label and returns its length in characters. */
static size_t
parse_label(struct parser *p)
{
	size_t characters = 0;

	while (p->rest.len > 0) {
		char c = p->rest.data[0];
		bool plain = is_alphanumeric(c) || c == '-' || c == '_';

		if ((plain ? keep(p, 1) : keep_utf8(p)) == -1)
			break;
		characters++;
	}
	return characters;
}

/* Labels and dots; a dot at the end is dropped. */
static int
parse_domain(struct parser *p)
{
	size_t start = p->out->len;
	size_t characters = parse_label(p);

	if (characters == 0)
		return -1;
	while (characters <= LABEL_MAX && next_is(p, '.')) {
		if (keep(p, 1) == -1)
			return -1;
		characters = parse_label(p);
		if (characters == 0) {
			p->out->len--;
			break;
		}
	}
	return characters <= LABEL_MAX && p->out->len - start <= DOMAIN_MAX
		       ? 0
		       : -1;
}

/* [192.0.2.1] or [IPv6:2001:db8::1] */
static int
parse_literal(struct parser *p)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char binary[sizeof(struct in6_addr)];
	int family = AF_INET;

	if (!next_is(p, '['))
		return -1;
	struct slice inner = slice_from(p->rest, 1);
	size_t len = slice_find(inner, ']');

	if (len == inner.len)
		return -1;
	inner.len = len;
	if (slice_starts_nocase(inner, "IPv6:")) {
		family = AF_INET6;
		inner = slice_from(inner, strlen("IPv6:"));
	}
	if (slice_string(inner, text, sizeof text) == -1 ||
		inet_pton(family, text, binary) != 1)
		return -1;
	return keep(p, len + 2);
}

/* local-part ["@" domain] */
static int
parse_mailbox(struct parser *p, bool needs_domain)
{
	if ((next_is(p, '"') ? parse_quoted(p) : parse_dot_string(p)) == -1)
		return -1;
	if (!next_is(p, '@')) {
		struct slice local = {p->out->text, p->out->len};

		/* Without its quotes "a@b" would be somebody else. */
		if (needs_domain || slice_find(local, '@') < local.len)
			return -1;
		return 0;
	}
	if (keep(p, 1) == -1)
		return -1;
	return next_is(p, '[') ? parse_literal(p) : parse_domain(p);
}

/* @a,@b: is read and forgotten, RFC 5321 appendix F.2. */
static int
parse_route(struct parser *p)
{
	do {
		if (!take_char(p, '@') || parse_domain(p) == -1)
			return -1;
		p->out->len = 0;
	} while (take_char(p, ','));
	p->out->eight_bit = false;
	return take_char(p, ':') ? 0 : -1;
}

/* The rest of a path behind its "<". */
static int
parse_bracketed(struct parser *p, enum path_rule rule)
{
	if (rule == ALLOW_NULL && take_char(p, '>'))
		return 0;
	bool routed = next_is(p, '@');

	if ((routed && parse_route(p) == -1) ||
		parse_mailbox(p, routed) == -1 || !take_char(p, '>'))
		return -1;
	return 0;
}

/* People who test by hand leave the brackets out. */
static int
parse_bare(struct parser *p)
{
	struct slice word = {p->rest.data, 0};

	while (word.len < p->rest.len && !bytes_blank(word.data[word.len]))
		word.len++;
	p->rest = slice_from(p->rest, word.len);
	struct parser bare = {word, p->utf8, p->out};

	return parse_mailbox(&bare, true) == 0 && bare.rest.len == 0 ? 0 : -1;
}

/* "FROM:" or "TO:", and the path; parameters stay in p->rest. */
static int
parse_path(struct parser *p, const char *prefix, enum path_rule rule)
{
	*p->out = (struct address){.len = 0};
	if (!slice_starts_nocase(p->rest, prefix))
		return -1;
	p->rest = slice_from(p->rest, strlen(prefix));
	p->rest = slice_skip_blanks(p->rest);
	int result =
		take_char(p, '<') ? parse_bracketed(p, rule) : parse_bare(p);
	struct slice parameters = slice_skip_blanks(p->rest);

	/* Nothing may stand directly behind the path. */
	if (result == -1 ||
		(parameters.len > 0 && parameters.len == p->rest.len))
		return -1;
	p->rest = parameters;
	return 0;
}

enum address_result
address_mail(struct slice arg, bool utf8_offered, struct address *out,
	struct mail_parameters *parameters)
{
	struct parser p = {arg, utf8_offered, out};

	*parameters = (struct mail_parameters){.body = BODY_NONE};
	if (parse_path(&p, "FROM:", ALLOW_NULL) == -1)
		return ADDRESS_SYNTAX;
	return parameters_parse(p.rest, utf8_offered, parameters);
}

enum address_result
address_rcpt(struct slice arg, bool utf8_offered, struct address *out)
{
	struct parser p = {arg, utf8_offered, out};

	if (parse_path(&p, "TO:", NO_NULL) == -1)
		return ADDRESS_SYNTAX;
	return p.rest.len == 0 ? ADDRESS_OK : ADDRESS_PARAMETER;
}
