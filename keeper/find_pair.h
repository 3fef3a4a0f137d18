/*
 * find_pair - which certificate and key: the default pair, or that of a
 * server name in servercerts, and no half of a renewal.
 *
 * certbot and its like replace two files one after the other, and certbot
 * removes a link before it makes the new one. In between, what can be opened
 * is a key and another key's certificate, or nothing. Main waits for the
 * other half before it forks, as root: only then can the key be opened again.
 */
#ifndef KEEPER_FIND_PAIR_H
#define KEEPER_FIND_PAIR_H

#include "control/config.h"
#include "keeper/signer.h"

/*
 * Opens the default pair, if there is one; called as root, before the change
 * to the account. 0, or -1 with file and reason. With 0 and file not NULL
 * servercert.pem is a link to nothing: there is no pair, and the caller logs
 * why.
 */
int find_pair_open(
	struct signer *s, const char *directory, enum config_tls tls_min);

/*
 * Loads the pair for a server name (servercerts/NAME), or the default pair
 * when the name is empty or not in the directory. Returns 0, or -1 with file
 * and reason: no TLS. With 0 and file not NULL the caller logs a warning: the
 * name's own pair was unusable and the default one is loaded, or the loaded
 * one has expired.
 */
int find_pair_load(struct signer *s, struct slice name);

#endif
