/* Unit test of proxy/balancers: the value of PROXYPROTOCOL. */
#include "proxy/balancers.h"

#include "tests/tap.h"

static bool
have(const char *list, const char *address)
{
	return balancers_have(slice_of(list), slice_of(address));
}

static bool
faulty(const char *list, const char *expected)
{
	char text[100];
	struct buffer b = BUFFER_OVER(text);
	const char *fault = balancers_fault(slice_of(list), &b);

	if (fault == NULL || expected == NULL)
		return fault == expected;
	return slice_is(slice_of(fault), expected);
}

static void
check_addresses(void)
{
	ok(have("192.0.2.7", "192.0.2.7"), "itself");
	ok(!have("192.0.2.7", "192.0.2.70") && !have("192.0.2.70", "192.0.2.7"),
		"no part of one");
	ok(have("10.0.0.1 ,\t192.0.2.7,2001:db8::1", "192.0.2.7") &&
			have("10.0.0.1 192.0.2.7,2001:db8::1", "2001:db8::1"),
		"blanks or commas between");
	ok(have("2001:DB8:0::1", "2001:db8::1"), "however it is written");
	ok(have("::ffff:192.0.2.7", "192.0.2.7") &&
			have("192.0.2.7", "::ffff:192.0.2.7"),
		"a mapped one");
	ok(have("fe80::1", "fe80::1%eth0"), "the link does not count");
	ok(!have("192.0.2.7", "unknown") && !have("192.0.2.7", "") &&
			!have("0.0.0.0/0 ::/0", "unknown"),
		"who is unknown is nobody");
}

static void
check_prefixes(void)
{
	ok(have("10.0.0.0/8", "10.255.1.2") && !have("10.0.0.0/8", "11.0.0.1"),
		"/8");
	ok(have("10.0.0.5/24", "10.0.0.77"), "bits behind it do not count");
	ok(have("192.0.2.128/25", "192.0.2.200") &&
			!have("192.0.2.128/25", "192.0.2.127"),
		"/25");
	ok(have("192.0.2.6/31", "192.0.2.7") &&
			!have("192.0.2.6/31", "192.0.2.8") &&
			have("192.0.2.6/32", "192.0.2.6") &&
			!have("192.0.2.6/32", "192.0.2.7"),
		"/31, /32");
	ok(have("0.0.0.0/0", "192.0.2.7") && !have("0.0.0.0/0", "2001:db8::1"),
		"all of IPv4");
	ok(have("::/0", "2001:db8::1") && !have("::/0", "192.0.2.7"),
		"all of IPv6");
	ok(have("2001:db8::/33", "2001:db8:7fff::1") &&
			!have("2001:db8::/33", "2001:db8:8000::1"),
		"/33");
	ok(have("::ffff:192.0.2.0/120", "192.0.2.7") &&
			!have("::ffff:192.0.2.0/120", "192.0.3.7"),
		"of mapped ones");
}

static void
check_faults(void)
{
	ok(faulty("192.0.2.7", NULL) && faulty("1", NULL) &&
			faulty(" 1 ", NULL) &&
			faulty("192.0.2.0/24,::1 fe80::/10", NULL),
		"none");
	ok(faulty(" , ", "names no address"), "nothing");
	static const char *const bad[] = {"yes", "2", "1.2.3", "192.0.2.7/33",
		"192.0.2.7/", "192.0.2.7/x", "::1/129", "192.0.2.07",
		"balancer.example.com", "192.0.2.7/-1", "192.0.2.7/0000"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[100];

		snprintf(text, sizeof text, "no address or prefix: %s", bad[i]);
		ok(faulty(bad[i], text), bad[i]);
	}
	ok(faulty("192.0.2.7, x", "no address or prefix: x"), "the second");
	ok(faulty("192.0.2.7 1", "no address or prefix: 1") &&
			faulty("1 192.0.2.7", "no address or prefix: 1"),
		"1 is no entry");
	ok(balancers_are_all(slice_of("1 ")) &&
			balancers_are_all(slice_of(" 1,")),
		"and blanks around it are nothing");
	ok(balancers_are_all(slice_of("1")) &&
			!balancers_are_all(slice_of("1 1")) &&
			!balancers_are_all(slice_of("1 1.2.3.4")) &&
			!balancers_are_all(slice_of("1.2.3.4")),
		"1 is everybody");
	ok(balancers_are_anybody(slice_of("1")) &&
			balancers_are_anybody(slice_of("10.0.0.1 0.0.0.0/0")) &&
			balancers_are_anybody(slice_of("::/0")) &&
			balancers_are_anybody(slice_of("::ffff:0:0/96")) &&
			!balancers_are_anybody(slice_of("0.0.0.0/1 ::/1")) &&
			!balancers_are_anybody(slice_of("0.0.0.0 ::")) &&
			!balancers_are_anybody(slice_of("x")),
		"and so is a prefix of no bits");
}

int
main(void)
{
	check_addresses();
	check_prefixes();
	check_faults();
	return tap_done();
}
