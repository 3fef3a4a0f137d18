/* word - see word.h. Run by the keeper and by the authenticator. */
#include "auth/word.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define RESPONSE_THERE 1
#define WORD_HEAD offsetof(struct word, body)

static size_t
word_len(const struct word *word)
{
	return WORD_HEAD + word->body_len;
}

int
word_ask(int fd, struct slice response)
{
	char flag = response.data == NULL ? 0 : RESPONSE_THERE;
	struct iovec parts[] = {
		{&flag, 1}, {(void *)(uintptr_t)response.data, response.len}};
	struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t n;

	if (response.len > EXCHANGE_RESPONSE_MAX)
		return -1;
	do
		n = sendmsg(fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == (ssize_t)(1 + response.len))
		return 0;
	return errno == EPIPE || errno == ECONNRESET ? 1 : -1;
}

int
word_hear(int fd, struct word *word)
{
	ssize_t n = recv(fd, word, sizeof *word, MSG_DONTWAIT | MSG_TRUNC);

	if (n < (ssize_t)WORD_HEAD || word->login_len > USERS_LOGIN_MAX ||
		word->body_len > WORD_BODY_MAX || (size_t)n != word_len(word))
		return -1;
	word->login[word->login_len] = '\0';
	word->label[USERS_LABEL_MAX] = '\0';
	word->reason[WORD_REASON_MAX] = '\0';
	word->detail[WORD_DETAIL_MAX] = '\0';
	return 0;
}

/* ------------------------------------------------ in the authenticator --- */

int
word_await(int fd, struct word_response *r, struct slice *text)
{
	ssize_t n = read(fd, r->packet, sizeof r->packet);

	*text = SLICE_NONE;
	if (n <= 0)
		return -1;
	r->len = (size_t)n;
	if (r->packet[0] == RESPONSE_THERE)
		*text = (struct slice){r->packet + 1, r->len - 1};
	return 0;
}

void
word_wipe(struct word_response *r)
{
	explicit_bzero(r->packet, r->len);
}

int
word_say(int fd, const struct word *word)
{
	size_t len = word_len(word);

	return write(fd, word, len) == (ssize_t)len ? 0 : -1;
}

void
word_name(int fd, struct slice login)
{
	static struct word word;

	if (login.len > USERS_LOGIN_MAX)
		return;
	word.result = WORD_NAMED;
	word.login_len = (uint32_t)login.len;
	memcpy(word.login, login.data, login.len);
	(void)word_say(fd, &word); /* the verdict will find out */
}

void
word_put(char *to, size_t cap, const char *from)
{
	struct slice text = slice_of(from);

	if (text.len >= cap)
		text.len = cap - 1;
	memcpy(to, text.data, text.len);
	to[text.len] = '\0';
}

void
word_temporary(struct word *word, const char *detail, bool set_up)
{
	word->result = EXCHANGE_TEMPORARY;
	word->set_up = set_up;
	word_put(word->reason, sizeof word->reason, "backend");
	word_put(word->detail, sizeof word->detail, detail);
}
