/*
 * bignum - GMP's numbers, which nettle's curves and signatures compute with.
 *
 * GMP takes its memory from malloc, gives it back as it is, and ends the
 * process where there is none. Here it is static and wiped: no system call
 * where the jail allows none, and no part of a key left behind.
 */
#ifndef LIB_BIGNUM_H
#define LIB_BIGNUM_H

#include <gmp.h>
#include <stdbool.h>
#include <stddef.h>

/* Octets: a signature by an RSA key of 4096 bits takes about half of them. */
#define BIGNUM_MEMORY 131072

/* Before the first call of GMP; once more does no harm. */
void bignum_use(void);

/* Big-endian octets to a number, and back in so many octets. */
void bignum_import(mpz_t number, const unsigned char *octets, size_t len);
void bignum_export(unsigned char *out, size_t len, const mpz_t number);

/* The keeper's: no more numbers for now, and no memory for them. */
void bignum_giveback(void);

/* For the tests: the most that was in use at once; is all of it wiped? */
size_t bignum_peak(void);
bool bignum_is_clean(void);

#endif
