/*
 * Unit test of lib/giveback.c: what lay there is gone, and so is the page;
 * memory that cannot go back (it is locked, as with large pages) is wiped.
 */
#include "lib/giveback.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/tap.h"

#define PAGES 16
#define STACK (1024 * 1024)
#define DEEP 20000 /* octets of stack that a call leaves something in */
#define LOCKED (16 * GIVEBACK_PAGE)
#define MARK "sixteen octets.."
#define PIECE 16

static _Alignas(GIVEBACK_PAGE) unsigned char memory[PAGES * GIVEBACK_PAGE];
static _Alignas(GIVEBACK_PAGE) unsigned char stack[STACK];
static size_t stack_pages; /* that were there when a thread had ended */

static bool
is_zero(const unsigned char *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (octets[i] != 0)
			return false;
	return true;
}

static size_t
resident(void *start, size_t pages)
{
	unsigned char there[STACK / GIVEBACK_PAGE];
	size_t count = 0;

	if (mincore(start, pages * GIVEBACK_PAGE, there) == -1)
		exit(1);
	for (size_t i = 0; i < pages; i++)
		count += there[i] & 1;
	return count;
}

static void
test_pages(const char *what, bool goes)
{
	unsigned char *start = memory + GIVEBACK_PAGE;
	size_t pages = PAGES - 2;

	printf("# %s\n", what);
	memset(memory, 'x', sizeof memory);
	giveback_pages(start, pages * GIVEBACK_PAGE);
	ok(resident(start, pages) == (goes ? 0 : pages),
		goes ? "the pages are the kernel's" : "the pages stay");
	ok(is_zero(start, pages * GIVEBACK_PAGE), "what lay there is gone");
	ok(start[-1] == 'x' && start[pages * GIVEBACK_PAGE] == 'x',
		"what lies around it is not");
}

static __attribute__((noinline)) void
leave(void)
{
	volatile char used[DEEP];

	for (size_t i = 0; i < DEEP; i++)
		used[i] = MARK[i % PIECE];
	(void)used[DEEP / 2];
}

static void *
only_leave(void *context)
{
	leave();
	return context;
}

static void *
leave_and_wipe(void *context)
{
	leave();
	giveback_stack();
	return context;
}

/* Runs it on our stack; is then something left there? */
static bool
leaves(void *(*function)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;

	giveback_pages(stack, sizeof stack);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, sizeof stack);
	if (pthread_create(&thread, &attributes, function, NULL) != 0)
		exit(1);
	pthread_join(thread, NULL);
	stack_pages = resident(stack, STACK / GIVEBACK_PAGE);
	return memmem(stack, sizeof stack, MARK, PIECE) != NULL;
}

/* Of a last page that is not whole the rest is another's. */
static void
test_part(void)
{
	size_t len = GIVEBACK_PAGE + 100;

	memset(memory, 'x', sizeof memory);
	giveback_pages(memory, len);
	ok(is_zero(memory, len), "a page and a part: what lay there is gone");
	ok(memory[len] == 'x', "what stands behind it in its page is not");
}

int
main(void)
{
	test_pages("private memory", true);
	test_part();
	ok(leaves(only_leave), "a call leaves something on the stack");
	ok(!leaves(leave_and_wipe), "it is wiped");
	ok(stack_pages < DEEP / GIVEBACK_PAGE, "its pages are the kernel's");

	if (mlock(memory, sizeof memory) == -1 ||
		mlock(stack + STACK - LOCKED, LOCKED) == -1) {
		printf("# no locked memory for this account\n");
		return tap_done();
	}
	test_pages("locked memory", false);
	ok(leaves(only_leave), "a call leaves something on a locked stack");
	ok(!leaves(leave_and_wipe), "it is wiped");
	return tap_done();
}
