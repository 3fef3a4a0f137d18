/* libcrypt's, which Frama-C cannot read. */
#ifndef PROVE_CRYPT_H
#define PROVE_CRYPT_H

struct crypt_data {
	char any[32768];
};

char *crypt_rn(const char *phrase, const char *setting, void *data, int size);

#endif
