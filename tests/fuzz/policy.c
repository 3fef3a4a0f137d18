/*
 * Fuzz target: a policy daemon's answer. Where it ends, what it means, and
 * what of it becomes a reply, a header line or a setting: nothing that could
 * be a second line.
 *
 * Parsers: keeper/policy_answer.c control/policysocket.c
 */
#include "keeper/policy_answer.h"

#include <string.h>

#include "control/policysocket.h"
#include "tests/fuzz/fuzz.h"

static void
check_reply(const struct policy_answer *answer)
{
	const char *reply = answer->reply;
	size_t len = strlen(reply);

	if (len < sizeof "450 4.7.1 x" - 1 || len >= sizeof answer->reply ||
		slice_has_control(slice_of(reply)))
		abort();
	if ((reply[0] != '4' && reply[0] != '5') || reply[3] != ' ' ||
		reply[4] != reply[0] || reply[5] != '.')
		abort();
	if ((answer->class == STATUS_REFUSED) != (reply[0] == '5'))
		abort();
	bool closes = strncmp(reply, "421 ", 4) == 0 ||
		      strncmp(reply, "521 ", 4) == 0;

	if (closes != (answer->meaning == MEANS_CLOSE))
		abort();
}

static void
check_header(struct slice header)
{
	if (header.len > POLICY_HEADER_MAX || slice_find(header, ':') == 0 ||
		slice_find(header, ':') == header.len ||
		slice_find(header, '\n') != header.len ||
		slice_find(header, '\r') != header.len ||
		slice_find(header, '\0') != header.len)
		abort();
}

static void
check_answer(struct slice text)
{
	struct policy_answer answer;
	size_t len = policy_answer_length(text);

	if (len > text.len || (len > 0 && text.data[len - 1] != '\n'))
		abort();
	/* No shorter one is whole. */
	if (len > 0 &&
		policy_answer_length((struct slice){text.data, len - 1}) != 0)
		abort();
	if (len == 0)
		return;
	policy_answer_read(&answer, (struct slice){text.data, len});
	if (answer.meaning == MEANS_REFUSE || answer.meaning == MEANS_CLOSE)
		check_reply(&answer);
	if (answer.meaning == MEANS_PREPEND)
		check_header(answer.header);
	if (answer.meaning != MEANS_NOTHING && answer.action.len == 0)
		abort();
}

static void
check_setting(struct slice text)
{
	struct policysocket p;
	struct sockaddr_storage address;

	if (policysocket_read(&p, text) == NULL &&
		(policysocket_address(p.server, &address) == 0 ||
			(!p.rcpt && !p.end)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);

	check_answer((struct slice){text, size});
	check_setting((struct slice){text, size});
	free(text);
	return 0;
}
