/* naming - see naming.h. Run by the authenticator. */
#include "auth/naming.h"

#include <string.h>

#include "sasl/directives.h"
#include "sasl/scram_message.h"

#define DIRECTIVES_MAX 4096 /* octets */

static bool
is_scram(struct slice mechanism)
{
	return slice_starts_nocase(mechanism, "SCRAM-");
}

/* [authzid] NUL authcid NUL password */
static struct slice
name_of_plain(struct slice response)
{
	(void)slice_split(&response, '\0');
	return response.data == NULL ? response : slice_split(&response, '\0');
}

/* login, a blank, digits */
static struct slice
name_of_cram(struct slice response)
{
	size_t at = slice_find_last(response, ' ');

	return (struct slice){response.data, at < response.len ? at : 0};
}

/* user=LOGIN ^A auth=... */
static struct slice
name_of_xoauth2(struct slice response)
{
	static const char word[] = "user=";

	if (!slice_starts_nocase(response, word))
		return SLICE_NONE;
	response = slice_from(response, sizeof word - 1);
	struct slice name = slice_split(&response, '\1');

	/* Without the rest it is another thing, a token perhaps. */
	return response.data == NULL ? response : name;
}

/* n,a=LOGIN, ... : a saslname */
static struct slice
name_of_oauthbearer(struct slice response, struct buffer *text)
{
	(void)slice_split(&response, ',');
	struct slice name = slice_split(&response, ',');

	if (response.data == NULL || !slice_starts_nocase(name, "a=") ||
		scram_decode_name(slice_from(name, 2), text) == -1)
		return SLICE_NONE;
	return buffer_slice(text);
}

static struct slice
name_of_scram(struct slice response, struct buffer *text)
{
	struct scram_first first;

	if (scram_parse_first(response, &first) == -1 ||
		scram_decode_name(first.name, text) == -1)
		return SLICE_NONE;
	return buffer_slice(text);
}

static struct slice
name_of_digest(struct slice response, struct buffer *text)
{
	struct slice name, value;

	while (directives_next(&response, text, &name, &value) == 1)
		if (slice_is_nocase(name, "username"))
			return value;
	return SLICE_NONE;
}

bool
naming_hear(struct exchange *x, struct slice mechanism, struct slice response)
{
	char octets[DIRECTIVES_MAX];
	struct buffer text = BUFFER_OVER(octets);
	struct slice name = SLICE_NONE;

	if (response.data == NULL || x->login_len > 0)
		return x->login_len > 0;
	if (slice_is(mechanism, "PLAIN"))
		name = name_of_plain(response);
	else if (slice_is(mechanism, "LOGIN"))
		name = x->state++ == 0 ? response : name;
	else if (slice_is(mechanism, "CRAM-MD5"))
		name = name_of_cram(response);
	else if (slice_is(mechanism, "DIGEST-MD5"))
		name = name_of_digest(response, &text);
	else if (slice_is(mechanism, "XOAUTH2"))
		name = name_of_xoauth2(response);
	else if (slice_is(mechanism, "OAUTHBEARER"))
		name = name_of_oauthbearer(response, &text);
	else if (is_scram(mechanism))
		name = name_of_scram(response, &text);
	return mechanism_login(x, name) == 0;
}

bool
naming_is_proof(struct slice mechanism, struct slice challenge)
{
	if (slice_is(mechanism, "DIGEST-MD5"))
		return slice_starts_nocase(challenge, "rspauth=");
	return is_scram(mechanism) && slice_starts_nocase(challenge, "v=");
}
