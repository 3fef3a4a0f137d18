/*
 * crowd - does one address make most of the connections, as the service's log
 * has them? Then connlimit holds up a webmail or a balancer. Run by
 * smtpd-check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/rules.h"
#include "check/settings.h"

#define LOG_TAIL 1048576 /* octets that are looked at */
#define ADDRESSES_MAX 2048
#define ENOUGH 50 /* connections that say something */

struct crowd {
	struct address {
		char text[48];
		unsigned count;
	} addresses[ADDRESSES_MAX];
	size_t len;
	unsigned total;
};

/* "... smtpd-auth: PID ADDRESS connect port=": the address. */
static bool
address_of(const char *line, char address[48])
{
	const char *from = strstr(line, "smtpd-auth: ");
	char event[16];

	return from != NULL &&
	       sscanf(from, "smtpd-auth: %*u %47s %15s", address, event) == 2 &&
	       strcmp(event, "connect") == 0 &&
	       strstr(from, " connect refused ") == NULL;
}

/* Loopback is exempt. */
static void
count(struct crowd *crowd, const char *address)
{
	size_t i = 0;

	crowd->total++;
	if (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0)
		return;
	while (i < crowd->len && strcmp(crowd->addresses[i].text, address) != 0)
		i++;
	if (i == ADDRESSES_MAX)
		return;
	if (i == crowd->len)
		(void)strcpy(crowd->addresses[crowd->len++].text, address);
	crowd->addresses[i].count++;
}

static void
read_log(struct crowd *crowd)
{
	FILE *log = fopen("log/main/current", "re");
	char line[1024], address[48];

	if (log == NULL)
		return;
	/* A shorter file is read from its start. */
	if (fseek(log, -LOG_TAIL, SEEK_END) == -1)
		rewind(log);
	while (fgets(line, sizeof line, log) != NULL)
		if (address_of(line, address))
			count(crowd, address);
	(void)fclose(log); /* was only read */
}

void
check_crowd(struct check *c)
{
	static struct crowd crowd;
	const char *where,
		*limit = settings_text(c, "connlimit", "CONNLIMIT", &where);

	if (limit == NULL || strcmp(limit, "0") == 0 ||
		c->service.directory == NULL)
		return;
	read_log(&crowd);
	for (size_t i = 0; i < crowd.len && crowd.total >= ENOUGH; i++) {
		const struct address *a = &crowd.addresses[i];

		if (a->count * 2 > crowd.total &&
			!rules_exempt(a->text, "CONNLIMIT") &&
			!rules_exempt(a->text, "RELAYCLIENT"))
			report_add(&c->report, HOST_CROWD, where,
				report_text("%s made %u of %u connections",
					a->text, a->count, crowd.total),
				NULL);
	}
}
