/* places - see places.h. Run by the keeper, and by main before it forks. */
#include "keeper/places.h"

#include <errno.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "lib/hex.h"

#define OFFSET_OCTETS 5 /* of the hash: an address' own part of the file */

int
places_open(struct places *p, const struct table *key, enum places_kind kind,
	struct slice name, const char *directory, const char **reason)
{
	unsigned char hash[TABLE_HASH_LEN];
	char text[16];
	struct buffer file = BUFFER_OVER(text);
	uint64_t at = 0;

	table_hash(key, name, hash);
	buffer_add_text(&file, "places.");
	hex_encode(&file, (struct slice){(const char *)hash, 1});
	for (size_t i = 1; i <= OFFSET_OCTETS; i++)
		at = at << 8 | hash[i];
	p->first = (off_t)((at << 1 | kind) * (PLACES_MAX + 1));
	p->fd = table_file(directory, buffer_string(&file), true, reason);
	p->open = p->fd != -1;
	return p->open ? 0 : -1;
}

void
places_close(struct places *p)
{
	if (p->open)
		close(p->fd);
	p->open = false;
}

int
places_take(struct places *p, uint64_t many)
{
	for (uint64_t i = 0; i < many && i < PLACES_MAX; i++) {
		struct flock one = table_range(p->first + (off_t)i, 1);

		if (fcntl(p->fd, F_OFD_SETLK, &one) == 0)
			return 1;
		if (errno != EAGAIN && errno != EACCES)
			return -1;
	}
	return 0;
}

int
places_held(const struct places *p, unsigned many)
{
	struct flock all = table_range(p->first, many);
	int held = 0;

	/* Mostly there is none, and one question tells. */
	if (fcntl(p->fd, F_OFD_GETLK, &all) == -1)
		return -1;
	if (all.l_type == F_UNLCK)
		return 0;
	for (unsigned i = 0; i < many; i++) {
		struct flock one = table_range(p->first + (off_t)i, 1);

		if (fcntl(p->fd, F_OFD_GETLK, &one) == -1)
			return -1;
		held += one.l_type != F_UNLCK;
	}
	return held;
}
