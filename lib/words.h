/*
 * words - a list of names in one text. Between two names that are read stand
 * any number of blanks, tabs and line ends, between two that are added one
 * blank.
 */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include "lib/buffer.h"

/* Takes the next name off the front of *words; false at the end. */
bool words_next(struct slice *words, struct slice *name);

/* Is the name in the list, in any case? An empty name never is. */
bool words_has(struct slice words, struct slice name);

/* Adds a name to the list that the buffer holds. */
void words_add(struct buffer *words, struct slice name);

#endif
