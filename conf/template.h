/*
 * template - the files of service/, which are part of the program, with
 * their @NAMES@ filled in.
 */
#ifndef CONF_TEMPLATE_H
#define CONF_TEMPLATE_H

#include "lib/buffer.h"

enum template {
	TEMPLATE_RUN,
	TEMPLATE_RUN_INETD,
	TEMPLATE_LOG_RUN,
	TEMPLATE_RULES,
	TEMPLATE_RULES_PROXIED,
	TEMPLATE_XINETD,
	TEMPLATE_SOCKET,
	TEMPLATE_UNIT
};

struct template_value {
	const char *name; /* "PORT" for @PORT@ */
	const char *value;
};

/* The text of a file of service/. */
struct slice template_text(enum template which);

/*
 * Appends text with the values, an array that ends with name NULL, filled
 * in. A value may hold names itself, of those that stand behind it. Returns
 * 0, or -1: a name without a value, or too long.
 */
int template_fill(struct buffer *out, struct slice text,
	const struct template_value *values);

#endif
