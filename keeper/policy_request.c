/* policy_request - see policy_request.h. Run by the keeper and smtpd-check. */
#include "keeper/policy_request.h"

static void
add(struct buffer *out, const char *name, struct slice value)
{
	buffer_add_text(out, name);
	buffer_add_char(out, '=');
	for (size_t i = 0; i < value.len && i < POLICY_VALUE_MAX; i++)
		buffer_add_char(out,
			bytes_control(value.data[i]) ? '?' : value.data[i]);
	buffer_add_char(out, '\n');
}

static void
add_number(struct buffer *out, const char *name, uint64_t n)
{
	buffer_add_text(out, name);
	buffer_add_char(out, '=');
	buffer_add_number(out, n);
	buffer_add_char(out, '\n');
}

/* What Postfix has and we have not; some daemons miss them if they lack. */
static void
add_empty(struct buffer *out)
{
	static const char *const names[] = {"queue_id", "etrn_domain", "stress",
		"sasl_sender", "ccert_subject", "ccert_issuer",
		"ccert_fingerprint", "ccert_pubkey_fingerprint",
		"policy_context"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add(out, names[i], SLICE_NONE);
}

void
policy_request_write(const struct policy_request *r, struct buffer *out)
{
	add(out, "request", slice_of("smtpd_access_policy"));
	add(out, "protocol_state", slice_of(r->state));
	add(out, "protocol_name", slice_of(r->esmtp ? "ESMTP" : "SMTP"));
	add(out, "client_address", r->client_address);
	add(out, "client_name", r->client_name);
	add(out, "client_port", r->client_port);
	add(out, "reverse_client_name", r->client_name);
	add(out, "server_address", r->server_address);
	add(out, "server_port", r->server_port);
	add(out, "helo_name", r->helo);
	add(out, "sender", r->sender);
	add(out, "recipient", r->recipient);
	add_number(out, "recipient_count", r->recipients);
	add(out, "instance", r->instance);
	add_number(out, "size", r->size);
	add(out, "sasl_method", r->method);
	add(out, "sasl_username", r->login);
	add(out, "encryption_protocol", r->protocol);
	add(out, "encryption_cipher", r->cipher);
	add(out, "encryption_keysize", r->keysize);
	add_empty(out);
	buffer_add_char(out, '\n');
}
