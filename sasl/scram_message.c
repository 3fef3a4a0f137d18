/* scram_message - see scram_message.h. Run by the authenticator. */
#include "sasl/scram_message.h"

static bool
is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] <= ' ' || text.data[i] > '~' ||
			text.data[i] == ',')
			return false;
	return text.len > 0;
}

/* Takes "X=value," off the front. -1 when it is another attribute. */
static int
take(struct slice *rest, char name, struct slice *value)
{
	struct slice attribute = slice_split(rest, ',');

	if (attribute.len < 2 || attribute.data[0] != name ||
		attribute.data[1] != '=')
		return -1;
	*value = slice_from(attribute, 2);
	return 0;
}

int
scram_decode_name(struct slice text, struct buffer *out)
{
	/* =2C is a comma, =3D an equals sign, no other "=" (§5.1). */
	while (text.len > 0) {
		size_t n = 1;
		char c = text.data[0];

		if (c == '=') {
			struct slice code = {text.data, 3};

			if (text.len < 3)
				return -1;
			if (slice_is(code, "=2C"))
				c = ',';
			else if (slice_is(code, "=3D"))
				c = '=';
			else
				return -1;
			n = 3;
		}
		buffer_add_char(out, c);
		text = slice_from(text, n);
	}
	return out->overflow || out->len == 0 ? -1 : 0;
}

/* n, y or p=NAME, a comma, nothing or a=authzid, a comma */
static int
parse_header(struct slice *rest, struct scram_first *first)
{
	struct slice flag = slice_split(rest, ',');
	struct slice name;

	if (flag.len == 0)
		return -1;
	first->flag = flag.data[0];
	if (first->flag == 'p') {
		if (flag.len < 3 || flag.data[1] != '=')
			return -1;
		first->binding = slice_from(flag, 2);
	} else if (!slice_is(flag, "n") && !slice_is(flag, "y"))
		return -1;
	name = slice_split(rest, ',');
	if (rest->data == NULL)
		return -1;
	if (name.len == 0)
		return 0;
	if (name.len < 3 || name.data[0] != 'a' || name.data[1] != '=')
		return -1;
	first->authzid = slice_from(name, 2);
	return 0;
}

int
scram_parse_first(struct slice message, struct scram_first *first)
{
	struct slice rest = message;

	*first = (struct scram_first){.flag = '\0'};
	if (parse_header(&rest, first) == -1)
		return -1;
	first->header = (struct slice){message.data, message.len - rest.len};
	first->bare = rest;
	/* Extensions may follow; "m=" in front is one that we must refuse. */
	return take(&rest, 'n', &first->name) == -1 ||
			       take(&rest, 'r', &first->nonce) == -1 ||
			       !is_printable(first->nonce)
		       ? -1
		       : 0;
}

int
scram_parse_final(struct slice message, struct scram_final *final)
{
	struct slice rest = message;
	size_t at = slice_find_last(message, ',');

	if (at == message.len || take(&rest, 'c', &final->binding) == -1 ||
		take(&rest, 'r', &final->nonce) == -1 || rest.data == NULL)
		return -1;
	final->without_proof = (struct slice){message.data, at};
	rest = slice_from(message, at + 1);
	return take(&rest, 'p', &final->proof);
}
