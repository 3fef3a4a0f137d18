/*
 * bytes - views of text that somebody else owns.
 *
 * Text inside the programs is pointer and length. A slice owns nothing and
 * may hold any octet; it becomes a NUL-terminated string only where it
 * leaves for a system call.
 */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *data; /* NULL means "not there", which "" is not */
	size_t len;	  /* octets */
};

/* The absent slice. */
#define SLICE_NONE ((struct slice){NULL, 0})

/* A view of a NUL-terminated string; NULL gives the absent slice. */
struct slice slice_of(const char *text);

/* Same octets? The _nocase forms fold ASCII letters only. */
bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_is_nocase(struct slice a, const char *text);
bool slice_starts(struct slice a, const char *prefix);
bool slice_starts_nocase(struct slice a, const char *prefix);

/* The view without its first n octets (n at most its length). */
struct slice slice_from(struct slice a, size_t n);

/* Is there a control character, of ASCII or (U+0080 to U+009F) in UTF-8? */
bool slice_has_control(struct slice a);

/* Offset of the first (last) c, or a.len when there is none. */
size_t slice_find(struct slice a, char c);
size_t slice_find_last(struct slice a, char c);

/*
 * Takes the text before the next sep off the front of *rest and returns it;
 * without a sep the whole of *rest is taken and rest->data becomes NULL.
 */
struct slice slice_split(struct slice *rest, char sep);

/* A blank or a tab; a space is one of these, or ends a line. */
bool bytes_blank(char c);
bool bytes_space(char c);

/* A control character of ASCII, DEL too. */
bool bytes_control(char c);

/* The view without the blanks and tabs at its front. */
struct slice slice_skip_blanks(struct slice a);

/*
 * Takes the text before the next blanks or tabs, and those, off the front of
 * *rest and returns it. What is left begins with no blank, and may be empty.
 */
struct slice slice_word(struct slice *rest);

/*
 * Decimal digits only, at least one. A value over UINT64_MAX saturates.
 * Returns 0, or -1 when text is not a number.
 */
int slice_number(struct slice text, uint64_t *value);

/*
 * Copies a into out (capacity cap) and ends it with NUL.
 * Returns 0, or -1 when it does not fit or holds a NUL.
 */
int slice_string(struct slice a, char *out, size_t cap);

/* ASCII lower and upper case, whatever the locale. */
char bytes_lower(char c);
char bytes_upper(char c);

/* Equal octets, in a time that depends on len alone. */
bool bytes_equal_constant_time(const void *a, const void *b, size_t len);

#endif
