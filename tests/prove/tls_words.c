/* keeper/tls_words: what a launcher says on UCSPI-TLS's control socket. */
/* prove: keeper/tls_words.c lib/hex.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value:-1 */
/* bound: 8 */
#include "keeper/tls_words.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct tls_words words;
	size_t end = tls_words_end(text);

	if (end > 0)
		(void)tls_words_read(&words, (struct slice){text.data, end});
}
