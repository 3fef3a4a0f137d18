/* names - users whom the file has under two names. */
#ifndef PASSWD_NAMES_H
#define PASSWD_NAMES_H

#include "passwd/userfile.h"

/*
 * Warns of each login without a domain that stands there with this one
 * (authdomain) too: the server knows only the longer one then. The cdb is
 * that of the text.
 */
void names_warn(struct userfile *f, struct slice domain);

#endif
