/*
 * outside - TLS that the launcher begins when it is asked to, by UCSPI-TLS:
 * what the keeper answers session/outside.c, and what it was told by whom it
 * asked. Descriptors: control/ucspi.h.
 */
#ifndef KEEPER_OUTSIDE_H
#define KEEPER_OUTSIDE_H

#include "keeper/tls_words.h"

struct keeper;

struct outside {
	bool there; /* STARTTLS goes this way: UCSPI_CONTROL is open */
	size_t len; /* octets of the launcher's word so far */
	bool has_certificate; /* the client's, of which this is SHA-256 */
	unsigned char certificate[TLS_WORDS_HASH];
};

/* 0, or -1: an attack (keeper.h). */
int answer_outside(struct keeper *k);

#endif
