/*
 * The few glibc symbols that Debian's archives (Makefile, LIBRARIES)
 * were compiled against and musl does not have. The check of the _chk forms
 * is kept: cap is the size of the destination where the compiler knew it.
 * README says why the other names hold.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void *__memcpy_chk(void *to, const void *from, size_t n, size_t cap);
void *__memmove_chk(void *to, const void *from, size_t n, size_t cap);
void *__memset_chk(void *to, int c, size_t n, size_t cap);
void __explicit_bzero_chk(void *to, size_t n, size_t cap);
int __fprintf_chk(FILE *to, int flag, const char *format, ...);
int __snprintf_chk(
	char *to, size_t n, int flag, size_t cap, const char *format, ...);
unsigned long __isoc23_strtoul(const char *text, char **end, int base);
void arc4random_buf(void *to, size_t n);

void *
__memcpy_chk(void *to, const void *from, size_t n, size_t cap)
{
	if (n > cap)
		__builtin_trap();
	return memcpy(to, from, n);
}

void *
__memmove_chk(void *to, const void *from, size_t n, size_t cap)
{
	if (n > cap)
		__builtin_trap();
	return memmove(to, from, n);
}

void *
__memset_chk(void *to, int c, size_t n, size_t cap)
{
	if (n > cap)
		__builtin_trap();
	return memset(to, c, n);
}

void
__explicit_bzero_chk(void *to, size_t n, size_t cap)
{
	if (n > cap)
		__builtin_trap();
	explicit_bzero(to, n);
}

/* Of an assertion of nettle or GMP that does not hold, before abort(). */
int
__fprintf_chk(FILE *to, int flag, const char *format, ...)
{
	va_list args;

	(void)flag;
	va_start(args, format);
	int len = vfprintf(to, format, args);
	va_end(args);
	return len;
}

int
__snprintf_chk(
	char *to, size_t n, int flag, size_t cap, const char *format, ...)
{
	va_list args;

	(void)flag;
	if (n > cap)
		__builtin_trap();
	va_start(args, format);
	int len = vsnprintf(to, n, format, args);
	va_end(args);
	return len;
}

/*
 * What glibc 2.38 and later call strtoul: it takes "0b" too, in base 0 and 2,
 * which libcrypt does not use.
 */
unsigned long
__isoc23_strtoul(const char *text, char **end, int base)
{
	return strtoul(text, end, base);
}

void
arc4random_buf(void *to, size_t n)
{
	for (unsigned char *at = to; n > 0;) {
		ssize_t got = getrandom(at, n, 0);

		if (got <= 0)
			continue; /* EINTR before the pool is ready */
		at += got;
		n -= (size_t)got;
	}
}
