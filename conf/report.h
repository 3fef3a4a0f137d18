/* report - what was chosen, what to type next, what to put into the DNS. */
#ifndef CONF_REPORT_H
#define CONF_REPORT_H

#include "conf/conf.h"

/* Prints it on standard output. */
void report_print(const struct conf *conf);

#endif
