/* conf - paths; part of smtpd-auth-conf. */
#include "conf/conf.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/buffer.h"

bool
conf_harmless(const char *text)
{
	return text[0] != '\0' && text[0] != '-' &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789._+-/")] == '\0';
}

const char *
conf_path(char out[CONF_PATH_MAX], const char *directory, const char *middle,
	const char *end)
{
	struct buffer b = {out, 0, CONF_PATH_MAX, false};

	buffer_add_text(&b, directory);
	buffer_add_text(&b, middle);
	buffer_add_text(&b, end);
	return buffer_string(&b);
}

bool
conf_exists(const char *directory, const char *name)
{
	char path[CONF_PATH_MAX];
	struct stat status;

	return conf_path(path, directory, "/", name) != NULL &&
	       lstat(path, &status) == 0;
}
