/*
 * Fuzz target: the paths that a session tells the keeper, or asks about.
 * Whatever it says, what the keeper has afterwards is one sender, then
 * recipients, each with its NUL and without a control character, and as many
 * as were counted; and what may be told may be asked.
 *
 * Parsers: keeper/paths.c keeper/envelope.c
 */
#include "keeper/keeper.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check(const struct mail *mail)
{
	struct slice rest = {mail->envelope.text, mail->envelope.len};
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
	if (paths != mail->recipients + (mail->state != MAIL_NONE ? 1 : 0))
		abort();
}

static int
take(struct slice paths, bool asked)
{
	static const struct config config = {.relayclient_set = true,
		.me = {"mail.example.com", 16},
		.localiphost = {"mail.example.com", 16},
		.local_ip = {"192.0.2.1", 9},
		.morercpthosts_fd = -1};
	struct keeper *k = calloc(1, sizeof *k);

	if (k == NULL)
		return -1;
	k->config = &config;
	log_open(&k->log, "fuzz", "unknown", false);
	k->channel.log_lines = KEEPER_LOG_MAX + 1; /* no line goes out */
	int verdict = mail_take_paths(k, paths, asked);

	if (k->mail.state != MAIL_LOST)
		check(&k->mail);
	if (k->mail.envelope.text != k->mail.envelope.first)
		free(k->mail.envelope.text);
	free(k);
	return verdict;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > CHANNEL_BODY_MAX)
		return 0;
	char *text = fuzz_copy(data, size);
	int told = take((struct slice){text, size}, false);
	int asked = take((struct slice){text, size}, true);

	if (told != -1 && (told != VERDICT_OK || asked != VERDICT_OK))
		abort();
	free(text);
	return 0;
}
