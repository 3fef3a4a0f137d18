/* libxcrypt's header in place of musl's, whose crypt_data is another one. */
#include "/usr/include/crypt.h"
