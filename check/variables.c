/* variables - see variables.h. Run by smtpd-check. */
#include "check/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/report.h"
#include "lib/identity.h"

#define VARIABLES_MAX 64

static struct variable {
	const char *name, *value;
	bool exported;
} variables[VARIABLES_MAX];
static size_t variables_count;

size_t
variables_name(const char *text)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
				  "abcdefghijklmnopqrstuvwxyz0123456789");

	return *text >= '0' && *text <= '9' ? 0 : len;
}

static struct variable *
find(const char *name, size_t len)
{
	for (size_t i = 0; i < variables_count; i++)
		if (strncmp(variables[i].name, name, len) == 0 &&
			variables[i].name[len] == '\0')
			return &variables[i];
	return NULL;
}

static struct variable *
set(const char *name, size_t len, const char *value)
{
	struct variable *v = find(name, len);

	if (v == NULL && variables_count == VARIABLES_MAX)
		return NULL;
	if (v == NULL) {
		v = &variables[variables_count++];
		*v = (struct variable){
			.name = report_text("%.*s", (int)len, name)};
	}
	v->value = value;
	return v;
}

void
variables_assign(const char *name, size_t len, const char *value)
{
	(void)set(name, len, value); /* one too many is not known */
}

/* A value that is not known is kept out: the setting's default is shown. */
void
variables_export(const char *name, size_t len, const char *value)
{
	struct variable *v = set(name, len, value);

	if (v == NULL || strchr(value, VARIABLES_UNKNOWN) != NULL)
		return;
	v->exported = true;
	(void)setenv(v->name, value, 1); /* else as it was */
}

bool
variables_exported(const char *name)
{
	const struct variable *v = find(name, strlen(name));

	return v != NULL && v->exported;
}

const char *
variables_value(const char *name, size_t len)
{
	const struct variable *v = find(name, len);

	return v != NULL ? v->value
			 : getenv(report_text("%.*s", (int)len, name));
}

bool
variables_read(const char *path, bool all, char value[VARIABLES_VALUE])
{
	FILE *file = fopen(path, "re");
	size_t len;

	if (file == NULL)
		return false;
	len = fread(value, 1, VARIABLES_VALUE - 1, file);
	(void)fclose(file); /* was only read */
	value[len] = '\0';
	if (!all)
		value[strcspn(value, "\n")] = '\0';
	while (len > 0 && value[len - 1] == '\n')
		value[--len] = '\0';
	return true;
}

bool
variables_id(const char *option, const char *name, char value[VARIABLES_VALUE])
{
	struct identity account;

	if (identity_find(name, &account) == -1)
		return false;
	(void)snprintf(value, VARIABLES_VALUE, "%u",
		strcmp(option, "-u") == 0 ? account.uid : account.gid);
	return true;
}
