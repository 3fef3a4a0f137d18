/*
 * filter - see filter.h. Run by session, authenticator, reader and
 * smtpd-check.
 *
 * The kernel compiles a filter for each process anew, so that each step
 * costs, whether it is ever run or not: one comparison a call, and one ALLOW
 * and one KILL for all of them. It also follows the filter for each of some
 * thousand numbers, to remember which are always allowed, and stops at the
 * first step that does more than load, compare and jump (seccomp(2);
 * seccomp_is_const_allow() in the kernel). Such a step stands first and
 * changes nothing: to follow all costs more than to run the compiled filter
 * for the calls of a connection.
 */
#include "lib/filter.h"

#include <assert.h>
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

#define STEPS_MAX 96 /* FILTER_CALLS_MAX calls, each with a rule */
#define RULE_STEPS_MAX 5

/* Where a comparison leads; becomes a distance when all steps are there. */
#define TO_ALLOW 255
#define TO_KILL 254
#define ON 0

/* The low half of a system call's argument; all supported are little-endian. */
#define ARGUMENT(n) ((uint32_t)(offsetof(struct seccomp_data, args) + (n)*8))

/* Steps. NOT_FOLLOWED: X = A, and X is not used. */
#define STEP(code, k) ((struct sock_filter)BPF_STMT(code, k))
#define JUMP(test, k, yes, no)                                                 \
	((struct sock_filter)BPF_JUMP(BPF_JMP | (test) | BPF_K, k, yes, no))
#define NOT_FOLLOWED STEP(BPF_MISC | BPF_TAX, 0)
#define LOAD(offset) STEP(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define RETURN(action) STEP(BPF_RET | BPF_K, action)
#define EQUAL(k, yes, no) JUMP(BPF_JEQ, k, yes, no)
#define ANY_BIT(k, yes, no) JUMP(BPF_JSET, k, yes, no)

struct program {
	struct sock_filter steps[STEPS_MAX];
	unsigned short len;
};

static void
add(struct program *p, struct sock_filter step)
{
	p->steps[p->len++] = step;
}

static void
add_call(struct program *p, const struct filter_call *call)
{
	uint32_t number = call->number;

	switch (call->rule) {
	case FILTER_ANY:
		add(p, EQUAL(number, TO_ALLOW, ON));
		break;
	case FILTER_NO_EXEC:
		add(p, EQUAL(number, ON, 2));
		add(p, LOAD(ARGUMENT(2)));
		add(p, ANY_BIT(PROT_EXEC, TO_KILL, TO_ALLOW));
		break;
	case FILTER_MEMORY:
		add(p, EQUAL(number, ON, 4));
		add(p, LOAD(ARGUMENT(2)));
		add(p, ANY_BIT(PROT_EXEC, TO_KILL, ON));
		add(p, LOAD(ARGUMENT(3)));
		add(p, ANY_BIT(MAP_ANONYMOUS, TO_ALLOW, TO_KILL));
		break;
	}
}

/* The last two steps are KILL and ALLOW. */
static void
resolve(const struct program *p, size_t at, unsigned char *to)
{
	if (*to == TO_ALLOW)
		*to = (unsigned char)(p->len - 1 - at - 1);
	else if (*to == TO_KILL)
		*to = (unsigned char)(p->len - 2 - at - 1);
}

int
filter_install(const struct filter_list *list)
{
	struct program p;

	static_assert(FILTER_CALLS_MAX * RULE_STEPS_MAX + 6 <= STEPS_MAX,
		"calls with rules, and what stands around them");
	if (list->count == 0 || list->count > FILTER_CALLS_MAX) {
		errno = EINVAL;
		return -1;
	}
	p.len = 0;
	add(&p, NOT_FOLLOWED);
	add(&p, LOAD(offsetof(struct seccomp_data, arch)));
	add(&p, EQUAL(AUDIT_ARCH_HERE, ON, TO_KILL));
	add(&p, LOAD(offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < list->count; i++)
		add_call(&p, &list->calls[i]);
	add(&p, RETURN(SECCOMP_RET_KILL_PROCESS));
	add(&p, RETURN(SECCOMP_RET_ALLOW));
	for (size_t i = 0; i < p.len; i++)
		if (BPF_CLASS(p.steps[i].code) == BPF_JMP) {
			resolve(&p, i, &p.steps[i].jt);
			resolve(&p, i, &p.steps[i].jf);
		}

	struct sock_fprog program = {p.len, p.steps};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
