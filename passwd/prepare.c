/* prepare - see prepare.h. Used by smtpd-passwd. */
#include "passwd/prepare.h"

#include <string.h>
#include <stringprep.h>

#include "passwd/userfile.h"
#include "lib/latin1.h"

/* Room for the library while it works: characters of four octets each. */
#define WORK_MAX (8 * (SECRET_PASSWORD_MAX + 1))

static const char *
fault_of(int code)
{
	switch (code) {
	case STRINGPREP_OK:
		return NULL;
	case STRINGPREP_CONTAINS_UNASSIGNED:
		return "it holds a character that Unicode 3.2 has not";
	case STRINGPREP_CONTAINS_PROHIBITED:
		return "it holds a character that is forbidden";
	case STRINGPREP_BIDI_BOTH_L_AND_RAL:
	case STRINGPREP_BIDI_LEADTRAIL_NOT_RAL:
		return "it mixes directions of writing";
	case STRINGPREP_TOO_SMALL_BUFFER:
		return "it gets longer than 511 octets";
	case STRINGPREP_ICONV_ERROR:
		return "it is not UTF-8";
	default:
		return "the library fails";
	}
}

/* The form that is stored: no character that may mean another later. */
static const char *
saslprep(char *text, size_t cap)
{
	return fault_of(stringprep(
		text, cap, STRINGPREP_NO_UNASSIGNED, stringprep_saslprep));
}

const char *
prepare_password(struct buffer *password, bool *changed)
{
	char text[WORK_MAX];
	const char *fault;
	size_t len = 0;

	*changed = false;
	if (slice_string(buffer_slice(password), text, sizeof text) != 0)
		return "it holds a NUL";
	fault = saslprep(text, sizeof text);
	if (fault == NULL) {
		len = strlen(text);
		if (len == 0)
			fault = "nothing is left of it";
		else if (len > SECRET_PASSWORD_MAX || len > password->cap)
			fault = fault_of(STRINGPREP_TOO_SMALL_BUFFER);
	}
	if (fault == NULL) {
		*changed = !slice_is(buffer_slice(password), text);
		memcpy(password->data, text, len);
		password->len = len;
	}
	explicit_bzero(text, sizeof text);
	return fault;
}

/* ------------------------------------------------------------- logins --- */

/* One character of UTF-8, prepared by itself; nothing where it cannot be. */
static void
add_character(struct buffer *out, struct slice character)
{
	char text[64];

	if (slice_string(character, text, sizeof text) != 0 ||
		saslprep(text, sizeof text) != NULL)
		return;
	for (size_t i = 0; text[i] != '\0'; i++)
		if (text[i] != ' ')
			buffer_add_char(out, bytes_lower(text[i]));
}

/* Octets of the first character. */
static size_t
character_len(struct slice text)
{
	size_t len = 1;

	while (len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len++;
	return len;
}

/*
 * The login without what cannot be prepared and without blanks, none of
 * which a login may hold. False when that is no login either.
 */
static bool
find_form(struct slice login, char *text, size_t cap)
{
	char clean_text[2 * USERS_LOGIN_MAX + 1];
	struct buffer clean = BUFFER_OVER(clean_text);

	for (size_t len; login.len > 0; login = slice_from(login, len)) {
		len = character_len(login);
		add_character(&clean, (struct slice){login.data, len});
	}
	if (clean.overflow ||
		slice_string(buffer_slice(&clean), text, cap) != 0 ||
		saslprep(text, cap) != NULL)
		return false;
	return userfile_login_fault(slice_of(text)) == NULL;
}

/* Is it what SASLprep makes of it? *fault: why it cannot be prepared. */
static bool
is_prepared(struct slice login, char *text, size_t cap, const char **fault)
{
	*fault = slice_string(login, text, cap) != 0 ? "it holds a NUL"
						     : saslprep(text, cap);
	return *fault == NULL && slice_is(login, text);
}

const char *
prepare_login_fault(struct slice login, struct buffer *out)
{
	char text[WORK_MAX], utf_8[2 * USERS_LOGIN_MAX];
	struct buffer decoded = BUFFER_OVER(utf_8);
	struct slice wanted = login;
	const char *fault;

	if (!latin1_is_needed(login) ||
		is_prepared(login, text, sizeof text, &fault))
		return NULL;
	if (fault == fault_of(STRINGPREP_ICONV_ERROR)) {
		latin1_decode(&decoded, login);
		wanted = buffer_slice(&decoded);
	}
	buffer_add_text(out, "SASLprep, RFC 4013, ");
	buffer_add_text(out, fault == NULL ? "changes" : "forbids");
	buffer_add_text(out, " the login \"");
	buffer_add_escaped(out, login, 4 * USERS_LOGIN_MAX);
	buffer_add_char(out, '"');
	if (fault != NULL) {
		buffer_add_text(out, " (");
		buffer_add_text(out, fault);
		buffer_add_char(out, ')');
	}
	if (find_form(wanted, text, sizeof text)) {
		buffer_add_text(out, ": use ");
		buffer_add_text(out, text);
	}
	return buffer_string(out);
}
