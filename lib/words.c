/* words - see words.h. Used by every process. */
#include "lib/words.h"

static bool
is_between(char c)
{
	return bytes_blank(c) || c == '\n' || c == '\r';
}

bool
words_next(struct slice *words, struct slice *name)
{
	while (words->len > 0 && is_between(words->data[0]))
		*words = slice_from(*words, 1);
	*name = (struct slice){words->data, 0};
	while (name->len < words->len && !is_between(name->data[name->len]))
		name->len++;
	*words = slice_from(*words, name->len);
	return name->len > 0;
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
