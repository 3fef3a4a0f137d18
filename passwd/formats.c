/* formats - see formats.h. Used by smtpd-passwd. */
#include "passwd/formats.h"

#include <string.h>

#include "passwd/userfile.h"
#include "users/secret.h"

#define DAY_SECONDS 86400

/* vpopmail.h: bits in the place of a gid. */
#define VPOPMAIL_NO_RELAY 0x20
#define VPOPMAIL_NO_SMTP 0x800

const char formats_nothing[] = "";

static bool
is_comment(struct slice line)
{
	return line.len == 0 || line.data[0] == '#';
}

/*
 * Takes the login, up to a colon, off the front of a line. NULL, or why the
 * line is refused.
 */
static const char *
take_login(struct slice *line, struct formats_user *user)
{
	if (is_comment(*line))
		return formats_nothing;
	user->login = slice_split(line, ':');
	return line->data == NULL ? "no colon" : NULL;
}

static bool
is_des(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (!((c >= '.' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			    (c >= 'a' && c <= 'z')))
			return false;
	}
	return text.len == 13;
}

const char *
formats_secret_fault(struct slice text)
{
	struct secret secret;
	struct slice value = text;
	bool named = slice_starts_nocase(text, "{");
	const char *fault = NULL;

	if (text.len == 0)
		return "no password";
	if (named) {
		(void)slice_split(&value, '}');
		if (value.data == NULL)
			return "a secret whose scheme does not end";
	}
	if (value.len > 0 && strchr("*!", value.data[0]) != NULL)
		return "locked: no password";
	if (secret_parse(&secret, text) != 0)
		fault = named ? "a secret that is malformed or costs too much"
			      : "a crypt string that is malformed, of an "
				"unknown method, or costs too much";
	else if (secret.kind == SECRET_UNKNOWN)
		fault = "a secret of a scheme that is not known here";
	else if (secret.kind == SECRET_CRYPT && value.data[0] != '$' &&
		 value.data[0] != '_' && !is_des(value))
		fault = "no crypt string: a password in the clear?";
	explicit_bzero(&secret, sizeof secret);
	return fault;
}

/* --------------------------------------------------------- passwd-files --- */

/* A word of Dovecot's field 8 that lets fewer in than the password does. */
static bool
limits_login(struct slice record)
{
	static const char *const words[] = {"nologin",
		"allow_nets=", "allow_real_nets=", "nopassword", "proxy",
		"deny"};
	struct slice extra;

	for (size_t i = 0; i < 6 && record.data != NULL; i++)
		(void)slice_split(&record, ':');
	extra = record;
	while (extra.data != NULL) {
		struct slice word = slice_split(&extra, ' ');

		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (slice_starts_nocase(word, words[i]))
				return true;
	}
	return false;
}

static const char *
take_dovecot(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	const char *fault = take_login(&line, user);
	struct slice rest = line;

	(void)source;
	if (fault != NULL)
		return fault;
	user->record = line;
	user->secret = slice_split(&rest, ':');
	user->disabled = slice_starts_nocase(line, "!");
	if (user->disabled)
		user->secret = slice_from(user->secret, 1);
	if (limits_login(line))
		user->note = "field 8 limits the login in Dovecot; it does "
			     "not here";
	return NULL;
}

static const char *
take_htpasswd(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	const char *fault = take_login(&line, user);

	(void)source;
	if (fault != NULL)
		return fault;
	user->secret = slice_split(&line, ':');
	if (slice_starts_nocase(user->secret, "$apr1$"))
		return "Apache's own MD5 ($apr1$), which crypt(5) has not";
	if (slice_starts_nocase(user->secret, "{SHA}"))
		return "a hash without salt ({SHA})";
	return NULL;
}

static const char *
take_shadow(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	const char *fault = take_login(&line, user);
	struct slice rest;
	uint64_t day;

	if (fault != NULL)
		return fault;
	user->secret = slice_split(&line, ':');
	if (slice_is(user->secret, "x"))
		return "the password stands in another file";
	if (slice_starts_nocase(user->secret, "!")) {
		user->secret = slice_from(user->secret, 1);
		user->disabled = true;
	}
	rest = line;
	for (size_t i = 0; i < 5 && rest.data != NULL; i++)
		(void)slice_split(&rest, ':');
	/* The day since 1970 from which on the account is closed. */
	if (rest.data != NULL &&
		slice_number(slice_split(&rest, ':'), &day) == 0 &&
		day <= (uint64_t)(source->seconds / DAY_SECONDS)) {
		user->disabled = true;
		user->note = "the account has expired: disabled";
	}
	return NULL;
}

/* user:crypt:uid:flags:gecos:directory:quota[:password in the clear] */
static const char *
take_vpasswd(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	struct slice field[8] = {{0}};
	struct secret secret;
	uint64_t flags;

	(void)source;
	if (is_comment(line))
		return formats_nothing;
	for (size_t i = 0; i < 8; i++)
		field[i] = i < 7 ? slice_split(&line, ':') : line;
	if (field[6].data == NULL || slice_number(field[3], &flags) != 0)
		return "not a line of vpasswd: user:password:uid:flags:gecos:"
		       "directory:quota";
	user->login = field[0];
	user->secret = field[1];
	if (flags & (VPOPMAIL_NO_SMTP | VPOPMAIL_NO_RELAY)) {
		user->disabled = true;
		user->note = "vpopmail forbids SMTP or relaying: disabled";
	}
	if (field[7].len == 0 || field[7].len > SECRET_PASSWORD_MAX)
		return NULL;
	/* From the password itself more can be made, if it is the one. */
	if (secret_parse(&secret, field[1]) == 0 &&
		secret_check(&secret, field[7]) == SECRET_MATCH)
		user->clear = field[7];
	else
		user->note = "the password in the clear is another one: only "
			     "the crypt string was taken";
	explicit_bzero(&secret, sizeof secret);
	return NULL;
}

