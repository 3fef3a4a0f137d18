/* script - see script.h. Run by the load generator. */
#include "bench/script.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"

#define SMALL 2048 /* octets of the usual message */

static struct step *
add(struct script *s, const char *text, const char *expect)
{
	if (s->len == SCRIPT_STEPS)
		abort();
	s->steps[s->len] = (struct step){
		.text = slice_of(text), .after = {"", 0}, .expect = expect};
	return &s->steps[s->len++];
}

static int
make_plain(struct speaker *s, struct buffer *out)
{
	char text[600];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_char(&b, '\0');
	if (s->script->users > 0) {
		char digits[24];
		struct buffer n = BUFFER_OVER(digits);

		s->random =
			s->random * 6364136223846793005u + 1442695040888963407u;
		buffer_add_number(
			&n, 10000000 + (s->random >> 33) % s->script->users);
		buffer_add_text(&b, "user");
		buffer_add_slice(&b, slice_from(buffer_slice(&n), 1));
		buffer_add_text(&b, "@example.com");
	} else {
		buffer_add_text(&b, s->script->user);
	}
	buffer_add_char(&b, '\0');
	buffer_add_text(&b, s->script->password);
	buffer_add_text(out, "AUTH PLAIN ");
	base64_encode(out, buffer_slice(&b));
	buffer_add_text(out, "\r\n");
	return out->overflow || b.overflow ? -1 : 0;
}

static void
add_login(struct script *s)
{
	add(s, "", "2")->make = make_plain;
}

static void
add_scram(struct script *s)
{
	add(s, "", "3")->make = scram_first;
	add(s, "", "3")->make = scram_final;
	add(s, "", "2")->make = scram_end;
}

static void
add_envelope(struct script *s)
{
	add(s, "MAIL FROM:<sender@example.com>\r\n", "2");
	add(s, "RCPT TO:<one@example.org>\r\n", "2");
}

static void
add_body(struct script *s, uint64_t octets)
{
	struct step *step = add(s, "", "2");

	step->body = octets;
	step->after = slice_of(".\r\n");
}

static void
add_message(struct script *s, uint64_t octets)
{
	add_envelope(s);
	add(s, "DATA\r\n", "3");
	add_body(s, octets);
}

static void
add_bdat(struct script *s)
{
	static char text[64];
	struct buffer b = BUFFER_OVER(text);

	add_envelope(s);
	buffer_add_text(&b, "BDAT ");
	buffer_add_number(&b, s->octets);
	buffer_add_text(&b, " LAST\r\n");
	add(s, buffer_string(&b), "2")->body = s->octets;
}

/* Each envelope with its DATA in one batch, as RFC 2920 has it. */
static void
add_pipelined(struct script *s)
{
	for (int i = 0; i < 10; i++) {
		add(s,
			"MAIL FROM:<sender@example.com>\r\n"
			"RCPT TO:<one@example.org>\r\n"
			"RCPT TO:<two@example.org>\r\n"
			"RCPT TO:<three@example.org>\r\n"
			"DATA\r\n",
			"22223");
		add_body(s, SMALL);
	}
}

int
script_make(struct script *s, const char *scenario)
{
	s->len = 0;
	s->octets -= s->octets % SCRIPT_LINE;
	add(s, "", "2");
	add(s, "EHLO client.example.com\r\n", "2");
	if (s->starttls) {
		add(s, "STARTTLS\r\n", "2")->starts_tls = true;
		add(s, "EHLO client.example.com\r\n", "2");
	}
	if (strcmp(scenario, "connect") == 0 || strcmp(scenario, "idle") == 0) {
		;
	} else if (strcmp(scenario, "scram") == 0) {
		add_scram(s);
	} else {
		add_login(s);
		if (strcmp(scenario, "message") == 0)
			add_message(s, SMALL);
		else if (strcmp(scenario, "pipeline") == 0)
			add_pipelined(s);
		else if (strcmp(scenario, "big-data") == 0)
			add_message(s, s->octets);
		else if (strcmp(scenario, "big-bdat") == 0)
			add_bdat(s);
		else if (strcmp(scenario, "auth") != 0)
			return -1;
	}
	add(s, "QUIT\r\n", "2");
	return 0;
}
