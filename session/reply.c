/*
 * reply - see reply.h. Run by the session. Codes: RFC 5321 §4.2, 4954 §6,
 * 3463, 2034; wording as qmail's where scripts may look for it.
 */
#include "session/reply.h"

static const char *const texts[REPLY_COUNT] = {
	// clang-format off
	[REPLY_OK_RESET]          = "250 2.0.0 flushed",
	[REPLY_OK_NOOP]           = "250 2.0.0 ok",
	[REPLY_OK_MAIL]           = "250 2.1.0 ok",
	[REPLY_OK_RCPT]           = "250 2.1.5 ok",
	[REPLY_OK_AUTH]           = "235 2.7.0 ok, go ahead",
	[REPLY_OK_STARTTLS]       = "220 2.0.0 ready",
	[REPLY_OK_QUIT]           = "221 2.0.0 goodbye",
	[REPLY_HELP]              = "214 2.0.0 https://www.rfc-editor.org/rfc/rfc5321",
	[REPLY_VRFY]              = "252 2.1.5 send some mail, i'll try my best",
	[REPLY_GO_AHEAD]          = "354 go ahead",
	[REPLY_TIMEOUT]           = "421 4.4.2 timeout",
	[REPLY_STOPPING]          = "421 4.3.2 service stopping",
	[REPLY_UNAVAILABLE]       = "421 4.3.0 service not available",
	[REPLY_TOO_MANY_ERRORS]   = "421 4.7.0 too many errors",
	[REPLY_TOO_MANY_COMMANDS] = "421 4.7.0 too many commands without a message",
	[REPLY_TOO_MANY_FAILURES] = "421 4.7.0 too many authentication failures",
	[REPLY_USERS_CHANGED]     = "421 4.7.0 user file changed, log in again",
	[REPLY_NOT_A_WEB_SERVER]  = "421 4.7.0 this is no web server",
	[REPLY_HEALTH_CHECK]      = "421 4.7.0 the proxy names no client: health checks only",
	[REPLY_RELAY_LIMIT]       = "450 4.7.1 too many recipients for one day",
	[REPLY_QUEUE_TEMPORARY]   = "451 4.3.0 mail server temporarily rejected message",
	[REPLY_TOO_MANY_RCPTS]    = "452 4.5.3 too many recipients",
	[REPLY_AUTH_TEMPORARY]    = "454 4.7.0 temporary authentication failure",
	[REPLY_TLS_UNAVAILABLE]   = "454 4.7.0 TLS not available for now",
	[REPLY_LINE_ENDS]         = "500 5.5.2 lines must end in CR LF",
	[REPLY_LINE_TOO_LONG]     = "500 5.5.2 line too long",
	[REPLY_AUTH_TOO_LONG]     = "500 5.5.6 authentication exchange line too long",
	[REPLY_BASE64]            = "501 5.5.2 malformed authentication response",
	[REPLY_CANCELLED]         = "501 5.7.0 authentication cancelled",
	[REPLY_INITIAL_RESPONSE]  = "501 5.7.0 this mechanism takes no initial response",
	[REPLY_SENDER_SYNTAX]     = "501 5.1.7 sender address syntax",
	[REPLY_RCPT_SYNTAX]       = "501 5.1.3 recipient address syntax",
	[REPLY_ARGUMENT]          = "501 5.5.4 no argument allowed",
	[REPLY_PARAMETER_VALUE]   = "501 5.5.4 parameter value",
	[REPLY_BDAT_COUNT]        = "501 5.5.4 BDAT needs an octet count",
	[REPLY_HELO_SYNTAX]       = "501 a host name is needed",
	[REPLY_UNKNOWN_COMMAND]   = "502 5.5.1 unimplemented",
	[REPLY_SEQUENCE_MAIL]     = "503 5.5.1 one MAIL at a time",
	[REPLY_SEQUENCE_NO_MAIL]  = "503 5.5.1 MAIL first",
	[REPLY_SEQUENCE_BDAT]     = "503 5.5.1 not among BDAT chunks",
	[REPLY_SEQUENCE_AUTH]     = "503 5.5.1 no AUTH within a message",
	[REPLY_SEQUENCE_AUTHED]   = "503 5.5.1 you're already authenticated",
	[REPLY_SEQUENCE_TLS]      = "503 5.5.1 TLS is on already",
	[REPLY_SEQUENCE_TLS_LATE] = "503 5.5.1 no STARTTLS after AUTH or within a message",
	[REPLY_PIPELINED_DATA]    = "503 5.5.1 wait for 354 before the message",
	[REPLY_PIPELINED_TLS]     = "503 5.5.1 nothing may follow STARTTLS",
	[REPLY_MECHANISM]         = "504 5.5.4 authentication mechanism not offered",
	[REPLY_AUTH_REQUIRED]     = "530 5.7.0 authentication required",
	[REPLY_AUTH_FAILED]       = "535 5.7.8 authentication failed",
	[REPLY_AUTH_NEEDS_TLS]    = "538 5.7.11 encryption required, STARTTLS first",
	[REPLY_NO_DOMAIN]         = "550 5.1.2 recipient address needs a domain",
	[REPLY_NO_RECIPIENT]      = "550 5.1.1 no such recipient",
	[REPLY_RELAY]             = "550 5.7.1 relaying denied",
	[REPLY_TOO_BIG]           = "552 5.3.4 message too big",
	[REPLY_SENDER_REFUSED]    = "553 5.7.1 sender not allowed",
	[REPLY_RCPT_REFUSED]      = "553 5.7.1 recipient not allowed",
	[REPLY_NEEDS_UTF8]        = "553 5.6.7 address needs SMTPUTF8",
	[REPLY_EARLY_TALKER]      = "554 SMTP begins with the server's greeting",
	[REPLY_NO_RCPT]           = "554 5.5.1 no valid recipients",
	[REPLY_LOOP]              = "554 5.4.6 too many hops, this message is looping",
	[REPLY_BARE]              = "554 5.6.0 bare CR, bare LF or NUL in message",
	[REPLY_PARAMETER]         = "555 5.5.4 unknown parameter",
	// clang-format on
};

struct slice
reply_text(enum reply reply)
{
	return slice_of(texts[reply]);
}
