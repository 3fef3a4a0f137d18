/* prepare - see prepare.h. Used by smtpd-passwd. */
#include "passwd/prepare.h"

#include <string.h>
#include <stringprep.h>

#include "auth/secret.h"

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

const char *
prepare_password(struct buffer *password, bool *changed)
{
	char text[WORK_MAX];
	const char *fault;
	size_t len = 0;

	*changed = false;
	if (slice_string(buffer_slice(password), text, sizeof text) != 0)
		return "it holds a NUL";
	/* The form that is stored: no character that may mean another later. */
	fault = fault_of(stringprep(text, sizeof text, STRINGPREP_NO_UNASSIGNED,
		stringprep_saslprep));
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
