#!/usr/bin/env python3
"""Smuggling through us into Exim, and out again."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done  # noqa: E402
from support.extra_exim import (  # noqa: E402
    ACCOUNTS, PACKAGE, configure, waiting)
from support.extra_sendmail import Sink, private  # noqa: E402
from support.extra_smuggling import smuggle  # noqa: E402

private(PACKAGE, ACCOUNTS)
sink = Sink()
with case("Exim"):
    configure(sink.port)
    smuggle("Exim", "queue-sendmail", sink, waiting)
done()
