/* summary - what was chosen, what to type next, what to put into the DNS. */
#ifndef CONF_SUMMARY_H
#define CONF_SUMMARY_H

#include "conf/conf.h"

/* Prints it on standard output. */
void summary_print(const struct conf *conf);

#endif
