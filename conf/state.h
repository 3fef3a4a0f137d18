/* state - the directory of counters that connections share. */
#ifndef CONF_STATE_H
#define CONF_STATE_H

#include "conf/conf.h"

/* Makes CONF_STATE for the account, if a port needs it and it is missing. */
int state_make(struct conf *conf);

/* Removes it again, if state_make() has made it. */
void state_undo(struct conf *conf);

#endif
