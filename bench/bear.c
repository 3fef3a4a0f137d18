/*
 * bear - the physical limit with TLS: canned.c over BearSSL and nothing else
 * (bear_wire.c), with the fastest code that it has. Under tcpserver:
 * bear ec|rsa CERT KEY SINK
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/bear_wire.h"

static struct bear bear;

static int
set_key(struct bear *b)
{
	const br_ec_private_key *ec = br_skey_decoder_get_ec(&b->key);
	const br_rsa_private_key *rsa = br_skey_decoder_get_rsa(&b->key);

	br_ssl_engine_set_default_ec(&b->server.eng);
	if (rsa != NULL)
		br_ssl_server_set_single_rsa(&b->server, &b->chain, 1, rsa,
			BR_KEYTYPE_SIGN, NULL, br_rsa_pkcs1_sign_get_default());
	else if (ec != NULL)
		br_ssl_server_set_single_ec(&b->server, &b->chain, 1, ec,
			BR_KEYTYPE_SIGN, 0, br_ec_get_default(),
			br_ecdsa_sign_asn1_get_default());
	else
		return -1;
	return 0;
}

int
main(int argc, char **argv)
{
	struct canned c = {.sink = argv[4]};
	int on = 1;

	if (argc != 5 || bear_load_certificate(&bear, argv[2]) == -1 ||
		bear_load_key(&bear, argv[3]) == -1)
		return 111;
	bear_profile(&bear, strcmp(argv[1], "rsa") == 0);
	if (set_key(&bear) == -1)
		return 111;
	setsockopt(1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return bear_talk(&bear, &c) == -1 ? 111 : 0;
}
