/*
 * judge - a program for rcptcheck that runs where there is no shell. Run by
 * the program under test, as the account.
 *
 *   JUDGE_NOBODY=N      exit code for recipients that begin with "no-such"
 *   JUDGE_OTHERS=N      for all others
 *   JUDGE_TEXT=TEXT     is written to descriptor 4
 *   JUDGE_HANG=1        never ends
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
code(const char *name)
{
	const char *text = getenv(name);

	return text == NULL ? 0 : (int)strtol(text, NULL, 10);
}

int
main(void)
{
	const char *text = getenv("JUDGE_TEXT");
	const char *recipient = getenv("RECIPIENT");

	if (recipient == NULL || getenv("USE_FD4") == NULL)
		return 111;
	if (text != NULL && write(4, text, strlen(text)) == -1)
		return 111;
	while (getenv("JUDGE_HANG") != NULL)
		pause();
	return code(strncmp(recipient, "no-such", 7) == 0 ? "JUDGE_NOBODY"
							  : "JUDGE_OTHERS");
}
