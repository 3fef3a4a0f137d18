/*
 * dovecot_lines - see dovecot_lines.h. Run by the authenticator; what looks at
 * names of mechanisms also by main and smtpd-check.
 */
#include "auth/dovecot_lines.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/words.h"

#define VERSION_MAJOR 1
#define VERSION_MINOR 1

bool
dovecot_is_relayed(struct slice name)
{
	static const char plus[] = "-PLUS";
	size_t len = sizeof plus - 1;

	return !slice_is(name, "ANONYMOUS") && !slice_is(name, "EXTERNAL") &&
	       !(name.len > len &&
		       slice_is(slice_from(name, name.len - len), plus));
}

/* ----------------------------------------------------------- handshake --- */

/* VERSION major minor. A later minor one only adds. */
static int
hear_version(struct dovecot_handshake *h, struct slice rest)
{
	uint64_t major, minor;

	if (slice_number(slice_split(&rest, '\t'), &major) == -1 ||
		slice_number(slice_split(&rest, '\t'), &minor) == -1 ||
		major != VERSION_MAJOR || minor < VERSION_MINOR)
		return -1;
	h->version = true;
	return 0;
}

/* MECH name flags... What it calls private is for its own programs. */
static void
hear_mechanism(struct dovecot_handshake *h, struct slice rest)
{
	struct slice name = slice_split(&rest, '\t');
	struct buffer *out = &h->offered;

	while (rest.data != NULL) {
		struct slice flag = slice_split(&rest, '\t');

		if (slice_is(flag, "private") || slice_is(flag, "anonymous"))
			return;
	}
	if (!authmechs_is_name(name) || !dovecot_is_relayed(name) ||
		words_has(buffer_slice(out), name) ||
		out->cap - out->len < name.len + 1)
		return;
	words_add(out, name);
}

int
dovecot_hear_handshake(struct dovecot_handshake *h, struct slice line)
{
	struct slice command = slice_split(&line, '\t');

	if (slice_is(command, "VERSION"))
		return hear_version(h, line);
	/* VERSION is to come first. */
	if (!h->version)
		return -1;
	if (slice_is(command, "MECH"))
		hear_mechanism(h, line);
	else if (slice_is(command, "DONE"))
		h->done = true;
	/* SPID, CUID and COOKIE are for whoever asks for several users. */
	return 0;
}

/* ------------------------------------------------------------- we speak --- */

static void
add_number(struct buffer *out, const char *word, uint64_t n)
{
	buffer_add_text(out, word);
	buffer_add_number(out, n);
}

void
dovecot_say_hello(struct buffer *out, uint64_t pid)
{
	add_number(out, "VERSION\t", VERSION_MAJOR);
	add_number(out, "\t", VERSION_MINOR);
	add_number(out, "\nCPID\t", pid);
	buffer_add_char(out, '\n');
}

/* Only what cannot be taken for another parameter: addresses and ports. */
static void
add_parameter(struct buffer *out, const char *name, struct slice value)
{
	static const char good[] = "0123456789abcdefABCDEF.:";

	for (size_t i = 0; i < value.len; i++)
		if (memchr(good, value.data[i], sizeof good - 1) == NULL)
			return;
	if (value.len == 0)
		return;
	buffer_add_char(out, '\t');
	buffer_add_text(out, name);
	buffer_add_slice(out, value);
}

void
dovecot_say_auth(struct buffer *out, const char *mechanism,
	const struct authenticator_peer *peer, struct slice response)
{
	add_number(out, "AUTH\t", DOVECOT_ID);
	buffer_add_char(out, '\t');
	buffer_add_text(out, mechanism);
	/* No program of Dovecot's will go on with this login. */
	buffer_add_text(out, "\tservice=smtp\tnologin");
	add_parameter(out, "lip=", peer->local_ip);
	add_parameter(out, "rip=", peer->remote_ip);
	add_parameter(out, "lport=", peer->local_port);
	add_parameter(out, "rport=", peer->remote_port);
	if (peer->secured)
		buffer_add_text(out, "\tsecured");
	/* The protocol wants this parameter last. */
	if (response.data != NULL) {
		buffer_add_text(out, "\tresp=");
		base64_encode(out, response);
	}
	buffer_add_char(out, '\n');
}

