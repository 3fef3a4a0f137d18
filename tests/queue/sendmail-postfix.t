#!/usr/bin/env python3
"""queue-sendmail in front of Postfix's sendmail."""
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like, ok  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_postfix import (  # noqa: E402
    LOG, PICKUP, SPOOL, Postfix)
from support.extra_sendmail import (  # noqa: E402
    checks_of_arrival, checks_of_killed, checks_of_many, checks_of_nothing,
    checks_of_server, checks_of_utf8, envelope, queue, text, write)

postfix = Postfix(settings="allow_min_user = yes\n", services=PICKUP)
sink = postfix.sink
with postfix:
    wait_for(lambda: os.path.exists(SPOOL + "/public/pickup"), "pickup")
    checks_of_arrival(sink, quoted=True)
    checks_of_utf8(sink)
    checks_of_many(sink)
    msgid = checks_of_server(sink)
    with case("who is this qp"):
        # As docs/symptoms.md has it: msgid=, the queue id, what became of it.
        def log_lines(pattern):
            """Lines of Postfix's log; the match objects."""
            with open(LOG, encoding="utf-8") as file:
                return list(re.finditer(f"(?m)^.*{pattern}.*$", file.read()))

        found = log_lines(
            rf"postfix/cleanup\S* (\w+): message-id=<{re.escape(msgid)}>")
        if is_(len(found), 1, "msgid= is a message-id of Postfix's log"):
            number = found[0][1]
            like(log_lines(f" {number}: uid=")[0][0], "postfix/pickup",
                 "its queue id: the account of queue-sendmail")
            wait_for(lambda: log_lines(f" {number}: to=<ann@example.net>"),
                     "the delivery in the log")
            like(log_lines(f" {number}: to=<ann@example.net>")[0][0],
                 "status=sent", "and what became of it")
    checks_of_nothing(sink, postfix.waiting)
    checks_of_killed(sink)
    with case("the header"):
        # -G: mail of another host's is not rewritten here.
        got = queue(text("header").replace("joe@example.com", "joe"),
                    envelope("joe@example.com", "ann@example.net"))
        is_((got.code, sink.expect("header")[0].header("From")), (0, "joe"),
            "stays as it is")
    with case("softlimit"):
        got = queue(text("small"), envelope("joe@example.com", "a@b.example"),
                    prefix=("softlimit", "-m", "8000000"))
        is_(got.code, 0, "under softlimit -m 8000000")
        is_(len(sink.expect("small")), 1, "too")
    with case("8-bit by name"):
        ok("BODY=8BITMIME" in sink.found("8-bit")[0].mail,
           "BODY arrives", sink.found("8-bit")[0].mail)
    with case("Postfix says no"):
        joe = envelope("joe@example.com", "ann@example.net")
        postfix.setting("message_size_limit = 2000")
        got = queue(text("no", "x\n" * 2000), joe)
        is_((got.code, got.custom), (71, b""), "too large: Postfix's is 75")
        like(got.log, "message file too big", "and the log says why")
        postfix.setting("authorized_submit_users = !nobody, static:all")
        got = queue(text("no"), joe)
        is_((got.code, got.custom), (71, b""), "the account may not: for now")
        like(got.log, "not allowed to submit", "and the log says why")
        write("/etc/postfix/main.cf", "")
        wait_for(lambda: postfix.waiting() == 0, "an empty queue")
        is_(sink.found("no"), [], "nothing is sent")
done()
