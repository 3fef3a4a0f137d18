/* counter - see counter.h. Run by the keeper, and by main before it forks. */
#include "keeper/counter.h"

#include <arpa/inet.h>
#include <string.h>

#define TEXT_MAX 64   /* octets of an address */
#define SKEW 60	      /* seconds that a clock may be set back */
#define HALVINGS 32   /* until nothing is left of 32 bits */
#define NETWORK_LEN 8 /* octets of a /64 */

struct record {
	int64_t time; /* of the last failure */
	uint32_t count;
	uint32_t unused;
};

/*
 * What is left of a count. Between two halvings in a straight line, which is
 * never more than 6 % above the curve.
 */
static uint32_t
decayed(const struct record *r, int64_t now)
{
	int64_t age = now - r->time;

	/* From a future that the clock has been set back from. */
	if (age < -SKEW || age / COUNTER_HALF_LIFE >= HALVINGS)
		return 0;
	if (age < 0)
		age = 0;
	uint64_t count = r->count >> (age / COUNTER_HALF_LIFE);

	count -= count * (uint64_t)(age % COUNTER_HALF_LIFE) /
		 (2 * COUNTER_HALF_LIFE);
	return (uint32_t)count;
}

static uint64_t
weight(const void *octets, int64_t now)
{
	struct record r;

	memcpy(&r, octets, sizeof r);
	return decayed(&r, now);
}

/* 16,384 names, half a megabyte. */
const struct table_shape counter_shape = {
	"failures", 1024, 16, sizeof(struct record), weight};

bool
counter_address(struct buffer *name, struct slice text)
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
counter_user(struct buffer *name, struct slice login)
{
	buffer_add_char(name, 'u');
	buffer_add_slice(name, login);
}

void
counter_domain(struct buffer *name, struct slice domain)
{
	if (domain.len == 0 || slice_find(buffer_slice(name), '@') < name->len)
		return;
	buffer_add_char(name, '@');
	for (size_t i = 0; i < domain.len; i++)
		buffer_add_char(name, bytes_lower(domain.data[i]));
}

int
counter_look(
	const struct table *t, struct slice name, int64_t now, uint32_t *count)
{
	struct record r;
	int result = table_look(t, name, &r);

	*count = result == 0 ? decayed(&r, now) : 0;
	return result;
}

int
counter_hold(struct table *t, struct slice name, int64_t now, uint32_t *count)
{
	struct record r;
	int result = table_take(t, name, now, &r);

	*count = result == 0 ? decayed(&r, now) : 0;
	return result;
}

int
counter_add(struct table *t, struct slice name, int64_t now, uint32_t *count)
{
	struct record r;

	if (counter_hold(t, name, now, count) == -1)
		return -1;
	*count += COUNTER_ONE;
	if (*count > COUNTER_MOST * COUNTER_ONE)
		*count = COUNTER_MOST * COUNTER_ONE;
	r = (struct record){now, *count, 0};
	if (table_put(t, &r) == 0)
		return 0;
	*count = 0;
	return -1;
}

uint32_t
counter_failures(uint32_t count)
{
	return count / COUNTER_ONE + (count % COUNTER_ONE >= COUNTER_ONE / 2);
}

static int64_t
delay(uint32_t count, uint32_t free_of_charge)
{
	uint32_t failures = counter_failures(count);
	int64_t ms = 0;

	if (failures > free_of_charge)
		ms = (int64_t)(failures - free_of_charge) * COUNTER_STEP_MS;
	return ms < COUNTER_DELAY_MAX_MS ? ms : COUNTER_DELAY_MAX_MS;
}

int64_t
counter_delay(uint32_t address, uint32_t user)
{
	int64_t a = delay(address, COUNTER_ADDRESS_FREE);
	int64_t b = delay(user, COUNTER_USER_FREE);

	return a > b ? a : b;
}
