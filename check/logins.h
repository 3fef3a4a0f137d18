/* logins - the user file as the server has it. */
#ifndef CHECK_LOGINS_H
#define CHECK_LOGINS_H

#include "check/check.h"

/* Its compiled form, open, or -1. */
int logins_open(const struct check *c);

#endif
