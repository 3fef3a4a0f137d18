/*
 * policy - may this sender, this recipient? Decides, prints nothing. The
 * keeper decides with it about every path, the session beforehand about what
 * it accepts without asking.
 */
#ifndef CONTROL_POLICY_H
#define CONTROL_POLICY_H

#include "control/config.h"

enum policy_result {
	POLICY_OK,
	POLICY_BAD,	  /* badmailfrom, badrcptto */
	POLICY_LOGIN,	  /* not an address of the one who is logged in */
	POLICY_RELAY,	  /* not a recipient of ours, no relaying right */
	POLICY_NO_DOMAIN, /* address without @, not postmaster */
	POLICY_BROKEN	  /* morercpthosts.cdb cannot be read: temporary */
};

enum policy_result policy_sender(
	const struct config *config, struct slice sender);

/*
 * sendercheck: may login send as sender? senders is the list of
 * smtp_sender, commas between: addresses, @domain, !<>. Who may send as
 * joe@host may as joe+any@host (recipientdelimiter).
 */
enum policy_result policy_login_sender(const struct config *config,
	struct slice login, struct slice senders, struct slice sender);

/*
 * Octets of a local part before the first of the delimiters: joe of joe+any.
 * All of them where there is none, or nothing before it.
 */
size_t policy_base(struct slice user, struct slice delimiters);

/* relay: RELAYCLIENT is set or the client is logged in. */
enum policy_result policy_recipient(
	const struct config *config, struct slice recipient, bool relay);

/*
 * Does it take a file or a program to know whether there is a recipient in
 * rcpthosts?
 */
bool policy_looks_up(const struct config *config, bool relay);

/*
 * Does it take those, or a policy daemon? Then the session has to ask the
 * keeper about each recipient, and has to tell HELO.
 */
bool policy_asks(const struct config *config, bool relay);

#endif
