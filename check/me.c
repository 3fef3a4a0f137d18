/* me - the host's name, as control/me has it. Run by smtpd-check. */
#include <string.h>

#include "check/cure.h"
#include "check/settings.h"
#include "lib/hostname.h"

/* The same in lower case; hosts with _ in their names do work. */
static bool
fold(char text[HOSTNAME_MAX + 1], struct slice name)
{
	if (slice_string(name, text, HOSTNAME_MAX + 1) == -1)
		return false;
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '_' ? 'x' : bytes_lower(*c);
	return true;
}

static bool
is_good(struct slice name)
{
	char text[HOSTNAME_MAX + 1];
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
	char text[HOSTNAME_MAX + 1];
	struct buffer b = BUFFER_OVER(text);

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
		       : report_slice(buffer_slice(&b));
}

void
check_me(struct check *c)
{
	struct slice me = c->config.me;
	const char *better = mended(me);

	if (is_good(me))
		report_ok("me", "control/me", "%s", c->me);
	else
		report_add(&c->report, SET_ME_NAME, "control/me", c->me,
			better != NULL ? settings_cure_file(c, "me", better)
				       : cure_over(settings_path(c, "me"),
						 "hostname -f"));
}
