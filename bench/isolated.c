/*
 * isolated - the limit with the isolation of smtpd-auth and nothing else of
 * it (isolation.c), in the clear. So what lies between it and smtpd-auth is
 * the price of doing the work, and what lies between it and canned the price
 * of the isolation. Under tcpserver as root: isolated SINK EMPTY-DIRECTORY
 */
#include "bench/isolation.h"

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 100;
	return isolation_run(&(struct isolation){
		.sink = argv[1], .empty = argv[2], .talk = canned_talk});
}
