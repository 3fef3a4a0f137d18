/*
 * runscript - the run script, as far as words tell: tcpserver's address and
 * port, limits, accounts, options of smtpd-auth. shell.c reads it as a shell
 * would, without executing anything. Run by smtpd-check.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/report.h"
#include "check/servicedir.h"
#include "check/shell.h"
#include "check/variables.h"
#include "lib/bytes.h"

#define NESTED_MAX 4 /* sh -c in sh -c */

/* Launchers, with their options that take a value. */
static const struct launcher {
	const char *name, *with_value;
} launchers[] = {
	{"tcpserver", "xtuglbBcmMyYik"},
	{"sslserver", "xytTuglbBcwf"},
	{"s6-tcpserver", "cCbGgu"},
	{"s6-tcpserver4", "cCbGgu"},
	{"s6-tcpserver6", "cCbGgu"},
	{"s6-tlsserver", "cCbGgukKMmyYv"},
	{"tcpsvd", "cCbuliUtxp"},
	{"ipsvd", "cCbuliUtxp"},
};

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* The value of an option: the rest of its word, or the next word. */
static const char *
value_of(char ***at, const char *letter)
{
	if (letter[1] != '\0')
		return letter + 1;
	if ((*at)[1] == NULL)
		return NULL;
	return *++*at;
}

/* A value that a shell would have to find out is told, and not used. */
static bool
is_known(struct service *s, const char *what, const char *value)
{
	if (value == NULL || strchr(value, VARIABLES_UNKNOWN) == NULL)
		return value != NULL;
	if (s->unclear == NULL)
		s->unclear = what;
	return false;
}

/* setuidgid and its kin; chpst and s6-setuidgid take USER:GROUP. */
static void
note_user(struct service *s, const char *user)
{
	if (user == NULL)
		return;
	if (!is_known(s, "the account", user)) {
		s->launched_as_unknown = true;
		return;
	}
	if (*user == ':')
		user++;
	user = report_text("%.*s", (int)strcspn(user, ":"), user);
	if (*user != '\0' && strcmp(user, "root") != 0 &&
		strcmp(user, "0") != 0)
		s->launched_as = user;
}

static void
note_memory(struct service *s, const char *text)
{
	uint64_t n;

	if (slice_number(slice_of(text), &n) == 0 &&
		(s->memory == 0 || n < s->memory))
		s->memory = n;
}

/* Options up to the first word that is none; on() is told of each value. */
static char **
options(struct service *s, char **at, const char *with_value,
	void (*on)(struct service *s, char letter, const char *value))
{
	for (; *at != NULL && (*at)[0] == '-' && (*at)[1] != '\0'; at++) {
		if (strcmp(*at, "--") == 0)
			return at + 1;
		for (const char *c = *at + 1; *c != '\0'; c++) {
			if (strchr(with_value, *c) == NULL) {
				on(s, *c, NULL);
				continue;
			}
			char letter = *c;

			on(s, letter, value_of(&at, c));
			break;
		}
		if (*at == NULL)
			break;
	}
	return at;
}

static void
on_launcher(struct service *s, char letter, const char *value)
{
	if (letter == 'u')
		note_user(s, value);
	else if (letter == 'U') /* envuidgid's */
		note_user(s, s->environment_user != NULL ? s->environment_user
							 : getenv("UID"));
	else if (letter == 'n' || letter == 'N') /* sslserver's alone */
		s->begins_tls = letter == 'n';
}

static void
on_limit(struct service *s, char letter, const char *value)
{
	if (strchr("mad", letter) != NULL && value != NULL)
		note_memory(s, value);
}

/* Another directory than env/, which has been read. */
static void
note_environment(struct service *s, const char *directory)
{
	if (is_known(s, "the environment's directory", directory) &&
		strcmp(directory, "env") != 0 &&
		strcmp(directory, "./env") != 0 &&
		servicedir_read_environment(directory) == -1)
		s->unclear = report_text("what envdir reads: %s", directory);
}

static void
on_chpst(struct service *s, char letter, const char *value)
{
	if (letter == 'u')
		note_user(s, value);
	else if (letter == 'U')
		s->environment_user = value;
	else if (letter == 'e' && value != NULL)
		note_environment(s, value);
	else if (letter == 'm' && value != NULL)
		note_memory(s, value);
}

static void
on_smtpd(struct service *s, char letter, const char *value)
{
	if (letter == 's')
		s->smtps = true;
	else if (letter == 'u' && is_known(s, "the account", value))
		s->account = value;
	else if (letter == 'j' && is_known(s, "the empty directory", value))
		s->jail = value;
	else if (letter == 'U' && is_known(s, "the first uid", value))
		(void)slice_number(slice_of(value), &s->base);
}

