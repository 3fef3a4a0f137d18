/*
 * controldir - see controldir.h. Run by main before it forks, by
 * smtpd-passwd, smtpd-check and queue-qmqp.
 */
#include "lib/controldir.h"

#include <stdlib.h>
#include <unistd.h>

const char *
controldir_find(void)
{
	const char *directory = getenv("CONTROLDIR");

	if (directory != NULL && *directory != '\0')
		return directory;
	return access(CONTROLDIR_OWN, F_OK) == 0 ? CONTROLDIR_OWN
						 : CONTROLDIR_QMAIL;
}
