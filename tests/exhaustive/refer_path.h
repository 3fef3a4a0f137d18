/*
 * refer_path - refer.h's paths and parameters: RFC 5321 4.1.2 and 4.1.1.11, RFC
 * 6531 3.3, RFC 1870, 6152, 4954 5, as regular expressions and words. Lengths
 * are not looked at.
 */
#ifndef TESTS_REFER_PATH_H
#define TESTS_REFER_PATH_H

#include <arpa/inet.h>
#include <regex.h>

#include "tests/exhaustive/dialogue.h"

#define PATH_TEXT_MAX 4096

struct path {
	char text[PATH_TEXT_MAX];
	size_t len;
	bool eight_bit;
	struct slice rest; /* the parameters */
};

/* In the place of a character over 127: one that may be there, or may not. */
#define YES "\002"
#define NO "\001"

#define LABEL "[A-Za-z0-9_" YES "-]+"
#define DOMAIN LABEL "(\\." LABEL ")*\\.?"
#define HOST "(" DOMAIN "|\\[[^]]*\\])"
/* ours: dots anywhere. */
#define ATOM "[A-Za-z0-9!#$%&'*+/=?^_`{|}~." YES "-]+"
#define QUOTED(first) "\"([" first "!#-[^-~" YES "]|]|\\\\[" first "!-~])*\""

/* Groups: 1 the route, 5 local part, 7 @ and host, 8 host, 10 what follows. */
static const char in_brackets[] = "^<(@" DOMAIN "(,@" DOMAIN ")*:)?(" ATOM
				  "|" QUOTED(" ") ")(@" HOST ")?>([ \t].*)?$";
/* ours. Groups: 1 local part, 3 host, 5 what follows. */
static const char in_none[] = "^(" ATOM "|" QUOTED("") ")@" HOST "([ \t].*)?$";

static regex_t bracketed, bare;

static inline void
path_begin(void)
{
	if (regcomp(&bracketed, in_brackets, REG_EXTENDED) != 0 ||
		regcomp(&bare, in_none, REG_EXTENDED) != 0)
		abort();
}

/* A text of one octet a character. at[i]: where it stood. */
static void
to_characters(struct slice text, char *out, size_t *at)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; n++) {
		bool both = i + 1 < text.len &&
			    memcmp(text.data + i, "\xc3\xa9", 2) == 0;

		at[n] = i;
		out[n] = text.data[i];
		if ((unsigned char)out[n] > 127)
			out[n] = both && !way->no_utf8 ? *YES : *NO;
		i += both ? 2 : 1;
	}
	out[n] = '\0';
	at[n] = text.len;
}

static void
path_add(struct path *p, char c)
{
	if (c == *YES) {
		p->eight_bit = true;
		p->text[p->len++] = '\xc3';
		c = '\xa9';
	}
	p->text[p->len++] = c;
}

/* [192.0.2.1], [IPv6:::1] */
static bool
is_literal(const char *text, size_t len)
{
	char inner[64];
	unsigned char binary[16];
	bool six = len > 6 && strncasecmp(text + 1, "IPv6:", 5) == 0;
	size_t skip = six ? 6 : 1;

	if (len - skip - 1 >= sizeof inner)
		return false;
	memcpy(inner, text + skip, len - skip - 1);
	inner[len - skip - 1] = '\0';
	return inet_pton(six ? AF_INET6 : AF_INET, inner, binary) == 1;
}

/* As a qmail envelope has it: without quotes, and a dot at the end. */
static bool
path_make(struct path *p, const char *text, const regmatch_t *local,
	const regmatch_t *host)
{
	bool quoted = text[local->rm_so] == '"', at = false;

	for (regoff_t i = local->rm_so + quoted; i < local->rm_eo - quoted;
		i++) {
		i += quoted && text[i] == '\\';
		at |= text[i] == '@';
		path_add(p, text[i]);
	}
	/* Without its quotes it would be no local part. */
	if (p->len == 0 || (at && host->rm_so == -1))
		return false;
	if (host->rm_so == -1)
		return true;
	size_t len = (size_t)(host->rm_eo - host->rm_so);
	const char *name = text + host->rm_so;

	if (*name == '[' && !is_literal(name, len))
		return false;
	len -= name[len - 1] == '.';
	path_add(p, '@');
	for (size_t i = 0; i < len; i++)
		path_add(p, name[i]);
	return true;
}

