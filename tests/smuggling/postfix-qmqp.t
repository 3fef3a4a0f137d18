#!/usr/bin/env python3
"""Smuggling through us into Postfix by QMQP, and out again."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done  # noqa: E402
from support.extra_postfix import Postfix  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_qmqp import Site  # noqa: E402
from support.extra_smuggling import smuggle  # noqa: E402

# An address of the loopback that no other test listens at.
OWN = "127.%d.%d.10" % (os.getpid() >> 8 & 127, os.getpid() & 255)
postfix = Postfix(settings="qmqpd_authorized_clients = 127.0.0.1\n",
                  services=f"{OWN}:628 inet n - n - - qmqpd\n")
sink = postfix.sink
with case("Postfix"), postfix:
    site = Site(text=OWN + "\n")
    wait_for(lambda: site.queue().code == 0, "qmqpd")
    wait_for(lambda: sink.messages and not postfix.waiting(),
             "an empty queue")
    sink.messages.clear()
    with open(site.path + "/me", "w", encoding="ascii") as file:
        file.write("mx.example.org\n")
    with open(site.path + "/rcpthosts", "w", encoding="ascii") as file:
        file.write("example.com\n")
    smuggle("Postfix by QMQP", "queue-qmqp", sink, postfix.waiting,
            {"CONTROLDIR": site.path, "TMPDIR": site.spool})
done()
