/* holder - which program listens on a port. */
#ifndef CHECK_HOLDER_H
#define CHECK_HOLDER_H

#include <stdbool.h>

struct holder {
	char pid[12], name[32];
	bool is_launcher; /* starts smtpd-auth, or may: xinetd, systemd */
};

/*
 * Of several one that is a launcher. False: nobody, or none that we may look
 * at (only root sees the descriptors of others).
 */
bool holder_find(unsigned port, struct holder *holder);

#endif
