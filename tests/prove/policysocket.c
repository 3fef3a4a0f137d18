/* control/policysocket: where the policy daemon listens. */
/* prove: lib/bytes.c */
/* bound: 6 */
#include <sys/socket.h>

/* Frama-C's has two octets. */
struct whole_storage {
	sa_family_t family;
	char rest[126];
};
#define sockaddr_storage whole_storage

#include "control/policysocket.c"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct policysocket p;

	(void)policysocket_read(&p, text);
}
