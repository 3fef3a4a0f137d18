/*
 * filter - see filter.h. Run by session and authenticator.
 *
 * The kernel compiles a filter for each process anew. So the list becomes a
 * tree of comparisons: few steps to the answer, not as many as there are
 * calls. It also follows the filter for each of some thousand numbers, to
 * remember which are always allowed, and stops at the first step that does
 * more than load, compare and jump (seccomp(2), seccomp_is_const_allow() in
 * the kernel). Such a step stands first and changes nothing: to follow all
 * costs more than to run the compiled filter for the calls of a connection.
 */
#include "lib/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#define AUDIT_ARCH_HERE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCH_HERE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define AUDIT_ARCH_HERE AUDIT_ARCH_RISCV64
#else
#error "lib/filter.c: no seccomp filter for this architecture yet"
#endif

#define STEPS_MAX 96 /* for FILTER_CALLS_MAX calls, two of them with rules */
#define LEAF_MAX 3   /* calls that are compared one by one */

/* The low half of a system call's argument; all supported are little-endian. */
#define ARGUMENT(n) ((uint32_t)(offsetof(struct seccomp_data, args) + (n)*8))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define NOT_FOLLOWED BPF_STMT(BPF_MISC | BPF_TAX, 0) /* X = A, X is unused */
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
/* Runs the next `length` steps only if so, else goes on behind them. */
#define IF_EQUAL(k, length) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, length)
#define IF_LARGER(k, length) BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, k, 0, length)
#define IF_ANY_BIT(k, length) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, k, 0, length)

struct program {
	struct sock_filter steps[STEPS_MAX];
	unsigned short len;
};

static void
add(struct program *p, struct sock_filter step)
{
	p->steps[p->len++] = step;
}

/* What is done with a call whose number fits. */
static void
add_rule(struct program *p, const struct filter_call *call)
{
	if (call->rule != FILTER_ANY) {
		add(p, (struct sock_filter)LOAD(ARGUMENT(2)));
		add(p, (struct sock_filter)IF_ANY_BIT(PROT_EXEC, 1));
		add(p, (struct sock_filter)KILL);
	}
	if (call->rule == FILTER_MEMORY) {
		add(p, (struct sock_filter)LOAD(ARGUMENT(3)));
		add(p, (struct sock_filter)IF_ANY_BIT(MAP_ANONYMOUS, 1));
		add(p, (struct sock_filter)ALLOW);
		add(p, (struct sock_filter)KILL);
	} else {
		add(p, (struct sock_filter)ALLOW);
	}
}

/* The calls are sorted; the greater half stands first, behind its test. */
static void
add_tree(struct program *p, const struct filter_call *calls, size_t count)
{
	if (count > LEAF_MAX) {
		size_t half = count / 2;
		unsigned short test = p->len++;

		add_tree(p, calls + half, count - half);
		p->steps[test] =
			(struct sock_filter)IF_LARGER(calls[half].number - 1,
				(unsigned char)(p->len - test - 1));
		add_tree(p, calls, half);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned short test = p->len++;

		add_rule(p, &calls[i]);
		p->steps[test] = (struct sock_filter)IF_EQUAL(
			calls[i].number, (unsigned char)(p->len - test - 1));
	}
	add(p, (struct sock_filter)KILL);
}

static void
sort(struct filter_call *sorted, const struct filter_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = i;

		for (; at > 0 && sorted[at - 1].number > calls[i].number; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = calls[i];
	}
}

int
filter_install(const struct filter_call *calls, size_t count)
{
	struct filter_call sorted[FILTER_CALLS_MAX];
	struct program p;

	if (count == 0 || count > FILTER_CALLS_MAX) {
		errno = EINVAL;
		return -1;
	}
	sort(sorted, calls, count);
	p.len = 0;
	add(&p, (struct sock_filter)NOT_FOLLOWED);
	add(&p, (struct sock_filter)LOAD(offsetof(struct seccomp_data, arch)));
	add(&p, (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_HERE, 1, 0));
	add(&p, (struct sock_filter)KILL);
	add(&p, (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr)));
	add(&p, (struct sock_filter)IF_LARGER(sorted[count - 1].number, 1));
	add(&p, (struct sock_filter)KILL);
	add_tree(&p, sorted, count);

	struct sock_fprog program = {p.len, p.steps};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
