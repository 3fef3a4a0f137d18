/*
 * queue-maildir - a qmail-queue program that delivers into one Maildir.
 * A program of its own, started by the keeper for each message.
 *
 * The envelope comes after the message but its addresses stand above it in
 * the file. So the message waits in a file without a name, which is gone
 * with the process whatever happens, and the file with the name is begun
 * when the message was whole. It appears in new/ when the envelope was.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "queue/intake.h"
#include "queue/program.h"
#include "queue-handoff/status.h"
#include "lib/output.h"

#define NAME_SIZE 256  /* a file's name with its NUL */
#define HOST_SHOWN 180 /* octets of the host in it; time and pid before */
#define NAME_TRIES 16  /* when a name is taken already */
#define BLOCK 65536

/* One message on its way into the Maildir. */
struct delivery {
	int directory, tmp, new; /* descriptors of directories */
	int spool;		 /* the message, a file without a name */
	int file;		 /* what will be in new/ */
	bool named;		 /* tmp/name exists */
	char name[NAME_SIZE];
	struct buffer header;	 /* its lines until they are written */
	char header_text[16384]; /* room for more than the longest */
};

static const char usage[] =
	"usage: queue-maildir [-hV]\n"
	"Reads a message on descriptor 0 and its envelope on descriptor 1, as\n"
	"qmail-queue does, and delivers it into the Maildir $QUEUE_MAILDIR.\n";

/* Makes the directory when it is not there, and notes that. */
static int
open_directory(int at, const char *name, bool *made)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = openat(at, name, flags);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (mkdirat(at, name, 0700) == 0)
		*made = true;
	else if (errno != EEXIST) /* another process was quicker */
		return -1;
	return openat(at, name, flags);
}

static int
open_maildir(struct delivery *d, const char *path)
{
	bool made = false;
	int cur;

	d->directory = open_directory(AT_FDCWD, path, &made);
	if (d->directory == -1)
		return program_fail(QUEUE_NO_DIRECTORY, "open ", path, NULL);
	d->tmp = open_directory(d->directory, "tmp", &made);
	if (d->tmp == -1)
		return program_fail(
			QUEUE_NO_DIRECTORY, "open tmp in ", path, NULL);
	d->new = open_directory(d->directory, "new", &made);
	if (d->new == -1)
		return program_fail(
			QUEUE_NO_DIRECTORY, "open new in ", path, NULL);
	cur = open_directory(d->directory, "cur", &made);
	if (cur == -1)
		return program_fail(
			QUEUE_NO_DIRECTORY, "open cur in ", path, NULL);
	close(cur);
	/* Once in its life: the way to new/ must outlive a power loss too. */
	if (made && syncfs(d->directory) == -1)
		return program_fail(QUEUE_WRITE_FAILED, "sync ", path, NULL);
	return 0;
}

/* time.MusecPpidQn.host. Source: https://cr.yp.to/proto/maildir.html */
static void
make_name(struct delivery *d, unsigned n)
{
	struct buffer name = BUFFER_OVER(d->name);
	char host[256] = "";
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now); /* cannot fail on Linux */
	/* A host name that cannot be read is only missing from the name. */
	(void)gethostname(host, sizeof host - 1);
	buffer_add_number(&name, (uint64_t)now.tv_sec);
	buffer_add_text(&name, ".M");
	buffer_add_number(&name, (uint64_t)now.tv_nsec / 1000);
	buffer_add_char(&name, 'P');
	buffer_add_number(&name, (uint64_t)getpid());
	buffer_add_char(&name, 'Q');
	buffer_add_number(&name, n);
	buffer_add_char(&name, '.');
	for (size_t i = 0, end = name.len + HOST_SHOWN;
		host[i] != '\0' && name.len < end; i++)
		if (host[i] == '/')
			buffer_add_text(&name, "\\057");
		else if (host[i] == ':')
			buffer_add_text(&name, "\\072");
		else
			buffer_add_char(&name, host[i]);
	(void)buffer_string(&name); /* HOST_SHOWN sees to it that it fits */
}

