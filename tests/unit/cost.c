/* Unit test of users/cost.c, alone and by secret_parse(). */
#include "users/cost.h"

#include "users/secret.h"
#include "tests/tap.h"

static void
test_costs(void)
{
	static const struct {
		const char *stored;
		bool sane;
		const char *what;
	} rows[] = {
		{"$2b$16$", true, "bcrypt 16"},
		{"$2b$17$", false, "bcrypt 17"},
		{"$2a$31$", false, "bcrypt 31"},
		{"$2y$99$", false, "bcrypt 99"},
		{"$2x$$", false, "bcrypt without a number"},
		{"$6$salt$", true, "SHA-512 with its usual rounds"},
		{"$6$rounds=5000000$salt$", true, "SHA-512, 5,000,000 rounds"},
		{"$6$rounds=5000001$salt$", false, "SHA-512, one more"},
		{"$5$rounds=999999999$salt$", false, "SHA-256, 999,999,999"},
		{"$5$rounds=18446744073709552616$s$", false,
			"SHA-256, 2^64+1000"},
		{"$5$rounds=x$salt$", false, "SHA-256, not a number"},
		{"$sha1$5000000$salt$", true, "SHA-1, 5,000,000"},
		{"$sha1$4294967295$salt$", false, "SHA-1, 2^32-1"},
		{"$y$j9T$salt$", true, "yescrypt's usual 16 MiB"},
		{"$y$jBT$salt$", true, "yescrypt, 64 MiB"},
		{"$y$jCT$salt$", false, "yescrypt, 128 MiB"},
		{"$y$jBU$salt$", false, "yescrypt, 66 MiB by its block size"},
		{"$y$jFT$salt$", false, "yescrypt, 1 GiB"},
		{"$y$jzzzzz$salt$", false, "yescrypt, numbers of many digits"},
		{"$y$jzT$salt$", false, "yescrypt, 2^64 blocks"},
		{"$y$jBz$salt$", false, "yescrypt, a large block"},
		{"$y$jB:$salt$", false, "yescrypt, no digit"},
		{"$y$.BT$salt$", true, "yescrypt of another flavour"},
		{"$y$.CT$salt$", false, "which costs as much"},
		{"$y$zCT$salt$", false, "yescrypt, a flavour of two digits"},
		{"$y$j9T5$salt$", false, "yescrypt with more parameters"},
		{"$y$j9$salt$", false, "yescrypt with less"},
		{"$y$", false, "yescrypt with none"},
		{"$gy$j9T$salt$", true, "gost-yescrypt's usual"},
		{"$gy$jCT$salt$", false, "gost-yescrypt, 128 MiB"},
		{"$7$CU..../....salt$", true, "scrypt, 64 MiB"},
		{"$7$DU..../....salt$", false, "scrypt, 128 MiB"},
		{"$7$CV..../....salt$", false, "scrypt, a larger block"},
		{"$7$CU....0....salt$", false, "scrypt, twice"},
		{"$7$.zzzzz/....salt$", false, "scrypt, the largest block"},
		{"$7$zzzzzzzzzzzsalt$", false, "scrypt, the most of all"},
		{"$7$CU...", false, "scrypt cut short"},
		{"$7$CU...:/....salt$", false, "scrypt with a bad digit"},
		{"$md5,rounds=5000$salt$", false, "SunMD5"},
		{"$md5$rounds=5000$salt$", false, "SunMD5 written otherwise"},
		{"$sm3y$jFT$salt$", false, "a method that is not known"},
		{"$$", false, "no method"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct secret secret;

		ok(cost_is_sane(slice_of(rows[i].stored)) == rows[i].sane,
			rows[i].what);
		ok(secret_parse(&secret, slice_of(rows[i].stored)) ==
				(rows[i].sane ? 0 : -1),
			"and as a secret");
	}
	ok(cost_memory(slice_of("$y$j9T$salt$")) == 16 << 20 &&
			cost_memory(slice_of("$7$CU..../....salt$")) ==
				64 << 20 &&
			cost_memory(slice_of("$6$salt$")) == 0,
		"memory in octets");
}

int
main(void)
{
	test_costs();
	return tap_done();
}
