/* plain - the mechanism PLAIN, RFC 4616. Run by the authenticator. */
#include "sasl/mechanism.h"

/* [authzid] NUL authcid NUL password */
static enum exchange_result
plain_step(struct exchange *x, struct slice response)
{
	if (response.data == NULL && x->state == 0) {
		x->state = 1;
		return EXCHANGE_CHALLENGE; /* an empty one */
	}
	struct slice rest = response;
	struct slice authzid = slice_split(&rest, '\0');
	struct slice login = slice_split(&rest, '\0');

	if (rest.data == NULL || slice_find(rest, '\0') != rest.len)
		return EXCHANGE_MALFORMED;
	/* Nobody may act for another. */
	if (authzid.len > 0 && mechanism_login(x, authzid) == -1)
		return EXCHANGE_MALFORMED;
	enum exchange_result result = mechanism_check_password(x, login, rest);

	if ((result == EXCHANGE_OK || result == EXCHANGE_COLLECTED) &&
		authzid.len > 0 && !mechanism_is_login(x, authzid)) {
		x->reason = "password";
		x->label[0] = '\0';
		return EXCHANGE_FAIL;
	}
	return result;
}

const struct mechanism mechanism_plain = {
	MECHANISM_ROW(plain), plain_step, SECRET_PASSWORDS};
