/* records - see records.h. Run by the session. */
#include "session/records.h"

#include <string.h>

#include "session/stream.h"
#include "session/suites.h"

void
records_init(struct records *r, struct stream *wire)
{
	r->wire = wire;
	r->waiting_len = r->hello.len = 0;
	br_ssl_server_zero(&r->server);
}

static int
flush(struct records *r)
{
	struct slice records = {r->waiting, r->waiting_len};

	r->waiting_len = 0;
	return records.len == 0 ? 0 : stream_wire_write(r->wire, records);
}

static int
push_input(struct records *r)
{
	struct slice input;
	size_t room;

	if (flush(r) == -1 || stream_wire_next(r->wire, &input) == -1)
		return -1;
	unsigned char *to = br_ssl_engine_recvrec_buf(&r->server.eng, &room);
	size_t len = input.len < room ? input.len : room;

	/* Of the ClientHello the last octet comes by itself: suites.h. */
	if (len > 1 && len == input.len && !suites_known(&r->server))
		len--;
	memcpy(to, input.data, len);
	hello_add(&r->hello, to, len);
	r->wire->input_start += len;
	br_ssl_engine_recvrec_ack(&r->server.eng, len);
	suites_fill(&r->server);
	return 0;
}

/*
 * Small records wait for each other until something must be read: each write
 * may wake the client.
 */
static int
pull_output(struct records *r)
{
	size_t len;
	unsigned char *from = br_ssl_engine_sendrec_buf(&r->server.eng, &len);

	hello_name_version(from, r->server.client_max_version);
	if (len > sizeof r->waiting - r->waiting_len && flush(r) == -1)
		return -1;
	if (len <= sizeof r->waiting) {
		memcpy(r->waiting + r->waiting_len, from, len);
		r->waiting_len += len;
	} else if (stream_wire_write(r->wire,
			   (struct slice){(const char *)from, len}) == -1) {
		return -1;
	}
	br_ssl_engine_sendrec_ack(&r->server.eng, len);
	return 0;
}

/* Moves records until the engine is in one of the wanted states. */
static int
run(struct records *r, unsigned wanted)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(&r->server.eng);

		if (state & BR_SSL_CLOSED) {
			if (r->wire->state == STREAM_OPEN)
				r->wire->state = br_ssl_engine_last_error(
							 &r->server.eng) == 0
							 ? STREAM_EOF
							 : STREAM_GONE;
			return -1;
		}
		if (state & BR_SSL_SENDREC) {
			if (pull_output(r) == -1)
				return -1;
			continue;
		}
		if (state & wanted)
			return 0;
		if (!(state & BR_SSL_RECVREC) || push_input(r) == -1)
			return -1;
	}
}

int
records_handshake(struct records *r)
{
	int result = run(r, BR_SSL_SENDAPP);

	if (result == -1)
		(void)flush(r); /* the alert that says why */
	return result;
}

size_t
records_buffered(struct records *r)
{
	size_t len = 0;

	if (br_ssl_engine_current_state(&r->server.eng) & BR_SSL_RECVAPP)
		br_ssl_engine_recvapp_buf(&r->server.eng, &len);
	return len;
}

int
records_next(struct records *r, struct slice *input)
{
	if (run(r, BR_SSL_RECVAPP) == -1)
		return -1;
	input->data = (const char *)br_ssl_engine_recvapp_buf(
		&r->server.eng, &input->len);
	return 0;
}

void
records_consume(struct records *r, size_t len)
{
	if (len > 0)
		br_ssl_engine_recvapp_ack(&r->server.eng, len);
}

int
records_write(struct records *r, struct slice text)
{
	while (text.len > 0) {
		size_t room;

		if (run(r, BR_SSL_SENDAPP) == -1)
			return -1;
		unsigned char *to =
			br_ssl_engine_sendapp_buf(&r->server.eng, &room);
		size_t len = text.len < room ? text.len : room;

		memcpy(to, text.data, len);
		br_ssl_engine_sendapp_ack(&r->server.eng, len);
		text = slice_from(text, len);
	}
	br_ssl_engine_flush(&r->server.eng, 0);
	while (br_ssl_engine_current_state(&r->server.eng) & BR_SSL_SENDREC)
		if (pull_output(r) == -1)
			return -1;
	return 0;
}

void
records_close(struct records *r)
{
	br_ssl_engine_close(&r->server.eng);
	while (br_ssl_engine_current_state(&r->server.eng) & BR_SSL_SENDREC)
		if (pull_output(r) == -1)
			return;
	(void)flush(r);
}

void
records_wipe(struct records *r)
{
	explicit_bzero(r->output, sizeof r->output);
	explicit_bzero(r->input, sizeof r->input);
}
