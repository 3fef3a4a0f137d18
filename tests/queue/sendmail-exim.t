#!/usr/bin/env python3
"""queue-sendmail in front of Exim's sendmail."""
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like  # noqa: E402
from support.extra_exim import (  # noqa: E402
    ACCOUNTS, PACKAGE, SPOOL, configure, waiting)
from support.extra_process import wait_for  # noqa: E402
from support.extra_sendmail import (  # noqa: E402
    Sink, checks_of_arrival, checks_of_killed, checks_of_many,
    checks_of_nothing, checks_of_server, checks_of_utf8, envelope, private,
    queue, text, write)

private(PACKAGE, ACCOUNTS)
sink = Sink()
configure(sink.port)


def text_of_log():
    """Exim's."""
    with open("/var/log/exim4/mainlog", encoding="utf-8") as log_file:
        return log_file.read()


checks_of_arrival(sink, quoted=True)
checks_of_utf8(sink)
checks_of_many(sink)
msgid = checks_of_server(sink)
with case("who is this qp"):
    # As docs/symptoms.md has it.
    found = re.findall(rf"(?m)^\S+ \S+ (\S+) <= joe@example\.com .* "
                       rf"id={re.escape(msgid)}$", text_of_log())
    if is_(len(found), 1, "msgid= is an id= of Exim's log"):
        wait_for(lambda: f"{found[0]} Completed" in text_of_log(),
                 "the delivery in the log")
        like(text_of_log(), rf"(?m)^\S+ \S+ {re.escape(found[0])} => "
             "ann@example.net", "and what became of it")
checks_of_nothing(sink, waiting)
checks_of_killed(sink)

with case("refusals"):
    got = queue(text("refuse"), envelope("joe@example.com", "a@example.net"))
    is_(got.code, 71, "a message that its rules refuse, as Exim says it: 1")
    like(got.log, "5.7.1 not today", "its words are in the log")
    os.chmod(SPOOL, 0)
    write("/etc/exim4/exim4.conf", "broken\n")
    got = queue(text("broken"), envelope("joe@example.com", "a@example.net"))
    is_(got.code, 71, "a broken configuration is temporary")
    is_(sink.found("refuse") + sink.found("broken"), [], "nothing is sent")

done()
