#!/usr/bin/env python3
"""queue-sendmail in front of msmtp's sendmail, which has no queue: what the
server behind it says is what becomes of the message."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like  # noqa: E402
from support.extra_sendmail import (  # noqa: E402
    Sink, checks_of_arrival, checks_of_many, checks_of_nothing,
    checks_of_server, envelope, private, queue, text, write)

private("msmtp-mta", {})
sink = Sink()
write("/etc/msmtprc", f"""account default
host 127.0.0.1
port {sink.port}
auth off
tls off
""")

checks_of_arrival(sink, quoted=False)
checks_of_many(sink)
checks_of_server(sink)
checks_of_nothing(sink, lambda: 0)

with case("refusals"):
    joe = envelope("joe@example.com", "ann@example.net")
    for what, verb, reply, custom in (
            ("a recipient", "RCPT", "550 5.1.1 no such user",
             b"D550 5.1.1 no such user (#5.0.0)"),
            ("a recipient for now", "RCPT", "450 4.2.1 full",
             b"Z450 4.2.1 full (#4.0.0)"),
            ("the sender", "MAIL", "550 5.1.8 go away",
             b"D550 5.1.8 go away (#5.0.0)"),
            ("the message for now", "DATA", "451 4.7.1 later",
             b"Z451 4.7.1 later (#4.0.0)"),
            ("the message", "DATA", "554 5.7.1 no",
             b"D554 5.7.1 no (#5.0.0)")):
        sink.reply = {verb: reply}
        got = queue(text("refused"), joe)
        is_((got.code, got.custom), (82, custom), what + " is refused")
        like(got.log, "server message: " + reply, "and logged")
    sink.reply = {}
    write("/etc/msmtprc", "account default\nhost 127.0.0.1\nport 1\n")
    got = queue(text("refused"), joe)
    is_((got.code, got.custom), (71, b""), "no server")
    like(got.log, "Connection refused", "is logged")
    write("/etc/msmtprc", "account\n")
    got = queue(text("refused"), joe)
    is_((got.code, got.custom), (71, b""), "a broken configuration")
    is_(sink.wait("refused"), [], "nothing is sent")

done()
