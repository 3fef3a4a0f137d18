/*
 * curves - X25519 and P-256 for BearSSL's engine, by nettle.
 *
 * Debian's BearSSL computes them in portable C; nettle takes half to a fifth
 * of the time (docs/performance.md). BearSSL computes P-384 and P-521, and
 * verifies signatures. Both libraries are written for constant time. The
 * scalar of the handshake is left on the session's stack: the session has the
 * keys of that connection until its end anyway.
 */
#ifndef LIB_CURVES_H
#define LIB_CURVES_H

#include <bearssl/bearssl.h>

/*
 * For br_ssl_engine_set_ec(). Its mul() returns 0 for a point that is not on
 * the curve, and of X25519 for one of small order (RFC 8422 §5.11): the
 * engine then goes on with random octets, and the handshake fails at
 * Finished.
 */
const br_ec_impl *curves(void);

#endif
