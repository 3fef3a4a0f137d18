/*
 * refer - the server as the RFCs and the contract have it: what must come of
 * the input of dialogue.h, in the same form. Written to be read beside them:
 *   RFC 5321  2.4, 4.1.1, 4.1.4 (order), 4.2, 4.5.2, 4.5.3
 *   RFC 4954  4 (AUTH), RFC 3207 4 (STARTTLS), RFC 3030 2 (BDAT), RFC 2920 3
 * Where they leave a choice, what this server has promised stands behind
 * "ours:". Replies to what is wrong in several ways tell the first of: the
 * argument, a login that is missing, the order.
 */
#ifndef TESTS_REFER_H
#define TESTS_REFER_H

#include <strings.h>

#include "tests/exhaustive/refer_path.h"

#define REFUSED_CHUNK_MAX (64ull << 20) /* ours: a larger one closes */

enum mail { NO_MAIL_YET, IN_MAIL, IN_CHUNKS, CHUNK_REFUSED };

static struct {
	size_t at; /* of the input */
	bool over, tls, login, esmtp, utf8;
	enum mail mail;
	unsigned flags; /* OPEN_7BIT or OPEN_8BITMIME */
	unsigned errors, idle;
	struct slice helo;
	struct kept kept; /* text: of all chunks, as they came */
	struct told told;
} r;

static void
say(const char *reply)
{
	tell_line(&r.told, reply);
	r.errors += reply[0] == '4' || reply[0] == '5';
}

static void
close_for(const char *word, const char *reply)
{
	if (reply != NULL)
		tell_line(&r.told, reply);
	tell_line(&r.told, word);
	r.over = true;
}

/* ------------------------------------------------------------- the line --- */

/* The next one without its end. False: it was none, and was answered. */
static bool
take_line(struct slice *line, bool response)
{
	const char *text = input.text + r.at;
	const char *lf = memchr(text, '\n', input.len - r.at);

	if (lf == NULL) {
		close_for("client", NULL);
		return false;
	}
	size_t len = (size_t)(lf + 1 - text);
	bool auth = response || (strncasecmp(text, "AUTH", 4) == 0 &&
					memchr(" \t\r", text[4], 3) != NULL);

	r.at += len;
	/* RFC 5321 4.5.3.1.4 and RFC 4954 4, 4.: ours are 4096 and 12288. */
	if (len > (auth ? 12288u : 4096u)) {
		say(auth ? "500 5.5.6" : "500 5.5.2");
		return false;
	}
	*line = (struct slice){text, len - 2};
	if (len < 2 || text[len - 2] != '\r' ||
		memchr(text, '\r', len - 2) != NULL ||
		memchr(text, '\0', len - 2) != NULL) {
		close_for("line-ends", "500 5.5.2");
		return false;
	}
	return true;
}

/* ours: a browser, or a form that it was made to send. */
static bool
is_web(struct slice line)
{
	static const char *const words[] = {"GET", "POST", "PUT", "HEAD",
		"OPTIONS", "CONNECT", "PATCH", "DELETE", "TRACE", "PRI"};
	size_t first = 0, last = line.len;

	while (first < line.len && line.data[first] != ' ')
		first++;
	for (size_t i = 0; first < line.len && i < 10; i++)
		if (first == strlen(words[i]) &&
			strncasecmp(line.data, words[i], first) == 0)
			return true;
	while (last > 0 && line.data[last - 1] != ' ')
		last--;
	return (last > 0 && line.len - last >= 5 &&
		       strncasecmp(line.data + last, "HTTP/", 5) == 0) ||
	       (line.len >= 5 && strncasecmp(line.data, "Host:", 5) == 0) ||
	       (line.len >= 11 &&
		       strncasecmp(line.data, "User-Agent:", 11) == 0);
}

/* --------------------------------------------------------------- a login ---
 */

