/*
 * Fuzz target: the envelope that a session tells the keeper. Whatever it
 * tells, what the keeper has afterwards is one sender, then recipients, each
 * with its NUL and without a control character, and as many as were counted.
 */
#include "keeper/keeper.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct keeper *k)
{
	struct slice rest = {k->envelope, k->envelope_len};
	size_t paths = 0;

	while (rest.len > 0) {
		struct slice path = slice_split(&rest, '\0');

		if (rest.data == NULL || path.len == 0 ||
			path.data[0] != (paths == 0 ? 'F' : 'T'))
			abort();
		for (size_t i = 0; i < path.len; i++)
			if ((unsigned char)path.data[i] < ' ')
				abort();
		paths++;
	}
	if (paths != k->recipients + (k->mail ? 1 : 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config config = {.relayclient_set = true,
		.me = {"mail.example.com", 16},
		.localiphost = {"mail.example.com", 16},
		.local_ip = {"192.0.2.1", 9},
		.morercpthosts_fd = -1};
	struct keeper *k = calloc(1, sizeof *k);

	if (k == NULL || size > sizeof k->packet.body) {
		free(k);
		return 0;
	}
	k->config = &config;
	k->packet.len = size;
	if (size > 0)
		memcpy(k->packet.body, data, size);
	(void)hear_envelope(k);
	if (!k->lost)
		check(k);
	if (k->envelope != k->envelope_first)
		free(k->envelope);
	free(k);
	return 0;
}
