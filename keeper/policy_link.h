/*
 * policy_link - a connection to a policy daemon, and one request on it with its
 * answer. The connection is kept for the next request; where the daemon has
 * closed it meanwhile, it is made anew, once a request. Nothing here blocks:
 * whoever asks polls what is named here, and calls policy_link_go_on().
 */
#ifndef KEEPER_POLICY_LINK_H
#define KEEPER_POLICY_LINK_H

#include "keeper/policy_answer.h"
#include "keeper/policy_request.h"

#define POLICY_BUSY_MS 100 /* until a socket that is busy is tried again */

enum policy_link_state {
	LINK_CLOSED, /* of an empty struct */
	LINK_IDLE,
	LINK_CONNECTING,
	LINK_WRITING,
	LINK_READING
};

enum policy_link_result {
	LINK_MOVES,    /* inside of policy_link.c alone */
	LINK_WAITS,    /* for events of fd, or until wake */
	LINK_ANSWERED, /* the answer is in answer */
	LINK_FAILED    /* error says why */
};

struct policy_link {
	enum policy_link_state state;
	int fd;	      /* but for LINK_CLOSED */
	short events; /* LINK_WAITS: of fd; none in LINK_CLOSED */
	int64_t wake, deadline;
	bool kept; /* of an earlier request: the daemon may have gone */
	const char *error;
	struct slice server;
	size_t sent;
	struct buffer request;
	struct policy_answer answer; /* slices of text */
	size_t text_len;
	char request_text[POLICY_REQUEST_MAX];
	char text[POLICY_ANSWER_MAX];
};

/* Begins; server must live on. Then policy_link_go_on(). */
void policy_link_ask(struct policy_link *link, struct slice server,
	const struct policy_request *request, int64_t deadline);

/* Does what can be done now. */
enum policy_link_result policy_link_go_on(
	struct policy_link *link, int64_t now);

void policy_link_close(struct policy_link *link);

#endif
