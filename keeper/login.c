/* login - the keeper's answers about AUTH: it knows who, not how. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "auth/dovecot_lines.h"
#include "control/authmechs.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "lib/memory.h"

/* What stands behind logins, as the admin has named it. */
static const char *
backend_name(const struct keeper *k)
{
	if (k->kind == AUTHENTICATOR_CHECKPASSWORD)
		return k->program[0];
	return k->kind == AUTHENTICATOR_DOVECOT ? k->socket
						: "control/authusers.cdb";
}

/* No user file where one is expected: ours to mend, not the user's. */
static bool
users_missing(const struct keeper *k)
{
	return k->kind == AUTHENTICATOR_USERS && k->users_fd == -1;
}

static void
log_refused(struct keeper *k, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "auth refused");
	if (k->mechanism != NULL)
		log_text(&line, "mech", k->mechanism->name);
	log_text(&line, "reason", reason);
	keeper_log(k, &line);
}

static void
log_outcome(struct keeper *k, const char *event, struct slice user,
	const char *label, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, event);
	if (user.len > 0)
		log_value(&line, "user", user);
	log_text(&line, "mech", k->mechanism->name);
	if (label[0] != '\0')
		log_text(&line, "label", label);
	if (reason[0] != '\0')
		log_text(&line, "reason", reason);
	keeper_log(k, &line);
}

/* A failure of ours: what exactly went wrong is for the admin. */
static void
log_temporary(struct keeper *k, struct slice user, const char *reason,
	const char *detail)
{
	struct log_line line;

	log_start(&line, &k->log, "auth temp");
	if (user.len > 0)
		log_value(&line, "user", user);
	log_text(&line, "mech", k->mechanism->name);
	log_text(&line, "reason", reason);
	if (detail[0] != '\0')
		log_text(&line, "detail", detail);
	keeper_log(k, &line);
}

/* The name that was asked for; NULL where none was: what is there? */
static const char *
mechanism_name(const struct keeper *k)
{
	if (k->mechanism == NULL)
		return NULL;
	return k->mechanism == &k->foreign ? k->foreign_name
					   : k->mechanism->name;
}

static bool
offered(const struct keeper *k, struct slice name)
{
	char text[AUTHENTICATOR_OFFER_MAX];
	struct buffer offer = BUFFER_OVER(text);

	/* Without a choice of the admin's the authenticator will ask. */
	if (k->kind == AUTHENTICATOR_DOVECOT &&
		k->config->mechanisms.data == NULL)
		return k->mechanisms.len > 0;
	authmechs_offer(k->mechanisms, keeper_has(k), &offer);
	struct slice rest = buffer_slice(&offer);

	while (rest.data != NULL)
		if (slice_equal_nocase(slice_split(&rest, ' '), name) &&
			name.len > 0)
			return true;
	return false;
}

/* The request may hold a response, and so a password, that nobody took. */
static int
answer_without_body(struct keeper *k, unsigned verdict)
{
	explicit_bzero(k->message.body, k->message.len);
	k->message.len = 0;
	return keeper_answer(k, verdict);
}

static int
refuse(struct keeper *k, unsigned verdict, const char *reason)
{
	log_refused(k, reason);
	return answer_without_body(k, verdict);
}

static int
temporary(struct keeper *k, const char *reason)
{
	struct slice nobody = {NULL, 0};

	authenticator_stop(&k->authenticator);
	log_outcome(k, "auth temp", nobody, "", reason);
	return answer_without_body(k, VERDICT_TEMPORARY);
}

static int
step(struct keeper *k, struct slice response)
{
	/* If it is gone already, its last word may still be there to read. */
	(void)authenticator_step(&k->authenticator, response, k->now);
	if (response.len > 0)
		explicit_bzero(k->message.body, k->message.len);
	if (k->authenticator.fd == -1)
		return temporary(k, "backend");
	k->pending = k->message.type;
	return 0;
}

static struct mechanism_facts
connection_facts(const struct keeper *k)
{
	struct mechanism_facts facts = {.me = k->config->me,
		.localiphost = k->config->localiphost,
		.local_ip = k->config->local_ip};

	/* Of a connection without our signature there is no certificate. */
	if (!k->tls || !k->signed_once)
		return facts;
	facts.server_certificate = signer_certificate(&k->signer);
	facts.binding =
		(struct slice){(const char *)k->binding, k->binding_len};
	facts.plus_offered = k->binding_len > 0;
	facts.client_chain =
		(struct slice){(const char *)k->client_chain, k->client_len};
	facts.clientca = k->clientca;
	return facts;
}

/* The authorities for EXTERNAL: the admin's own file, read when needed. */
static void
load_clientca(struct keeper *k)
{
	if (k->clientca == NULL || k->client_len == 0)
		return;
	if (k->clientca_fd != -1)
		(void)clientca_load(k->clientca, k->clientca_fd);
	if (k->clientca->reason != NULL)
		keeper_log_config(
			k, "control/clientca.pem", k->clientca->reason);
}

