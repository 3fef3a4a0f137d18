/*
 * statedir - the directory in which connections count what the next ones must
 * know: its files, and the names that are counted in them. A file that cannot
 * be used is logged once a connection; then nothing is counted, and mail goes
 * on.
 *
 * The callers see to it that there is a statedir.
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

/* Copies the path of the directory. False when it is too long. */
bool statedir_path(const struct keeper *k, char path[STATEDIR_PATH_MAX]);

/* Opens a file for the rest of the connection. False: logged why not. */
bool statedir_open(
	struct keeper *k, struct table *t, const struct table_shape *shape);

/* Opens the places of a name. False: logged why not, and there are none. */
bool statedir_open_places(struct keeper *k, struct places *p,
	enum places_kind kind, struct slice name);

/* Logs what is wrong with a file, the first time in a connection. */
void statedir_log(struct keeper *k, const char *file, const char *reason);

/*
 * Adds the name that an address (IPv4 itself, of IPv6 its /64) or a user is
 * counted by. False when text is no address: then nothing is counted.
 */
bool statedir_address(struct buffer *name, struct slice text);
void statedir_user(struct buffer *name, struct slice login);

/*
 * Appends @domain (it may be absent) to the name of a user without one, so
 * that joe and joe@authdomain are counted as one user.
 */
void statedir_domain(struct buffer *name, struct slice domain);

/*
 * Adds the name of this client's address. False, too, where the launcher
 * vouches for its clients: those of a webmail share one address.
 */
bool statedir_client(const struct keeper *k, struct buffer *name);

#endif
