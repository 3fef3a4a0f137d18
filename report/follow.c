/* follow - see follow.h. */
#include "report/follow.h"

#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "report/hitters.h"
#include "report/wanted.h"

#define BUCKETS 4096
#define FIRST_KEPT 512	 /* octets at first */
#define KEPT (16 * 1024) /* octets of one connection, then it has gaps */
#define RESERVE LOG_LINE /* of them for a line that was looked for */

/* A line as it is kept: this, the place, the text. */
struct kept {
	struct stamp stamp;
	uint16_t place_len, text_len;
	bool found;
	uint64_t gap; /* lines before it that were not kept */
};

struct connection {
	struct connection *next;	    /* of the bucket */
	struct connection *older, *younger; /* by their begin */
	uint64_t key;
	bool wanted, begun;
	uint64_t gap;
	size_t len, cap;
	char *lines;
};

struct follow {
	struct slice user, message;
	struct follow_sink sink;
	size_t octets; /* of all connections */
	struct connection *oldest, *youngest;
	struct connection *buckets[BUCKETS];
};

struct follow *
follow_new(const char *user, const char *message, struct follow_sink sink)
{
	struct follow *follow = calloc(1, sizeof *follow);

	if (follow == NULL)
		return NULL;
	follow->user = slice_of(user);
	follow->message = slice_of(message);
	follow->sink = sink;
	return follow;
}

static uint64_t
key_of(const struct record *r, struct slice place)
{
	return ((uint64_t)r->line.pid << 32) ^ hitters_hash(r->line.address) ^
	       ((uint64_t)hitters_hash(place) << 8) ^ (uint64_t)r->log << 56;
}

static struct connection **
find(struct follow *follow, uint64_t key)
{
	struct connection **at = &follow->buckets[(key ^ key >> 32) % BUCKETS];

	while (*at != NULL && (*at)->key != key)
		at = &(*at)->next;
	return at;
}

/* What is kept goes out. */
static void
put_out(struct follow *follow, struct connection *c)
{
	struct follow_sink *sink = &follow->sink;
	size_t at = 0;

	while (at < c->len) {
		struct record record = {.log = 0};
		struct kept kept;

		memcpy(&kept, c->lines + at, sizeof kept);
		at += sizeof kept;
		struct slice place = {c->lines + at, kept.place_len};

		record.text =
			(struct slice){place.data + place.len, kept.text_len};
		record.stamp = kept.stamp;
		record.stamp.host = slice_of(NULL); /* is the place */
		at += place.len + record.text.len;
		(void)line_parse(&record.line, record.text); /* as before */
		if (!c->begun)
			sink->begin(sink->context, &record, place);
		c->begun = true;
		if (kept.gap > 0)
			sink->gap(sink->context, kept.gap);
		sink->line(sink->context, &record, place, kept.found);
	}
	c->len = 0;
}

/* The connection has ended, or has to make room. */
static void
end(struct follow *follow, struct connection *c)
{
	struct connection **at = find(follow, c->key);

	if (c->wanted)
		put_out(follow, c);
	if (c->wanted && c->gap > 0)
		follow->sink.gap(follow->sink.context, c->gap);
	*at = c->next;
	*(c->older == NULL ? &follow->oldest : &c->older->younger) = c->younger;
	*(c->younger == NULL ? &follow->youngest : &c->younger->older) =
		c->older;
	follow->octets -= sizeof *c + c->cap;
	free(c->lines);
	free(c);
}

static struct connection *
begin(struct follow *follow, uint64_t key)
{
	struct connection *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->key = key;
	*find(follow, key) = c;
	c->older = follow->youngest;
	*(c->older == NULL ? &follow->oldest : &c->older->younger) = c;
	follow->youngest = c;
	follow->octets += sizeof *c;
	return c;
}

/* Room for so many octets more. 1, 0 when it has enough, -1. */
static int
make_room(
	struct follow *follow, struct connection *c, size_t octets, bool found)
{
	size_t needed = c->len + octets;
	size_t cap = c->cap == 0 ? FIRST_KEPT : c->cap;

	if (needed > (found ? KEPT : KEPT - RESERVE - sizeof(struct kept)))
		return 0;
	while (cap < needed)
		cap *= 2;
	if (cap == c->cap)
		return 1;
	char *more = realloc(c->lines, cap);

	if (more == NULL)
		return -1;
	follow->octets += cap - c->cap;
	c->lines = more;
	c->cap = cap;
	return 1;
}

static void
add(struct connection *c, const void *data, size_t len)
{
	memcpy(c->lines + c->len, data, len);
	c->len += len;
}

static int
keep(struct follow *follow, struct connection *c, const struct record *record,
	struct slice place, bool found)
{
	struct slice text = record->text;

	if (place.len > HITTERS_KEY)
		place.len = HITTERS_KEY;
	if (text.len > LOG_LINE)
		text.len = LOG_LINE;
	struct kept kept = {.stamp = record->stamp,
		.place_len = (uint16_t)place.len,
		.text_len = (uint16_t)text.len,
		.found = found,
		.gap = c->gap};
	size_t octets = sizeof kept + place.len + text.len;
	int room = make_room(follow, c, octets, found);

	if (room == 0 && c->wanted) {
		put_out(follow, c);
		room = make_room(follow, c, octets, found);
	}
	if (room <= 0) {
		c->gap += room == 0;
		return room;
	}
	c->gap = 0;
	add(c, &kept, sizeof kept);
	add(c, place.data, place.len);
	add(c, text.data, text.len);
	return 0;
}

int
follow_take(
	struct follow *follow, const struct record *record, struct slice place)
{
	uint64_t key = key_of(record, place);
	struct connection *c = *find(follow, key);
	bool first = record->line.event == EVENT_CONNECT ||
		     record->line.event == EVENT_CONNECT_REFUSED;

	if (c != NULL && first) { /* its end was lost: the id is used anew */
		end(follow, c);
		c = NULL;
	}
	if (c == NULL)
		c = begin(follow, key);
	if (c == NULL)
		return -1;
	bool found = follow->user.data != NULL
			     ? wanted_user(&record->line, follow->user)
			     : wanted_message(&record->line, follow->message);

	c->wanted = c->wanted || found;
	if (keep(follow, c, record, place, found) == -1)
		return -1;
	while (follow->octets > FOLLOW_ALL && follow->oldest != c)
		end(follow, follow->oldest);
	if (record->line.event == EVENT_END ||
		record->line.event == EVENT_CONNECT_REFUSED)
		end(follow, c);
	return 0;
}

void
follow_finish(struct follow *follow)
{
	while (follow->oldest != NULL)
		end(follow, follow->oldest);
}
