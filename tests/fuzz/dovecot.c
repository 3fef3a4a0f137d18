/*
 * Fuzz target: what Dovecot, or whoever sits at its socket, may say. Before
 * the first 0xFF stands the handshake, behind it the answers; lines end in LF.
 * Only "OK 1 user=..." with a clean name lets anybody in.
 *
 * Parsers: auth/dovecot_lines.c
 */
#include <string.h>

#include "auth/dovecot_lines.h"
#include "tests/fuzz/fuzz.h"

#define OFFER_MAX 64

static void
check_offer(const struct dovecot_handshake *h)
{
	struct slice rest = buffer_slice(&h->offered);

	fuzz_must(!h->offered.overflow && h->offered.len <= OFFER_MAX);
	while (rest.len > 0) {
		struct slice name = slice_split(&rest, ' ');

		fuzz_must(authmechs_is_name(name) && dovecot_is_relayed(name));
	}
	fuzz_must(h->version || (h->offered.len == 0 && !h->done));
}

static void
check_answer(const struct word *p, struct slice line)
{
	struct slice login = {p->login, p->login_len};

	fuzz_must(p->login_len <= USERS_LOGIN_MAX);
	fuzz_must(p->body_len <= WORD_BODY_MAX);
	fuzz_must(memchr(p->detail, '\0', sizeof p->detail) != NULL);
	fuzz_must(p->result == EXCHANGE_OK || p->result == EXCHANGE_FAIL ||
		  p->result == EXCHANGE_TEMPORARY ||
		  p->result == EXCHANGE_CHALLENGE);
	for (size_t i = 0; i < login.len; i++)
		fuzz_must((unsigned char)login.data[i] >= ' ');
	if (p->result == EXCHANGE_OK)
		fuzz_must(login.len > 0 && memcmp(line.data, "OK\t", 3) == 0 &&
			  memmem(line.data, line.len, "\tuser=", 6) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct word word;
	char names[OFFER_MAX];
	struct dovecot_handshake h = {.offered = BUFFER_OVER(names)};
	char *copy = fuzz_copy(data, size);
	struct slice rest = {copy, size};
	struct slice hello = slice_split(&rest, (char)0xff);

	while (hello.data != NULL && !h.done &&
		dovecot_hear_handshake(&h, slice_split(&hello, '\n')) == 0)
		check_offer(&h);
	while (rest.data != NULL) {
		struct slice line = slice_split(&rest, '\n');

		memset(&word, 0, offsetof(struct word, body));
		if (dovecot_hear_answer(&word, line, slice_of("b.example")))
			check_answer(&word, line);
	}
	free(copy);
	return 0;
}
