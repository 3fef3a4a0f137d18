/*
 * authmechs - what AUTHMECHS, authmechs and SMTPAUTH say about AUTH.
 */
#ifndef CONTROL_AUTHMECHS_H
#define CONTROL_AUTHMECHS_H

#include "lib/bytes.h"

/*
 * Reads names of mechanisms, between blanks or line ends, in any case.
 * *mechanisms becomes the known names in upper case, each once, in the order
 * given, one blank between; absent when there is none. any: whatever can be
 * the name of a mechanism is known, since another server does them. Its
 * memory lives as long as the process. Returns NULL, or what is wrong.
 */
const char *authmechs_list(
	struct slice text, bool any, struct slice *mechanisms);

struct authmechs_smtpauth {
	struct slice mechanisms; /* or absent: those of the user file */
	bool required, off;
};

/* The value of SMTPAUTH (not absent). Returns 0, or -1 when it is unknown. */
int authmechs_smtpauth(struct slice value, struct authmechs_smtpauth *result);

#endif
