/*
 * memory - where static memory is to lie: see memory.ld, which orders it.
 *
 * TOUCHED: small, and used by every connection. TOUCHED_LAST: likewise, but
 * large; its first octets count. UNTOUCHED: large, used by some connections.
 * What says nothing lies in between.
 */
#ifndef LIB_MEMORY_H
#define LIB_MEMORY_H

#define TOUCHED __attribute__((section(".bss.touched")))
#define TOUCHED_LAST __attribute__((section(".bss.touched.last")))
#define UNTOUCHED __attribute__((section(".bss.untouched")))
#define MEMORY_PAGE                                                            \
	4096 /* octets; of pages that are larger, nothing breaks               \
	      */

#endif
