/* lib/pem: the objects of a file's text, and its markers. */
/* prove: lib/bytes.c */
/* bound: 4 */
#include "lib/pem.c"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	char *at = (char *)text.data;
	size_t len = text.len;
	struct pem_object object;

	(void)marker_name(text);
	(void)ends_line(text);
	(void)begins_line(text.data, text.len);
	(void)take_headers(&at, &len);
	(void)drop_blanks(at, len);
	at = (char *)text.data;
	len = text.len;
	while (pem_next(&at, &len, &object) == PEM_OBJECT)
		;
}
