/* reader_jail - the system calls that are left to the reader. */
#ifndef PROXY_READER_JAIL_H
#define PROXY_READER_JAIL_H

#include "lib/filter.h"

extern const struct filter_list reader_calls;

#endif
