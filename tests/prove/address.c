/* session/address: the arguments of MAIL and RCPT. */
/* prove: session/address.c session/parameters.c lib/utf8.c lib/bytes.c */
/* bound: 4 */
#include "session/address.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	struct address address;
	struct mail_parameters parameters;

	(void)address_mail(text, any_bool(), &address, &parameters);
	(void)address_rcpt(text, any_bool(), &address);
}
