/*
 * prepare - SASLprep, RFC 4013: one form for what can be typed in several.
 *
 * A client of SCRAM prepares the password before it hashes it; so it must be
 * prepared when it is stored. Used by smtpd-passwd alone; the server takes
 * what PLAIN and LOGIN bring as it is.
 */
#ifndef PASSWD_PREPARE_H
#define PASSWD_PREPARE_H

#include "lib/buffer.h"

/*
 * Replaces the password by its prepared form. *changed: it is another one
 * than before. Returns NULL, or why it has none; it then stays as it is.
 */
const char *prepare_password(struct buffer *password, bool *changed);

#endif