void
dovecot_say_response(struct buffer *out, struct slice response)
{
	add_number(out, "CONT\t", DOVECOT_ID);
	buffer_add_char(out, '\t');
	base64_encode(out, response);
	buffer_add_char(out, '\n');
}

/* -------------------------------------------------------------- answers --- */

/* CONT id base64 */
static void
hear_challenge(struct word *word, struct slice rest)
{
	struct buffer out = BUFFER_OVER(word->body);

	/* Without a third word: an empty one. */
	if (rest.data != NULL &&
		base64_decode(&out, slice_split(&rest, '\t')) == -1) {
		word_temporary(word, "malformed challenge", false);
		return;
	}
	word->result = EXCHANGE_CHALLENGE;
	word->body_len = (uint32_t)out.len;
}

/*
 * A login for the log and the environment. -1 when it is none: tabs and the
 * like come escaped with an octet that is no text.
 */
static int
take_login(struct word *word, struct slice login, struct slice authdomain)
{
	struct buffer out = {word->login, 0, USERS_LOGIN_MAX, false};

	for (size_t i = 0; i < login.len; i++)
		if (bytes_control(login.data[i]))
			return -1;
	buffer_add_slice(&out, login);
	if (slice_find(login, '@') == login.len && authdomain.len > 0) {
		buffer_add_char(&out, '@');
		buffer_add_slice(&out, authdomain);
	}
	if (login.len == 0 || out.overflow)
		return -1;
	word->login_len = (uint32_t)out.len;
	return 0;
}

/* The value of a parameter "name=value", absent when it is another. */
static struct slice
value_of(struct slice parameter, const char *name)
{
	struct slice word = slice_split(&parameter, '=');

	return slice_is(word, name) ? parameter : SLICE_NONE;
}

/* OK id user=login ... */
static void
hear_ok(struct word *word, struct slice rest, struct slice authdomain)
{
	struct slice user = SLICE_NONE;

	while (rest.data != NULL && user.data == NULL)
		user = value_of(slice_split(&rest, '\t'), "user");
	if (take_login(word, user, authdomain) == 0)
		word->result = EXCHANGE_OK;
	else
		word_temporary(word, "login without a usable name", false);
}

/*
 * FAIL id [user=login] [temp] [code=...] ... Older versions say by a word of
 * its own what newer ones say by a code.
 */
static void
hear_fail(struct word *word, struct slice rest, struct slice authdomain)
{
	const char *reason = "password";
	bool temporary = false;

	while (rest.data != NULL) {
		struct slice flag = slice_split(&rest, '\t');
		struct slice code = value_of(flag, "code");
		struct slice user = value_of(flag, "user");

		if (user.data != NULL)
			(void)take_login(word, user, authdomain);
		if (code.data != NULL)
			flag = code;
		if (slice_is(flag, "temp") || slice_is(flag, "temp_fail"))
			temporary = true;
		else if (slice_is(flag, "user_disabled"))
			reason = "disabled";
		else if (slice_is(flag, "pass_expired"))
			reason = "expired";
	}
	if (temporary) {
		word_temporary(word, "temporary failure", false);
		return;
	}
	word->result = EXCHANGE_FAIL;
	word_put(word->reason, sizeof word->reason, reason);
}

int
dovecot_hear_answer(
	struct word *word, struct slice line, struct slice authdomain)
{
	struct slice command = slice_split(&line, '\t');
	struct slice id = slice_split(&line, '\t');
	uint64_t n;

	if (slice_number(id, &n) == -1 || n != DOVECOT_ID)
		return 0;
	word->login_len = word->body_len = 0;
	if (slice_is(command, "CONT"))
		hear_challenge(word, line);
	else if (slice_is(command, "OK"))
		hear_ok(word, line, authdomain);
	else if (slice_is(command, "FAIL"))
		hear_fail(word, line, authdomain);
	else
		return 0;
	return 1;
}
