/* utf8 - characters in more than one octet. */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include "lib/bytes.h"

/*
 * Octets of the character over 127 that the text begins with, 2 to 4; 0 when
 * it begins with none: RFC 3629 §4 without the controls U+0080 to U+009F.
 */
size_t utf8_length(struct slice text);

#endif
