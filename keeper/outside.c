/*
 * outside - see outside.h. Run by the keeper. The launcher's helper shares the
 * client's socket, and from 'Y' on reads and writes there alone. The control
 * socket stays open to the end: some take its end for ours.
 */
#include "keeper/outside.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "control/ucspi.h"
#include "keeper/keeper.h"

/* The launcher's word, as it comes; k->tls has names in it. */
static char text[TLS_WORDS_MAX];

static int
fail(struct keeper *k, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "tls fail");
	log_text(&line, "reason", reason);
	keeper_log(k, &line);
	return VERDICT_TEMPORARY;
}

/* Text of a value: its entry ends with a NUL. */
static const char *
name_of(struct slice value)
{
	return value.data != NULL ? value.data : "unknown";
}

/* The word is complete. */
static int
hear(struct keeper *k, struct slice word)
{
	struct outside *o = &k->tls.outside;
	struct tls_words words;

	if (tls_words_read(&words, word) == -1)
		return fail(k, "answer");
	o->has_certificate = words.has_hash;
	memcpy(o->certificate, words.hash, sizeof o->certificate);
	k->tls.on = true;
	k->tls.version = name_of(words.protocol);
	k->tls.cipher = name_of(words.cipher);
	keeper_log_tls(k, slice_of(k->tls.version), slice_of(k->tls.cipher),
		words.sni);
	return VERDICT_OK;
}

/* News, or the time is over. No control buffer: no descriptor can come. */
static int
go_on(struct keeper *k)
{
	struct outside *o = &k->tls.outside;
	ssize_t n = recv(UCSPI_CONTROL, text + o->len, sizeof text - o->len,
		MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return k->now < k->late.deadline ? VERDICT_LATER
						 : fail(k, "timeout");
	/* The launcher tells of a failed handshake by closing the socket. */
	if (n <= 0)
		return fail(k, o->len == 0 ? "handshake" : "answer");
	o->len += (size_t)n;
	size_t end = tls_words_end((struct slice){text, o->len});

	if (end > 0)
		return hear(k, (struct slice){text, end});
	return o->len < sizeof text ? VERDICT_LATER : fail(k, "answer");
}

/* SIGTERM, mostly: some launchers say so that a handshake has failed. */
static void
let_go(struct keeper *k)
{
	(void)fail(k, "handshake");
}

/* The session hears besides what EHLO may offer for it. */
static int
then(struct keeper *k, int verdict)
{
	unsigned char has = (unsigned char)keeper_has(k);

	k->channel.since = k->now;
	k->packet.len = 0;
	if (verdict == VERDICT_OK)
		channel_add(&k->packet, &has, sizeof has);
	return keeper_answer(k, (unsigned)verdict);
}

/* Of the one request that there may be. */
int
answer_outside(struct keeper *k)
{
	if (send(UCSPI_CONTROL, "Y", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		return then(k, fail(k, "launcher"));
	k->channel.pending = k->packet.type;
	k->late = (struct late){.fd = UCSPI_CONTROL,
		.events = POLLIN,
		.deadline = k->now + CHANNEL_HANDSHAKE_MS,
		.asked = k->now,
		.go_on = go_on,
		.let_go = let_go,
		.then = then};
	return 0;
}
