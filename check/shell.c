/* shell - see shell.h. Run by smtpd-check. */
#include "check/shell.h"

#include <stdlib.h>
#include <string.h>

#include "check/variables.h"
#include "lib/bytes.h"

#define NESTED_MAX 4 /* `id -u $(cat FILE)` */
#define BLANKS " \t"
#define ENDS " \t\n;&|<>()"

/* Of all words and variables; what does not fit is cut. */
static char memory[262144];
static size_t used;

static void
put(char c)
{
	if (used < sizeof memory - 1)
		memory[used++] = c;
}

/* What a command prints, of the few that run scripts ask. */
static bool
output_of(const char *text, char value[VARIABLES_VALUE])
{
	static unsigned depth;
	struct shell inner = {.at = text};
	char **words;

	if (depth == NESTED_MAX)
		return false;
	depth++;
	words = shell_next(&inner);
	depth--;
	size_t count = inner.count;

	if (words == NULL)
		return false;
	const char *first = words[0], *second = count > 1 ? words[1] : "";
	const char *last = words[count - 1];

	if (*inner.at != '\0')
		return false;
	if (count == 3 && strcmp(first, "id") == 0)
		return variables_id(second, last, value);
	if (count == 2 && strcmp(first, "cat") == 0)
		return variables_read(last, true, value);
	if (count > 2 && strcmp(first, "head") == 0 &&
		(strcmp(second, "-1") == 0 || strcmp(second, "-n1") == 0 ||
			(strcmp(second, "-n") == 0 &&
				strcmp(words[2], "1") == 0)))
		return variables_read(last, false, value);
	return false;
}

static void
end_word(struct shell *sh)
{
	if (!sh->started)
		return;
	put('\0');
	memory[sizeof memory - 1] = '\0';
	if (sh->count < SHELL_WORDS_MAX)
		sh->words[sh->count++] = sh->start;
	sh->start = memory + used;
	sh->started = false;
}

static void
add(struct shell *sh, char c)
{
	put(c);
	sh->started = true;
}

/* NAME= so far: what comes is one word, whatever it holds. */
static bool
is_assignment(const struct shell *sh)
{
	size_t len;

	memory[used] = '\0';
	len = variables_name(sh->start);
	return sh->started && len > 0 && sh->start[len] == '=';
}

static void
add_value(struct shell *sh, const char *value, bool quoted)
{
	bool whole = quoted || is_assignment(sh);

	for (; *value != '\0'; value++)
		if (!whole && strchr(" \t\n", *value) != NULL)
			end_word(sh);
		else
			add(sh, *value);
}

/* From `( or `{ to behind its partner, which may hold others. */
static const char *
partner_of(const char *from, char open, char close)
{
	size_t depth = 0;

	for (; *from != '\0'; from++)
		if (*from == open)
			depth++;
		else if (*from == close && --depth == 0)
			return from;
	return NULL;
}

static void
add_variable(struct shell *sh, const char *name, size_t len, bool quoted)
{
	const char *value = variables_value(name, len);

	if (value != NULL)
		add_value(sh, value, quoted);
}

/* ${NAME}, ${NAME-default}; text is what the braces hold. */
static void
add_braced(struct shell *sh, const char *text, size_t len, bool quoted)
{
	size_t name = variables_name(text), at = name;
	const char *instead;
	char word[VARIABLES_VALUE];

	if (name == 0 || name > len) {
		add(sh, VARIABLES_UNKNOWN);
		return;
	}
	if (at < len && text[at] == ':')
		at++;
	if (at < len && (text[at] == '-' || text[at] == '=')) {
		char *start = sh->start;
		size_t before = used;

		add_variable(sh, text, name, quoted);
		if (used > before || sh->start != start)
			return;
		instead = text + at + 1;
		if (slice_string((struct slice){instead, len - at - 1}, word,
			    sizeof word) == 0)
			add_value(sh, word, quoted);
	} else if (name == len) {
		add_variable(sh, text, name, quoted);
	} else {
		add(sh, VARIABLES_UNKNOWN);
	}
}

/* $(...) or `...`, text being what is inside. */
static void
add_output(struct shell *sh, const char *text, size_t len, bool quoted)
{
	char value[VARIABLES_VALUE];
	char *inside = strndup(text, len), *start = sh->start;
	bool started = sh->started, known;

	/* The words of that command come behind what we have of ours. */
	size_t own = (size_t)(memory + used - start);
	char *mine = strndup(start, own);

	put('\0');
	known = inside != NULL && mine != NULL && output_of(inside, value);
	sh->start = memory + used;
	for (size_t i = 0; mine != NULL && i < own; i++)
		put(mine[i]);
	sh->started = started;
	free(inside);
	free(mine);
	if (known)
		add_value(sh, value, quoted);
	else
		add(sh, VARIABLES_UNKNOWN);
}

/* At $ or `. */
static void
expand(struct shell *sh, bool quoted)
{
	const char *from = sh->at + 1, *end;
	size_t len = variables_name(from);

	if (*sh->at == '`') {
		end = strchr(from, '`');
		if (end != NULL)
			add_output(sh, from, (size_t)(end - from), quoted);
	} else if (*from == '(') {
		end = partner_of(from, '(', ')');
		if (end != NULL)
			add_output(
				sh, from + 1, (size_t)(end - from - 1), quoted);
	} else if (*from == '{') {
		end = partner_of(from, '{', '}');
		if (end != NULL)
			add_braced(
				sh, from + 1, (size_t)(end - from - 1), quoted);
	} else if (len > 0) {
		add_variable(sh, from, len, quoted);
		end = from + len - 1;
	} else if (*from != '\0' && strchr("0123456789@*#?$!-", *from)) {
		add(sh, VARIABLES_UNKNOWN);
		end = from;
	} else {
		add(sh, '$');
		end = sh->at;
	}
	sh->at = end == NULL ? sh->at + strlen(sh->at) : end + 1;
}

