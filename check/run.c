/*
 * run - the run script, as far as words tell: tcpserver's address and port,
 * limits, accounts, options of smtpd-auth. It is not executed, and what a
 * shell would put in stays unknown. Run by smtpd-check.
 */
#include <string.h>

#include "check/service.h"
#include "lib/bytes.h"

#define WORDS_MAX 512

/* Words of the script; "\n" stands for the end of a command. */
struct words {
	char *at[WORDS_MAX + 1]; /* NULL at the end */
	size_t len;
	char memory[SERVICE_RUN_MAX + WORDS_MAX];
};

/* Launchers, with their options that take a value. */
static const struct launcher {
	const char *name, *with_value;
} launchers[] = {
	{"tcpserver", "xtuglbBcmMyYik"},
	{"sslserver", "xtuglbBcmMyYiknwSTLo"},
	{"s6-tcpserver", "cCbGgu"},
	{"s6-tcpserver4", "cCbGgu"},
	{"s6-tcpserver6", "cCbGgu"},
	{"tcpsvd", "cCbuliUtxp"},
	{"ipsvd", "cCbuliUtxp"},
};

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/*
 * Copies one word to out. Returns what follows it. Quotes are dropped and
 * hold nothing together: what sh -c is given is looked at like the rest.
 */
static const char *
take_word(const char *from, char **out)
{
	for (; *from != '\0' && strchr(" \t\n;", *from) == NULL; from++)
		if (*from != '\'' && *from != '"')
			*(*out)++ = *from;
	*(*out)++ = '\0';
	return from;
}

static void
split(char *text, struct words *words)
{
	static char end[] = "\n";
	char *out = words->memory, *join;

	while ((join = strstr(text, "\\\n")) != NULL)
		join[0] = join[1] = ' ';
	words->len = 0;
	for (const char *at = text; *at != '\0' && words->len < WORDS_MAX;) {
		if (*at == ' ' || *at == '\t') {
			at++;
		} else if (*at == '\n' || *at == ';') {
			words->at[words->len++] = end;
			at++;
		} else if (*at == '#') {
			at += strcspn(at, "\n");
		} else {
			words->at[words->len++] = out;
			at = take_word(at, &out);
		}
	}
	words->at[words->len] = NULL;
}

static bool
is_end(const char *word)
{
	return word == NULL || *word == '\n';
}

/* The value of an option: the rest of its word, or the next word. */
static const char *
value_of(char ***at, const char *letter)
{
	if (letter[1] != '\0')
		return letter + 1;
	if (is_end((*at)[1]))
		return NULL;
	return *++*at;
}

static void
note_user(struct service *s, const char *user)
{
	if (user != NULL && strcmp(user, "root") != 0 && strcmp(user, "0") != 0)
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
	for (; !is_end(*at) && (*at)[0] == '-' && (*at)[1] != '\0'; at++) {
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
		if (is_end(*at))
			break;
	}
	return at;
}

static void
on_launcher(struct service *s, char letter, const char *value)
{
	if (letter == 'u')
		note_user(s, value);
}

static void
on_limit(struct service *s, char letter, const char *value)
{
	if (strchr("mad", letter) != NULL && value != NULL)
		note_memory(s, value);
}

static void
on_chpst(struct service *s, char letter, const char *value)
{
	if (letter == 'u')
		note_user(s, value);
	else if (letter == 'm' && value != NULL)
		note_memory(s, value);
}

static void
on_smtpd(struct service *s, char letter, const char *value)
{
	if (letter == 's')
		s->smtps = true;
	else if (letter == 'u')
		s->account = value;
	else if (letter == 'j' && value != NULL)
		s->jail = value;
	else if (letter == 'U' && value != NULL)
		(void)slice_number(slice_of(value), &s->base);
}

/* One program of the chain that leads to smtpd-auth. */
static void
look_at(struct service *s, char **at)
{
	const char *name = base_name(*at);

	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
		if (strcmp(name, launchers[i].name) == 0) {
			char **rest = options(s, at + 1,
				launchers[i].with_value, on_launcher);

			if (!is_end(rest[0]) && !is_end(rest[1])) {
				s->address = rest[0];
				s->port = rest[1];
			}
		}
	if (strcmp(name, "softlimit") == 0)
		(void)options(s, at + 1, "adscfoptmlr", on_limit);
	else if (strcmp(name, "chpst") == 0)
		(void)options(s, at + 1, "uUbe/nlLmdopfcrt", on_chpst);
	else if ((strcmp(name, "setuidgid") == 0 ||
			 strcmp(name, "s6-setuidgid") == 0) &&
		 !is_end(at[1]))
		note_user(s, at[1]);
}

/* A directory may have the program's name, too. */
static bool
is_program(const struct words *words, size_t i)
{
	static const char *const before[] = {
		"-j", "-e", "cd", "envdir", "s6-envdir"};

	if (strcmp(base_name(words->at[i]), "smtpd-auth") != 0)
		return false;
	for (size_t k = 0; i > 0 && k < sizeof before / sizeof *before; k++)
		if (strcmp(words->at[i - 1], before[k]) == 0)
			return false;
	return true;
}

void
service_parse_run(struct service *s, char *text)
{
	static struct words words;
	size_t found = 0, start;

	split(text, &words);
	for (size_t i = 0; i < words.len && found == 0; i++)
		if (is_program(&words, i))
			found = i + 1;
	if (found == 0) {
		s->fault = "does not start smtpd-auth";
		return;
	}
	for (start = found - 1; start > 0 && !is_end(words.at[start - 1]);)
		start--;
	for (size_t i = start; i < found - 1; i++)
		look_at(s, &words.at[i]);
	char **rest = options(s, &words.at[found], "uUj", on_smtpd);

	s->checkpassword = is_end(*rest) ? NULL : *rest;
}
