/* try_login - see try_login.h. Run by smtpd-check. */
#include "check/try_login.h"

#include <string.h>
#include <sys/random.h>

#include "lib/base64.h"
#include "lib/hex.h"

#define MESSAGE_MAX 2048 /* octets of a response before base64 */
#define ENCODED_MAX (BASE64_ENCODED_LEN(MESSAGE_MAX) + 1)

struct exchange {
	struct login *l;
	struct talk *t;
	struct talk_reply *reply;
};

/* Sends prefix and message in base64, reads the reply. */
static enum login_result
respond(struct exchange *x, const char *prefix, struct slice message)
{
	char text[ENCODED_MAX];
	struct buffer b = BUFFER_OVER(text);

	base64_encode(&b, message);
	const char *encoded = buffer_string(&b);
	int asked = encoded == NULL
			    ? -1
			    : talk_ask(x->t, x->reply, "%s%s", prefix, encoded);

	explicit_bzero(text, sizeof text);
	if (encoded == NULL)
		return LOGIN_MALFORMED;
	if (asked == -1)
		return LOGIN_ENDED;
	if (x->reply->code == 235)
		return LOGIN_DONE;
	return x->reply->code == 334 ? LOGIN_MALFORMED : LOGIN_REFUSED;
}

/* The same where a challenge is to come: it is decoded into challenge. */
static enum login_result
respond_more(struct exchange *x, const char *prefix, struct slice message,
	struct buffer *challenge)
{
	enum login_result result = respond(x, prefix, message);

	/* A 235 before the server has shown that it knows the password. */
	if (result == LOGIN_DONE)
		return LOGIN_IMPOSTOR;
	if (result != LOGIN_MALFORMED || x->reply->code != 334)
		return result;
	if (base64_decode(challenge, slice_of(x->reply->text)) == -1)
		return LOGIN_MALFORMED;
	return LOGIN_DONE;
}

/* AUTH NAME without a response; the challenge is decoded. */
static enum login_result
begin(struct exchange *x, const char *name, struct buffer *challenge)
{
	if (talk_ask(x->t, x->reply, "AUTH %s", name) == -1)
		return LOGIN_ENDED;
	if (x->reply->code != 334)
		return LOGIN_REFUSED;
	if (base64_decode(challenge, slice_of(x->reply->text)) == -1)
		return LOGIN_MALFORMED;
	return LOGIN_DONE;
}

static enum login_result
plain(struct exchange *x)
{
	char text[MESSAGE_MAX];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_char(&b, '\0');
	buffer_add_slice(&b, x->l->user);
	buffer_add_char(&b, '\0');
	buffer_add_slice(&b, x->l->password);
	enum login_result result = respond(x, "AUTH PLAIN ", buffer_slice(&b));

	explicit_bzero(text, sizeof text);
	return result;
}

static enum login_result
login(struct exchange *x)
{
	char text[MESSAGE_MAX];
	struct buffer b = BUFFER_OVER(text);
	enum login_result result = begin(x, "LOGIN", &b);

	if (result != LOGIN_DONE)
		return result;
	b.len = 0;
	result = respond_more(x, "", x->l->user, &b);
	return result == LOGIN_DONE ? respond(x, "", x->l->password) : result;
}

/* RFC 2195: the login, a blank, HMAC-MD5 of the challenge in hex. */
static enum login_result
cram_md5(struct exchange *x)
{
	char text[MESSAGE_MAX];
	unsigned char mac[br_md5_SIZE];
	struct buffer b = BUFFER_OVER(text);
	br_hmac_key_context keyed;
	br_hmac_context context;
	enum login_result result = begin(x, "CRAM-MD5", &b);

	if (result != LOGIN_DONE)
		return result;
	br_hmac_key_init(&keyed, &br_md5_vtable, x->l->password.data,
		x->l->password.len);
	br_hmac_init(&context, &keyed, 0);
	br_hmac_update(&context, b.data, b.len);
	br_hmac_out(&context, mac);
	b.len = 0;
	buffer_add_slice(&b, x->l->user);
	buffer_add_char(&b, ' ');
	hex_encode(&b, (struct slice){(const char *)mac, sizeof mac});
	return respond(x, "", buffer_slice(&b));
}

static int
make_nonce(struct buffer *out)
{
	char octets[18]; /* base64 without padding */

	if (getrandom(octets, sizeof octets, 0) != sizeof octets)
		return -1;
	base64_encode(out, (struct slice){octets, sizeof octets});
	return 0;
}

/* RFC 4954 has no place for the server's last word in 235: it is a 334. */
static enum login_result
scram(struct exchange *x, const char *prefix, const br_hash_class *hash,
	struct scram_salted *salted)
{
	static struct scram_client client;
	char text[MESSAGE_MAX], nonce[32], heard[MESSAGE_MAX];
	struct buffer b = BUFFER_OVER(text), n = BUFFER_OVER(nonce);
	struct buffer challenge = BUFFER_OVER(heard);
	enum login_result result;

	client.hash = hash;
	client.salted = salted;
	if (make_nonce(&n) == -1 || scram_client_first(&client, x->l->user,
					    buffer_slice(&n), &b) == -1)
		return LOGIN_MALFORMED;
	result = respond_more(x, prefix, buffer_slice(&b), &challenge);
	if (result != LOGIN_DONE)
		return result;
	b.len = 0;
	if (scram_client_final(&client, buffer_slice(&challenge),
		    x->l->password, &b) == -1)
		return LOGIN_MALFORMED;
	challenge.len = 0;
	result = respond_more(x, "", buffer_slice(&b), &challenge);
	if (result != LOGIN_DONE)
		return result;
	if (scram_client_end(&client, buffer_slice(&challenge)) == -1)
		return LOGIN_IMPOSTOR;
	return respond(x, "", slice_of(""));
}

static enum login_result
scram_sha256(struct exchange *x)
{
	return scram(
		x, "AUTH SCRAM-SHA-256 ", &br_sha256_vtable, &x->l->sha256);
}

static enum login_result
scram_sha1(struct exchange *x)
{
	return scram(x, "AUTH SCRAM-SHA-1 ", &br_sha1_vtable, &x->l->sha1);
}

static const struct {
	const char *name;
	enum login_result (*run)(struct exchange *x);
} known[] = {
	{"SCRAM-SHA-256", scram_sha256},
	{"SCRAM-SHA-1", scram_sha1},
	{"PLAIN", plain},
	{"LOGIN", login},
	{"CRAM-MD5", cram_md5},
};

#define KNOWN (sizeof known / sizeof *known)

bool
login_knows(struct slice mechanism)
{
	for (size_t i = 0; i < KNOWN; i++)
		if (slice_is_nocase(mechanism, known[i].name))
			return true;
	return false;
}

enum login_result
login_try(struct login *l, struct talk *t, struct slice mechanism,
	struct talk_reply *reply)
{
	struct exchange x = {l, t, reply};

	for (size_t i = 0; i < KNOWN; i++)
		if (slice_is_nocase(mechanism, known[i].name))
			return known[i].run(&x);
	return LOGIN_MALFORMED;
}