/* At a backslash. */
static void
escape(struct shell *sh, bool quoted)
{
	char next = sh->at[1];

	sh->at += next == '\0' ? 1 : 2;
	if (next == '\n' || next == '\0')
		return;
	if (quoted && strchr("$`\"\\", next) == NULL)
		add(sh, '\\');
	add(sh, next);
}

static void
quote(struct shell *sh)
{
	char mark = *sh->at++;

	sh->started = true;
	while (*sh->at != '\0' && *sh->at != mark)
		if (mark == '"' && *sh->at == '\\')
			escape(sh, true);
		else if (mark == '"' && (*sh->at == '$' || *sh->at == '`'))
			expand(sh, true);
		else
			add(sh, *sh->at++);
	if (*sh->at != '\0')
		sh->at++;
}

static void
take_word(struct shell *sh)
{
	sh->start = memory + used;
	sh->started = false;
	while (*sh->at != '\0' && strchr(ENDS, *sh->at) == NULL)
		if (*sh->at == '\'' || *sh->at == '"')
			quote(sh);
		else if (*sh->at == '\\')
			escape(sh, false);
		else if (*sh->at == '$' || *sh->at == '`')
			expand(sh, false);
		else
			add(sh, *sh->at++);
}

/* At < or >: the sign and its target, which is no word of the command. */
static void
skip_redirection(struct shell *sh)
{
	size_t count = sh->count;

	sh->at += strspn(sh->at, "<>");
	if (*sh->at == '&' || *sh->at == '|' || *sh->at == '-')
		sh->at++;
	sh->at += strspn(sh->at, BLANKS);
	take_word(sh);
	sh->started = false;
	sh->count = count;
}

/* Is it the number before < or >, as 2 of 2>&1? */
static bool
is_number_before(const struct shell *sh)
{
	memory[used] = '\0';
	return (*sh->at == '<' || *sh->at == '>') && sh->started &&
	       sh->start[strspn(sh->start, "0123456789")] == '\0';
}

/* All words up to the command's end. False: there is nothing more. */
static bool
take_command(struct shell *sh)
{
	sh->count = 0;
	for (;;) {
		sh->at += strspn(sh->at, sh->execline ? " \t\n" : BLANKS);
		if (*sh->at == '\0')
			return sh->count > 0;
		if (*sh->at == '<' || *sh->at == '>') {
			skip_redirection(sh);
		} else if (strchr(ENDS, *sh->at) != NULL) {
			sh->at++;
			return true;
		} else if (*sh->at == '#') {
			sh->at += strcspn(sh->at, "\n");
		} else {
			take_word(sh);
			if (!is_number_before(sh))
				end_word(sh);
		}
	}
}

bool
shell_is_among(const char *const *words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

/* Words that stand before a command and are no part of it. */
static bool
is_keyword(const char *word)
{
	static const char *const words[] = {"exec", "if", "then", "elif",
		"else", "while", "until", "do", "!", "{", "}", "command",
		"time", NULL};

	return shell_is_among(words, word);
}

/* export NAME=VALUE NAME...; unset NAME... */
static void
take_names(char *const *words, bool kept)
{
	for (; *words != NULL; words++) {
		size_t len = variables_name(*words);
		const char *value = variables_value(*words, len);

		if (!kept) {
			variables_assign(*words, len, "");
			(void)unsetenv(*words); /* fails for no name alone */
		}
		if (kept && (*words)[len] == '=')
			variables_export(*words, len, *words + len + 1);
		else if (kept && value != NULL)
			variables_export(*words, len, value);
	}
}

/* NAME=VALUE in front of a command is exported to it, alone it is not. */
static char **
take_assignments(char **words)
{
	char **command = words;

	while (*command != NULL && variables_name(*command) > 0 &&
		(*command)[variables_name(*command)] == '=')
		command++;
	for (char **at = words; at < command; at++) {
		size_t len = variables_name(*at);

		if (*command != NULL)
			variables_export(*at, len, *at + len + 1);
		else
			(void)variables_assign(*at, len, *at + len + 1);
	}
	return command;
}

char **
shell_next(struct shell *sh)
{
	char **words;

	while (take_command(sh)) {
		sh->words[sh->count] = NULL;
		words = sh->words;
		while (*words != NULL && is_keyword(*words))
			words++;
		words = take_assignments(words);
		/* NAME=VALUE exec COMMAND */
		while (*words != NULL && is_keyword(*words))
			words++;
		sh->count -= (size_t)(words - sh->words);
		if (*words == NULL)
			continue;
		if (strcmp(*words, "case") == 0)
			sh->in_case = true;
		else if (strcmp(*words, "esac") == 0)
			sh->in_case = false;
		if (strcmp(*words, "export") == 0) {
			if (!sh->in_case)
				take_names(words + 1, true);
		} else if (strcmp(*words, "unset") == 0) {
			take_names(words + 1, false);
		} else {
			return words;
		}
	}
	return NULL;
}
