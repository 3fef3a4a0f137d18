/* anew - settings of a unit test: none but those that it makes. */
#ifndef TESTS_ANEW_H
#define TESTS_ANEW_H

#include "control/config.h"
#include "tests/scratch.h"

/* No variable that counts, no file but a good me. */
static inline void
anew(const struct scratch *s)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->environment != NULL)
			unsetenv(row->environment);
		if (row->file != NULL)
			scratch_remove(s, row->file);
	}
	setenv("CONTROLDIR", s->path, 1);
	scratch_text(s, "me", "mx.example.com\n");
}

#endif
