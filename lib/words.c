/*
 * words - see words.h. Run by main, session, keeper and authenticator, and by
 * smtpd-passwd and smtpd-check.
 */
#include "lib/words.h"

bool
words_next(struct slice *words, struct slice *name)
{
	while (words->len > 0 && bytes_space(words->data[0]))
		*words = slice_from(*words, 1);
	*name = (struct slice){words->data, 0};
	while (name->len < words->len && !bytes_space(name->data[name->len]))
		name->len++;
	if (name->len == 0)
		return false;
	*words = slice_from(*words, name->len);
	return true;
}

bool
words_has(struct slice words, struct slice name)
{
	struct slice word;

	while (words_next(&words, &word))
		if (slice_equal_nocase(word, name))
			return true;
	return false;
}

void
words_add(struct buffer *words, struct slice name)
{
	if (words->len > 0)
		buffer_add_char(words, ' ');
	buffer_add_slice(words, name);
}
