/*
 * trace - writes to the log what session/trace.c sends: a line that client or
 * session has said. (TRACE in smtpd-auth-control(5).)
 */
#ifndef KEEPER_TRACE_H
#define KEEPER_TRACE_H

struct keeper;

int hear_trace(struct keeper *k);

#endif
