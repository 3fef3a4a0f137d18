/*
 * canned - the physical limit in the clear: what a process a connection, a
 * sink and fixed replies cost. See canned.h; under tcpserver: canned SINK
 */
#include "bench/canned.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct canned c = {
		.read = canned_read, .write = canned_write, .sink = argv[1]};
	int on = 1;

	if (argc != 2)
		return 100;
	setsockopt(1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	canned_talk(&c);
	return 0;
}
