/*
 * litter - files with secrets in them that a run ended by a signal would
 * leave behind.
 */
#ifndef PASSWD_LITTER_H
#define PASSWD_LITTER_H

/* From now on a signal that ends the process removes this file first. */
void litter_watch(const char *path);

/* None any more: signals do what they did. */
void litter_forget(void);

#endif
