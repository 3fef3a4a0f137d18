/* paths - one path as the argument of MAIL and of RCPT, for unit tests. */
#ifndef TESTS_PATHS_H
#define TESTS_PATHS_H

#include <stdlib.h>
#include <string.h>

#include "session/address.h"

struct paths {
	enum address_result mail, rcpt;
	struct address sender, recipient;
	struct mail_parameters parameters;
};

/* Runs path, or path and parameters, behind "FROM:" and behind "TO:". */
static inline void
paths_run(const char *text, size_t len, bool utf8, struct paths *p)
{
	char *mail = malloc(len + 5), *rcpt = malloc(len + 3);

	memcpy(mempcpy(mail, "FROM:", 5), text, len);
	memcpy(mempcpy(rcpt, "TO:", 3), text, len);
	memset(p, 0xaa, sizeof *p);
	p->mail = address_mail((struct slice){mail, len + 5}, utf8, &p->sender,
		&p->parameters);
	p->rcpt = address_rcpt(
		(struct slice){rcpt, len + 3}, utf8, &p->recipient);
	free(mail);
	free(rcpt);
}

#endif
