/* tls_files - certbot's, linked as it is, else a self-signed one. */
#ifndef CONF_TLS_FILES_H
#define CONF_TLS_FILES_H

#include "conf/stage.h"

/*
 * Makes servercert.pem and serverkey.pem below control/ of the stage, unless
 * the control directory has a certificate or a key, and sets conf->certificate.
 * Warns when it is self-signed.
 */
int tls_files_make(struct conf *conf, struct stage *stage);

#endif
