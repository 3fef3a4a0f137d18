/*
 * ucspi - the descriptors of UCSPI-TLS: a launcher that speaks TLS with the
 * client once it is asked to (s6-ucspitlsd, sslserver -n) names them in the
 * environment. SSLCTLFD is the socket on which it is asked, SSLREADFD and
 * SSLWRITEFD, which may be one, are the client behind TLS. See ucspi-tls(2).
 */
#ifndef CONTROL_UCSPI_H
#define CONTROL_UCSPI_H

#include <stdbool.h>

/* Their numbers here, whatever they were. */
enum { UCSPI_CONTROL = 3, UCSPI_READ, UCSPI_WRITE, UCSPI_END };

/*
 * Gives them these numbers, close-on-exec, and closes every other descriptor
 * above 2. *there: all three are open, and TLS has not begun; else they are
 * closed, too. sslserver without -n sets the variables though it opens none of
 * them. Returns 0, or -1 when closing is refused.
 */
int ucspi_take(bool *there);

#endif
