/* template - the files of service/; part of smtpd-auth-conf. */
#include "conf/template.h"

#include "lib/buffer.h"

/*
 * The assembler puts the file into the program as it is, so that scripts and
 * units stand in the tree as what they are, and only there. The Makefile
 * knows that this file depends on them.
 */
#define EMBED(name, file)                                                      \
	extern const char name[], name##_end[];                                \
	__asm__(".pushsection .rodata." #name ",\"a\"\n" #name ":\n"           \
		".incbin \"" file "\"\n" #name "_end:\n"                       \
		".popsection")

EMBED(service_run, "service/run");
EMBED(service_run_inetd, "service/run.inetd");
EMBED(service_log_run, "service/log.run");
EMBED(service_rules, "service/tcp.rules");
EMBED(service_rules_proxied, "service/tcp.rules.proxied");
EMBED(service_xinetd, "service/xinetd");
EMBED(service_socket, "service/socket");
EMBED(service_unit, "service/unit");

#define TEXT(name)                                                             \
	{                                                                      \
		name, name##_end                                               \
	}

static const struct {
	const char *start, *end;
} texts[] = {
	[TEMPLATE_RUN] = TEXT(service_run),
	[TEMPLATE_RUN_INETD] = TEXT(service_run_inetd),
	[TEMPLATE_LOG_RUN] = TEXT(service_log_run),
	[TEMPLATE_RULES] = TEXT(service_rules),
	[TEMPLATE_RULES_PROXIED] = TEXT(service_rules_proxied),
	[TEMPLATE_XINETD] = TEXT(service_xinetd),
	[TEMPLATE_SOCKET] = TEXT(service_socket),
	[TEMPLATE_UNIT] = TEXT(service_unit),
};

struct slice template_text(enum template which)
{
	return (struct slice){texts[which].start,
		(size_t)(texts[which].end - texts[which].start)};
}

/* The length of the @NAME@ at the start of text; 0: there is none. */
static size_t
name_len(struct slice text)
{
	size_t len = 1;

	while (len < text.len && text.data[len] >= 'A' && text.data[len] <= 'Z')
		len++;
	return len > 1 && len < text.len && text.data[len] == '@' ? len + 1 : 0;
}

int
template_fill(struct buffer *out, struct slice text,
	const struct template_value *values)
{
	while (text.len > 0) {
		size_t plain = slice_find(text, '@'), len;
		const struct template_value *value = values;

		buffer_add_slice(out, (struct slice){text.data, plain});
		text = slice_from(text, plain);
		if (text.len == 0)
			break;
		if ((len = name_len(text)) == 0) {
			buffer_add_char(out, '@');
			text = slice_from(text, 1);
			continue;
		}
		while (value->name != NULL &&
			!slice_is((struct slice){text.data + 1, len - 2},
				value->name))
			value++;
		if (value->name == NULL ||
			template_fill(out, slice_of(value->value), value + 1) ==
				-1)
			return -1;
		text = slice_from(text, len);
	}
	return out->overflow ? -1 : 0;
}
