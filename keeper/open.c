/* open - see open.h. Run by main before it forks. */
#include "keeper/open.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/offered.h"
#include "keeper/find_pair.h"
#include "keeper/keeper.h"
#include "lib/keep.h"
#include "lib/path.h"

/* ---------------------------------------------- who knows the passwords --- */

/* A missing or unreadable user file is 454 to AUTH, nothing to plain mail. */
static void
open_users(struct backend *b, const char *directory)
{
	struct stat status;

	b->users_fd = path_open_in(directory, "authusers.cdb");
	if (b->users_fd == -1) {
		b->users_reason = strerror(errno);
	} else if (fstat(b->users_fd, &status) == -1 ||
		   !S_ISREG(status.st_mode)) {
		close(b->users_fd);
		b->users_fd = -1;
		b->users_reason = "not a regular file";
	} else {
		b->users_ctime = status.st_ctim;
	}
}

/* Which mechanisms to offer; none where nobody expects any. */
static void
choose_mechanisms(struct backend *b, const struct config *config)
{
	static char offered_text[USERS_MECHS_MAX];
	static char many[AUTHMECHS_OFFER_MAX];
	struct buffer offered = b->kind == AUTHENTICATOR_DOVECOT
					? BUFFER_OVER(many)
					: BUFFER_OVER(offered_text);
	bool users = b->kind != AUTHENTICATOR_USERS || b->users_fd != -1;

	b->mechanisms = SLICE_NONE;
	if (config->auth_off || (!users && !config->require_auth &&
					config->mechanisms.data == NULL))
		return;
	offer_make(&offered, b->kind, b->users_fd, config->mechanisms);
	b->mechanisms = buffer_slice(&offered);
}

/* A program, where there is one; else Dovecot's socket; else the user file. */
static void
open_backend(
	struct backend *b, const struct config *config, char *const *program)
{
	static char socket[sizeof((struct sockaddr_un *)0)->sun_path];

	b->kind = AUTHENTICATOR_USERS;
	if (config->authsocket.len > 0 &&
		slice_string(config->authsocket, socket, sizeof socket) == 0) {
		b->socket = socket;
		b->kind = AUTHENTICATOR_DOVECOT;
	}
	b->program = program;
	if (program != NULL)
		b->kind = AUTHENTICATOR_CHECKPASSWORD;
	b->users_fd = -1;
	if (b->kind == AUTHENTICATOR_USERS)
		open_users(b, config->directory);
	choose_mechanisms(b, config);
}

/* -------------------------------------------------------- certificates --- */

/* Has a user a certificate's fingerprint? If that cannot be told, yes. */
static bool
users_have_certificates(int users_fd)
{
	char text[USERS_MECHS_MAX];
	struct buffer some = BUFFER_OVER(text);

	return users_some(users_fd, &some) != USERS_FOUND ||
	       authmechs_wants(buffer_slice(&some), AUTHMECHS_CERTIFICATE);
}

/*
 * Where EXTERNAL is among the mechanisms. It is taken off them where there is
 * neither that file nor a user with a certificate.
 */
static void
open_clientca(struct keeper *k)
{
	static struct clientca clientca;
	struct slice *offered = &k->backend.mechanisms;
	struct buffer rest = {NULL, 0, offered->len, false};

	k->tls.clientca_fd = -1;
	if (!authmechs_wants(*offered, AUTHMECHS_CERTIFICATE))
		return;
	/* Of a hash, all that a launcher tells, no authority says anything. */
	if (!k->tls.outside.there &&
		clientca_open(&clientca, k->config->directory,
			&k->tls.clientca_fd) == 0) {
		k->tls.clientca = &clientca;
		return;
	}
	if (users_have_certificates(k->backend.users_fd))
		return;
	rest.data = keep(offered->len);
	if (rest.data == NULL)
		return;
	authmechs_offer(*offered, ~(unsigned)AUTHMECHS_CERTIFICATE, &rest);
	*offered = buffer_slice(&rest);
}

/* Is there a pair? One that cannot be read is 454 to STARTTLS, not silence. */
static bool
open_pair(struct keeper *k)
{
	static struct signer_pair pair;
	struct signer *signer = &k->tls.signer;

	signer->pair = &pair;
	if (k->tls.outside.there) {
		signer->certificate_fd = signer->key_fd = -1;
		return true;
	}
	int opened = find_pair_open(
		signer, k->config->directory, k->config->tls_min);

	if (signer->file != NULL)
		keeper_log_config(k, signer->file, signer->reason);
	return opened == -1 || signer_present(signer);
}

bool
keeper_open(struct keeper *k, char *const *program)
{
	open_backend(&k->backend, k->config, program);
	open_clientca(k);
	return open_pair(k);
}
