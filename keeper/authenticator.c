/*
 * authenticator - see authenticator.h: what the keeper tells a process for
 * one AUTH exchange, how it is started, asked and ended. Run by the keeper.
 */
#include "keeper/authenticator.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/authenticator.h"
#include "keeper/keeper.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/fork.h"

void
authenticator_init(struct authenticator *a)
{
	*a = (struct authenticator){
		.pid = -1, .fd = -1, .deadline = CLOCK_NEVER};
}

static struct mechanism_facts
connection_facts(const struct keeper *k)
{
	struct mechanism_facts facts = {.me = k->config->me,
		.localiphost = k->config->localiphost,
		.local_ip = k->config->local_ip};

	if (k->tls.outside.has_certificate)
		facts.client_hash =
			(struct slice){(const char *)k->tls.outside.certificate,
				sizeof k->tls.outside.certificate};
	/* Of a connection without our signature there is no certificate. */
	if (!k->tls.on || !k->tls.signed_once)
		return facts;
	facts.server_certificate = signer_certificate(&k->tls.signer);
	facts.binding = (struct slice){
		(const char *)k->tls.binding, k->tls.binding_len};
	facts.plus_offered = k->tls.binding_len > 0;
	facts.client_chain = (struct slice){
		(const char *)k->client_chain, k->tls.client_len};
	facts.clientca = k->tls.clientca;
	return facts;
}

/* The authorities for EXTERNAL: the admin's own file, read when needed. */
static void
load_clientca(struct keeper *k)
{
	const struct authmech *mechanism = k->login.mechanism;

	if (mechanism == NULL || !(mechanism->wants & AUTHMECHS_CERTIFICATE) ||
		k->tls.clientca == NULL || k->tls.client_len == 0)
		return;
	if (k->tls.clientca_fd != -1)
		(void)clientca_load(k->tls.clientca, k->tls.clientca_fd);
	if (k->tls.clientca->reason != NULL)
		keeper_log_config(
			k, "control/clientca.pem", k->tls.clientca->reason);
}

static int
start(struct authenticator *a, const struct authenticator_setup *setup)
{
	int pair[2];

	authenticator_init(a);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	a->has_child = setup->kind == AUTHENTICATOR_CHECKPASSWORD;
	a->pid = fork_child();
	if (a->pid == 0)
		authenticator_run(pair[1], setup);
	close(pair[1]);
	if (a->pid == -1) {
		close(pair[0]);
		return -1;
	}
	a->fd = pair[0];
	a->isolated = setup->jail.isolate;
	return 0;
}

int
authenticator_start(struct keeper *k)
{
	const struct config *c = k->config;
	const struct authmech *mechanism = k->login.mechanism;

	load_clientca(k);
	struct mechanism_facts facts = connection_facts(k);
	struct authenticator_setup setup = {.kind = k->backend.kind,
		.offer = k->login.state == LOGIN_OFFER,
		.name = mechanism == NULL ? NULL : mechanism->name,
		.users_fd = k->backend.users_fd,
		.authdomain = c->authdomain,
		.facts = &facts,
		.program = k->backend.program,
		.socket = k->backend.socket,
		.wanted = c->mechanisms,
		.peer = {c->remote_ip, c->remote_port, c->local_ip,
			c->local_port, k->tls.on || c->tls_outside},
		.jail = k->jail,
		.senders = k->backend.kind == AUTHENTICATOR_USERS &&
			   c->sendercheck};

	return start(&k->login.authenticator, &setup);
}

void
authenticator_step(struct authenticator *a, struct slice response)
{
	a->deadline = clock_ms() + AUTHENTICATOR_TIMEOUT_MS;
	/* An authenticator that lives and cannot be told is not waited for. */
	if (word_ask(a->fd, response) == -1)
		a->deadline = clock_ms();
}

int
authenticator_read(struct authenticator *a, struct word *word)
{
	int result = word_hear(a->fd, word);

	/* After a name the answer is still to come. */
	if (result == -1 || word->result != WORD_NAMED)
		a->deadline = CLOCK_NEVER;
	return result;
}

void
authenticator_lost(struct authenticator *a)
{
	close(a->fd);
	a->fd = -1;
}

static void
end(struct authenticator *a, int64_t ms)
{
	if (a->fd != -1)
		close(a->fd);
	if (a->pid != -1 && child_wait(a->pid, NULL, ms) != a->pid)
		child_kill_jailed(a->pid, a->isolated, JAIL_RIGHTS_MAKE);
	authenticator_init(a);
}

void
authenticator_stop(struct authenticator *a)
{
	/*
	 * One that has started a program sees that its descriptor is closed,
	 * and ends that program; nobody else knows it.
	 */
	end(a, a->has_child ? AUTHENTICATOR_PARTING_MS : 0);
}

void
authenticator_finish(struct authenticator *a)
{
	end(a, AUTHENTICATOR_EXIT_MS);
}