/* RFC 4648 4, all of it or nothing. -1: it is none. */
static int
decode(struct slice text, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned long bits = 0;
	int len = 0;
	size_t pad = 0;

	if (text.len % 4 != 0)
		return -1;
	while (pad < 2 && pad < text.len &&
		text.data[text.len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < text.len; i++) {
		const char *digit = i + pad < text.len
					    ? strchr(digits, text.data[i])
					    : digits;

		if (digit == NULL || text.data[i] == '\0')
			return -1;
		bits = bits << 6 | (unsigned long)(digit - digits);
		for (int shift = 16; i % 4 == 3 && shift >= 0; shift -= 8)
			out[len++] = (char)(bits >> shift & 255);
	}
	/* 3.5: no other text for the same octets. */
	if ((pad == 1 && out[len - 1] != '\0') ||
		(pad == 2 && (out[len - 1] != '\0' || out[len - 2] != '\0')))
		return -1;
	return len - (int)pad;
}

/* The last response has come. */
static void
judge_login(const char *response, int len)
{
	if (len == 4 && memcmp(response, SAY_LAST, 4) == 0) {
		say("535 5.7.8");
		close_for("auth", "421 4.7.0");
	} else if (len == 2 && memcmp(response, SAY_YES, 2) == 0) {
		r.login = true;
		r.idle = 0;
		say("235 2.7.0");
	} else {
		say("535 5.7.8");
	}
}

static void
refer_auth(struct slice argument)
{
	static char text[16384];
	struct slice rest = argument, name = slice_word(&rest), line;
	int left = slice_is_nocase(name, "LOGIN") ? 2 : 1, len = -2;
	bool server_first = slice_is_nocase(name, "CRAM-MD5");

	if (way->forcetls && !r.tls) {
		say("538 5.7.11");
		return;
	}
	if (left == 1 && !server_first && !slice_is_nocase(name, "PLAIN")) {
		say("504 5.5.4");
		return;
	}
	if (rest.len > 0 && server_first) {
		say("501 5.7.0");
		return;
	}
	if (rest.len > 0)
		len = slice_is(rest, "=") ? 0 : decode(rest, text);
	if (len == -1) {
		say("501 5.5.2");
		return;
	}
	for (left -= len >= 0; left > 0 || len < 0; left--) {
		say("334");
		if (!take_line(&line, true))
			return;
		len = decode(line, text);
		if (len < 0) {
			say(slice_is(line, "*") ? "501 5.7.0" : "501 5.5.2");
			return;
		}
	}
	judge_login(text, len);
}

/* -------------------------------------------------------------- messages ---
 */

static void
forget_mail(void)
{
	r.mail = NO_MAIL_YET;
	r.utf8 = false;
	r.flags = 0;
	keep_nothing(&r.kept);
}

static void
refuse_chunk(const char *reply)
{
	forget_mail();
	r.mail = CHUNK_REFUSED;
	say(reply);
}

/* Everything was taken: what the queue program says. */
static void
queue(const char *text, size_t len, uint64_t octets)
{
	r.kept.text_len = 0;
	keep_octets(&r.kept, text, len);
	if (way->broken || way->commit == VERDICT_TEMPORARY) {
		say("451 4.3.0");
	} else if (way->commit == VERDICT_REFUSED) {
		say("554 5.3.0");
	} else {
		tell_queued(&r.told, &r.kept,
			r.flags | (r.esmtp ? OPEN_ESMTP : 0u) |
				(r.utf8 ? OPEN_SMTPUTF8 : 0u),
			r.helo, octets);
		say("250 2.0.0");
		r.idle = 0;
	}
	forget_mail();
}

/* The keeper does not open it. */
static bool
is_open(const char **reply)
{
	*reply = "451 4.3.0";
	if (way->open != VERDICT_USERS)
		return way->open == 0;
	close_for("users", "421 4.7.0");
	return false;
}

/* Where CR, LF or NUL stands as it may not; len: nowhere (RFC 5321 2.3.8). */
static size_t
bad_octet(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0' ||
			(text[i] == '\n') != (i > 0 && text[i - 1] == '\r'))
			return i;
	return len;
}

/* CR LF becomes LF; with dots, one at a line's beginning goes (4.5.2). */
static size_t
to_lines(const char *text, size_t len, bool dots, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bool first = i == 0 || text[i - 1] == '\n';

		if (text[i] != '\r' && !(dots && first && text[i] == '.'))
			out[n++] = text[i];
	}
	return n;
}