/* What stands behind MAIL and RCPT. */
static bool
path_read(struct slice argument, const char *word, bool null, struct path *p)
{
	static char text[INPUT_MAX];
	static size_t at[INPUT_MAX];
	regmatch_t m[11];
	size_t len = strlen(word);
	bool good;

	p->len = 0;
	p->eight_bit = false;
	if (argument.len < len || strncasecmp(argument.data, word, len) != 0)
		return false;
	argument = slice_skip_blanks(slice_from(argument, len));
	to_characters(argument, text, at);
	if (null && strncmp(text, "<>", 2) == 0) {
		m[0].rm_eo = 2;
		good = strchr(" \t", text[2]) != NULL;
	} else if (*text == '<') {
		good = regexec(&bracketed, text, 11, m, 0) == 0 &&
		       (m[1].rm_so == -1 || m[7].rm_so != -1) &&
		       path_make(p, text, &m[5], &m[8]);
		m[0].rm_eo = m[10].rm_so;
	} else {
		good = regexec(&bare, text, 6, m, 0) == 0 &&
		       path_make(p, text, &m[1], &m[3]);
		m[0].rm_eo = m[5].rm_so;
	}
	if (!good)
		return false;
	p->rest = m[0].rm_eo == -1 ? (struct slice){"", 0}
				   : slice_skip_blanks(slice_from(
					     argument, at[m[0].rm_eo]));
	return true;
}

/* ------------------------------------------------------------ parameters ---
 */

struct parameters {
	uint64_t size;
	unsigned body; /* of enum channel_flags */
	bool utf8;
};

static const char *
take_parameter(struct slice name, struct slice value, struct parameters *p)
{
	if (slice_is_nocase(name, "SIZE")) {
		bool digits = value.len > 0 && value.len <= 20;

		for (size_t i = 0; i < value.len; i++)
			digits &= isdigit((unsigned char)value.data[i]) != 0;
		p->size = digits ? strtoull(value.data, NULL, 10) : 0;
		return digits ? NULL : "501 5.5.4";
	}
	if (slice_is_nocase(name, "BODY")) {
		bool seven = slice_is_nocase(value, "7BIT");

		p->body = seven ? OPEN_7BIT : OPEN_8BITMIME;
		return seven || slice_is_nocase(value, "8BITMIME")
			       ? NULL
			       : "555 5.5.4";
	}
	if (slice_is_nocase(name, "SMTPUTF8") && !way->no_utf8) {
		p->utf8 = true;
		return value.data == NULL ? NULL : "501 5.5.4";
	}
	/* ours: any value that is visible, and some that are not. */
	if (slice_is_nocase(name, "AUTH"))
		return value.data == NULL || slice_find(value, *NO) < value.len
			       ? "501 5.5.4"
			       : NULL;
	return "555 5.5.4";
}

/* NULL, or the reply to the first that is wrong. */
static const char *
parameters_read(struct slice rest, struct parameters *p)
{
	struct slice seen[8];
	size_t count = 0;

	while (rest.len > 0) {
		struct slice word = slice_word(&rest), name = word,
			     value = word;
		size_t len = slice_find(word, '=');

		name.len = len;
		value = len == word.len ? SLICE_NONE
					: slice_from(word, len + 1);
		for (size_t i = 0; i < count; i++)
			if (slice_equal_nocase(seen[i], name))
				return "555 5.5.4";
		if (count < 8)
			seen[count++] = name;
		const char *fault = take_parameter(name, value, p);

		if (fault != NULL)
			return fault;
	}
	return NULL;
}

#endif
