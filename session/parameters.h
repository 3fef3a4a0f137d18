/*
 * parameters - what may follow the path of MAIL: SIZE (RFC 1870), BODY (RFC
 * 6152), SMTPUTF8 (RFC 6531), AUTH (RFC 4954 §5). No I/O, no allocation.
 */
#ifndef SESSION_PARAMETERS_H
#define SESSION_PARAMETERS_H

#include "session/address.h"

/*
 * text starts with the first parameter; *out must be empty before. The value
 * of AUTH is not kept. Never returns ADDRESS_SYNTAX.
 */
enum address_result parameters_parse(
	struct slice text, bool utf8_offered, struct mail_parameters *out);

#endif
