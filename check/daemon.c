/*
 * daemon - asks the daemon of policysocket, with the account's rights, about
 * mail of this host's postmaster to itself, and says what it has answered. Run
 * by smtpd-check.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/settings.h"
#include "keeper/policy_link.h"
#include "lib/clock.h"
#include "lib/output.h"

#define PHRASE_MAX 512 /* octets of an answer: a pipe takes them at once */

struct question {
	struct slice server;
	const char *postmaster, *helo;
	int64_t ms;
	int answer; /* what it says is written to it */
};

static enum policy_link_result
wait_for_answer(struct policy_link *link)
{
	enum policy_link_result result;

	while ((result = policy_link_go_on(link, clock_ms())) == LINK_WAITS) {
		struct pollfd wait = {
			.fd = link->state == LINK_CLOSED ? -1 : link->fd,
			.events = link->events};

		if (clock_poll(&wait, 1, link->wake) == -1)
			return LINK_FAILED;
	}
	return result;
}

static void
say(int fd, const char *text, struct slice words)
{
	char phrase[PHRASE_MAX];
	struct buffer b = BUFFER_OVER(phrase);

	buffer_add_text(&b, text);
	report_add_printable(&b, words);	/* cut when it is too long */
	(void)output_all(fd, buffer_slice(&b)); /* nothing: no answer */
}

/* For as_account(): 1 when there is an answer that makes sense. */
static int
ask(const void *what)
{
	const struct question *q = what;
	static struct policy_link link;
	const struct policy_request request = {.state = "RCPT",
		.esmtp = true,
		.helo = slice_of(q->helo),
		.sender = slice_of(q->postmaster),
		.recipient = slice_of(q->postmaster),
		.client_address = slice_of("127.0.0.1"),
		.client_name = slice_of("localhost"),
		.server_address = slice_of("127.0.0.1"),
		.instance = slice_of("smtpd-check")};

	policy_link_ask(&link, q->server, &request, clock_ms() + q->ms);
	if (wait_for_answer(&link) != LINK_ANSWERED) {
		say(q->answer, "no answer: ", slice_of(link.error));
		return 0;
	}
	if (link.answer.meaning == MEANS_NOTHING) {
		say(q->answer, "no answer that makes sense", SLICE_NONE);
		return 0;
	}
	say(q->answer, "", link.answer.action);
	return link.answer.meaning == MEANS_OTHER ? 2 : 1;
}

void
check_daemon(struct check *c)
{
	const struct slice server = c->config.policy.server;
	const char *where =
		settings_where(c, settings_row("policysocket", NULL));
	char phrase[PHRASE_MAX];
	int ends[2];

	if (server.data == NULL || pipe2(ends, O_CLOEXEC) == -1)
		return;
	const struct question question = {.server = server,
		.postmaster = report_text("postmaster@%s", c->me),
		.helo = c->me,
		.ms = (int64_t)c->config.policytimeout * 1000,
		.answer = ends[1]};
	int result = as_account(c, ask, &question);

	close(ends[1]);
	ssize_t n = read(ends[0], phrase, sizeof phrase);

	close(ends[0]);
	const char *said =
		n <= 0 ? "no answer: cannot become the account"
		       : report_slice((struct slice){phrase, (size_t)n});
	const char *all =
		report_text("%.*s: %s", (int)server.len, server.data, said);

	if (result == 1)
		report_ok("policysocket", where, "%s", all);
	else if (result == 2)
		report_add(&c->report, POLICY_ODD, where, all, NULL);
	else
		report_add(&c->report,
			c->config.policy_accepts ? POLICY_ABSENT
						 : POLICY_SILENT,
			where, all, NULL);
}