static int
launch(struct keeper *k)
{
	const struct config *c = k->config;
	struct mechanism_facts facts = connection_facts(k);
	struct authenticator_setup setup = {.kind = k->kind,
		.mechanism = k->mechanism,
		.users_fd = k->users_fd,
		.authdomain = c->authdomain,
		.facts = &facts,
		.program = k->program,
		.socket = k->socket,
		.name = mechanism_name(k),
		.wanted = c->mechanisms,
		.peer = {c->remote_ip, c->remote_port, c->local_ip,
			c->local_port, k->tls || c->tls_outside},
		.jail = k->jail,
		.senders = k->kind == AUTHENTICATOR_USERS && c->sendercheck};

	return authenticator_start(&k->authenticator, &setup);
}

static int
start(struct keeper *k, struct slice response)
{
	if (users_missing(k)) {
		keeper_log_config(k, backend_name(k), k->users_reason);
		return temporary(k, "backend");
	}
	if (k->mechanism->traits & MECHANISM_CERTIFICATE)
		load_clientca(k);
	if (launch(k) == -1)
		return temporary(k, "backend");
	return step(k, response);
}

/*
 * One that is not built in, but perhaps Dovecot has it. Until that is known
 * the name is not logged: it may be a password in the wrong place.
 */
static const struct mechanism *
foreign_mechanism(struct keeper *k, struct slice name)
{
	if (k->kind != AUTHENTICATOR_DOVECOT || name.len > KEEPER_MECHANISM_MAX)
		return NULL;
	for (size_t i = 0; i < name.len; i++)
		k->foreign_name[i] = bytes_upper(name.data[i]);
	k->foreign_name[name.len] = '\0';
	k->foreign = (struct mechanism){.name = "other", .client_first = true};
	return dovecot_is_name((struct slice){k->foreign_name, name.len})
		       ? &k->foreign
		       : NULL;
}

int
answer_auth(struct keeper *k)
{
	struct slice response = channel_rest(&k->message, 0);
	struct slice name = slice_split(&response, '\0');
	unsigned initial = k->message.code;

	if (response.data == NULL || initial > INITIAL_MALFORMED)
		return -1;
	if (initial != INITIAL_RESPONSE)
		response = (struct slice){NULL, 0};
	k->mechanism = mechanism_find(name);
	if (k->mechanism == NULL)
		k->mechanism = foreign_mechanism(k, name);
	if (k->failures >= KEEPER_FAILURES_MAX)
		return refuse(k, VERDICT_AUTH_LAST, "limit");
	if (k->config->forcetls && !k->tls && !k->config->tls_outside)
		return refuse(k, VERDICT_AUTH_NO_TLS, "no-tls");
	bool possible =
		offered(k, name) || (users_missing(k) && !k->config->auth_off);

	if (k->mechanism == NULL || !possible)
		return refuse(k, VERDICT_AUTH_UNKNOWN, "not-offered");
	if (initial != INITIAL_NONE && !k->mechanism->client_first)
		return refuse(k, VERDICT_AUTH_INITIAL, "syntax");
	if (initial == INITIAL_MALFORMED)
		return refuse(k, VERDICT_AUTH_SYNTAX, "syntax");
	if (k->config->statedir.data != NULL && guard_refuses(k))
		return refuse(k, VERDICT_TEMPORARY, "limit");
	return start(k, response);
}

int
answer_auth_step(struct keeper *k)
{
	struct slice response = channel_rest(&k->message, 0);

	return step(k, response);
}

int
hear_auth_cancel(struct keeper *k)
{
	struct slice nobody = {NULL, 0};

	authenticator_stop(&k->authenticator);
	if (k->message.code == CANCEL_SYNTAX)
		log_refused(k, "syntax");
	else
		log_outcome(k, "auth cancel", nobody, "", "");
	return 0;
}

/* The keeper does not sleep: the loop comes back when it is time. */
static int
answer_later(struct keeper *k, unsigned verdict, int64_t ms)
{
	if (ms == 0)
		return keeper_answer(k, verdict);
	k->held = verdict;
	k->held_until = clock_ms() + ms;
	return 0;
}

int
login_release(struct keeper *k)
{
	k->held_until = CLOCK_NEVER;
	k->message.len = 0; /* a line for the trace may have come since */
	return keeper_answer(k, k->held);
}

