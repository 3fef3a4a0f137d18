/* control_files - what the control directory lacks for the start. */
#ifndef CONF_CONTROL_FILES_H
#define CONF_CONTROL_FILES_H

#include "conf/stage.h"

/*
 * control/ of the stage, with what the control directory lacks. Of one that
 * exists nothing else is touched.
 */
int control_files_make(struct conf *conf, struct stage *stage);

/*
 * Renames it into place; parent is the control directory itself when the
 * stage is in there, else the one above it.
 */
int control_files_place(const struct conf *conf, struct stage *stage);

#endif
