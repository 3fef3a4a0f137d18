#!/usr/bin/env python3
"""What the queue program is given, byte for byte, and the 250 it earns."""
import re
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE = "joe@example.com"

with case("one recipient"), Server() as server, server.client() as c:
    reply = c.message(b"Subject: x\r\n\r\ny\r\n")
    found = re.fullmatch(r"250 2\.0\.0 ok (\d+) qp (\d+)", reply)
    ok(found, "the reply of qmail", reply)
    record = server.messages()[0]
    ok(found and abs(int(found[1]) - time.time()) < 60, "it tells the time")
    is_(found and int(found[2]), record.pid, "and the program's pid")
    is_(record.envelope, b"Fa@example.org\0Tb@example.com\0\0",
        "one recipient: the envelope")
    like(server.wait_log("message ok .*")[0][0], rf"qp={record.pid}\b",
         "the pid is logged, too")
    is_(record.body, b"Subject: x\n\ny\n", "one recipient: the message")
    ok(record.message.startswith(b"Received: from ") and
       b"\r" not in record.message, "Received first, LF only",
       record.message)
    starts(c.message(), "250 2.0.0 ok", "a second message")
    is_(len(server.messages()), 2, "a second message: a second program")

ENVELOPES = (  # sender, recipients, octets
    ("", ["b@example.com"], b"F\0Tb@example.com\0\0"),
    ("a@example.org", ["b@example.com", "b@example.com", "c@example.com"],
     b"Fa@example.org\0Tb@example.com\0Tb@example.com\0Tc@example.com\0\0"),
    ("a+b=c@example.org", ["x/y!z@example.com"],
     b"Fa+b=c@example.org\0Tx/y!z@example.com\0\0"),
    ('"a b"@example.org', ["postmaster"], None),
)
for sender, recipients, octets in ENVELOPES:
    what = f"<{sender}> to {len(recipients)}"
    with case(what), Server() as server, server.client() as c:
        starts(c.message(b"x\r\n", sender, *recipients), "250 ", what)
        envelope = server.messages()[0].envelope
        if octets is None:
            ok(re.fullmatch(rb"F[^\0]+\0Tpostmaster\0\0", envelope),
               what + ": postmaster", envelope)
        else:
            is_(envelope, octets, what + ": octets")

with case("RELAYCLIENT"), Server(env={"RELAYCLIENT": "@relay.example"},
                                 users={JOE: "secret"}) as server:
    with server.client() as c:
        starts(c.message(b"x\r\n", "a@example.org", "b@example.net",
                         "c@example.com"), "250 ", "RELAYCLIENT")
        is_(server.messages()[-1].envelope, b"Fa@example.org\0"
            b"Tb@example.net@relay.example\0Tc@example.com@relay.example\0\0",
            "RELAYCLIENT is appended to each recipient")
        starts(c.login("PLAIN", JOE, "secret"), "235", "RELAYCLIENT: login")
        starts(c.message(b"x\r\n", JOE, "b@example.net"), "250 ",
               "RELAYCLIENT after a login")
        is_(server.messages()[-1].envelope, b"Fjoe@example.com\0"
            b"Tb@example.net@relay.example\0\0",
            "RELAYCLIENT is still appended after a login")
        is_(server.messages()[-1].env.get("RELAYCLIENT"), "@relay.example",
            "the program sees it, too")

with case("many"), Server(env={"MAXRCPT": "0"}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        names = [f"recipient-{n}@example.com" for n in range(5000)]
        for first in range(0, 5000, 500):
            c.send("".join(f"RCPT TO:<{name}>\r\n"
                           for name in names[first:first + 500]))
            for _ in range(500):
                c.expect("250 2.1.5")
        c.must(("DATA", "354"), ("Subject: x\r\n\r\ny\r\n.", "250 2.0.0"))
        record = server.messages()[0]
        is_(record.envelope, b"Fa@example.org\0" + b"".join(
            b"T" + name.encode() + b"\0" for name in names) + b"\0",
            "5,000 recipients: an envelope larger than a pipe")
        like(server.wait_log("message ok .*")[0][0], r"rcpts=5000\b",
             "5,000 recipients are logged as a number")
        is_(c.command("QUIT")[:3], "221", "5,000 recipients: goes on")

OCTETS = bytes(i for i in range(1, 256) if i not in (10, 13, 46))
BODIES = (
    (OCTETS + b"\r\n", OCTETS + b"\n", "every octet"),
    (b"\xff" * 70000 + b"\r\n", b"\xff" * 70000 + b"\n",
     "8-bit, more than a pipe holds"),
    (b"..\r\n...\r\n.. x\r\n", b".\n..\n. x\n", "dots"),
    (b"", b"", "nothing"),
)
with case("octets"), Server() as server, server.client() as c:
    for wire, expected, what in BODIES:
        starts(c.message(wire), "250 ", what)
        is_(server.messages()[-1].body, expected, what + ": by DATA")
    c.envelope()
    whole = OCTETS + b".\r\n..\r\n" * 20000
    c.send(b"BDAT %d\r\n" % 100 + whole[:100])
    c.expect("250 ")
    c.send(b"BDAT %d LAST\r\n" % (len(whole) - 100) + whole[100:])
    starts(c.reply(), "250 ", "by BDAT")
    is_(server.messages()[-1].body, whole.replace(b"\r\n", b"\n"),
        "by BDAT: nothing is unstuffed")

with case("five megabytes"), Server() as server, server.client() as c:
    line = b"line %07d " + b"z" * 60 + b"\r\n"
    wire = b"".join(line % n for n in range(70000))
    starts(c.message(wire), "250 ", "five megabytes")
    is_(server.messages()[0].body == wire.replace(b"\r\n", b"\n"), True,
        "five megabytes, as they were sent")
    like(server.wait_log("message ok .*")[0][0], rf"size={len(wire)}\b",
         "five megabytes: counted")

done()
