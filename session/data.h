/*
 * data - the automaton of DATA and BDAT: CRLF to LF, stuffed dots off, the
 * end, octets and hops counted, everything that is not a clean line end
 * refused. No I/O, no allocation; any split of the input gives the same.
 *
 * A CR counts only before LF, an LF only after CR, NUL never (RFC 5321
 * §2.3.8, 4.1.1.4; CVE-2023-51764, -51765, -51766).
 */
#ifndef SESSION_DATA_H
#define SESSION_DATA_H

#include "lib/bytes.h"

#define DATA_HOPS_MAX 100 /* Received and Delivered-To in the header */

enum data_result {
	DATA_MORE, /* all input taken, the message goes on */
	DATA_END,  /* the final dot was seen; input behind it is not taken */
	DATA_VIOLATION, /* bare CR, bare LF or NUL: nothing may be queued */
	DATA_LOOP	/* too many hops */
};

struct data {
	bool dots; /* DATA: dots are stuffed and end; BDAT: not */
	unsigned state;
	bool in_header;
	unsigned header_match; /* private to the hop counter */
	unsigned hops;
	uint64_t octets; /* RFC 1870: CRLF two, stuffed dots and the end none */
};

void data_start(struct data *d, bool dots);

/*
 * Takes input; out gets what the queue program is to see, at most len octets
 * (*out_len), and does not overlap in. *taken is how much of the input was
 * used: all of it with DATA_MORE, else nothing behind what the result tells
 * of. DATA_LOOP comes once; who wants the end of the message all the same
 * feeds what was not taken. After DATA_END and DATA_VIOLATION the message is
 * over, and feeding more is a DATA_VIOLATION.
 */
enum data_result data_feed(struct data *d, const char *in, size_t len,
	size_t *taken, char *out, size_t *out_len);

/*
 * BDAT only: the last chunk is over. A message that does not end in a line
 * end gets one in out (*out_len 0 or 1), which octets does not count; a CR
 * as the last octet is a DATA_VIOLATION; else DATA_END.
 */
enum data_result data_finish(struct data *d, char *out, size_t *out_len);

#endif
