/* envelope - see envelope.h. Run by the keeper. */
#include "keeper/envelope.h"

#include <stdlib.h>
#include <string.h>

static int
grow(struct envelope *e, size_t needed)
{
	size_t cap = sizeof e->first;
	char *larger = e->first;

	while (cap < needed)
		cap *= 2;
	if (cap > sizeof e->first) {
		bool allocated = e->text != NULL && e->text != e->first;

		larger = realloc(allocated ? e->text : NULL, cap);
		if (larger == NULL)
			return -1;
		if (!allocated)
			memcpy(larger, e->first, e->len);
	}
	e->text = larger;
	e->cap = cap;
	return 0;
}

static int
add(struct envelope *e, struct slice text)
{
	if (text.len > e->cap - e->len && grow(e, e->len + text.len) == -1)
		return -1;
	memcpy(e->text + e->len, text.data, text.len);
	e->len += text.len;
	return 0;
}

int
envelope_add(
	struct envelope *e, char type, struct slice path, struct slice suffix)
{
	size_t before = e->len;

	if (add(e, (struct slice){&type, 1}) == 0 && add(e, path) == 0 &&
		(suffix.len == 0 || add(e, suffix) == 0) &&
		add(e, (struct slice){"", 1}) == 0)
		return 0;
	e->len = before;
	return -1;
}

int
envelope_end(struct envelope *e)
{
	return add(e, (struct slice){"", 1});
}

bool
envelope_holds(const struct envelope *e, struct slice recipient)
{
	struct slice rest = {e->text, e->len};

	while (rest.len > 0) {
		struct slice path = slice_split(&rest, '\0');

		if (path.len > 0 && path.data[0] == 'T' &&
			slice_equal(slice_from(path, 1), recipient))
			return true;
	}
	return false;
}

void
envelope_clear(struct envelope *e)
{
	e->len = 0;
}

/* The path with this number, from 0 on. */
static struct slice
path_at(const struct envelope *e, unsigned n)
{
	struct slice rest = {e->text, e->len};
	struct slice path = slice_split(&rest, '\0');

	while (n-- > 0)
		path = slice_split(&rest, '\0');
	return slice_from(path, path.len > 0); /* without its type */
}

struct slice
envelope_sender(const struct envelope *e)
{
	return path_at(e, 0);
}

struct slice
envelope_recipient(const struct envelope *e)
{
	return path_at(e, 1);
}
