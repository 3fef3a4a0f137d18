/* output - all octets of a text to a descriptor. */
#ifndef LIB_OUTPUT_H
#define LIB_OUTPUT_H

#include "lib/bytes.h"

/* Waits as long as it takes. Returns 0, or -1 with errno. */
int output_all(int fd, struct slice text);

#endif
