#!/usr/bin/env python3
"""The client is gone, or the message too big: who ends what, and when."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import queue_script, wait_for  # noqa: E402

LIMIT = 2  # seconds


def opened(c):
    """Up to 354."""
    c.hello()
    c.envelope()
    c.must(("DATA", "354"))


def before_the_dot(what, leave, script, body=b"Subject: x\r\n"):
    """Nothing may be queued, and all of it goes."""
    path = queue_script(script + '\ncase $seen in\n'
                        '*xx) echo >"$RECORD_DIR/queued" ;;\nesac\n')
    with case(what), Server(env={"QMAILQUEUE": path}) as server:
        with server.client() as c:
            opened(c)
            c.send(body)
            c.drained()
            wait_for(lambda: server.processes()[2:], "the program")
            watch = Stopwatch()
            leave(c)
            is_(server.wait_idle(LIMIT), [], f"{what}: all are gone")
            took(watch, 0, LIMIT, f"{what}: within {LIMIT} seconds")
        ok("queued" not in os.listdir(server.record_directory),
           f"{what}: no whole envelope was given")
        ok("message ok" not in server.log(), f"{what}: not logged as queued")
        like(server.log(), "message refused .*reason=client",
             f"{what}: logged as given up")


SCRIPTS = (
    ("which waits", "exec 5<&1; cat >/dev/null; seen=$(tr '\\0' x <&5)"),
    ("which sleeps", "sleep 1000"),
    ("which is deaf", "trap '' HUP INT TERM PIPE; while :; do sleep 1000; done"),
    ("with children", "sleep 1000 & (sleep 1000 & sleep 1000) & sleep 1000"),
)
LEAVES = (("FIN", lambda c: c.close()), ("RST", lambda c: c.reset()))
parallel(lambda row: before_the_dot(*row),
         [(f"{name} before the dot, a program {kind}", leave, script)
          for name, leave in LEAVES for kind, script in SCRIPTS] +
         [("FIN before the first octet, a program which sleeps", lambda c: c.close(),
           "sleep 1000", b"")], 4)

with case("half of a message"), Server() as server, server.client() as c:
    opened(c)
    c.send("Subject: x\r\n\r\nhalf\r\n.\r")
    c.drained()
    c.close()
    is_(server.wait_idle(LIMIT), [], "gone within the dot: all are gone")
    wait_for(server.records, "the program's record")
    is_([record.complete for record in server.records()], [False],
        "gone within the dot: the envelope stays unfinished")
    is_(server.records()[0].envelope, b"",
        "gone within the dot: not an octet of it")

for name, leave in LEAVES:
    what = f"{name} after the dot"
    with case(what), Server(record={"SLEEP": 1}) as server:
        with server.client() as c:
            opened(c)
            c.send("Subject: x\r\n\r\ny\r\n.\r\n")
            wait_for(server.messages, "the whole envelope")
            leave(c)
            server.wait_log("message ok ")
            ok(True, f"{what}: logged as queued")
            is_(server.wait_idle(3), [], f"{what}: all are gone then")
        is_(len(server.messages()), 1, f"{what}: queued")

with case("hangs after the dot"), Server(
        env={"TIMEOUTQUEUE": "2", "QMAILQUEUE": queue_script(
            "cat >/dev/null; cat <&1 >/dev/null; echo >\"$RECORD_DIR/all\"\n"
            "sleep 1000")}) as server:
    with server.client() as c:
        opened(c)
        c.send(".\r\n")
        c.drained()
        c.close()
        server.wait_log("message temp .*exit=timeout")
        is_(server.wait_idle(2), [],
            "gone after the dot: timeoutqueue ends a program that hangs")

with case("size"), Server(control={"databytes": "1000\n"},
                          env={"QMAILQUEUE": queue_script(
                              "cat >/dev/null; cat <&1 >/dev/null\nexit 0")}
                          ) as server:
    with server.client() as c:
        opened(c)
        wait_for(lambda: server.processes()[2:], "the program")
        c.send("x" * 2000 + "\r\n")
        wait_for(lambda: len(server.processes()) == 2, "its end", 3)
        is_(len(server.processes()), 2,
            "databytes: the program is gone before the dot")
        c.send("more\r\n" * 1000)
        is_(len(server.processes()), 2, "databytes: and stays away")
        c.send(".\r\n")
        starts(c.reply(), "552 5.3.4 ", "databytes: 552 after the dot")
        server.wait_log("message refused .*reason=size")
        starts(c.message(), "250 2.0.0", "databytes: the next one is taken")

with case("reset"), Server(record={"SLEEP": 0}) as server:
    with server.client() as c:
        for verb in ("RSET", "EHLO x", "HELO x"):
            c.hello()
            c.envelope()
            c.send("BDAT 3\r\nx\r\n")
            c.expect("250 ")
            starts(c.command(verb), "250", f"{verb} gives up a message")
            wait_for(lambda: len(server.processes()) == 2, "its end", 3)
            is_(server.messages(), [], f"{verb}: nothing is queued")
        starts(c.message(), "250 2.0.0", "after all that a message")
        is_(len(server.messages()), 1, "after all that one is queued")

# What came in one segment: the clock that was read before the slow program
# ran must not lengthen the time for the last word, or the keeper ends it all.
path = queue_script("cat >/dev/null; cat <&1 >/dev/null; sleep 5\n")
with case("pipelined behind a slow program"), Server(
        env={"QMAILQUEUE": path}) as server, server.client() as c:
    c.hello()
    c.envelope()
    c.send("BDAT 18 LAST\r\nSubject: x\r\n\r\nhi\r\nQUIT\r\nNOOP\r\n")
    starts(c.reply(), "250 2.0.0", "behind a slow program: queued")
    starts(c.reply(), "221 2.0.0", "behind a slow program: and quit")
    is_(server.wait_idle(4), [], "behind a slow program: all are gone")
    like(server.log(), "end .*reason=quit",
         "behind a slow program: an end in order")

done()
