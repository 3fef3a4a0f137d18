/*
 * denied - runs a program for which one system call fails, as the filter of
 * a container makes it fail: denied NUMBER ERRNO PROGRAM [ARG...]. With a "+"
 * behind the number all from there on fail, as in an old kernel. Run by tests,
 * before the program under test.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

int
main(int argc, char **argv)
{
	if (argc < 4)
		return 100;
	char *end;
	unsigned number = (unsigned)strtoul(argv[1], &end, 10);
	unsigned short compare = *end == '+' ? BPF_JGE : BPF_JEQ;
	unsigned error = (unsigned)strtoul(argv[2], NULL, 10);
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, nr)),
		BPF_JUMP((unsigned short)(BPF_JMP | compare | BPF_K), number, 0,
			1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {(unsigned short)COUNT(filter), filter};

	/* Not as root: its setuid programs are to be what they are. */
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		perror("denied: no_new_privs");
		return 111;
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
		perror("denied: seccomp");
		return 111;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 111;
}
