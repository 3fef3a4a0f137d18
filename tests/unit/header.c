/*
 * Unit test of session/header: where a header ends, what is put in there, and
 * the Message-ID. Every message is fed whole, octet by octet and in two pieces
 * cut at each place; tests/fuzz/header.c compares it with a slow reference.
 */
#include "session/header.h"

#include <stdlib.h>

#include "lib/buffer.h"
#include "tests/tap.h"

#define DATE "Date: Sat, 28 Nov 2026 12:00:00 +0000\n"
#define ID "Message-ID: <1795867200.7.1@mx.example.org>\n"
#define OWN "1795867200.7.1@mx.example.org"
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define NINE_HUNDRED                                                           \
	HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
#define NAME_997 NINE_HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN "bbbbbbb"

static const struct header_case {
	const char *in, *out; /* NULL: as it came */
	const char *id;	      /* of the message that is completed */
} cases[] = {
	/* What is missing stands at the header's end. */
	{"Subject: x\n\ny\n", "Subject: x\n" DATE ID "\ny\n", OWN},
	{"Date: x\n\ny\n", "Date: x\n" ID "\ny\n", OWN},
	{"Message-ID: <a@b>\n\ny\n", "Message-ID: <a@b>\n" DATE "\ny\n", "a@b"},
	{"Message-Id: <a@b>\nDATE: x\n\n", NULL, "a@b"},
	{"Subject: x\n y\n\tz\n\n", "Subject: x\n y\n\tz\n" DATE ID "\n", OWN},
	{"Subject: x\n  \n\nDate: y\n",
		"Subject: x\n  \n" DATE ID "\nDate: y\n", OWN},
	{"\nDate: x\nMessage-ID: <a@b>\n",
		DATE ID "\nDate: x\nMessage-ID: <a@b>\n", OWN},

	/* What is there is not touched, empty or not. */
	{"Date:\nMessage-ID:\n\ny", NULL, ""},
	{"Date : x\nMessage-ID\t : <a@b>\n\n", NULL, "a@b"},
	{"Message-ID:\n\n", "Message-ID:\n" DATE "\n", ""},
	{"Date: 1\nDate: 2\nMessage-ID: <1@a>\nMessage-ID: <2@b>\n\n", NULL,
		"1@a"},

	/* Other names. */
	{"Dates: x\nResent-Date: x\nX-Message-ID: <a@b>\nMessage-IDs: 1\n\n",
		"Dates: x\nResent-Date: x\nX-Message-ID: <a@b>\n"
		"Message-IDs: 1\n" DATE ID "\n",
		OWN},
	{"Dat: x\nMessage-I: y\n\n", "Dat: x\nMessage-I: y\n" DATE ID "\n",
		OWN},

	/* Signed: who knows what. */
	{"DKIM-Signature: v=1\n\ny\n", NULL, ""},
	{"Subject: x\ndkim-signature:\n v=1\n\ny\n", NULL, ""},
	{"Message-ID: <a@b>\nDKIM-Signature: v=1\n\n", NULL, "a@b"},
	{"DKIM-Signature: v=1\ny\n", NULL, ""},
	{"DKIM-Signatures: v=1\n\n", "DKIM-Signatures: v=1\n" DATE ID "\n",
		OWN},

	/* It ends at what is no field. */
	{"", DATE ID, OWN},
	{"\n", DATE ID "\n", OWN},
	{"Subject: x\n", "Subject: x\n" DATE ID, OWN},
	{"y\n", DATE ID "\ny\n", OWN},
	{"y", DATE ID "\ny", OWN},
	{"Hello world: x\n", DATE ID "\nHello world: x\n", OWN},
	{"Subject: x\nHello world\n", "Subject: x\n" DATE ID "\nHello world\n",
		OWN},
	{"Subject: x\nhello\nDate: y\n",
		"Subject: x\n" DATE ID "\nhello\nDate: y\n", OWN},
	{"Subject: x\nhello", "Subject: x\n" DATE ID "\nhello", OWN},
	{"Subject: x\nhello ", "Subject: x\n" DATE ID "\nhello ", OWN},
	{": x\n", DATE ID "\n: x\n", OWN},
	{"\xc3\xbc: x\n", DATE ID "\n\xc3\xbc: x\n", OWN},
	{"a\x01: x\n", DATE ID "\na\x01: x\n", OWN},
	{"From joe Sat Nov 28 12:00:00 2026\nSubject: x\n\n",
		DATE ID "\nFrom joe Sat Nov 28 12:00:00 2026\nSubject: x\n\n",
		OWN},
	{"Date: x\nMessage-ID: <a@b>\nhello\n", NULL, "a@b"},
	{NAME_997 ":\n\n", NAME_997 ":\n" DATE ID "\n", OWN},
	{NAME_997 "b:\n\n", DATE ID "\n" NAME_997 "b:\n\n", OWN},
	{NAME_997 " :\n\n", DATE ID "\n" NAME_997 " :\n\n", OWN},

	/* What would continue our Received line. */
	{" x\n", DATE ID "\n x\n", OWN},
	{"\tx\nSubject: y\n\n", DATE ID "\n\tx\nSubject: y\n\n", OWN},

	/* The Message-ID. */
	{"Date:\nMessage-ID:a@b\n\n", NULL, "a@b"},
	{"Date:\nMessage-ID: a@b c\n\n", NULL, "a@b"},
	{"Date:\nMessage-ID: <a b@c> d\n\n", NULL, "a b@c"},
	{"Date:\nMessage-ID:\n\t<a@b>\n\n", NULL, "a@b"},
	{"Date:\nMessage-ID:\n \n <a@b\n .example>\n\n", NULL, "a@b.example"},
	{"Date:\nMessage-ID: <a@b\nX: y>\n\n", NULL, "a@b"},
	{"Date:\nMessage-ID:\nX: <a@b>\n\n", NULL, ""},
	{"Date:\nMessage-ID: <>\n\n", NULL, ""},
	{"Date:\nMessage-ID: a@b", NULL, "a@b"},
	{"Date:\nMessage-ID: <" HUNDRED HUNDRED HUNDRED "@b>\n\n", NULL,
		HUNDRED HUNDRED TEN TEN TEN TEN TEN},
	{"Subject: Message-ID: <a@b>\n\n",
		"Subject: Message-ID: <a@b>\n" DATE ID "\n", OWN},
};