/* tcpserver takes names of ports, too; a small system may have no list. */
static const char *
port_number(const char *text)
{
	static const struct {
		const char *name, *number;
	} usual[] = {{"smtp", "25"}, {"submission", "587"}, {"smtps", "465"},
		{"submissions", "465"}, {"ssmtp", "465"}, {"urd", "465"}};
	const struct servent *entry;
	uint64_t number;

	if (slice_number(slice_of(text), &number) == 0)
		return text;
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (strcmp(text, usual[i].name) == 0)
			return usual[i].number;
	entry = getservbyname(text, "tcp");
	return entry == NULL
		       ? NULL
		       : report_text("%u",
				 (unsigned)ntohs((uint16_t)entry->s_port));
}

static void
note_listener(struct service *s, char **at, const char *with_value)
{
	char **rest = options(s, at, with_value, on_launcher);

	if (rest[0] == NULL || rest[1] == NULL)
		return;
	if (is_known(s, "the address", rest[0]))
		s->address = rest[0];
	if (is_known(s, "the port", rest[1]))
		s->port = port_number(rest[1]);
}

/* env NAME=VALUE */
static void
note_variables(char **at)
{
	for (; *at != NULL && (**at == '-' || strchr(*at, '=')); at++) {
		size_t len = variables_name(*at);

		if (len > 0 && (*at)[len] == '=')
			variables_export(*at, len, *at + len + 1);
	}
}

/* One program of the chain that leads to smtpd-auth. */
static void
look_at(struct service *s, char **at)
{
	const char *name = base_name(*at);

	if (strncmp(name, "s6-", 3) == 0 && strstr(name, "server") == NULL)
		name += 3;
	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
		if (strcmp(name, launchers[i].name) == 0)
			note_listener(s, at + 1, launchers[i].with_value);
	if (strcmp(name, "softlimit") == 0)
		(void)options(s, at + 1, "adscfoptmlr", on_limit);
	else if (strcmp(name, "chpst") == 0)
		(void)options(s, at + 1, "uUbe/nlLmdopfcrt", on_chpst);
	else if (strcmp(name, "rblsmtpd") == 0)
		s->rblsmtpd = true;
	else if (strcmp(name, "proxy-server") == 0)
		s->proxy_server = true;
	else if (strcmp(name, "setuidgid") == 0)
		note_user(s, at[1]);
	else if (strcmp(name, "envuidgid") == 0)
		s->environment_user = at[1];
	else if (strcmp(name, "ucspitlsd") == 0) /* s6's */
		s->begins_tls = true;
	else if (strcmp(name, "envdir") == 0 && at[1] != NULL)
		note_environment(s, at[1]);
	else if (strcmp(name, "env") == 0)
		note_variables(at + 1);
}

/* A directory may have the program's name, too. */
static bool
is_program(char *const *words, size_t i)
{
	static const char *const before[] = {
		"-j", "-e", "envdir", "s6-envdir", NULL};

	return strcmp(base_name(words[i]), "smtpd-auth") == 0 &&
	       (i == 0 || !shell_is_among(before, words[i - 1]));
}

/* Commands that may name it, and start nothing. */
static bool
starts_nothing(const char *word)
{
	static const char *const words[] = {"[", "test", "echo", "printf", "cd",
		"case", "for", "chmod", "chown", "mkdir", "rm", "ln", NULL};

	return shell_is_among(words, word);
}

static bool look_at_text(struct service *s, const char *text, unsigned depth);

/* sh -c TEXT at this word: the text, or NULL. */
static const char *
nested_text(char *const *at)
{
	static const char *const shells[] = {"sh", "bash", "dash", NULL};

	if (!shell_is_among(shells, base_name(at[0])))
		return NULL;
	for (at++; *at != NULL && **at == '-'; at++)
		if (strchr(*at, 'c') != NULL)
			return at[1];
	return NULL;
}

/* Is it the command that starts smtpd-auth? */
static bool
look_at_command(struct service *s, char **words, unsigned depth)
{
	size_t i = 0;
	bool nested = false;

	if (starts_nothing(words[0]))
		return false;
	for (; words[i] != NULL && !is_program(words, i); i++) {
		const char *text = nested_text(words + i);

		if (text == NULL || depth == 0)
			continue;
		nested = look_at_text(s, text, depth - 1);
		break;
	}
	if (words[i] == NULL || (!nested && !is_program(words, i)))
		return false;
	for (size_t k = 0; k < i; k++)
		look_at(s, words + k);
	if (nested)
		return true;
	char **rest = options(s, words + i + 1, "uUj", on_smtpd);

	s->checkpassword =
		is_known(s, "the checkpassword program", *rest) ? *rest : NULL;
	return true;
}

static bool
look_at_text(struct service *s, const char *text, unsigned depth)
{
	struct shell *shell = calloc(1, sizeof *shell);
	bool found = false;
	char **words;

	if (shell == NULL)
		return false;
	shell->at = text;
	shell->execline = strncmp(text, "#!", 2) == 0 &&
			  strcspn(text, "\n") > 10 &&
			  memmem(text, strcspn(text, "\n"), "execline", 8);
	while (!found && (words = shell_next(shell)) != NULL)
		found = look_at_command(s, words, depth);
	free(shell);
	return found;
}

void
servicedir_parse_run(struct service *s, const char *text)
{
	if (!look_at_text(s, text, NESTED_MAX))
		s->fault = "does not start smtpd-auth";
}
