/*
 * statedir - the directory of what connections remember: its files, the names
 * that are counted in them, and what becomes of one that cannot be used. It
 * is logged once a connection, and nothing is counted: mail goes on.
 *
 * To be called only where there is a statedir: without it not a page of this
 * is touched.
 */
#ifndef KEEPER_STATEDIR_H
#define KEEPER_STATEDIR_H

#include "keeper/failures.h"
#include "keeper/places.h"
#include "keeper/recipients.h"
#include "lib/buffer.h"

#define STATEDIR_PATH_MAX 900 /* octets */
#define STATEDIR_NAME_MAX 300 /* octets of a name in a table */

struct keeper;

struct statedir {
	bool logged; /* that something is wrong */
	struct failures failures;
	struct recipients recipients;
	struct places connection; /* this one's place, to its end */
};

/* Its path. False for one that is too long. */
bool statedir_path(const struct keeper *k, char path[STATEDIR_PATH_MAX]);

/* A file of it for the rest of the connection, or a line in the log. */
bool statedir_open(
	struct keeper *k, struct table *t, const struct table_shape *shape);

/* Places of that kind, or a line in the log and none. */
bool statedir_open_places(struct keeper *k, struct places *p,
	enum places_kind kind, struct slice name);

void statedir_log(struct keeper *k, const char *file, const char *reason);

/*
 * The name that an address (IPv4 alone, IPv6 with its /64) or a user counts
 * under. False when text is no address: it is then not counted.
 */
bool statedir_address(struct buffer *name, struct slice text);
void statedir_user(struct buffer *name, struct slice login);

/*
 * Appends @domain (may be absent) to a name whose login has none: with and
 * without authdomain a login is one.
 */
void statedir_domain(struct buffer *name, struct slice domain);

/*
 * The name of this client's address. False also where the launcher vouches
 * for its clients: they share an address, a webmail's.
 */
bool statedir_client(const struct keeper *k, struct buffer *name);

#endif
