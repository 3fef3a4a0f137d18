/* policy_ask - see policy_ask.h. Run by the keeper. */
#include "keeper/policy_ask.h"

#include <stdlib.h>
#include <string.h>

#include "keeper/keeper.h"

#define NO_ANSWER "451 4.3.5 policy server does not answer, try again later"

/* ------------------------------------------------------------- request --- */

/* One a message, of all connections. */
static struct slice
instance(struct keeper *k)
{
	struct policy_ask *p = &k->policy;

	if (p->instance[0] == '\0')
		mail_make_id(k, ++p->transactions, p->instance);
	return slice_of(p->instance);
}

/*
 * The bits of the key by a suite's name: AES128 or, in TLS 1.3, AES_128. NULL:
 * it is not known, as of SHA256, which is no cipher.
 */
static const char *
key_size(struct slice cipher)
{
	static const struct {
		const char *name, *bits;
	} known[] = {{"AES128", "128"}, {"AES_128", "128"}, {"AES256", "256"},
		{"AES_256", "256"}, {"CHACHA20", "256"}};

	if (cipher.data == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (memmem(cipher.data, cipher.len, known[i].name,
			    strlen(known[i].name)) != NULL)
			return known[i].bits;
	return NULL;
}

static void
add_tls(const struct keeper *k, struct policy_request *r)
{
	const struct config *config = k->config;

	if (k->tls.on) {
		r->protocol = slice_of(k->tls.version);
		r->cipher = slice_of(k->tls.cipher);
		r->keysize = slice_of(key_size(r->cipher));
	} else if (config->tls_version.data != NULL) { /* the balancer's */
		r->protocol = config->tls_version;
		r->cipher = config->tls_cipher;
		r->keysize = slice_of(key_size(r->cipher));
	} else if (config->tls_outside) {
		r->protocol = slice_of(getenv("SSL_PROTOCOL"));
		r->cipher = slice_of(getenv("SSL_CIPHER"));
		r->keysize = slice_of(getenv("SSL_CIPHER_USEKEYSIZE"));
	}
}

static struct policy_request
make_request(struct keeper *k, const char *state)
{
	const struct config *config = k->config;
	struct policy_request r = {.state = state,
		.esmtp = k->mail.esmtp,
		.helo = {k->mail.helo, k->mail.helo_len},
		.sender = envelope_sender(&k->mail.envelope),
		.client_address = config->remote_ip,
		.client_name = config->remote_host,
		.client_port = config->remote_port,
		.server_address = config->local_ip,
		.server_port = config->local_port,
		.instance = instance(k)};

	if (r.client_name.len == 0)
		r.client_name = slice_of("unknown");
	if (login_user(k) != NULL) {
		r.method = slice_of(login_mechanism(k));
		r.login = slice_of(login_user(k));
	}
	add_tls(k, &r);
	return r;
}

/* -------------------------------------------------------------- answer --- */

void
policy_ask_log(const struct keeper *k, struct log_line *line)
{
	log_value(line, "server", k->config->policy.server);
	log_text(line, "error", k->policy.fault);
	if (k->policy.fault == NULL)
		log_text(line, "said", k->rcpt.said);
}

static void
log_refused(struct keeper *k)
{
	struct log_line line;

	log_start(&line, &k->log, "rcpt refused");
	log_value(
		&line, "rcpt", (struct slice){k->rcpt.path, k->rcpt.path_len});
	log_text(&line, "reason", "policy");
	policy_ask_log(k, &line);
	keeper_log(k, &line);
}

/* What is no refusal, but has to be known. */
static void
log_trouble(struct keeper *k, const char *what, struct slice action)
{
	struct log_line line;
	char text[LOG_VALUE];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, what);
	for (size_t i = 0; i < action.len && b.len < b.cap; i++)
		buffer_add_char(&b, action.data[i]);
	log_start(&line, &k->log, "config fail");
	log_value(&line, "file", k->config->policy.server);
	log_value(&line, "reason", buffer_slice(&b));
	keeper_log(k, &line);
}

static int
refuse(struct keeper *k, const char *fault, const char *reply, int verdict)
{
	struct buffer said = BUFFER_OVER(k->rcpt.said);

	k->policy.fault = fault;
	buffer_add_text(&said, reply);
	(void)buffer_string(&said); /* POLICY_REPLY_MAX is less */
	k->mail.reason = NULL;
	if (k->policy.rcpt)
		log_refused(k);
	return verdict;
}

