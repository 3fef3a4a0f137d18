/*
 * launch - an authenticator, and what the keeper tells it of connection and
 * host. Run by the keeper.
 */
#include "keeper/keeper.h"

/* The name that was asked for; NULL where none was: what is there? */
static const char *
mechanism_name(const struct keeper *k)
{
	if (k->mechanism == NULL)
		return NULL;
	return k->mechanism == &k->foreign ? k->foreign_name
					   : k->mechanism->name;
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
	if (k->mechanism == NULL ||
		!(k->mechanism->wants & AUTHMECHS_CERTIFICATE) ||
		k->clientca == NULL || k->client_len == 0)
		return;
	if (k->clientca_fd != -1)
		(void)clientca_load(k->clientca, k->clientca_fd);
	if (k->clientca->reason != NULL)
		keeper_log_config(
			k, "control/clientca.pem", k->clientca->reason);
}

int
login_launch(struct keeper *k)
{
	const struct config *c = k->config;

	load_clientca(k);
	struct mechanism_facts facts = connection_facts(k);
	struct authenticator_setup setup = {.kind = k->kind,
		.name = mechanism_name(k),
		.users_fd = k->users_fd,
		.authdomain = c->authdomain,
		.facts = &facts,
		.program = k->program,
		.socket = k->socket,
		.wanted = c->mechanisms,
		.peer = {c->remote_ip, c->remote_port, c->local_ip,
			c->local_port, k->tls || c->tls_outside},
		.jail = k->jail,
		.senders = k->kind == AUTHENTICATOR_USERS && c->sendercheck};

	return authenticator_start(&k->authenticator, &setup);
}