static const struct header_origin origin = {
	{"1795867200.7.1", 14}, {"mx.example.org", 14}, 1795867200};

struct outcome {
	char out[8192];
	size_t len;
	bool left; /* something was not taken */
	struct header header;
};

static void
put(struct outcome *o, struct slice piece)
{
	memcpy(o->out + o->len, piece.data, piece.len);
	o->len += piece.len;
}

/* In memory of exactly its length, which is gone before the next one comes. */
static void
feed(struct outcome *o, const char *text, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);
	struct slice rest = {copy, len}, piece;

	memcpy(copy, text, len);
	while (header_next(&o->header, &rest, &piece))
		put(o, piece);
	o->left = o->left || rest.len > 0;
	free(copy);
}

static void
finish(struct outcome *o)
{
	header_end(&o->header);
	feed(o, "", 0);
}

/* A first piece, then pieces of that size. */
static bool
run(const struct header_case *c, const struct header_origin *with, size_t first,
	size_t size)
{
	static struct outcome o;
	const char *wanted = c->out == NULL || with == NULL ? c->in : c->out;
	size_t len = strlen(c->in), at = 0, n = first;

	/* Whatever was in it before. */
	memset(&o, 0xaa, sizeof o);
	o.len = 0;
	o.left = false;
	header_start(&o.header, with);
	for (; at < len; at += n, n = size) {
		if (n > len - at)
			n = len - at;
		feed(&o, c->in + at, n);
	}
	finish(&o);
	if (o.left)
		return false;
	if (with == NULL && (*c->in == ' ' || *c->in == '\t'))
		return o.len == len + 1 && o.out[0] == '\n' &&
		       memcmp(o.out + 1, c->in, len) == 0;
	return o.len == strlen(wanted) && memcmp(o.out, wanted, o.len) == 0 &&
	       (with == NULL || slice_is(header_message_id(&o.header), c->id));
}

/* In printable characters. */
static const char *
name_of(const struct header_case *c)
{
	static char text[100];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_escaped(&b, slice_of(c->in), sizeof text - 1);
	return buffer_string(&b);
}

static void
check(const struct header_case *c)
{
	size_t len = strlen(c->in);
	bool whole = run(c, &origin, len, 1), single = run(c, &origin, 1, 1);
	bool cut = true, left = run(c, NULL, len, 1) && run(c, NULL, 1, 1);

	for (size_t at = 1; at < len; at++) {
		cut = cut && run(c, &origin, at, len);
		left = left && run(c, NULL, at, len);
	}
	ok(whole, name_of(c));
	ok(single, "... octet by octet");
	ok(cut, "... cut in two");
	ok(left, "... not completed");
}

/* The largest lines that there can be. */
static void
check_long(void)
{
	static char name[300];
	static struct outcome o;
	struct header_origin large = {.id = {name, sizeof name},
		.host = {name, sizeof name},
		.now = 0};

	memset(name, 'a', sizeof name);
	header_start(&o.header, &large);
	finish(&o);
	is_bytes(o.out, 38, "Date: Thu, 01 Jan 1970 00:00:00 +0000\n", 38,
		"the Date of a long id");
	ok(o.len == 38 + 13 + CHANNEL_ID_MAX + 1 + HEADER_HOST_MAX + 2 &&
			o.out[o.len - 1] == '\n' && o.out[o.len - 2] == '>',
		"names that are too long are cut, no line is");
	ok(header_message_id(&o.header).len == CHANNEL_MSGID_MAX,
		"so is what is told of it");
	ok(o.len <= CHANNEL_ADDED_MAX, "the keeper knows how much it may be");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(&cases[i]);
	check_long();
	return tap_done();
}
