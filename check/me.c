/* me - the host's name, as control/me has it. Run by smtpd-check. */
#include <string.h>

#include "check/cure.h"
#include "check/settings.h"
#include "lib/hostname.h"

#define NAME_MAX_LEN 253 /* octets, RFC 1035 §2.3.4 */

/* The same in lower case; hosts with _ in their names do work. */
static bool
fold(char text[NAME_MAX_LEN + 1], struct slice name)
{
	if (slice_string(name, text, NAME_MAX_LEN + 1) == -1)
		return false;
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '_' ? 'x' : bytes_lower(*c);
	return true;
}

static bool
is_good(struct slice name)
{
	char text[NAME_MAX_LEN + 1];
	struct slice rest;

	if (name.len > 2 && name.data[0] == '[')
		return name.data[name.len - 1] == ']';
	if (!fold(text, name))
		return false;
	for (rest = slice_of(text); rest.data != NULL;)
		if (!hostname_is_label(slice_split(&rest, '.')))
			return false;
	return true;
}

/* Without empty labels, and without hyphens at the ends of others. */
static const char *
mended(struct slice name)
{
	char text[NAME_MAX_LEN + 1];
	struct buffer b = {text, 0, sizeof text, false};

	while (name.data != NULL) {
		struct slice label = slice_split(&name, '.');

		while (label.len > 0 && label.data[0] == '-')
			label = slice_from(label, 1);
		while (label.len > 0 && label.data[label.len - 1] == '-')
			label.len--;
		if (label.len == 0)
			continue;
		if (b.len > 0)
			buffer_add_char(&b, '.');
		buffer_add_slice(&b, label);
	}
	return b.overflow || b.len == 0 || !is_good(buffer_slice(&b))
		       ? NULL
		       : report_text("%.*s", (int)b.len, b.data);
}

void
check_me(struct check *c)
{
	struct slice me = c->config.me;
	const char *name = report_text("%.*s", (int)me.len, me.data);
	const char *better = mended(me);

	if (is_good(me))
		report_ok("me", "control/me", "%s", name);
	else
		report_add(&c->report, SET_ME_NAME, "control/me", name,
			better != NULL
				? settings_cure_file(c, "me", better)
				: cure_over(report_text("%s/me", c->directory),
					  "hostname -f"));
}
