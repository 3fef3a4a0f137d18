/*
 * pem - see pem.h. Run by the keeper for certificates and keys, and by
 * smtpd-check. BearSSL's own decoder takes an interpreter's turn for each
 * character, which was a twentieth of a whole TLS session.
 */
#include "lib/pem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define NONE ((size_t)-1)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

static bool
is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Nothing to be seen in front of it on its line. */
static bool
begins_line(const char *text, size_t at)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	for (;;)
		if (at > 0 && bytes_blank(text[at - 1]))
			at--;
		else if (at >= mark &&
			 memcmp(text + at - mark, BYTE_ORDER_MARK, mark) == 0)
			at -= mark;
		else
			return at == 0 || is_line_end(text[at - 1]);
}

/*
 * The name of the marker that begins a text, up to the dashes behind it.
 * Absent when they are not on the same line.
 */
static struct slice
marker_name(struct slice text)
{
	size_t len = 0;

	while (len < text.len && text.data[len] != '-' &&
		!is_line_end(text.data[len]))
		len++;
	if (!slice_starts_nocase(slice_from(text, len), DASHES))
		return SLICE_NONE;
	return (struct slice){text.data, len};
}

/* Does the line end here? */
static bool
ends_line(struct slice text)
{
	text = slice_skip_blanks(text);
	return text.len == 0 || is_line_end(text.data[0]);
}

/*
 * Offset behind the next "-----BEGIN ", or NONE. Behind other text on its line
 * it counts where the rest of the line looks like one: a comment without a
 * line end in front of a certificate, and not words about PEM.
 */
static size_t
find_begin(const char *text, size_t len)
{
	const char *found;

	for (size_t at = 0; (found = memmem(text + at, len - at, BEGIN,
				     strlen(BEGIN))) != NULL;) {
		at = (size_t)(found - text) + strlen(BEGIN);
		struct slice rest = {text + at, len - at};
		struct slice name = marker_name(rest);

		if (begins_line(text, at - strlen(BEGIN)) ||
			(name.data != NULL &&
				ends_line(slice_from(
					rest, name.len + strlen(DASHES)))))
			return at;
	}
	return NONE;
}

/* Takes the header lines off the front. Do they tell of a password? */
static bool
take_headers(char **body, size_t *len)
{
	bool encrypted = false;

	for (;;) {
		size_t line = 0;

		while (*len > 0 && bytes_space(**body)) {
			(*body)++;
			(*len)--;
		}
		while (line < *len && !is_line_end((*body)[line]))
			line++;
		struct slice header = {*body, line};

		if (slice_find(header, ':') == line)
			return encrypted;
		encrypted =
			encrypted ||
			(slice_starts_nocase(header, "Proc-Type:") &&
				memmem(*body, line, "ENCRYPTED", 9) != NULL);
		*body += line;
		*len -= line;
	}
}

static size_t
drop_blanks(char *text, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (!bytes_space(text[i]))
			text[kept++] = text[i];
	return kept;
}

const char *
pem_read(int fd, char *text, size_t cap, size_t *len)
{
	struct stat status;

	*len = 0;
	if (fstat(fd, &status) == -1)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "not a regular file";
	ssize_t n = pread(fd, text, cap, 0);

	if (n == -1)
		return strerror(errno);
	*len = (size_t)n;
	if (*len == cap)
		return "too large";
	/* As editors and shells of Windows write it. */
	if (*len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 ||
				 memcmp(text, "\xfe\xff", 2) == 0))
		return "UTF-16, not PEM";
	return NULL;
}

bool
pem_is_certificate(struct slice name)
{
	return slice_is(name, "CERTIFICATE") ||
	       slice_is(name, "X509 CERTIFICATE") ||
	       slice_is(name, "TRUSTED CERTIFICATE");
}

bool
pem_is_bundle(struct slice name)
{
	return slice_is(name, "PKCS7") || slice_is(name, "CMS") ||
	       slice_is(name, "PKCS #7 SIGNED DATA");
}

enum pem_result
pem_next(char **text, size_t *len, struct pem_object *object)
{
	size_t begin = find_begin(*text, *len);

	if (begin == NONE)
		return PEM_END;
	object->name = marker_name((struct slice){*text + begin, *len - begin});
	if (object->name.data == NULL)
		return PEM_BROKEN;
	char *body = *text + begin + object->name.len + strlen(DASHES);
	char *stop = *text + *len;
	char *end = memmem(body, (size_t)(stop - body), END, strlen(END));

	if (end == NULL)
		return PEM_BROKEN;
	size_t body_len = (size_t)(end - body);

	object->encrypted = take_headers(&body, &body_len);
	object->base64 = (struct slice){body, drop_blanks(body, body_len)};
	/* The next one may begin directly behind the dashes of the end. */
	end += strlen(END);
	struct slice name =
		marker_name((struct slice){end, (size_t)(stop - end)});

	if (name.data != NULL)
		end += name.len + strlen(DASHES);
	*text = end;
	*len = (size_t)(stop - end);
	return PEM_OBJECT;
}
