#!/usr/bin/env python3
"""Smuggling through us into Postfix by its sendmail, and out again."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done  # noqa: E402
from support.extra_postfix import PICKUP, SPOOL, Postfix  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_smuggling import smuggle  # noqa: E402

postfix = Postfix(services=PICKUP)
with case("Postfix"), postfix:
    wait_for(lambda: os.path.exists(SPOOL + "/public/pickup"), "pickup")
    smuggle("Postfix by sendmail", "queue-sendmail", postfix.sink,
            postfix.waiting)
done()
