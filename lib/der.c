/*
 * der - see der.h. Run by the authenticator for the client's certificate,
 * by keeper and smtpd-check for our own files.
 */
#include "lib/der.h"

bool
der_take(struct slice *rest, struct der *d)
{
	const unsigned char *p = (const unsigned char *)rest->data;
	size_t head = 2, len;

	if (rest->len < 2)
		return false;
	d->tag = p[0];
	len = p[1];
	/* Lengths of up to three octets are far more than fit a record. */
	if (len > 0x80 && len <= 0x83) {
		head += len - 0x80;
		if (rest->len < head)
			return false;
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | p[i];
	} else if (len >= 0x80)
		return false;
	if (len > rest->len - head)
		return false;
	d->value = (struct slice){rest->data + head, len};
	*rest = slice_from(*rest, head + len);
	return true;
}

bool
der_take_a(struct slice *rest, unsigned tag, struct slice *value)
{
	struct der d;

	if (!der_take(rest, &d) || d.tag != tag)
		return false;
	*value = d.value;
	return true;
}
