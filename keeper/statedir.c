/* statedir - see statedir.h. Run by the keeper, and by main before it forks. */
#include "keeper/statedir.h"

#include <arpa/inet.h>
#include <string.h>

#include "keeper/keeper.h"
#include "lib/path.h"

#define TEXT_MAX 64   /* octets of an address */
#define NETWORK_LEN 8 /* octets of a /64 */

bool
statedir_path(const struct keeper *k, char path[STATEDIR_PATH_MAX])
{
	return slice_string(k->config->statedir, path, STATEDIR_PATH_MAX) == 0;
}

void
statedir_log(struct keeper *k, const char *file, const char *reason)
{
	char path[STATEDIR_PATH_MAX + 64];

	if (k->statedir.logged)
		return;
	k->statedir.logged = true;
	const char *joined =
		path_join(path, sizeof path, k->config->statedir, file);

	keeper_log_config(k, joined == NULL ? "statedir" : joined, reason);
}

bool
statedir_open(
	struct keeper *k, struct table *t, const struct table_shape *shape)
{
	char path[STATEDIR_PATH_MAX];
	const char *reason = "too long";

	if (statedir_path(k, path) &&
		table_open(t, shape, path, true, &reason) == 0)
		return true;
	statedir_log(k, shape->name, reason);
	return false;
}

/* Their names are made with the key of the table of failures. */
bool
statedir_open_places(struct keeper *k, struct places *p, enum places_kind kind,
	struct slice name)
{
	char path[STATEDIR_PATH_MAX];
	const char *reason = "too long";

	if (statedir_path(k, path) &&
		places_open(p, &k->statedir.failures.table, kind, name, path,
			&reason) == 0)
		return true;
	statedir_log(k, "places", reason);
	return false;
}

/* --------------------------------------------------------------- names --- */

bool
statedir_address(struct buffer *name, struct slice text)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned char octets[sizeof(struct in6_addr)];
	char string[TEXT_MAX];

	text.len = slice_find(text, '%'); /* fe80::1%eth0 */
	if (slice_string(text, string, sizeof string) == -1)
		return false;
	if (inet_pton(AF_INET, string, octets) == 1) {
		buffer_add_char(name, '4');
		buffer_add(name, octets, 4);
		return true;
	}
	if (inet_pton(AF_INET6, string, octets) != 1)
		return false;
	if (memcmp(octets, mapped, sizeof mapped) == 0) {
		buffer_add_char(name, '4');
		buffer_add(name, octets + sizeof mapped, 4);
		return true;
	}
	buffer_add_char(name, '6');
	buffer_add(name, octets, NETWORK_LEN);
	return true;
}

void
statedir_user(struct buffer *name, struct slice login)
{
	buffer_add_char(name, 'u');
	buffer_add_slice(name, login);
}

void
statedir_domain(struct buffer *name, struct slice domain)
{
	if (domain.len == 0 || slice_find(buffer_slice(name), '@') < name->len)
		return;
	buffer_add_char(name, '@');
	for (size_t i = 0; i < domain.len; i++)
		buffer_add_char(name, bytes_lower(domain.data[i]));
}

bool
statedir_client(const struct keeper *k, struct buffer *name)
{
	return !k->config->relayclient_set &&
	       statedir_address(name, k->config->remote_ip);
}
