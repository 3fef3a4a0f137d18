/* outside - TLS that the launcher begins: UCSPI-TLS, control/ucspi.h. */
#ifndef SESSION_OUTSIDE_H
#define SESSION_OUTSIDE_H

#include "session/reply.h"

struct session;

/*
 * STARTTLS, when nothing forbids it. From 220 on no clear byte is written or
 * read here; afterwards the client is at the helper's two descriptors. Any
 * failure ends the connection without another word.
 */
enum reply outside_start(struct session *s);

#endif
