/* dovecot_socket - what Dovecot offers. */
#ifndef CHECK_DOVECOT_SOCKET_H
#define CHECK_DOVECOT_SOCKET_H

#include "check/check.h"

/* The mechanisms, blanks between; NULL: it did not say. */
const char *dovecot_socket_ask(const struct check *c, const char *path);

/* Connects to it; flags: of socket(2). A descriptor, or -1. */
int dovecot_socket_connect(const char *path, int flags);

#endif
