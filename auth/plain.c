/* plain - the mechanism PLAIN, RFC 4616. Run by the authenticator. */
#include <string.h>

#include "auth/mechanism.h"

/* [authzid] NUL authcid NUL password */
static enum exchange_result
step(struct exchange *x, struct slice response)
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
	/* In the form in which it is looked up, as the login will be. */
	if (authzid.len > 0 && mechanism_login(x, authzid) == -1)
		return EXCHANGE_MALFORMED;
	char wanted[USERS_LOGIN_MAX + 1];
	size_t wanted_len = x->login_len;

	memcpy(wanted, x->login, wanted_len);
	enum exchange_result result = mechanism_check_password(x, login, rest);

	/* Nobody may act for another. */
	if (result == EXCHANGE_OK && authzid.len > 0 &&
		!slice_equal((struct slice){wanted, wanted_len},
			(struct slice){x->login, x->login_len})) {
		x->reason = "password";
		x->label[0] = '\0';
		return EXCHANGE_FAIL;
	}
	return result;
}

const struct mechanism mechanism_plain = {
	"PLAIN", true, step, mechanism_password_usable, 0};
