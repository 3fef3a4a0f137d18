/*
 * kind - what the kinds of authenticator share: how they hear the keeper and
 * answer, and where each begins. Inside the authenticator's process alone.
 */
#ifndef AUTH_KIND_H
#define AUTH_KIND_H

#include "auth/authenticator.h"

/* A response as it comes from the keeper, a flag before it. */
struct kind_response {
	size_t len;
	char packet[1 + EXCHANGE_RESPONSE_MAX];
};

/*
 * The next response (data NULL: the client sent none), which points into r.
 * Returns 0, or -1 when the keeper has cancelled or is gone.
 */
int kind_receive(int fd, struct kind_response *r, struct slice *text);

/* Forgets it. */
void kind_wipe(struct kind_response *r);

/* 0, or -1 when there is nobody to tell any more. */
int kind_report(int fd, const struct verdict_packet *packet);

/* Whose login it is about, when the answer will take time. */
void kind_name(int fd, struct slice login);

/* Cuts what does not fit. */
void kind_text(char *to, size_t cap, const char *from);

/*
 * A failure of ours, 454. detail: what went wrong, for the log; set_up: it
 * is the admin's to mend.
 */
void kind_temporary(
	struct verdict_packet *packet, const char *detail, bool set_up);

/* fd: the keeper. */
_Noreturn void checkpassword_run(
	int fd, const struct authenticator_setup *setup);
_Noreturn void dovecot_run(int fd, const struct authenticator_setup *setup);

#endif
