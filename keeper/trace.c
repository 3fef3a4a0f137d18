/* trace - the session's half of the log's trace lines. Run by the keeper. */
#include "keeper/trace.h"

#include "keeper/keeper.h"

/*
 * The mark behind the address is ours, so that no line of a session can be
 * taken for another event.
 */
int
hear_trace(struct keeper *k)
{
	struct slice text = channel_rest(&k->packet, 0);
	unsigned way = k->packet.code;
	struct log_line line;

	if (!k->config->trace || (way != TRACE_FROM && way != TRACE_TO))
		return -1;
	if (k->channel.trace_lines++ >= KEEPER_TRACE_MAX)
		return 0;
	log_start(&line, &k->log, way == TRACE_FROM ? "<" : ">");
	while (text.len > 0) {
		struct slice word = slice_split(&text, ' ');

		buffer_add_char(&line.buffer, ' ');
		buffer_add_escaped(&line.buffer, word, LOG_LINE);
	}
	log_send(&line, &k->log);
	return 0;
}
