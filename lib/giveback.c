/* giveback - see giveback.h. Run by the keeper, and by smtpd-check. */
#include "lib/giveback.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_USED 32768 /* octets; calls take 5 KB (tests/unit/signer.c) */
#define STACK_CALL 512	 /* ... that the call of madvise itself may take */

static __attribute__((noinline)) void
wipe_all(void)
{
	char used[STACK_USED];

	explicit_bzero(used, sizeof used);
}

/* What shares a page with the frames that live. */
static __attribute__((noinline)) void
wipe_near(void)
{
	char used[GIVEBACK_PAGE + STACK_CALL];

	explicit_bzero(used, sizeof used);
}

/* Where pages are larger, the last of them would have others' memory, too. */
static bool
give(void *start, size_t len)
{
	return sysconf(_SC_PAGESIZE) == GIVEBACK_PAGE &&
	       madvise(start, len, MADV_DONTNEED) == 0;
}

void
giveback_pages(void *start, size_t len)
{
	size_t whole = len / GIVEBACK_PAGE * GIVEBACK_PAGE;

	if (!give(start, whole))
		explicit_bzero(start, whole);
	explicit_bzero((char *)start + whole, len - whole);
}

/* The stack grows down on every machine that this is built for. */
__attribute__((noinline)) void
giveback_stack(void)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - STACK_CALL) /
			GIVEBACK_PAGE * GIVEBACK_PAGE;

	wipe_near();
	if (!give((void *)(end - STACK_USED), STACK_USED))
		wipe_all();
}
