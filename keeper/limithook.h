/*
 * limithook - control/limithook LOGIN LIMIT, which tells the admin that a
 * login has passed its limit.
 *
 * The hook runs as the account, with the environment of the queue program,
 * descriptor 0 empty, and the log as 1 and 2; it has no other descriptor and
 * no shell. It has a session and a process group of its own and outlives the
 * connection: whoever uses a stolen account must not be able to stop it by
 * going away. After LIMITHOOK_MS its process group is killed.
 */
#ifndef KEEPER_LIMITHOOK_H
#define KEEPER_LIMITHOOK_H

#include <stdint.h>

#define LIMITHOOK_MS 60000 /* that it may take */

struct keeper;

/*
 * Starts the hook for who is logged in, if there is one, and does not wait
 * for it. What fails is logged.
 */
void limithook_run(struct keeper *k, uint64_t limit);

#endif
