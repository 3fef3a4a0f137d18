/* scram_login - SCRAM-SHA-256 in the load generator's conversation. */
#include <stdio.h>
#include <string.h>

#include "bench/script.h"
#include "lib/base64.h"

static void
add_line(struct buffer *out, const char *command, struct slice message)
{
	buffer_add_text(out, command);
	base64_encode(out, message);
	buffer_add_text(out, "\r\n");
}

int
scram_first(struct speaker *s, struct buffer *out)
{
	char text[600], nonce[33];
	struct buffer b = BUFFER_OVER(text);

	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	(void)snprintf(nonce, sizeof nonce, "%016llx%016llx",
		(unsigned long long)s->random, (unsigned long long)~s->random);
	s->scram.hash = &br_sha256_vtable;
	s->scram.salted = &s->script->salted;
	if (scram_client_first(&s->scram, slice_of(s->script->user),
		    slice_of(nonce), &b) == -1)
		return -1;
	add_line(out, "AUTH SCRAM-SHA-256 ", buffer_slice(&b));
	return out->overflow ? -1 : 0;
}

static int
decode(struct speaker *s, struct buffer *message)
{
	return s->reply.len < 4
		       ? -1
		       : base64_decode(message, slice_from(s->reply, 4));
}

int
scram_final(struct speaker *s, struct buffer *out)
{
	char text[1024], answer[1024];
	struct buffer message = BUFFER_OVER(text), b = BUFFER_OVER(answer);

	/* The canned server has a nonce of its own alone. */
	if (s->script->believe)
		s->scram.nonce_len = 0;
	if (decode(s, &message) == -1 ||
		scram_client_final(&s->scram, buffer_slice(&message),
			slice_of(s->script->password), &b) == -1)
		return -1;
	add_line(out, "", buffer_slice(&b));
	return out->overflow ? -1 : 0;
}

int
scram_end(struct speaker *s, struct buffer *out)
{
	char text[256];
	struct buffer got = BUFFER_OVER(text);

	if (!s->script->believe &&
		(decode(s, &got) == -1 ||
			scram_client_end(&s->scram, buffer_slice(&got)) == -1))
		return -1;
	buffer_add_text(out, "\r\n");
	return 0;
}
