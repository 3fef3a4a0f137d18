/* account - the accounts that server and log run as. */
#ifndef CONF_ACCOUNT_H
#define CONF_ACCOUNT_H

#include "conf/conf.h"

/*
 * Looks account->name up in /etc/passwd, where the server looks too. A
 * missing one is marked when create is set, else an error.
 */
int account_find(struct account *account, const struct conf *conf);

/* useradd, if it is missing. */
int account_make(struct account *account);

/* userdel, if account_make has made it. */
void account_undo(struct account *account);

#endif
