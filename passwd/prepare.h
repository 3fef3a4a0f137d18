/*
 * prepare - SASLprep, RFC 4013: one form for what can be typed in several.
 *
 * A client of SCRAM prepares login and password before it hashes them; so the
 * password must be prepared when it is stored, and a login be one that stays
 * as it is. Used by smtpd-passwd alone; the server takes what a client brings
 * as it is.
 */
#ifndef PASSWD_PREPARE_H
#define PASSWD_PREPARE_H

#include "users/users.h"

/* Octets of a sentence about a login: escaped, and in the other form. */
#define PREPARE_FAULT_MAX (5 * USERS_LOGIN_MAX + 200)

/*
 * Replaces the password by its prepared form. *changed: it is another one
 * than before. Returns NULL, or why it has none; it then stays as it is.
 */
const char *prepare_password(struct buffer *password, bool *changed);

/*
 * NULL when SASLprep leaves a login as it is; else a sentence in out
 * (PREPARE_FAULT_MAX) that says why not, and which form would do.
 */
const char *prepare_login_fault(struct slice login, struct buffer *out);

#endif