static void
refer_data(void)
{
	const char *text = input.text + r.at, *reply;
	size_t len = input.len - r.at, bad = bad_octet(text, len), end = len;
	static char out[INPUT_MAX];

	if (!is_open(&reply)) {
		if (!r.over)
			say(reply);
		forget_mail();
		return;
	}
	/* RFC 2920 3.1: the client waits for 354. */
	if (len > 0 && !input.wait[r.at]) {
		close_for("errors", "503 5.5.1");
		return;
	}
	say("354");
	for (size_t i = 0; end == len && i + 3 <= len; i++)
		if (memcmp(text + i, ".\r\n", 3) == 0 &&
			(i == 0 || text[i - 1] == '\n'))
			end = i;
	if (bad < end) {
		close_for("line-ends", "554 5.6.0");
		return;
	}
	if (end == len) {
		close_for("client", NULL);
		return;
	}
	r.at += end + 3;
	size_t lines = to_lines(text, end, true, out);
	uint64_t octets = lines;

	for (size_t i = 0; i < lines; i++)
		octets += out[i] == '\n';
	if (way->databytes != 0 && octets > way->databytes) {
		forget_mail();
		say("552 5.3.4");
		return;
	}
	queue(out, lines, octets);
}

/* ------------------------------------------------------------------ BDAT ---
 */

/* The last chunk is there. ours: a line end where there is none. */
static void
finish_chunks(void)
{
	static char out[INPUT_MAX];
	size_t len = r.kept.text_len;

	if (len > 0 && r.kept.text[len - 1] == '\r') {
		close_for("line-ends", "554 5.6.0");
		return;
	}
	size_t lines = to_lines(r.kept.text, len, false, out);

	if (lines > 0 && out[lines - 1] != '\n')
		out[lines++] = '\n';
	queue(out, lines, len);
}

/* Octets of a chunk that is taken. False: it ends here. */
static bool
take_octets(const char *text, size_t len, const char **reply)
{
	struct kept *k = &r.kept;

	keep_octets(k, text, len);
	if (bad_octet(k->text, k->text_len) < k->text_len) {
		close_for("line-ends", "554 5.6.0");
		return false;
	}
	bool half = k->text_len > 0 && k->text[k->text_len - 1] == '\r';

	if (way->databytes != 0 && k->text_len - half > way->databytes)
		*reply = "552 5.3.4";
	return true;
}

/* RFC 3030 2: all of them are taken whatever the reply. */
static void
take_chunk(uint64_t count, bool last, const char *reply)
{
	bool wanted = reply == NULL;

	for (uint64_t left = count; left > 0;) {
		size_t piece = input_piece(r.at);

		if (piece == 0) {
			close_for("client", NULL);
			return;
		}
		if (piece > left)
			piece = (size_t)left;
		if (wanted && !take_octets(input.text + r.at, piece, &reply))
			return;
		if (reply != NULL && count > REFUSED_CHUNK_MAX) {
			close_for("errors", reply);
			return;
		}
		r.at += piece;
		left -= piece;
	}
	if (reply != NULL && r.mail == NO_MAIL_YET)
		say(reply);
	else if (reply != NULL)
		refuse_chunk(reply);
	else if (last)
		finish_chunks();
	else
		say("250 2.0.0");
}

