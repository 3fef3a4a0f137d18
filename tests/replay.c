/*
 * main for a fuzz target that is built without libFuzzer: gives it each file
 * of the directories that are named, and says how many there were.
 *
 *   replay DIRECTORY...
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20) /* octets of a file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(111);
}

static void
try_file(const char *directory, const char *name)
{
	static unsigned char octets[INPUT_MAX];
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "re");

	if (file == NULL)
		die(path);
	size_t len = fread(octets, 1, sizeof octets, file);

	if (ferror(file) != 0)
		die(path);
	(void)fclose(file); /* was only read */
	(void)LLVMFuzzerTestOneInput(octets, len);
}

int
main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++) {
		DIR *directory = opendir(argv[i]);

		if (directory == NULL)
			die(argv[i]);
		for (struct dirent *entry;
			(entry = readdir(directory)) != NULL;)
			if (entry->d_name[0] != '.') {
				try_file(argv[i], entry->d_name);
				count++;
			}
		(void)closedir(directory);
	}
	printf("%u\n", count);
	return 0;
}
