/*
 * lib/cdbread over any file: pread() gives what it likes: nothing, the whole
 * or, of little, octet by octet (a longer piece is several of those).
 */
/* prove: lib/bytes.c */
/* split: lib/cdbread.c|if (read_at(fd, position, octets, key.len + len) ==
 * -1)|len */
/* split: lib/cdbread.c|return read_at(fd, at + key.len|*len */
/* forget: lib/cdbread.c|struct pair slot;|&i|sizeof i */
/* forget: lib/cdbread.c|struct pair slot;|&at|sizeof at */
/* forget: lib/cdbread.c|size_t len = PAIR_LEN + CDBREAD_KEY_MAX;|&at|sizeof at
 */
/* forget: lib/cdbread.c|size_t len = PAIR_LEN + CDBREAD_KEY_MAX;|records|sizeof
 * *records */
/* forget: lib/cdbread.c|if (position < w->at|w|sizeof *w */
/* bound: 1 */
#include "lib/cdbread.c"

#include "tests/prove/input.h"

ssize_t
pread(int fd, void *out, size_t len, off_t position)
{
	ssize_t n = Frama_C_nondet(-1, 0);

	(void)fd;
	(void)position;
	errno = Frama_C_nondet(EINTR, EIO);
	if (len == 0 || any_bool())
		return n;
	n = len <= 16 && any_bool() ? 1 : (ssize_t)len;
	Frama_C_make_unknown(out, (size_t)n);
	return n;
}

static bool
wants_more(void *context, struct slice key)
{
	(void)context;
	(void)key;
	return any_bool();
}

void
prove(void)
{
	static const size_t lengths[] = {0, 1, SMALL_RECORD};
	struct slice key = {NULL, lengths[prove_length]};
	char out[4];
	size_t len;

	key.data = any_octets(key.len);
	(void)cdbread_find(3, key, out, sizeof out, &len);
	(void)cdbread_keys(3, wants_more, NULL, &len);
}
