/*
 * pem - see pem.h. Used by the keeper for certificates and keys: BearSSL's
 * own decoder takes an interpreter's turn for each character, which was a
 * twentieth of a whole TLS session.
 */
#include "lib/pem.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* Where word stands at the beginning of a line, from at on, or len. */
static size_t
find_line(const char *text, size_t at, size_t len, const char *word)
{
	while (at < len) {
		const char *found =
			memmem(text + at, len - at, word, strlen(word));

		if (found == NULL)
			return len;
		at = (size_t)(found - text);
		if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r')
			return at;
		at++;
	}
	return len;
}

static size_t
drop_blanks(char *text, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] != '\n' && text[i] != '\r' && text[i] != ' ' &&
			text[i] != '\t')
			text[kept++] = text[i];
	return kept;
}

bool
pem_is_certificate(struct slice name)
{
	return slice_is(name, "CERTIFICATE") ||
	       slice_is(name, "X509 CERTIFICATE");
}

enum pem_result
pem_next(char **text, size_t *len, struct slice *name, struct slice *base64)
{
	size_t begin = find_line(*text, 0, *len, BEGIN);

	if (begin == *len)
		return PEM_END;
	begin += strlen(BEGIN);
	struct slice rest = {*text + begin, *len - begin};
	struct slice line = slice_split(&rest, '\n');
	size_t name_len = 0;

	while (name_len < line.len && line.data[name_len] != '-')
		name_len++;
	*name = (struct slice){line.data, name_len};
	if (rest.data == NULL ||
		!slice_starts_nocase(slice_from(line, name_len), DASHES))
		return PEM_BROKEN;
	size_t start = begin + line.len + 1;
	size_t end = find_line(*text, start, *len, END);

	if (end == *len)
		return PEM_BROKEN;
	*base64 = (struct slice){
		*text + start, drop_blanks(*text + start, end - start)};
	*text += end;
	*len -= end;
	return PEM_OBJECT;
}
