/*
 * entry - can an entry of a list ever match? Written for qmail's lists and
 * for smtp_sender; used by the tools alone, which warn.
 */
#ifndef CONTROL_ENTRY_H
#define CONTROL_ENTRY_H

#include "lib/bytes.h"

enum entry_kind {
	ENTRY_DOMAIN,  /* rcpthosts: host, .suffix */
	ENTRY_ADDRESS, /* badmailfrom, badrcptto: user@host, @host */
	ENTRY_SENDER   /* smtp_sender: the same, and !<> */
};

/* Why it never matches, as a phrase; NULL: it can. */
const char *entry_fault(struct slice entry, enum entry_kind kind);

#endif