/* A new file tmp/name; returns its descriptor, or -1 with errno. */
static int
create(struct delivery *d)
{
	int fd = -1;

	errno = EEXIST;
	for (unsigned n = 0; n < NAME_TRIES && fd == -1 && errno == EEXIST;
		n++) {
		make_name(d, n);
		fd = openat(d->tmp, d->name,
			O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	d->named = fd != -1;
	return fd;
}

static void
remove_name(struct delivery *d)
{
	/* What cannot be removed from tmp/ harms nobody: readers skip it. */
	if (d->named)
		(void)unlinkat(d->tmp, d->name, 0);
	d->named = false;
}

static int
receive_message(struct delivery *d, struct intake *in)
{
	d->spool = create(d);
	if (d->spool == -1)
		return program_fail(
			QUEUE_NO_DIRECTORY, "create a file in tmp", "", NULL);
	remove_name(d);
	int code = intake_message(in, d->spool);

	if (code == QUEUE_WRITE_FAILED)
		return program_fail(code, "write message", "", in->reason);
	if (code != 0)
		return program_fail(code, "read message", "", in->reason);
	d->file = create(d);
	if (d->file == -1)
		return program_fail(
			QUEUE_NO_DIRECTORY, "create a file in tmp", "", NULL);
	return 0;
}

static int
flush_header(struct delivery *d)
{
	int result = output_all(d->file, buffer_slice(&d->header));

	d->header.len = 0;
	return result;
}

/* An intake_address: one line, in which no octet can end it early. */
static int
take_address(void *context, char type, struct slice address)
{
	struct delivery *d = context;

	if (d->header.cap - d->header.len < INTAKE_ADDRESS_MAX + 32 &&
		flush_header(d) == -1)
		return QUEUE_WRITE_FAILED;
	buffer_add_text(
		&d->header, type == 'F' ? "Return-Path: <" : "Delivered-To: ");
	for (size_t i = 0; i < address.len; i++)
		buffer_add_char(&d->header,
			bytes_control(address.data[i]) ? '?' : address.data[i]);
	buffer_add_text(&d->header, type == 'F' ? ">\n" : "\n");
	return 0;
}

static int
receive_envelope(struct delivery *d, struct intake *in)
{
	int code = intake_envelope(in, take_address, d);

	if (code == 0 && flush_header(d) == -1)
		code = QUEUE_WRITE_FAILED;
	if (code == QUEUE_WRITE_FAILED)
		return program_fail(code, "write header lines", "", NULL);
	if (code != 0)
		return program_fail(code, "read envelope", "", in->reason);
	return 0;
}

static int
append_message(struct delivery *d)
{
	char block[BLOCK];
	ssize_t n;

	if (lseek(d->spool, 0, SEEK_SET) == -1)
		return program_fail(
			QUEUE_READ_FAILED, "read message again", "", NULL);
	while ((n = read(d->spool, block, sizeof block)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return program_fail(QUEUE_READ_FAILED,
				"read message again", "", NULL);
		if (output_all(d->file, (struct slice){block, (size_t)n}) == -1)
			return program_fail(
				QUEUE_WRITE_FAILED, "write message", "", NULL);
	}
	return 0;
}

/* fsync() of a directory; EINVAL is a file system that has no such thing. */
static int
sync_directory(int fd)
{
	return fsync(fd) == -1 && errno != EINVAL ? -1 : 0;
}

/* link() and not rename(): it never replaces a message that is there. */
static int
publish(struct delivery *d)
{
	if (fsync(d->file) == -1)
		return program_fail(
			QUEUE_WRITE_FAILED, "sync message", "", NULL);
	if (linkat(d->tmp, d->name, d->new, d->name, 0) == -1)
		return program_fail(
			QUEUE_NO_DIRECTORY, "link message into new", "", NULL);
	if (sync_directory(d->new) == -1) {
		int code =
			program_fail(QUEUE_WRITE_FAILED, "sync new", "", NULL);

		/* It will be sent again, so it must not stay. */
		(void)unlinkat(d->new, d->name, 0);
		return code;
	}
	return 0;
}

static int
deliver(const char *path, int stop)
{
	struct delivery d = {.spool = -1, .file = -1};
	struct intake in;
	int code;

	d.header = BUFFER_OVER(d.header_text);
	intake_start(&in, stop);
	code = open_maildir(&d, path);
	if (code == 0)
		code = receive_message(&d, &in);
	if (code == 0)
		code = receive_envelope(&d, &in);
	if (code == 0)
		code = append_message(&d);
	if (code == 0)
		code = publish(&d);
	remove_name(&d);
	return code;
}

static int
run(void)
{
	const char *path = getenv("QUEUE_MAILDIR");
	sigset_t before;

	if (path == NULL || *path == '\0')
		return program_fail(QUEUE_NO_CONFIG, "find the Maildir", "",
			"QUEUE_MAILDIR is not set");
	umask(077);
	int stop = program_hold_signals(&before);

	if (stop == -1)
		return program_fail(QUEUE_NO_MEMORY, "hold signals", "", NULL);
	int code = deliver(path, stop);

	/* A signal that came ends us here, but not a message that is queued. */
	if (code != 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

int
main(int argc, char **argv)
{
	static const struct program program = {"queue-maildir", usage, run};

	return program_main(&program, argc, argv);
}
