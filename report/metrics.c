/* metrics - a report as a textfile for Prometheus: see page.h. */
#include "report/page.h"

#include "report/attention.h"
#include "report/shown.h"

#define METRIC "smtpd_auth_"

static void
put_head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP " METRIC "%s %s\n# TYPE " METRIC "%s %s\n",
		name, help, name, type);
}

static void
put_labelled(FILE *out, const char *name, const char *label, struct slice value,
	uint64_t number)
{
	char text[4 * HITTERS_KEY + 1];
	struct buffer b = BUFFER_OVER(text);

	shown_add(&b, value, SHOWN_LABEL);
	(void)fprintf(out, METRIC "%s{%s=\"%.*s\"} %llu\n", name, label,
		(int)b.len, text, (unsigned long long)number);
}

static void
put_number(FILE *out, const char *name, const char *type, const char *help,
	uint64_t number)
{
	put_head(out, name, type, help);
	(void)fprintf(
		out, METRIC "%s %llu\n", name, (unsigned long long)number);
}

/* Results that are always there, so that an alert need not wait for one. */
static void
put_results(const struct page *page)
{
	static const struct {
		const char *name, *help;
		struct {
			const char *word;
			enum event event;
		} results[5];
	} metrics[] = {{"messages_total", "Messages by what became of them.",
			       {{"ok", EVENT_MESSAGE_OK},
				       {"refused", EVENT_MESSAGE_REFUSED},
				       {"temp", EVENT_MESSAGE_TEMP}}},
		{"logins_total", "Logins by their result.",
			{{"ok", EVENT_AUTH_OK}, {"fail", EVENT_AUTH_FAIL},
				{"temp", EVENT_AUTH_TEMP},
				{"cancel", EVENT_AUTH_CANCEL},
				{"refused", EVENT_AUTH_REFUSED}}},
		{"connections_total", "Connections, and those turned away.",
			{{"ok", EVENT_CONNECT},
				{"refused", EVENT_CONNECT_REFUSED}}},
		{"tls_handshakes_total", "TLS handshakes by their result.",
			{{"ok", EVENT_TLS_OK}, {"fail", EVENT_TLS_FAIL}}}};

	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
		put_head(
			page->out, metrics[i].name, "counter", metrics[i].help);
		for (size_t k = 0; k < 5 && metrics[i].results[k].word; k++)
			put_labelled(page->out, metrics[i].name, "result",
				slice_of(metrics[i].results[k].word),
				page->facts
					->events[metrics[i].results[k].event]);
	}
}

static void
put_words(const struct page *page)
{
	static const struct {
		const char *name, *label, *help;
		enum facts_words list;
	} metrics[] = {{"mechanism_logins_total", "mechanism",
			       "Logins that were right, by mechanism.",
			       WORDS_MECHANISM},
		{"tls_logins_total", "version",
			"Logins that were right, by the TLS they came through.",
			WORDS_LOGIN_TLS},
		{"tls_versions_total", "version", "TLS handshakes by version.",
			WORDS_TLS_VERSION},
		{"login_failures_total", "reason", "Failed logins by reason.",
			WORDS_AUTH_FAIL},
		{"login_refusals_total", "reason",
			"Logins that were not let begin, by reason.",
			WORDS_AUTH_REFUSED},
		{"connection_refusals_total", "reason",
			"Connections turned away, by reason.",
			WORDS_CONNECT_REFUSED},
		{"sender_refusals_total", "reason",
			"Refused senders by reason.", WORDS_SENDER_REFUSED},
		{"recipient_refusals_total", "reason",
			"Refused recipients by reason.", WORDS_RCPT_REFUSED},
		{"message_refusals_total", "reason",
			"Messages refused for good, by reason.",
			WORDS_MESSAGE_REFUSED},
		{"message_deferrals_total", "reason",
			"Messages put off, by reason.", WORDS_MESSAGE_TEMP},
		{"ends_total", "reason", "Ends of connections by reason.",
			WORDS_END},
		{"port_connections_total", "port", "Connections by port.",
			WORDS_PORT}};

	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
		const struct hitters *h = &page->facts->words[metrics[i].list];

		if (h->count > 0)
			put_head(page->out, metrics[i].name, "counter",
				metrics[i].help);
		for (size_t k = 0; k < h->count; k++) {
			const void *row = hitters_row(h, k);

			put_labelled(page->out, metrics[i].name,
				metrics[i].label, hitters_key(row),
				hitters_weight(row));
		}
	}
}

static void
put_summary(const struct page *page, const char *name, const char *help,
	const struct spread *spread, double unit)
{
	static const unsigned parts[] = {500, 900, 990};

	put_head(page->out, name, "summary", help);
	for (size_t i = 0; spread->count > 0 && i < 3; i++)
		(void)fprintf(page->out, METRIC "%s{quantile=\"%g\"} %.10g\n",
			name, parts[i] / 1000.0,
			(double)spread_below(spread, parts[i]) * unit);
	(void)fprintf(page->out,
		METRIC "%s_sum %.10g\n" METRIC "%s_count %llu\n", name,
		(double)spread->sum * unit, name,
		(unsigned long long)spread->count);
}

static void
put_attention(const struct page *page)
{
	static struct finding findings[ATTENTION_MOST];
	size_t counts[ATTENTIONS];

	(void)attention_find(page->facts, findings, counts);
	put_head(page->out, "attention", "gauge",
		"What somebody should look at, by kind: smtpd-report(8).");
	for (enum attention kind = 0; kind < ATTENTIONS; kind++)
		put_labelled(page->out, "attention", "kind",
			slice_of(attention_word(kind)), counts[kind]);
}

void
page_prometheus(const struct page *page)
{
	const struct facts *f = page->facts;
	FILE *out = page->out;

	put_results(page);
	put_words(page);
	put_number(out, "message_bytes_total", "counter",
		"Octets of messages that were taken.", f->octets);
	put_number(out, "recipients_total", "counter",
		"Recipients of messages that were taken.", f->recipients);
	put_number(out, "recipients_refused_total", "counter",
		"Recipients that were refused.", f->events[EVENT_RCPT_REFUSED]);
	put_number(out, "senders_refused_total", "counter",
		"Senders that were refused.", f->events[EVENT_SENDER_REFUSED]);
	put_number(out, "config_failures_total", "counter",
		"Lines config fail.", f->events[EVENT_CONFIG_FAIL]);
	put_number(out, "log_lost_total", "counter",
		"Lines of the log that were lost.", f->lost);
	put_summary(page, "message_size_bytes",
		"Octets of a message that was taken.", &f->sizes, 1);
	put_summary(page, "connection_duration_seconds",
		"How long a connection lasted.", &f->seconds, 0.1);
	put_attention(page);
	put_number(out, "first_line_timestamp_seconds", "gauge",
		"When the oldest line was written, 0: no line.",
		(uint64_t)f->first);
	put_number(out, "last_line_timestamp_seconds", "gauge",
		"When the newest line was written, 0: no line.",
		(uint64_t)f->last);
	put_number(out, "report_timestamp_seconds", "gauge",
		"When this was made.", (uint64_t)page->now);
}
