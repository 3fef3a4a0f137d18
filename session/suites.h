/*
 * suites - which cipher suites we speak, and which of the client's it is.
 *
 * BearSSL 0.6 keeps 48 places for the suites that client and server have in
 * common, ours at the places of our own list, and when it has read the
 * ClientHello, it looks each place up, the empty ones too: each of those 42
 * takes a way through its whole table. That was 166 us, a fifteenth of a
 * session (docs/performance.md). So the empty places are given the table's
 * first suite meanwhile, which nothing here ever chooses.
 */
#ifndef SESSION_SUITES_H
#define SESSION_SUITES_H

#include <bearssl/bearssl.h>
#include <stdbool.h>

/* Tells the engine, for TLS from version min on; and its code for AES-GCM. */
void suites_set(br_ssl_engine_context *engine, unsigned min);

/* The best one that client and key are for; 0: there is none. */
uint16_t suites_choose(const br_ssl_server_context *server, bool ecdsa);

/* Has the engine read the ClientHello? */
bool suites_known(const br_ssl_server_context *server);

/*
 * Fills the empty places: to be called when the engine has a part of the
 * ClientHello and waits for the rest; else it does nothing.
 */
void suites_fill(br_ssl_server_context *server);

#endif
