/* seen - see seen.h. Used by smtpd-passwd. */
#include "passwd/seen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

int
seen_open(struct seen *seen, size_t count)
{
	unsigned char key[16];
	size_t slots = 16;

	while (slots / 2 <= count)
		slots *= 2;
	seen->mask = slots - 1;
	seen->slots = calloc(slots, sizeof *seen->slots);
	if (seen->slots == NULL || getrandom(key, sizeof key, 0) != sizeof key)
		return -1;
	br_md5_init(&seen->keyed);
	br_md5_update(&seen->keyed, key, sizeof key);
	return 0;
}

void
seen_close(struct seen *seen)
{
	free(seen->slots);
	seen->slots = NULL;
}

size_t
seen_add(struct seen *seen, struct slice login, size_t line)
{
	br_md5_context md5 = seen->keyed;
	unsigned char digest[br_md5_SIZE];
	uint64_t at;

	br_md5_update(&md5, login.data, login.len);
	br_md5_out(&md5, digest);
	memcpy(&at, digest + sizeof digest - sizeof at, sizeof at);
	for (;; at++) {
		struct seen_slot *slot = &seen->slots[at & seen->mask];

		if (slot->line == 0) {
			memcpy(slot->digest, digest, sizeof slot->digest);
			slot->line =
				line > UINT32_MAX ? UINT32_MAX : (uint32_t)line;
			return 0;
		}
		if (memcmp(slot->digest, digest, sizeof slot->digest) == 0)
			return slot->line;
	}
}
