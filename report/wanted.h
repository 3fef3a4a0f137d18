/* wanted - is this one of the lines that -u or -m asks for? Pure. */
#ifndef REPORT_WANTED_H
#define REPORT_WANTED_H

#include "report/line.h"

/* Is it about this login? The case of ASCII letters does not count. */
bool wanted_user(const struct line *line, struct slice user);

/*
 * message: our id, a Message-ID with or without its brackets, an address of
 * sender or recipient, the client's address, or the number qp. What the log
 * cut matches by as much as is there.
 */
bool wanted_message(const struct line *line, struct slice message);

#endif
