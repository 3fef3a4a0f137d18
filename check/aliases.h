/*
 * aliases - what other servers call our settings, and names that people look
 * for here in vain.
 */
#ifndef CHECK_ALIASES_H
#define CHECK_ALIASES_H

#include <stdbool.h>

struct alias {
	const char *name; /* theirs; compared without case and - _ . */
	const char *ours; /* a control file or a variable; NULL: none */
	const char *note; /* where there is none */
};

/* The row of a name, or NULL. */
const struct alias *alias_find(const char *name);

/* The same name, but for case, "-", "_" and "."? */
bool alias_same(const char *a, const char *b);

#endif