/* ours: between the words any blanks and tabs. */
static bool
chunk_of(struct slice rest, uint64_t *count, bool *last)
{
	struct slice number = slice_word(&rest), word = slice_word(&rest);
	uint64_t n = 0;

	*last = word.len > 0;
	if (number.len == 0 || rest.len > 0 ||
		(*last && !slice_is_nocase(word, "LAST")))
		return false;
	for (size_t i = 0; i < number.len; i++) {
		unsigned digit = (unsigned char)number.data[i] - (unsigned)'0';

		if (digit > 9 || n > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*count = n;
	return true;
}

static void
refer_bdat(struct slice argument)
{
	const char *reply = NULL, *closed;
	uint64_t count;
	bool last;

	if (!chunk_of(argument, &count, &last)) {
		close_for("errors", "501 5.5.4");
		return;
	}
	if (count == 0 && ++r.idle > CHANNEL_IDLE_COMMANDS) {
		close_for("errors", "421 4.7.0");
		return;
	}
	if (r.mail == NO_MAIL_YET || r.mail == CHUNK_REFUSED)
		reply = "503 5.5.1";
	else if (r.kept.recipients == 0)
		reply = "554 5.5.1";
	else if (r.mail == IN_MAIL && !is_open(&closed))
		reply = closed;
	else
		r.mail = IN_CHUNKS;
	if (r.over)
		return;
	if (reply != NULL && count > REFUSED_CHUNK_MAX)
		close_for("errors", reply);
	else
		take_chunk(count, last, reply);
}

/* ------------------------------------------------------------ the envelope ---
 */

static void
refer_mail(struct slice argument)
{
	struct path path;
	struct parameters p = {.size = 0};
	const char *fault = path_read(argument, "FROM:", true, &path)
				    ? parameters_read(path.rest, &p)
				    : "501 5.1.7";

	if (fault == NULL && path.eight_bit && !p.utf8)
		fault = "553 5.6.7";
	if (fault == NULL && way->databytes != 0 && p.size > way->databytes)
		fault = "552 5.3.4";
	struct slice text = {path.text, path.len};

	if (fault == NULL && judge_path('F', text, 0, false) != VERDICT_OK)
		fault = "553 5.7.1";
	if (fault != NULL) {
		say(fault);
		return;
	}
	r.mail = IN_MAIL;
	r.utf8 = p.utf8;
	r.flags = p.body;
	keep_path(&r.kept, 'F', path.text, path.len);
	say("250 2.1.0");
}

static void
refer_rcpt(struct slice argument)
{
	struct path path;
	bool good = path_read(argument, "TO:", false, &path);
	const char *fault = !good			? "501 5.1.3"
			    : path.rest.len > 0		? "555 5.5.4"
			    : path.eight_bit && !r.utf8 ? "553 5.6.7"
							: NULL;

	if (fault != NULL) {
		say(fault);
		return;
	}
	switch (judge_path('T', (struct slice){path.text, path.len},
		r.kept.recipients, r.login || way->relay)) {
	case VERDICT_OK:
		keep_path(&r.kept, 'T', path.text, path.len);
		say("250 2.1.5");
		return;
	case VERDICT_TOO_MANY:
		say("452 4.5.3");
		break;
	case VERDICT_NO_DOMAIN:
		say("550 5.1.2");
		break;
	default:
		say("550 5.7.1");
	}
	/* ours: typing errors of who is logged in are counted apart. */
	r.errors -= r.login;
}

/* ---------------------------------------------------------------- a verb ---
 */

static void
refer_hello(struct slice argument, bool esmtp)
{
	char line[120];

	if (argument.len == 0) {
		say("501");
		return;
	}
	forget_mail();
	r.helo = argument;
	if (r.helo.len > CHANNEL_HELO_MAX)
		r.helo.len = CHANNEL_HELO_MAX;
	r.esmtp = esmtp;
	if (!esmtp) {
		say("250");
		return;
	}
	say("250-me");
	say("250-PIPELINING");
	say("250-8BITMIME");
	if (!way->no_utf8)
		say("250-SMTPUTF8");
	say("250-ENHANCEDSTATUSCODES");
	say("250-CHUNKING");
	snprintf(line, sizeof line, "250-LIMITS RCPTMAX=%u",
		(unsigned)way->maxrcpt);
	if (way->maxrcpt > 0)
		say(line);
	snprintf(line, sizeof line, "250-SIZE %u", (unsigned)way->databytes);
	say(way->databytes > 0 ? line : "250-SIZE");
	if (way->certificate && !r.tls)
		say("250-STARTTLS");
	if (!r.login && (r.tls || !way->forcetls)) {
		say("250-AUTH PLAIN LOGIN CRAM-MD5");
		if (way->old_clients)
			say("250-AUTH=PLAIN LOGIN CRAM-MD5");
	}
	say("250");
}

/* RFC 3207 4, 4.2. */
static void
refer_starttls(void)
{
	if (r.at < input.len && !input.wait[r.at]) {
		close_for("errors", "503 5.5.1");
	} else if (!way->certificate) {
		say("454 4.7.0");
	} else {
		say("220 2.0.0");
		r.tls = true;
		r.esmtp = false;
		r.helo = (struct slice){"", 0};
	}
}

enum verb {
	EHLO,
	HELO,
	STARTTLS,
	AUTH,
	MAIL,
	RCPT,
	DATA,
	BDAT,
	RSET,
	NOOP,
	VRFY,
	HELP,
	QUIT,
	UNKNOWN
};

static enum verb
verb_of(struct slice word)
{
	static const char names[] = "EHLO HELO STARTTLS AUTH MAIL RCPT DATA "
				    "BDAT RSET NOOP VRFY HELP QUIT ";
	const char *name = names;

	for (unsigned verb = 0; verb < UNKNOWN; verb++) {
		size_t len = strcspn(name, " ");

		if (word.len == len && strncasecmp(word.data, name, len) == 0)
			return verb;
		name += len + 1;
	}
	return UNKNOWN;
}

/* What may not come now; NULL: it may. */
static const char *
out_of_order(enum verb verb, bool argument)
{
	bool login_missing = way->require_auth && !way->relay && !r.login;

	switch (verb) {
	case STARTTLS:
		return argument					   ? "501 5.5.4"
		       : r.tls || r.login || r.mail != NO_MAIL_YET ? "503 5.5.1"
								   : NULL;
	case AUTH:
		return r.login || r.mail != NO_MAIL_YET ? "503 5.5.1"
		       : !argument			? "501 5.5.4"
							: NULL;
	case MAIL:
		return login_missing	       ? "530 5.7.0"
		       : r.mail != NO_MAIL_YET ? "503 5.5.1"
					       : NULL;
	case RCPT:
		return r.mail != IN_MAIL ? "503 5.5.1" : NULL;
	case DATA:
		return argument			? "501 5.5.4"
		       : r.mail != IN_MAIL	? "503 5.5.1"
		       : r.kept.recipients == 0 ? "554 5.5.1"
						: NULL;
	case VRFY:
		return login_missing ? "530 5.7.0" : NULL;
	case RSET:
	case QUIT:
		return argument ? "501 5.5.4" : NULL;
	default:
		return NULL;
	}
}

static void
refer_verb(enum verb verb, struct slice argument)
{
	static const char *const easy[UNKNOWN + 1] = {[RSET] = "250 2.0.0",
		[NOOP] = "250 2.0.0",
		[VRFY] = "252 2.1.5",
		[HELP] = "214 2.0.0",
		[UNKNOWN] = "502 5.5.1"};

	switch (verb) {
	case EHLO:
	case HELO:
		refer_hello(argument, verb == EHLO);
		break;
	case STARTTLS:
		refer_starttls();
		break;
	case AUTH:
		refer_auth(argument);
		break;
	case MAIL:
		refer_mail(argument);
		break;
	case RCPT:
		refer_rcpt(argument);
		break;
	case DATA:
		refer_data();
		break;
	case BDAT:
		refer_bdat(argument);
		break;
	case QUIT:
		close_for("quit", "221 2.0.0");
		break;
	default:
		if (verb == RSET)
			forget_mail();
		say(easy[verb]);
	}
}

static void
refer_command(struct slice line)
{
	struct slice rest = line, word = slice_word(&rest);
	enum verb verb = verb_of(word);
	/* ours: 100 of those that send nobody anything. */
	bool idle =
		verb != RCPT && verb != DATA && verb != BDAT && verb != QUIT;

	while (rest.len > 0 && strchr(" \t", rest.data[rest.len - 1]) != NULL)
		rest.len--;
	if (is_web(line) || (idle && ++r.idle > CHANNEL_IDLE_COMMANDS)) {
		close_for("errors", "421 4.7.0");
		return;
	}
	if (way->health_check && verb != EHLO && verb != HELO && verb != RSET &&
		verb != NOOP && verb != QUIT) {
		close_for("errors", "421 4.7.0");
		return;
	}
	const char *reply = out_of_order(verb, rest.len > 0);

	if (reply != NULL)
		say(reply);
	else
		refer_verb(verb, rest);
}

static const struct told *
refer(void)
{
	struct slice line;

	r.at = r.told.len = 0;
	r.over = r.login = r.esmtp = false;
	r.tls = way->tls;
	r.errors = r.idle = 0;
	r.helo = (struct slice){"", 0};
	forget_mail();
	while (!r.over) {
		if (take_line(&line, false))
			refer_command(line);
		/* ours */
		if (!r.over && r.errors >= SESSION_ERRORS_MAX)
			close_for("errors", "421 4.7.0");
	}
	return &r.told;
}

/*
 * Is what comes of the input what must come of it? Returns whether the server
 * would hear more, if the client went on.
 */
static inline bool
compare(void)
{
	const struct told *got = run_session(), *must = refer();
	static const char stopped[] = "client\n";
	size_t len = sizeof stopped - 1;

	count_inputs++;
	if (got->len != must->len ||
		memcmp(got->text, must->text, got->len) != 0) {
		count_difference(way->what, input.text, input.len);
		count_show("comes", got->text, got->len);
		count_show("is to come", must->text, must->len);
	}
	return must->len >= len &&
	       memcmp(must->text + must->len - len, stopped, len) == 0;
}

#endif
