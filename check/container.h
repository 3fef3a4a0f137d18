/* container - rights and system calls that a container may take away. */
#ifndef CHECK_CONTAINER_H
#define CHECK_CONTAINER_H

#include "check/check.h"

void check_container(struct check *c);

#endif
