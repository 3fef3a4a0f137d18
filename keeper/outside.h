/*
 * outside - TLS that the launcher begins when it is asked to, by UCSPI-TLS:
 * what the keeper answers session/outside.c, and what the launcher has told the
 * keeper. Descriptors: control/ucspi.h.
 */
#ifndef KEEPER_OUTSIDE_H
#define KEEPER_OUTSIDE_H

#include "keeper/tls_words.h"

struct keeper;

struct outside {
	bool there; /* STARTTLS goes this way: UCSPI_CONTROL is open */
	size_t len; /* octets of the launcher's answer so far */
	bool has_certificate; /* the client has shown one */
	unsigned char certificate[TLS_WORDS_HASH]; /* its SHA-256 */
};

/* 0, or -1: an attack (keeper.h). */
int answer_outside(struct keeper *k);

#endif
