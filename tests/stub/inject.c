/*
 * inject - runs a program and makes one system call of one of its processes
 * fail, by ptrace(2), which sees into a jail, too. Run by tests, before the
 * program under test.
 *
 *   inject FILE PROCESS CALL TIME ERRNO PROGRAM [ARG...]
 *
 * The TIME-th CALL (a number) of the PROCESS-th process (1 is the program, 2
 * its first child or grandchild, and so on) fails with ERRNO without being
 * done (but for close, which Linux always does); ERRNO 0 cuts its count to one
 * octet instead, where it is a read or a write, and no packet. TIME 0: nothing
 * fails. FILE becomes a line for each call: process, call, and at the one that
 * failed "-" and its first argument; "process exec", "process exit CODE" and
 * "process signal NUMBER". Its exit status is the program's; 112 where there is
 * no ptrace, 113 on other processors than x86-64.
 */
#include <stdio.h>
#include <unistd.h>

#ifndef __x86_64__
int
main(void)
{
	return 113;
}
#else

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define PROCESSES_MAX 64
#define CALLS_MAX 512
#define SYSCALL_STOP (SIGTRAP | 0x80)

static struct process {
	pid_t pid;
	bool known; /* its first stop is over */
	bool inside, failing;
	unsigned long long first, second; /* arguments to give back */
	unsigned times[CALLS_MAX];
} processes[PROCESSES_MAX];
static unsigned count, wanted_process, wanted_call, wanted_time, wanted_errno;
static FILE *trace;

static struct process *
find(pid_t pid)
{
	for (unsigned i = 0; i < count; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	if (count == PROCESSES_MAX)
		_exit(112);
	processes[count].pid = pid;
	return &processes[count++];
}

static unsigned
number(const struct process *p)
{
	return (unsigned)(p - processes) + 1;
}

/* A packet comes whole or not at all. */
static bool
is_packets(pid_t pid, unsigned long long fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), type = 0;
	int copy = (int)syscall(SYS_pidfd_getfd, process, (int)fd, 0);
	socklen_t len = sizeof type;

	if (copy == -1 || getsockopt(copy, SOL_SOCKET, SO_TYPE, &type, &len))
		type = SOCK_STREAM;
	close(copy);
	close(process);
	return type != SOCK_STREAM;
}

/*
 * In its place goes a call that every jail allows and that changes nothing:
 * clock_gettime() to nowhere.
 */
static void
spoil(struct process *p, struct user_regs_struct *registers)
{
	if (wanted_errno == 0) {
		if (registers->rdx > 1 && !is_packets(p->pid, registers->rdi))
			registers->rdx = 1;
		return;
	}
	p->failing = true;
	p->first = registers->rdi;
	p->second = registers->rsi;
	if (registers->orig_rax == SYS_close)
		return;
	registers->orig_rax = SYS_clock_gettime;
	registers->rdi = registers->rsi = 0;
}

static void
enter(struct process *p, struct user_regs_struct *registers)
{
	unsigned call = (unsigned)registers->orig_rax;
	bool hit = call < CALLS_MAX && number(p) == wanted_process &&
		   call == wanted_call && ++p->times[call] == wanted_time;

	fprintf(trace, "%u %u", number(p), call);
	if (hit)
		fprintf(trace, " - %u", (unsigned)registers->rdi);
	putc('\n', trace);
	if (!hit)
		return;
	spoil(p, registers);
	ptrace(PTRACE_SETREGS, p->pid, NULL, registers);
}

static void
leave(struct process *p, struct user_regs_struct *registers)
{
	if (!p->failing)
		return;
	p->failing = false;
	registers->rax = (unsigned long long)-(long long)wanted_errno;
	registers->rdi = p->first;
	registers->rsi = p->second;
	ptrace(PTRACE_SETREGS, p->pid, NULL, registers);
}

static void
step(struct process *p)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, p->pid, NULL, &registers) == -1)
		return; /* killed meanwhile */
	p->inside = !p->inside;
	if (p->inside)
		enter(p, &registers);
	else
		leave(p, &registers);
}

/* What it stopped for; the signal that it is to have. */
static int
stopped(struct process *p, int status)
{
	int signal_number = WSTOPSIG(status), event = status >> 16;
	unsigned long child;

	if (signal_number == SYSCALL_STOP) {
		step(p);
		return 0;
	}
	if (event == PTRACE_EVENT_EXEC) {
		fprintf(trace, "%u exec\n", number(p));
		return 0;
	}
	if (event != 0) {
		if (ptrace(PTRACE_GETEVENTMSG, p->pid, NULL, &child) == 0)
			fprintf(trace, "%u made %u\n", number(p),
				number(find((pid_t)child)));
		return 0;
	}
	if (signal_number == SIGSTOP && !p->known) {
		p->known = true;
		return 0;
	}
	return signal_number;
}

static void
watch(pid_t program, int *result)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) != -1 || errno == EINTR) {
		if (pid == -1)
			continue;
		struct process *p = find(pid);

		if (WIFSTOPPED(status)) {
			long signal_number = stopped(p, status);

			ptrace(PTRACE_SYSCALL, pid, NULL, signal_number);
			continue;
		}
		if (WIFEXITED(status))
			fprintf(trace, "%u exit %d\n", number(p),
				WEXITSTATUS(status));
		else
			fprintf(trace, "%u signal %d\n", number(p),
				WTERMSIG(status));
		if (pid == program)
			*result = WIFEXITED(status) ? WEXITSTATUS(status)
						    : 128 + WTERMSIG(status);
	}
}

int
main(int argc, char **argv)
{
	int status, result = 112;

	if (argc < 7 || (trace = fopen(argv[1], "we")) == NULL)
		return 100;
	wanted_process = (unsigned)atoi(argv[2]);
	wanted_call = (unsigned)atoi(argv[3]);
	wanted_time = (unsigned)atoi(argv[4]);
	wanted_errno = (unsigned)atoi(argv[5]);
	pid_t program = fork();

	if (program == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(argv[6], argv + 6);
		_exit(112);
	}
	/* Client and log are the program's alone. */
	for (int fd = 0; fd < 20; fd++)
		if (fd != fileno(trace))
			close(fd);
	if (program == -1 || waitpid(program, &status, 0) == -1 ||
		!WIFSTOPPED(status))
		return 112;
	find(program)->known = true;
	if (ptrace(PTRACE_SETOPTIONS, program, NULL,
		    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
			    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) == -1)
		return 112;
	ptrace(PTRACE_SYSCALL, program, NULL, 0L);
	watch(program, &result);
	fclose(trace);
	return result;
}
#endif
