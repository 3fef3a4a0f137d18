/* service - the service directory of one port, and control/. */
#ifndef CONF_SERVICE_H
#define CONF_SERVICE_H

#include "conf/stage.h"

/* Port 465 has TLS from the first byte; 25 takes mail from anyone. */
#define SERVICE_PORT_TLS 465
#define SERVICE_PORT_MX 25

/* PORT/ of the stage, with all in it but the owner of log/main. */
int service_make(const struct conf *conf, struct stage *stage, unsigned port);

/* log/main becomes the log account's. */
int service_own(const struct conf *conf, struct stage *stage, unsigned port);

/* control/ of the stage, with what DIR/control lacks. */
int service_control(struct conf *conf, struct stage *stage);

/* Renames all of it into place. */
int service_place(const struct conf *conf, struct stage *stage);

#endif
