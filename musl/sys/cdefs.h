/* What glibc's <crypt.h> asks of <sys/cdefs.h>, which musl does not have. */
#ifndef MUSL_SYS_CDEFS_H
#define MUSL_SYS_CDEFS_H
#define __BEGIN_DECLS
#define __END_DECLS
#define __THROW
#define __nonnull(arguments)
#endif
