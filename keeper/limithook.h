/*
 * limithook - control/limithook LOGIN LIMIT, which tells the admin that a
 * login has passed its limit.
 *
 * As the account, with the environment of the queue program, descriptor 0
 * empty and 1 and 2 the log; no other descriptor, no shell. It is in a
 * session and a process group of its own, and outlives the connection: the
 * client whose account was stolen must not be able to stop it by going away.
 * After HOOK_TIMEOUT_MS its process group is killed.
 */
#ifndef KEEPER_LIMITHOOK_H
#define KEEPER_LIMITHOOK_H

#include <stdint.h>

#define HOOK_TIMEOUT_MS 60000

struct keeper;

/* Starts it, if it is there, and does not wait. What fails is logged. */
void hook_run(struct keeper *k, uint64_t limit);

#endif
