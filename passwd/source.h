/* source - another program's user file as text, whatever form it has. */
#ifndef PASSWD_SOURCE_H
#define PASSWD_SOURCE_H

#include "passwd/formats.h"

#define SOURCE_REASON_MAX 256

/*
 * Reads path for a format: a cdb becomes lines (vpasswd), a Berkeley db what
 * db_dump makes of it (sasldb). Fills s->text, which source_close() gives
 * back, s->is_dump and s->seconds. Returns 0, or -1 with reason filled.
 */
int source_open(struct formats_source *s, const char *path, struct slice format,
	char *reason);
void source_close(struct formats_source *s);

/*
 * The domain of a vpopmail file: the name of its directory, when that has a
 * dot in it. out has USERS_LOGIN_MAX + 1 octets; "" when there is none.
 */
void source_domain(const char *path, char *out);

#endif
