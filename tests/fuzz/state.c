/*
 * Fuzz target: the files of statedir. The first octet says how the input
 * damages a good file: 0 replaces its beginning, 1 its records; else it is
 * pairs of a place (two octets) and a value. Whatever the file holds, who
 * never failed is not accused, who did is remembered rightly or not at all,
 * and the next failure counts.
 */
#include "keeper/counter.h"
#include "keeper/quota.h"
#include "tests/scratch.h"

#define NOW 1800000000
#define FIRST 4096
#define FILE_LEN (FIRST + 4 * 128)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
weight(const void *record, int64_t now)
{
	(void)record;
	(void)now;
	return 1;
}

static const struct table_shape failures = {"failures", 1, 4, 16, weight};
static const struct table_shape recipients = {
	"recipients", 1, 4, TABLE_RECORD_MAX, weight};
static struct scratch scratch;
static unsigned char good[2][FILE_LEN];

static void
must(int right)
{
	if (!right)
		abort();
}

static void
open_table(struct table *t, const struct table_shape *shape)
{
	const char *reason;

	must(table_open(t, shape, scratch.path, true, &reason) == 0);
}

static void
load(const struct table_shape *shape, unsigned char *octets)
{
	int fd = openat(scratch.fd, shape->name, O_RDONLY);

	memset(octets, 0, FILE_LEN);
	must(fd != -1 && read(fd, octets, FILE_LEN) > 0);
	close(fd);
}

static void
clean_up(void)
{
	scratch_end(&scratch);
}

static void
prepare(void)
{
	struct slice name = {"offender", 8};
	struct table t;
	uint32_t count;

	scratch_make(&scratch);
	atexit(clean_up);
	open_table(&t, &failures);
	for (int i = 0; i < 25; i++)
		must(counter_add(&t, name, NOW, &count) == 0);
	table_close(&t);
	load(&failures, good[0]);
	open_table(&t, &recipients);
	for (int i = 0; i < 5; i++)
		must(quota_take(&t, name, 5, NOW) == QUOTA_FREE);
	table_close(&t);
	load(&recipients, good[1]);
}

static void
damage(const struct table_shape *shape, const unsigned char *from,
	const uint8_t *data, size_t size)
{
	unsigned char octets[FILE_LEN];
	size_t len = FILE_LEN;
	uint8_t how = data[0];

	data++;
	size--;
	memcpy(octets, from, FILE_LEN);
	if (how == 0) {
		len = size < FILE_LEN ? size : FILE_LEN;
		memcpy(octets, data, len);
	} else if (how == 1) {
		memcpy(octets + FIRST, data,
			size < FILE_LEN - FIRST ? size : FILE_LEN - FIRST);
	} else {
		for (; size >= 3; data += 3, size -= 3)
			octets[(data[0] << 8 | data[1]) % FILE_LEN] = data[2];
	}
	scratch_write(&scratch, shape->name, octets, len);
	must(fchmodat(scratch.fd, shape->name, 0600, 0) == 0);
}

static void
check_failures(void)
{
	struct slice victim = {"victim", 6}, offender = {"offender", 8};
	struct table t;
	uint32_t count;

	open_table(&t, &failures);
	must(counter_look(&t, victim, NOW, &count) == 0 && count == 0);
	must(counter_look(&t, offender, NOW, &count) == 0);
	must(count == 0 || count == 25 * COUNTER_ONE);
	must(counter_add(&t, victim, NOW, &count) == 0);
	must(count == COUNTER_ONE);
	must(counter_look(&t, victim, NOW, &count) == 0);
	must(count == COUNTER_ONE);
	table_close(&t);
}

static void
check_recipients(void)
{
	struct slice victim = {"victim", 6}, offender = {"offender", 8};
	struct table t;

	open_table(&t, &recipients);
	must(quota_take(&t, victim, 1, NOW) == QUOTA_FREE);
	must(quota_take(&t, victim, 1, NOW) == QUOTA_FIRST);
	must(quota_give_back(&t, victim, 1, NOW) == 0);
	must(quota_take(&t, victim, 1, NOW) == QUOTA_FREE);
	enum quota_result result = quota_take(&t, offender, 5, NOW);

	must(result == QUOTA_FREE || result == QUOTA_FIRST);
	table_close(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (scratch.fd == 0)
		prepare();
	if (size == 0)
		return 0;
	damage(&failures, good[0], data, size);
	check_failures();
	damage(&recipients, good[1], data, size);
	check_recipients();
	return 0;
}
