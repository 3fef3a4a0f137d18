/* controldir - where the control files are, for every program alike. */
#ifndef LIB_CONTROLDIR_H
#define LIB_CONTROLDIR_H

#define CONTROLDIR_OWN "/etc/smtpd-auth/control"
#define CONTROLDIR_QMAIL "/var/qmail/control"

/* $CONTROLDIR, else our own if it exists, else that of qmail. */
const char *controldir_find(void);

#endif