static int
logged_in(struct keeper *k, const struct verdict_packet *packet)
{
	struct slice user = {packet->login, packet->login_len};

	if (user.len == 0 ||
		slice_string(user, k->login, sizeof k->login) == -1) {
		k->login[0] = '\0';
		return temporary(k, "memory");
	}
	if (packet->senders == 1 && packet->challenge_len > 0 &&
		packet->challenge_len <= sizeof k->senders) {
		memcpy(k->senders, packet->challenge, packet->challenge_len);
		k->senders_len = packet->challenge_len;
	}
	k->since = k->now;
	/* No other authenticator will be needed. */
	if (k->jail.isolate)
		(void)jail_lower(JAIL_RIGHTS_KILL);
	log_outcome(k, "auth ok", user, packet->label, "");
	return answer_later(k, VERDICT_OK,
		k->config->statedir.data == NULL ? 0
						 : guard_succeeded(k, user));
}

static int
failed(struct keeper *k, const struct verdict_packet *packet)
{
	struct slice user = {packet->login, packet->login_len};
	int64_t ms = 0;

	if (k->config->statedir.data != NULL)
		ms = guard_failed(k, user);
	k->failures++;
	log_outcome(k, "auth fail", user, "", packet->reason);
	return answer_later(k,
		k->failures >= KEEPER_FAILURES_MAX ? VERDICT_AUTH_LAST
						   : VERDICT_AUTH_FAILED,
		ms);
}

/* ----------------------------------------------------------- the offer --- */

/* The client is offered what it would be without a word from Dovecot. */
static int
no_offer(struct keeper *k, const char *reason)
{
	authenticator_stop(&k->authenticator);
	keeper_log_config(k, k->socket, reason);
	return answer_without_body(k, VERDICT_TEMPORARY);
}

static int
offer_made(struct keeper *k, const struct verdict_packet *packet)
{
	if (packet->result != EXCHANGE_OK ||
		packet->challenge_len > CHANNEL_OFFER_MAX)
		return no_offer(k, packet->detail);
	authenticator_stop(&k->authenticator);
	k->message.len = 0;
	channel_add(&k->message, packet->challenge, packet->challenge_len);
	return keeper_answer(k, VERDICT_OK);
}

int
answer_offer(struct keeper *k)
{
	if (k->kind != AUTHENTICATOR_DOVECOT)
		return -1;
	k->mechanism = NULL;
	if (launch(k) == -1) {
		k->pending = ASK_OFFER;
		return no_offer(k, strerror(errno));
	}
	return step(k, (struct slice){NULL, 0});
}

/* Its last word, and so ours to the session. */
static int
answer_verdict(struct keeper *k, const struct verdict_packet *packet)
{
	struct slice user = {packet->login, packet->login_len};

	switch (packet->result) {
	case EXCHANGE_OK:
		return logged_in(k, packet);
	case EXCHANGE_FAIL:
		return failed(k, packet);
	case EXCHANGE_MALFORMED:
		log_outcome(k, "auth refused", user, "", "syntax");
		return keeper_answer(k, VERDICT_AUTH_SYNTAX);
	case VERDICT_PACKET_NOT_OFFERED:
		return refuse(k, VERDICT_AUTH_UNKNOWN, "not-offered");
	case VERDICT_PACKET_JAIL:
		keeper_log_config(k, k->jail.directory, packet->reason);
		return keeper_answer(k, VERDICT_JAIL);
	default:
		if (packet->set_up)
			keeper_log_config(k, backend_name(k), packet->detail);
		log_temporary(k, user, packet->reason, packet->detail);
		return keeper_answer(k, VERDICT_TEMPORARY);
	}
}

int
login_verdict(struct keeper *k)
{
	static UNTOUCHED _Alignas(MEMORY_PAGE) struct verdict_packet packet;

	if (k->pending == 0) {
		/* It died in the client's turn: the next step will find out. */
		close(k->authenticator.fd);
		k->authenticator.fd = -1;
		return 0;
	}
	if (authenticator_read(&k->authenticator, &packet) == -1)
		return k->pending == ASK_OFFER ? no_offer(k, "died")
					       : temporary(k, "backend");
	if (k->pending == ASK_OFFER)
		return offer_made(k, &packet);
	k->message.len = 0;
	if (packet.result <= EXCHANGE_FAIL && k->mechanism == &k->foreign)
		k->foreign.name = k->foreign_name; /* it is one */
	if (packet.result == EXCHANGE_CHALLENGE) {
		channel_add(
			&k->message, packet.challenge, packet.challenge_len);
		return keeper_answer(k, VERDICT_CHALLENGE);
	}
	/* First, so that whoever hears the verdict finds it gone. */
	authenticator_finish(&k->authenticator, k->now);
	return answer_verdict(k, &packet);
}

int
login_timeout(struct keeper *k)
{
	if (k->pending == ASK_OFFER)
		return no_offer(k, "timeout");
	authenticator_stop(&k->authenticator);
	log_temporary(k, (struct slice){NULL, 0}, "backend", "timeout");
	return answer_without_body(k, VERDICT_TEMPORARY);
}
