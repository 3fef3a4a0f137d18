/*
 * validrcptto - the recipients that there are, as control/validrcptto and
 * control/morevalidrcptto.cdb list them. Of these entries the first that is
 * in either file decides, without the recipient's case:
 *
 *   user@host yes, -user@host no, @host yes, -@host no
 *
 * An entry that is not in lower case matches nothing. Source: the validrcptto
 * patches of qmail; the keys of qmail-newmvrt's cdb are the entries, without
 * data.
 */
#ifndef CONTROL_VALIDRCPTTO_H
#define CONTROL_VALIDRCPTTO_H

#include "control/control.h"

#define VALIDRCPTTO_TEXT "validrcptto"
#define VALIDRCPTTO_CDB "morevalidrcptto.cdb"

struct validrcptto {
	struct control_list text; /* as long as the process lives */
	int cdb;		  /* or -1: none, or one without a record */
	bool positive;		  /* an entry without - is in either file */
	/* on failure */
	const char *file; /* of the two above */
	const char *reason;
};

enum validrcptto_result {
	VALIDRCPTTO_YES,
	VALIDRCPTTO_NO,
	VALIDRCPTTO_UNLISTED, /* no entry decides */
	VALIDRCPTTO_BROKEN    /* the cdb is corrupt: file and reason are set */
};

/*
 * Opens both in the control directory, and reads the text; one that is not
 * there or holds no entry is as good as none. 0, or -1 with file and reason.
 */
int validrcptto_open(struct validrcptto *v, const char *directory);

/*
 * Is there such a recipient? There always is a postmaster, unless an entry
 * refuses him by name.
 */
enum validrcptto_result validrcptto_find(
	struct validrcptto *v, struct slice recipient);

#endif