/* policyfail: there is no answer, or none that makes sense. */
static int
no_answer(struct keeper *k, const char *fault)
{
	if (!k->config->policy_accepts)
		return refuse(k, fault, NO_ANSWER, VERDICT_SAID);
	if (!k->policy.logged)
		log_trouble(k, "no answer: ", slice_of(fault));
	k->policy.logged = true;
	return VERDICT_OK;
}

static void
prepend(struct keeper *k, const struct policy_answer *answer)
{
	struct policy_ask *p = &k->policy;
	struct buffer above = {p->above, p->above_len, sizeof p->above, false};

	if (!p->rcpt || p->prepended == POLICY_PREPEND_MAX) {
		log_trouble(k, "unusable action: ", answer->action);
		return;
	}
	buffer_add_slice(&above, answer->header);
	buffer_add_char(&above, '\n');
	p->above_len = above.len; /* so many of that length fit */
	p->prepended++;
}

static int
obey(struct keeper *k, const struct policy_answer *answer)
{
	switch (answer->meaning) {
	case MEANS_ACCEPT:
		return VERDICT_OK;
	case MEANS_REFUSE:
		return refuse(k, NULL, answer->reply, VERDICT_SAID);
	case MEANS_CLOSE:
		return refuse(k, NULL, answer->reply, VERDICT_SAID_LAST);
	case MEANS_PREPEND:
		prepend(k, answer);
		return VERDICT_OK;
	case MEANS_OTHER:
		log_trouble(k, "unusable action: ", answer->action);
		return VERDICT_OK;
	default:
		policy_link_close(&k->policy.link);
		return no_answer(k, "nonsense");
	}
}

/* ---------------------------------------------------------------- asks --- */

static void
let_go(struct keeper *k)
{
	policy_link_close(&k->policy.link);
}

static int
go_on(struct keeper *k)
{
	struct policy_link *link = &k->policy.link;

	switch (policy_link_go_on(link, k->now)) {
	case LINK_ANSWERED:
		return obey(k, &link->answer);
	case LINK_FAILED:
		k->policy.silent = k->now >= link->deadline;
		return no_answer(k, link->error);
	default:
		k->late.fd = link->state == LINK_CLOSED ? -1 : link->fd;
		k->late.events = link->events;
		k->late.deadline = link->wake;
		k->late.go_on = go_on;
		k->late.let_go = let_go;
		return VERDICT_LATER;
	}
}

static int
ask(struct keeper *k, const struct policy_request *request)
{
	/* So a message costs its client one timeout, not one a recipient. */
	if (k->policy.silent)
		return no_answer(k, "timeout");
	policy_link_ask(&k->policy.link, k->config->policy.server, request,
		k->now + (int64_t)k->config->policytimeout * 1000);
	return go_on(k);
}

int
policy_ask_rcpt(struct keeper *k, struct slice recipient)
{
	struct policy_request request;

	if (!k->config->policy.rcpt)
		return VERDICT_OK;
	k->policy.rcpt = true;
	/* Another that was asked about it has put it there. */
	if (recipient.data != k->rcpt.path)
		memcpy(k->rcpt.path, recipient.data, recipient.len);
	k->rcpt.path_len = recipient.len;
	request = make_request(k, "RCPT");
	request.recipient = recipient;
	return ask(k, &request);
}

int
policy_ask_end(struct keeper *k)
{
	struct policy_request request;

	if (!k->config->policy.end)
		return VERDICT_OK;
	k->policy.rcpt = false;
	request = make_request(k, "END-OF-MESSAGE");
	request.recipients = k->mail.recipients;
	request.size = k->mail.octets;
	if (k->mail.recipients == 1)
		request.recipient = envelope_recipient(&k->mail.envelope);
	return ask(k, &request);
}

struct slice
policy_ask_above(const struct keeper *k)
{
	if (!k->config->policy.rcpt)
		return SLICE_NONE;
	return (struct slice){k->policy.above, k->policy.above_len};
}

void
policy_ask_forget(struct keeper *k)
{
	struct policy_ask *p = &k->policy;

	if (k->config->policy.server.data == NULL)
		return;
	p->silent = p->logged = false;
	p->instance[0] = '\0';
	p->prepended = 0;
	p->above_len = 0;
}
