/*
 * record - a queue program for the tests: takes a message and an envelope as
 * qmail-queue(8) does and writes down what it was given. Run by the keeper
 * under test, as the account.
 *
 * Each run makes a directory in $RECORD_DIR, TIME.PID, with the files argv
 * and env (NUL-separated), descriptors (number, blank, target), status and
 * limits (of /proc/self), message, envelope, complete (there if and only if
 * the envelope ended with two NULs), done (all files are written).
 *
 * What it does besides, by its environment:
 *   RECORD_NOREAD=1      reads nothing
 *   RECORD_CLOSE=1       closes descriptor 0 before it reads the envelope
 *   RECORD_STOP_AFTER=N  reads N octets of the message and no more, and no
 *                        envelope
 *   RECORD_TEXT=TEXT     is written to descriptor $ERROR_FD, or 6
 *   RECORD_FORK=S        leaves a child that holds the descriptors S seconds
 *   RECORD_SLEEP=S       seconds before it ends
 *   RECORD_SIGNAL=N      kills itself
 *   RECORD_EXIT=N        exit code, in place of 0
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define NUMBER_ABSENT (-1L)

static long
number(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? NUMBER_ABSENT : strtol(text, NULL, 10);
}

static _Noreturn void
die(const char *what)
{
	perror(what);
	_exit(53);
}

static FILE *
create(const char *name)
{
	FILE *file = fopen(name, "we");

	if (file == NULL)
		die(name);
	return file;
}

static void
finish(FILE *file, const char *name)
{
	if (fclose(file) != 0)
		die(name);
}

static void
write_words(const char *name, char *const *words)
{
	FILE *file = create(name);

	for (; *words != NULL; words++)
		fwrite(*words, 1, strlen(*words) + 1, file);
	finish(file, name);
}

/* Before any file of our own is open. */
static size_t
list_descriptors(char *out, size_t cap)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t len = 0;

	if (directory == NULL)
		die("/proc/self/fd");
	while ((entry = readdir(directory)) != NULL) {
		char target[256];
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target,
			sizeof target - 1);

		if (n < 0 || atoi(entry->d_name) == dirfd(directory))
			continue;
		target[n] = '\0';
		if (cap - len < sizeof entry->d_name + sizeof target)
			break;
		len += (size_t)snprintf(out + len, cap - len, "%.20s %s\n",
			entry->d_name, target);
	}
	closedir(directory);
	return len;
}

static void
copy_file(const char *from, const char *name)
{
	char text[16384];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	FILE *file = create(name);
	ssize_t n;

	while ((n = read(in, text, sizeof text)) > 0)
		fwrite(text, 1, (size_t)n, file);
	close(in);
	finish(file, name);
}

/* Reads fd to its end or for limit octets; true when it ended in two NULs. */
static int
copy_input(int fd, const char *name, long limit)
{
	char text[65536], last[2] = {1, 1};
	FILE *file = create(name);
	ssize_t n = 1;

	while (limit != 0 && n > 0) {
		size_t len = sizeof text;

		if (limit > 0 && (size_t)limit < len)
			len = (size_t)limit;
		n = read(fd, text, len);
		if (n <= 0)
			break;
		if (limit > 0)
			limit -= n;
		fwrite(text, 1, (size_t)n, file);
		last[0] = n >= 2 ? text[n - 2] : last[1];
		last[1] = text[n - 1];
	}
	finish(file, name);
	return last[0] == '\0' && last[1] == '\0';
}

static void
read_all(void)
{
	long limit = number("RECORD_STOP_AFTER");

	if (number("RECORD_CLOSE") == 1)
		close(0);
	else
		copy_input(0, "message", limit);
	if (limit == NUMBER_ABSENT && copy_input(1, "envelope", -1))
		finish(create("complete"), "complete");
}

static void
speak(void)
{
	const char *text = getenv("RECORD_TEXT");
	long fd = number("ERROR_FD");

	if (text == NULL)
		return;
	if (write(fd == NUMBER_ABSENT ? 6 : (int)fd, text, strlen(text)) == -1)
		perror("RECORD_TEXT");
}

static void
leave(void)
{
	long code = number("RECORD_EXIT"),
	     signal_number = number("RECORD_SIGNAL");
	long seconds = number("RECORD_FORK");

	if (seconds > 0 && fork() == 0) {
		sleep((unsigned)seconds);
		_exit(0);
	}
	seconds = number("RECORD_SLEEP");
	if (seconds > 0)
		sleep((unsigned)seconds);
	if (signal_number > 0)
		raise((int)signal_number);
	_exit(code == NUMBER_ABSENT ? 0 : (int)code);
}

int
main(int argc, char **argv)
{
	const char *directory = getenv("RECORD_DIR");
	char name[64], descriptors[65536];
	struct timespec now;
	size_t len = list_descriptors(descriptors, sizeof descriptors);

	(void)argc;
	if (directory == NULL || chdir(directory) == -1)
		die("RECORD_DIR");
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, sizeof name, "%lld.%09ld.%ld", (long long)now.tv_sec,
		now.tv_nsec, (long)getpid());
	if (mkdir(name, 0777) == -1 || chdir(name) == -1)
		die(name);
	copy_file("/proc/self/status", "status");
	umask(0); /* so that another account's test can read and remove it */
	chmod(".", 0777);
	chmod("status", 0666);
	copy_file("/proc/self/limits", "limits");
	write_words("argv", argv);
	write_words("env", environ);
	FILE *file = create("descriptors");

	fwrite(descriptors, 1, len, file);
	finish(file, "descriptors");
	if (number("RECORD_NOREAD") != 1)
		read_all();
	finish(create("done"), "done");
	speak();
	leave();
}
