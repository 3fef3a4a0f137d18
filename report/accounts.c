/* accounts - see accounts.h. */
#include "report/accounts.h"

#include <arpa/inet.h>
#include <string.h>

#include "report/stamp.h"
#include "lib/buffer.h"

#define FAR_MORE 10   /* times what is usual */
#define HOUR_LEAST 50 /* recipients that are nothing to speak of */
#define DAY_LEAST 100
#define HOURS_KNOWN 3 /* active ones, before anything is called usual */
#define DAYS_KNOWN 1

void
account_login(struct account *account, struct slice network, int64_t at)
{
	uint32_t hash = hitters_hash(network);

	if (account->networks_day != at / STAMP_DAY) {
		account->networks_day = at / STAMP_DAY;
		account->networks_count = 0;
	}
	for (unsigned i = 0; i < account->networks_count; i++)
		if (account->networks[i] == hash)
			return;
	if (account->networks_count == ACCOUNT_NETWORKS)
		return;
	account->networks[account->networks_count++] = hash;
	if (account->networks_count > account->networks_most)
		account->networks_most = account->networks_count;
}

/*
 * An hour (day) is over. Where the account has no past in the logs, a day of
 * silence before is one.
 */
static void
close_period(struct rate *rate, int64_t width, uint64_t least, uint64_t known,
	int64_t begin)
{
	uint64_t usual = rate->periods == 0 ? 0 : rate->before / rate->periods;
	bool silent = rate->periods == 0 && begin != 0 &&
		      rate->period * width > begin + STAMP_DAY;

	if (rate->now >= least && rate->now >= FAR_MORE * usual &&
		(rate->periods >= known || silent)) {
		if (rate->now > rate->burst) {
			rate->burst = rate->now;
			rate->burst_at = rate->period * width;
			rate->usual = usual;
		}
	} else if (rate->now > 0) {
		rate->before += rate->now;
		rate->periods++;
	}
	rate->now = 0;
}

static void
rate_add(struct rate *rate, uint64_t number, int64_t at, int64_t width,
	uint64_t least, uint64_t known, int64_t begin)
{
	if (rate->period != at / width) {
		close_period(rate, width, least, known, begin);
		rate->period = at / width;
	}
	rate->now += number;
}

void
account_sent(struct account *account, uint64_t recipients, uint64_t octets,
	int64_t at, int64_t begin)
{
	account->messages++;
	account->recipients += recipients;
	account->octets += octets;
	if (at == 0)
		return;
	rate_add(&account->hour, recipients, at, STAMP_HOUR, HOUR_LEAST,
		HOURS_KNOWN, begin);
	rate_add(&account->day, recipients, at, STAMP_DAY, DAY_LEAST,
		DAYS_KNOWN, begin);
}

void
account_finish(struct account *account, int64_t begin)
{
	close_period(
		&account->hour, STAMP_HOUR, HOUR_LEAST, HOURS_KNOWN, begin);
	close_period(&account->day, STAMP_DAY, DAY_LEAST, DAYS_KNOWN, begin);
}

uint64_t
account_over_limit(const void *row)
{
	return ((const struct account *)row)->over_limit;
}

static struct slice
network_of_ipv6(struct slice address, char out[NETWORK_TEXT])
{
	struct in6_addr bits;
	char text[INET6_ADDRSTRLEN];
	struct buffer b = {out, 0, NETWORK_TEXT, false};

	if (slice_string(address, text, sizeof text) == -1 ||
		inet_pton(AF_INET6, text, &bits) != 1)
		return address;
	memset(bits.s6_addr + 6, 0, 10);
	if (inet_ntop(AF_INET6, &bits, text, sizeof text) == NULL)
		return address;
	buffer_add_text(&b, text);
	buffer_add_text(&b, "/48");
	return buffer_slice(&b);
}

struct slice
account_network(struct slice address, char out[NETWORK_TEXT])
{
	size_t dot = slice_find_last(address, '.');
	size_t colon = slice_find_last(address, ':');
	struct buffer b = {out, 0, NETWORK_TEXT, false};

	if (dot == address.len)
		return network_of_ipv6(address, out);
	if (colon < dot) { /* "::ffff:203.0.113.7" is one of IPv4 */
		address = slice_from(address, colon + 1);
		dot -= colon + 1;
	}
	buffer_add(&b, address.data, dot);
	buffer_add_text(&b, ".0/24");
	return b.overflow ? address : buffer_slice(&b);
}
