/*
 * ways - notes which function of the server is entered, in order and from
 * all its processes: linked into a server that tests/size --counts builds with
 * -finstrument-functions. Run by all of them; the memory is that of a file,
 * WAYS, mapped before the first fork, since a jail opens none and has no
 * system call to ask who it is.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define WAYS_MAX (1 << 20) /* entries; more are not noted */
#define QUIET __attribute__((no_instrument_function))

static struct ways {
	_Atomic uint32_t count, processes;
	struct {
		uint32_t process, function;
	} entered[WAYS_MAX];
} * ways;

/* Which process we are, from 1 on; the kernel makes it 0 in a fork's child. */
static uint32_t *process;

void __cyg_profile_func_enter(void *function, void *caller) QUIET;
void __cyg_profile_func_exit(void *function, void *caller) QUIET;

static void __attribute__((constructor)) QUIET
start(void)
{
	const char *path = getenv("WAYS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);

	if (fd == -1)
		return;
	void *memory = mmap(
		NULL, sizeof *ways, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	(void)close(fd);
	process = mmap(NULL, (size_t)getpagesize(), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory != MAP_FAILED && process != MAP_FAILED &&
		madvise(process, (size_t)getpagesize(), MADV_WIPEONFORK) == 0)
		ways = memory;
}

void
__cyg_profile_func_enter(void *function, void *caller)
{
	(void)caller;
	if (ways == NULL)
		return;
	if (*process == 0)
		*process = atomic_fetch_add(&ways->processes, 1) + 1;
	uint32_t at = atomic_fetch_add(&ways->count, 1);

	if (at < WAYS_MAX) {
		ways->entered[at].process = *process;
		ways->entered[at].function = (uint32_t)(uintptr_t)function;
	}
}

void
__cyg_profile_func_exit(void *function, void *caller)
{
	(void)function;
	(void)caller;
}
