/* aliases - see aliases.h. Run by smtpd-check. */
#include "check/aliases.h"

#include <string.h>

#include "lib/bytes.h"

static const struct alias aliases[] = {
	/* Postfix, main.cf */
	{"myhostname", "me", NULL},
	{"smtpd_banner", "smtpgreeting", NULL},
	{"message_size_limit", "databytes", NULL},
	{"smtpd_recipient_limit", "maxrcpt", NULL},
	{"mydestination", "rcpthosts", NULL},
	{"relay_domains", "rcpthosts", NULL},
	{"smtpd_timeout", "timeoutsmtpd", NULL},
	{"local_recipient_maps", "validrcptto", NULL},
	{"relay_recipient_maps", "validrcptto", NULL},
	{"check_policy_service", "policysocket", NULL},
	{"smtpd_policy_service_timeout", "policytimeout", NULL},
	{"smtpd_policy_service_default_action", "policyfail", NULL},
	{"smtpd_tls_cert_file", "servercert.pem", NULL},
	{"smtpd_tls_chain_files", "servercert.pem", NULL},
	{"smtpd_tls_key_file", "serverkey.pem", NULL},
	{"smtpd_tls_auth_only", "FORCETLS", NULL},
	{"smtpd_tls_wrappermode", "SMTPS", NULL},
	{"smtpd_sasl_local_domain", "authdomain", NULL},
	{"smtpd_sasl_path", "authsocket", NULL},
	{"broken_sasl_auth_clients", "OLDCLIENTS", NULL},
	{"smtpd_sasl_authenticated_header", "RECEIVEDAUTH", NULL},
	{"smtputf8_enable", "smtputf8", NULL},
	/* spamdyke */
	{"tls-certificate-file", "servercert.pem", NULL},
	{"tls-privatekey-file", "serverkey.pem", NULL},
	{"smtp-auth-level", "REQUIREAUTH", NULL},
	{"greeting-delay-secs", "GREETDELAY", NULL},
	{"idle-timeout-secs", "timeoutsmtpd", NULL},
	{"max-recipients", "maxrcpt", NULL},
	{"recipient-blacklist-file", "badrcptto", NULL},
	{"sender-blacklist-file", "badmailfrom", NULL},
	{"local-domains-file", "rcpthosts", NULL},
	{"spamdyke.conf", NULL, "is spamdyke's, which smtpd-auth needs not"},
	/* qmail, its patches and kin */
	{"tlsserverkey", "serverkey.pem", NULL},
	{"tlsservercert", "servercert.pem", NULL},
	{"maxrecipients", "maxrcpt", NULL},
	{"maxrcpts", "maxrcpt", NULL},
	{"badmailto", "badrcptto", NULL},
	{"validrcptto.cdb", NULL,
		"is another patch's; here it is morevalidrcptto.cdb, as "
		"qmail-newmvrt makes it"},
	{"RCPTCHECKRELAYCLIENT", NULL,
		"counts nothing here: of who may relay recipients are not "
		"checked"},
	{"defaulthost_auth", "authdomain", NULL},
	{"timeoutremote", NULL,
		"is qmail-remote's; the one of this server is timeoutsmtpd"},
	{"timeoutconnect", NULL,
		"is qmail-remote's; the one of this server is timeoutsmtpd"},
	{"concurrencyincoming", NULL,
		"counts nothing here; the limit is tcpserver's -c"},
	{"tlsserverciphers", NULL,
		"counts nothing here; the ciphers are BearSSL's good ones"},
	{"rsa512.pem", NULL, "counts nothing here: no export ciphers"},
	{"rsa2048.pem", NULL, "counts nothing here: key exchange is ECDHE"},
	{"dh512.pem", NULL, "counts nothing here: key exchange is ECDHE"},
	{"dh1024.pem", NULL, "counts nothing here: key exchange is ECDHE"},
	{"dh2048.pem", NULL, "counts nothing here: key exchange is ECDHE"},
	{"dh4096.pem", NULL, "counts nothing here: key exchange is ECDHE"},
	{"tarpitcount", NULL, "counts nothing here; see maxrcpt"},
	{"UCSPITLS", NULL,
		"counts nothing here: STARTTLS needs servercert.pem alone"},
	{"SMTP_AUTH", "SMTPAUTH", NULL},
	{"SECURE_AUTH", "FORCETLS", NULL},
	{"REQUIRE_TLS", "FORCETLS", NULL},
	{"TLS_REQUIRED", "FORCETLS", NULL},
	{"AUTH_REQUIRES_TLS", "FORCETLS", NULL},
	{"AUTH_REQUIRED", "REQUIREAUTH", NULL},
	{"LOCALMFCHECK", "SENDERCHECK", NULL},
	{"QUEUE_PROGRAM", "QMAILQUEUE", NULL},
	{"CONTROLPATH", "CONTROLDIR", NULL},
	{"MINTLS", "TLSMIN", NULL},
	{"CVM_SASL_PLAIN", NULL,
		"is mailfront's; here a checkpassword program is an argument "
		"of smtpd-auth"},
	/* as certbot and openssl name them */
	{"fullchain.pem", "servercert.pem", NULL},
	{"cert.pem", "servercert.pem", NULL},
	{"server.pem", "servercert.pem", NULL},
	{"server.crt", "servercert.pem", NULL},
	{"certificate.pem", "servercert.pem", NULL},
	{"privkey.pem", "serverkey.pem", NULL},
	{"key.pem", "serverkey.pem", NULL},
	{"server.key", "serverkey.pem", NULL},
};

static const char *
skip_marks(const char *text)
{
	while (*text == '-' || *text == '_' || *text == '.')
		text++;
	return text;
}

bool
alias_same(const char *a, const char *b)
{
	for (;;) {
		a = skip_marks(a);
		b = skip_marks(b);
		if (bytes_lower(*a) != bytes_lower(*b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

const struct alias *
alias_find(const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (alias_same(name, aliases[i].name))
			return &aliases[i];
	return NULL;
}
