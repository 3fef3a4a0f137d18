/*
 * stage - make files beside their place, and rename them into it when all of
 * them are there: after an error nothing half made is left.
 *
 * The directory DIR/.smtpd-auth-conf is the stage; while it exists no other
 * run begins. Every path is relative: to the stage; target of stage_place() to
 * DIR.
 */
#ifndef CONF_STAGE_H
#define CONF_STAGE_H

#include "conf/conf.h"

#define STAGE_NAME ".smtpd-auth-conf"
#define STAGE_PLACED_MAX (CONF_PORTS_MAX + 4)

struct stage {
	const char *directory; /* DIR */
	int parent;	       /* DIR, open; -1 before stage_begin */
	int fd;		       /* the stage, open */
	bool made_parent, made;
	char placed[STAGE_PLACED_MAX][32];
	size_t placed_count;
};

/*
 * Makes DIR if it is missing, and the stage. SIGINT and the like are held: they
 * make the next step fail.
 */
int stage_begin(struct stage *stage, const char *directory);

int stage_directory(struct stage *stage, const char *path, mode_t mode);
int stage_file(
	struct stage *stage, const char *path, struct slice text, mode_t mode);
int stage_link(struct stage *stage, const char *path, const char *target);
int stage_mode(struct stage *stage, const char *path, mode_t mode);
int stage_owner(
	struct stage *stage, const char *path, const struct account *account);

/* Renames path of the stage to target in DIR; never over another. */
int stage_place(struct stage *stage, const char *path, const char *target);

/* Removes the stage, which has become empty. */
int stage_end(struct stage *stage);

/* Removes whatever was made or placed. */
void stage_abandon(struct stage *stage);

#endif
