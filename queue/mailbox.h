/*
 * mailbox - an envelope's address as a sendmail program must be given it.
 *
 * In an envelope of qmail's the local part stands bare: a b@x is
 * "a b"@x on the wire. Sendmail programs parse their arguments as a list
 * of RFC 5322 addresses, so a bare one would be taken apart, and whoever
 * chose it could add recipients that no server has allowed. Run by
 * queue-sendmail.
 */
#ifndef QUEUE_MAILBOX_H
#define QUEUE_MAILBOX_H

#include "lib/buffer.h"

/* Octets that mailbox_write adds at most: quotes, and each octet escaped. */
#define MAILBOX_MAX(len) (2 * (len) + 2)

/*
 * Appends address, which is not empty. With quotes, a local part that RFC
 * 5321 §4.1.2 wants quoted is; without, it is refused, but for dots wherever
 * they stand: many sendmail programs get quoted ones wrong and send to
 * another address. Returns 0; or -1, out then undefined, for that and for
 * what no argument can carry: control characters, commas and angle brackets
 * (OpenSMTPD splits at a comma inside quotes), a domain that is none, and a
 * command or a file in place of a mailbox.
 */
int mailbox_write(struct buffer *out, struct slice address, bool quotes);

#endif
