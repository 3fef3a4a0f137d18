/*
 * accounts - what is remembered of one login: how much it sent, from where,
 * and whether it began to send far more than before.
 */
#ifndef REPORT_ACCOUNTS_H
#define REPORT_ACCOUNTS_H

#include "report/hitters.h"

#define ACCOUNT_NETWORKS 32 /* a day; more are not told apart */

/* Recipients in one hour (day), beside the hours (days) before it. */
struct rate {
	int64_t period;
	uint64_t now, before, periods;
	int64_t burst_at; /* where the largest was; 0: there was none */
	uint64_t burst, usual;
};

struct account {
	struct hitter hitter;
	uint64_t messages, octets, recipients, logins, failures, over_limit;
	uint64_t limit; /* as relaylimits has it, when a line said so */
	int64_t last;
	int64_t networks_day;
	uint32_t networks[ACCOUNT_NETWORKS];
	unsigned networks_count, networks_most; /* today; on one day */
	struct rate hour, day;
};

/* It logged in from this network. */
void account_login(struct account *account, struct slice network, int64_t at);

/* It sent a message to so many; begin is when the logs begin. */
void account_sent(struct account *account, uint64_t recipients, uint64_t octets,
	int64_t at, int64_t begin);

/* Its recipients over relaylimits; for hitters_top(). */
uint64_t account_over_limit(const void *row);

/* The last hour and day are over. */
void account_finish(struct account *account, int64_t begin);

#define NETWORK_TEXT 64

/* The network of an address: 203.0.113.0/24, 2001:db8:1::/48; else itself. */
struct slice account_network(struct slice address, char out[NETWORK_TEXT]);

#endif
