/* certificates - what is wrong with a chain, and a command for a new one. */
#ifndef CHECK_CERTIFICATES_H
#define CHECK_CERTIFICATES_H

#include "check/check.h"

#define CERTIFICATES_WARNED 14 /* days; certbot renews at 30 */

/* Dates, name and trust of a chain that a server showed. */
void certificates_shown(struct check *c, struct slice chain, const char *where,
	const char *name);

/* A command that puts a certificate where it is looked for. */
const char *certificates_cure(const struct check *c);

#endif
