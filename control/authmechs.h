/*
 * authmechs - what AUTHMECHS, authmechs and SMTPAUTH say about AUTH.
 */
#ifndef CONTROL_AUTHMECHS_H
#define CONTROL_AUTHMECHS_H

#include "lib/buffer.h"

/*
 * Reads names of mechanisms, between blanks or line ends, in any case.
 * *mechanisms becomes the known names in upper case, each once, in the order
 * given, one blank between; absent when there is none. any: whatever can be
 * the name of a mechanism is known, since another server does them. Its
 * memory lives as long as the process. Returns NULL, or what is wrong.
 */
const char *authmechs_list(
	struct slice text, bool any, struct slice *mechanisms);

/* What a mechanism wants of the connection beside a user file. */
enum {
	AUTHMECHS_BINDING = 1,	  /* our certificate's tls-server-end-point */
	AUTHMECHS_CERTIFICATE = 2 /* a certificate of the client */
};

/* Has the list a mechanism that wants this? */
bool authmechs_wants(struct slice mechanisms, unsigned need);

/* Adds those of the list whose wants are in have to the list in out. */
void authmechs_offer(
	struct slice mechanisms, unsigned have, struct buffer *out);

struct authmechs_smtpauth {
	struct slice mechanisms; /* or absent: those of the user file */
	bool required, off;
};

/* The value of SMTPAUTH (not absent). Returns 0, or -1 when it is unknown. */
int authmechs_smtpauth(struct slice value, struct authmechs_smtpauth *result);

#endif
