/* attention - what somebody should look at, the most pressing first. */
#ifndef REPORT_ATTENTION_H
#define REPORT_ATTENTION_H

#include "report/facts.h"

#define ATTENTION_MOST 64

enum attention {
	ATTENTION_ENTERED,  /* an address that guessed, and got in */
	ATTENTION_BURST,    /* an account sends far more than before */
	ATTENTION_NETWORKS, /* an account is used from many networks */
	ATTENTION_CERTIFICATE,
	ATTENTION_CONFIG,
	ATTENTION_DIED,	 /* sessions that ended as none should */
	ATTENTION_LOST,	 /* lines of the log */
	ATTENTION_TEMP,	 /* messages and logins that we could not take */
	ATTENTION_LIMIT, /* accounts over relaylimits */
	ATTENTION_GUESS, /* addresses that guess */
	ATTENTION_CLEAR, /* logins without TLS */
	ATTENTIONS
};

struct finding {
	enum attention kind;
	size_t more;	   /* behind the last of its kind: those not told */
	struct slice what; /* a value of the log; "" where there is none */
	char detail[HITTERS_KEY + 256]; /* the same, in words */
};

/* A word for a metric's label. */
const char *attention_word(enum attention kind);

/*
 * Finds at most ATTENTION_MOST, a few of each kind; counts says how many there
 * are of it. Returns how many it found.
 */
size_t attention_find(const struct facts *facts,
	struct finding findings[ATTENTION_MOST], size_t counts[ATTENTIONS]);

#endif
