/* hostname - see hostname.h. Run by smtpd-check and smtpd-auth-conf. */
#include "lib/hostname.h"

#include <string.h>

#define LABEL_MAX 63 /* octets, RFC 1035 §2.3.4 */

bool
hostname_is_label(struct slice label)
{
	if (label.len == 0 || label.len > LABEL_MAX || label.data[0] == '-' ||
		label.data[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];

		if (c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z'))
			return false;
	}
	return true;
}

const char *
hostname_domain(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL && strchr(dot + 1, '.') != NULL ? dot + 1 : name;
}
