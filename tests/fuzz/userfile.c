/*
 * Fuzz target of the user file's compiler: whatever the text, a lenient
 * compilation gives a cdb that holds exactly the first sound line of each
 * login, octet for octet, and the server can read every record of it. A
 * strict one succeeds exactly when no line had to be left out.
 *
 * Parsers: passwd/compile.c passwd/userfile.c users/users.c lib/cdbread.c
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "passwd/census.h"
#include "passwd/compile.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_MAX 4000

static size_t left_out;

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
warn(const char *message)
{
	left_out += strstr(message, "cannot log in") == NULL &&
		    strstr(message, "SASLprep") == NULL &&
		    strstr(message, "SCRAM secrets") == NULL;
}

/* A crypt string, or many iterations. */
static bool
is_costly(const uint8_t *data, size_t size)
{
	size_t digits = 0;

	if (fuzz_has_crypt(data, size))
		return true;
	for (size_t i = 0; i < size; i++) {
		digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
		if (digits > 4)
			return true;
	}
	return false;
}

static int
memory_file(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	require(fd >= 0);
	return fd;
}

/* A cdb of the text, or -1. */
static int
compile(struct userfile *f, struct slice text, bool lenient)
{
	struct compile c = {.file = f, .text = text, .lenient = lenient};
	int fd = memory_file(), spill = memory_file(), result;
	struct census census;

	left_out = 0;
	result = compile_text(&c, fd, spill, &census);
	close(spill);
	if (result == 0)
		return fd;
	close(fd);
	return -1;
}

static void
lower(struct slice login, char *out)
{
	for (size_t i = 0; i < login.len; i++)
		out[i] = bytes_lower(login.data[i]);
}

/* Whatever key there is, or is made: its line says it. */
static void
check_key(struct userfile *f, struct slice text)
{
	char line[128];
	struct buffer b = BUFFER_OVER(line);
	struct compile c = {.file = f, .text = text, .lenient = true}, again;
	bool add;

	require(compile_key(&c, &add) == 0);
	compile_key_line(&b, c.key);
	again = (struct compile){.file = f, .text = buffer_slice(&b)};
	require(compile_key(&again, &add) == 0 && !add);
	require(memcmp(again.key, c.key, sizeof c.key) == 0);
}

/* What else a record says. */
static void
check_words(int fd, struct slice login, const struct user *user)
{
	static struct user found;
	char senders[USERS_RECORD_MAX];
	struct buffer b = BUFFER_OVER(senders);

	require(users_senders(fd, login, &found, &b) == USERS_FOUND);
	require(slice_find(buffer_slice(&b), '\n') == b.len);
	for (size_t i = 0; i < user->secrets_count; i++)
		require(!users_expired(&user->secrets[i], 0));
}

/* Is there a sound line of that login before this offset? */
static bool
was_before(struct slice text, size_t offset, struct slice login)
{
	static struct user user;
	struct userfile_cursor at = {0};
	struct userfile_line line;

	while (at.offset < offset && userfile_next(text, &at, &line) &&
		line.text.data < text.data + offset)
		if (line.login.data != NULL &&
			slice_equal_nocase(line.login, login) &&
			userfile_parse(&line, &user) == NULL)
			return true;
	return false;
}

static size_t
check_lines(struct slice text, int fd)
{
	static struct user user, found;
	struct userfile_cursor at = {0};
	struct userfile_line line;
	size_t bad = 0;

	while (userfile_next(text, &at, &line)) {
		char folded[USERS_LOGIN_MAX];
		size_t start = (size_t)(line.text.data - text.data);

		if (line.login.data == NULL)
			continue;
		if (userfile_parse(&line, &user) != NULL ||
			was_before(text, start, line.login)) {
			bad++;
			continue;
		}
		lower(line.login, folded);
		require(users_find(fd, (struct slice){folded, line.login.len},
				&found) == USERS_FOUND);
		require(slice_equal(line.record,
			(struct slice){found.record, found.record_len}));
		require(found.secrets_count == user.secrets_count);
		check_words(fd, (struct slice){folded, line.login.len}, &found);
	}
	return bad;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct userfile f = {
		.name = "authusers", .cdb_path = "", .warn = warn};
	static struct site site;
	struct slice text = {(const char *)data, size};
	char mechs[USERS_MECHS_MAX];
	struct buffer b = BUFFER_OVER(mechs);
	int source, fd;

	if (size == 0 || size > TEXT_MAX || is_costly(data, size))
		return 0;
	source = memory_file();
	require(write(source, data, size) == (ssize_t)size);
	require(userfile_map(source, size, &text) == 0);
	check_key(&f, text);
	fd = compile(&f, text, true);
	require(fd >= 0);
	require(check_lines(text, fd) == left_out);
	require(users_site(fd, &site) == USERS_FOUND);
	require(users_mechanisms(fd, &b) == USERS_FOUND);
	close(fd);
	size_t bad = left_out;

	fd = compile(&f, text, false);
	require((fd >= 0) == (bad == 0));
	if (fd >= 0)
		close(fd);
	userfile_unmap(text);
	close(source);
	return 0;
}
