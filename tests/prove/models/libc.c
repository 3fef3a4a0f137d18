/*
 * What the C library does, for Eva, which of a contract alone knows less: one
 * result a way through the text, and nothing read past what was asked for.
 */
#include <string.h>
#include <strings.h>

void *
memchr(const void *s, int c, size_t n)
{
	const volatile unsigned char *at = s;

	for (size_t i = 0; i < n; i++)
		if (at[i] == (unsigned char)c)
			return (void *)(at + i);
	return NULL;
}

void *
memrchr(const void *s, int c, size_t n)
{
	const volatile unsigned char *at = s;

	while (n-- > 0)
		if (at[n] == (unsigned char)c)
			return (void *)(at + n);
	return NULL;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

void *
memmem(const void *text, size_t len, const void *wanted, size_t wanted_len)
{
	const volatile char *at = text;

	for (size_t i = 0; i + wanted_len <= len; i++)
		if (memcmp(at + i, wanted, wanted_len) == 0)
			return (void *)(at + i);
	return NULL;
}

size_t
strlen(const char *s)
{
	size_t len = 0;

	while (s[len] != '\0')
		len++;
	return len;
}

char *
strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (*s == '\0')
			return NULL;
	}
}

void
explicit_bzero(void *s, size_t n)
{
	if (n > 0)
		memset(s, 0, n);
}