/* -------------------------------------------------------------- s/qmail --- */

static struct slice
without_trailing_blanks(struct slice line)
{
	while (line.len > 0 && strchr(" \t", line.data[line.len - 1]) != NULL)
		line.len--;
	return line;
}

/* Is there a line "!NAME" or "!NAME:..."? It disables NAME. */
static bool
has_ban(struct slice text, struct slice name)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;

	while (name.len > 0 && userfile_next(text, &at, &line)) {
		struct slice rest = line.text;
		struct slice entry = slice_split(&rest, ':');

		entry = without_trailing_blanks(entry);
		if (entry.len > 0 && entry.data[0] == '!' &&
			slice_equal_nocase(slice_from(entry, 1), name))
			return true;
	}
	return false;
}

static const char *
take_sqmail(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	line = without_trailing_blanks(line);
	if (is_comment(line))
		return formats_nothing;
	user->login = slice_split(&line, ':');
	if (user->login.len > 0 && user->login.data[0] == '!')
		return "disables another entry, which was heeded";
	if (user->login.len > 0 && strchr("@*", user->login.data[0]) != NULL)
		return "is about a whole domain: its users are elsewhere";
	if (line.data == NULL || line.len == 0)
		return "no password";
	if (line.len == 1)
		return "leaves the check to another program";
	if (line.data[0] == '%')
		return "a hash without salt (%)";
	if (line.data[0] == '=')
		return "begins with =, which may belong to the password or "
		       "not: "
		       "set it anew";
	user->clear = line;
	if (has_ban(source->text, user->login) ||
		has_ban(source->text,
			slice_from(user->login,
				slice_find_last(user->login, '@')))) {
		user->disabled = true;
		user->note = "disabled there: disabled";
	}
	return NULL;
}

/* ---------------------------------------------------------- Cyrus SASL --- */

/* The listing of sasldblistusers2 has no passwords: "user@realm: property". */
static const char *
take_listed(struct slice line, struct formats_user *user)
{
	size_t colon = slice_find_last(line, ':');

	if (line.len == 0)
		return formats_nothing;
	if (colon == line.len || colon == 0)
		return "no colon";
	user->login = (struct slice){line.data, colon};
	if (!slice_is(slice_from(line, colon + 1), " userPassword"))
		return "not a password";
	user->disabled = true;
	return NULL;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = bytes_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line of db_dump: pairs of digits, or text in which \HH stands for one. */
static int
decode_dumped(struct slice line, bool is_hex, struct buffer *out)
{
	for (size_t i = 0; i < line.len; i++) {
		char c = line.data[i];
		int high, low;

		if (!is_hex && c != '\\') {
			buffer_add_char(out, c);
			continue;
		}
		if (!is_hex && i + 1 < line.len && line.data[i + 1] == '\\') {
			buffer_add_char(out, c);
			i++;
			continue;
		}
		i += is_hex ? 0 : 1;
		high = i < line.len ? digit(line.data[i]) : -1;
		low = i + 1 < line.len ? digit(line.data[i + 1]) : -1;
		if (high < 0 || low < 0)
			return -1;
		buffer_add_char(out, (char)(high * 16 + low));
		i++;
	}
	return out->overflow ? -1 : 0;
}

static const char *
take_header(struct formats_source *source, struct slice line)
{
	if (slice_is(line, "HEADER=END"))
		source->in_data = true;
	else if (slice_is(line, "format=bytevalue"))
		source->is_hex = true;
	return formats_nothing;
}

/* The key is user NUL realm NUL property. */
static const char *
take_pair(struct formats_source *source, struct formats_user *user)
{
	struct slice key = {source->key, source->key_len};
	struct slice name = slice_split(&key, '\0');
	struct slice realm = slice_split(&key, '\0');

	if (key.data == NULL)
		return "a key that is not user, realm, property";
	if (!slice_is(key, "userPassword"))
		return "not a password";
	user->login = name;
	if (slice_find(name, '@') == name.len)
		source->domain = realm;
	return NULL;
}

static const char *
take_dumped(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	struct buffer b = {source->has_key ? source->value : source->key, 0,
		FORMATS_TEXT_MAX, false};

	if (!source->in_data)
		return take_header(source, line);
	if (line.len == 0 || line.data[0] != ' ') {
		source->in_data = source->has_key = source->is_hex = false;
		return formats_nothing; /* DATA=END */
	}
	if (decode_dumped(slice_from(line, 1), source->is_hex, &b) != 0) {
		source->has_key = !source->has_key;
		source->key_len = 0;
		return "not a line of db_dump";
	}
	if (!source->has_key) {
		source->key_len = b.len;
		source->has_key = true;
		return formats_nothing;
	}
	source->has_key = false;
	user->clear = buffer_slice(&b);
	return take_pair(source, user);
}

static const char *
take_sasldb(struct formats_source *source, struct slice line,
	struct formats_user *user)
{
	return source->is_dump ? take_dumped(source, line, user)
			       : take_listed(line, user);
}

static const struct formats_row rows[] = {
	{"dovecot", take_dovecot},
	{"htpasswd", take_htpasswd},
	{"shadow", take_shadow},
	{"vpasswd", take_vpasswd},
	{"sqmail", take_sqmail},
	{"sasldb", take_sasldb},
};

const struct formats_row *
formats_find(struct slice name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (slice_is(name, rows[i].name))
			return &rows[i];
	return NULL;
}
