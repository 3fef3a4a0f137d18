/* subaddress - logins that are another's sub-address, control/policy.h. */
#ifndef PASSWD_SUBADDRESS_H
#define PASSWD_SUBADDRESS_H

#include "passwd/passwd.h"

/* Warns of each in the file that was just built. 0, or the exit status. */
int subaddress_warn(const struct passwd_request *r);

#endif
