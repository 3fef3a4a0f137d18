/*
 * Fuzz target: the files of statedir. The first octet says how the input
 * damages a good file: 0 replaces its beginning, 1 its records; else it is
 * pairs of a place (two octets) and a value. Whatever the file holds, who
 * never failed is not accused, who did is remembered rightly or not at all,
 * and the next failure counts.
 *
 * Parsers: keeper/table.c keeper/failures.c keeper/recipients.c
 */
#include "keeper/failures.h"
#include "keeper/recipients.h"
#include "tests/scratch.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1800000000
#define FIRST 4096
#define FILE_LEN (FIRST + 4 * 128)

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
		must(failures_add(&t, name, NOW, &count) == 0);
	table_close(&t);
	load(&failures, good[0]);
	open_table(&t, &recipients);
	for (int i = 0; i < 5; i++)
		must(recipients_take(&t, name, 5, NOW) == RECIPIENTS_FREE);
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
	must(failures_look(&t, victim, NOW, &count) == 0 && count == 0);
	must(failures_look(&t, offender, NOW, &count) == 0);
	must(count == 0 || count == 25 * FAILURES_ONE);
	must(failures_add(&t, victim, NOW, &count) == 0);
	must(count == FAILURES_ONE);
	must(failures_look(&t, victim, NOW, &count) == 0);
	must(count == FAILURES_ONE);
	table_close(&t);
}

static void
check_recipients(void)
{
	struct slice victim = {"victim", 6}, offender = {"offender", 8};
	struct table t;

	open_table(&t, &recipients);
	must(recipients_take(&t, victim, 1, NOW) == RECIPIENTS_FREE);
	must(recipients_take(&t, victim, 1, NOW) == RECIPIENTS_FIRST);
	must(recipients_return(&t, victim, 1, NOW) == 0);
	must(recipients_take(&t, victim, 1, NOW) == RECIPIENTS_FREE);
	enum recipients_result result = recipients_take(&t, offender, 5, NOW);

	must(result == RECIPIENTS_FREE || result == RECIPIENTS_FIRST);
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
