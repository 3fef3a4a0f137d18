/* relaylimits - see relaylimits.h. Run by main and the keeper. */
#include "control/relaylimits.h"

static int
parse(struct slice line, struct slice *user, uint64_t *limit)
{
	size_t colon = slice_find_last(line, ':');

	if (colon == line.len)
		return -1;
	*user = (struct slice){line.data, colon};
	return slice_number(slice_from(line, colon + 1), limit);
}

const char *
relaylimits_fault(const struct control_list *list)
{
	struct slice line, user;
	uint64_t limit;
	size_t at = 0;

	while (control_next(list, &at, &line))
		if (parse(line, &user, &limit) == -1)
			return "a line is not user:number";
	return NULL;
}

uint64_t
relaylimits_find(const struct control_list *list, struct slice login)
{
	struct slice line, user;
	uint64_t limit, others = 0;
	size_t at = 0;

	while (control_next(list, &at, &line)) {
		if (parse(line, &user, &limit) == -1)
			continue;
		if (user.len == 0)
			others = limit;
		else if (slice_equal_nocase(user, login))
			return limit;
	}
	return others;
}
