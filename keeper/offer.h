/*
 * offer - which mechanisms a client may ask for: those that the reply to EHLO
 * names, and with Dovecot whatever Dovecot turns out to know. Run by the
 * keeper.
 */
#ifndef KEEPER_OFFER_H
#define KEEPER_OFFER_H

#include "control/authmechs.h"

#define KEEPER_OFFERS_MAX 3 /* times that Dovecot is asked */

struct keeper;

/* The session asks what Dovecot offers. 0, or -1: an attack (keeper.h). */
int answer_offer(struct keeper *k);

/* What login_advance() does in LOGIN_OFFER. */
int offer_advance(struct keeper *k, bool readable);

/*
 * The mechanism of that name; NULL when there is none. One that is not built
 * in is k->login.foreign: only Dovecot can tell whether there is such a one.
 */
const struct authmech *offer_find(struct keeper *k, struct slice name);

/* Is it offered on this connection, or will Dovecot say whether it is? */
bool offer_has(const struct keeper *k, struct slice name);

#endif
