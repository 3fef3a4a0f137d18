/*
 * counter - failed logins by address and by user, in a table that all
 * connections share. A failure weighs COUNTER_ONE and is half forgotten
 * after COUNTER_HALF_LIFE. The numbers stand in smtpd-auth-control(5).
 */
#ifndef KEEPER_COUNTER_H
#define KEEPER_COUNTER_H

#include "keeper/table.h"
#include "lib/buffer.h"

#define COUNTER_ONE 1024u
#define COUNTER_HALF_LIFE 600	  /* seconds */
#define COUNTER_MOST 40u	  /* failures that are kept in mind */
#define COUNTER_REFUSED 20u	  /* failures of an address: no AUTH */
#define COUNTER_ADDRESS_FREE 5u	  /* failures without a delay */
#define COUNTER_USER_FREE 10u	  /* the same, of a user */
#define COUNTER_STEP_MS 200u	  /* delay for each failure more */
#define COUNTER_DELAY_MAX_MS 3000 /* and the longest */
#define COUNTER_NAME_MAX 300	  /* octets of a name in the table */

extern const struct table_shape counter_shape;

/*
 * The name that failures of an address (IPv4 alone, IPv6 with its /64) or of
 * a user count under. False when text is no address: it is then not counted.
 */
bool counter_address(struct buffer *name, struct slice text);
void counter_user(struct buffer *name, struct slice login);

/*
 * Appends @domain (may be absent) to a name whose login has none: with and
 * without authdomain a login is one.
 */
void counter_domain(struct buffer *name, struct slice domain);

/* Both in units of COUNTER_ONE. 0, or -1 with errno and a count of 0. */
int counter_look(
	const struct table *t, struct slice name, int64_t now, uint32_t *count);
int counter_add(
	struct table *t, struct slice name, int64_t now, uint32_t *count);

/* As counter_look(), and nobody adds to it until table_leave(). */
int counter_hold(
	struct table *t, struct slice name, int64_t now, uint32_t *count);

/* In failures: a moment's forgetting makes none less. */
uint32_t counter_failures(uint32_t count);

/* Milliseconds that so many failures of an address and a user cost. */
int64_t counter_delay(uint32_t address, uint32_t user);

#endif
