#!/usr/bin/env python3
"""The session's resident memory stays flat however much comes."""
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family, queue_script  # noqa: E402

BLOCK = b"x" * 1048576
GROWTH = 200 * 1024
# The session of a client that fills 64 KB gets these once, at a time that
# depends on which of the two is quicker (session/stream.h).
LARGE_BUFFER = {"session": 320 * 1024, "keeper": 0}
SINK = "cat >/dev/null; cat <&1 >/dev/null\n"


if not ROOT:
    skip_all("only root sees which process is whose session")


class Watch:
    """Measures session and keeper now and later."""

    def __init__(self, server, c):
        family = Family(server, c)
        self.processes = {"session": family.session, "keeper": family.keeper}
        self.first = {}

    def touched(self):
        """All that is usual has been used once."""
        self.first = {name: process.resident()
                      for name, process in self.processes.items()}

    def flat(self, what):
        """Has it grown since?"""
        for name, process in self.processes.items():
            now = process.resident()
            ok(now - self.first[name] < GROWTH + LARGE_BUFFER[name],
               f"{what}: the {name} has not grown",
               f"{self.first[name]} octets, then {now}")
            ok(now < 4 << 20, f"{what}: the {name} is small", now)


def megabytes(c, watch, count, block=BLOCK, first=1):
    """Sends the first, looks, and then sends so many more."""
    for _ in range(first):
        c.send(block)
    c.drained()
    watch.touched()
    for _ in range(count):
        c.send(block)
    c.drained()


with case("a line"), Server() as server, server.client() as c:
    watch = Watch(server, c)
    megabytes(c, watch, 200)
    watch.flat("200 MB of a line without an end")
    c.send("\r\n")
    starts(c.reply(), "500 5.5.2", "200 MB of a line: refused in the end")

path = queue_script(SINK)
for tls in (False, True):
    what = "300 MB in TLS" if tls else "300 MB"
    with case(what), Server(env={"QMAILQUEUE": path},
                            certificate="ec") as server:
        with server.client() as c:
            watch = Watch(server, c)
            if tls:
                c.hello()
                c.starttls()
            starts(c.message(), "250", what + ": a first message")
            c.envelope()
            c.must(("DATA", "354"))
            block = (b"z" * 1022 + b"\r\n") * 1024
            # A client that fills the buffer gets the large one.
            megabytes(c, watch, 290, block, 10)
            c.send(".\r\n")
            starts(c.reply(), "250 2.0.0", what + " of a message")
            watch.flat(what + " of a message")
            like(server.wait_log("message ok", 2)[1].string,
                 r"size=314572800\b", what + ": counted")

with case("chunks"), Server(env={"QMAILQUEUE": path}) as server:
    with server.client() as c:
        watch = Watch(server, c)
        starts(c.message(), "250", "chunks: a first message")
        c.envelope()
        c.send("BDAT 2\r\nab")
        c.expect("250 2.")
        watch.touched()
        for _ in range(50):
            c.send("BDAT 2\r\nab" * 1000)
            for _ in range(1000):
                c.expect("250 2.")
        watch.flat("50,000 chunks")
        starts(c.command("BDAT 0 LAST"), "250 2.0.0", "50,000 chunks: queued")

with case("commands"), Server() as server, server.client() as c:
    watch = Watch(server, c)
    c.must(("RSET", "250"))
    watch.touched()

    def flood():
        """A client that doesn't read."""
        try:
            c.send("RSET\r\n" * 100000)
        except OSError:
            pass
    sender = threading.Thread(target=flood)
    sender.start()
    replies = [c.reply() for _ in range(100)]
    sender.join()
    is_({reply[:3] for reply in replies[:-1]}, {"250"},
        "100,000 RSET: some are answered")
    starts(replies[-1], "421", "100,000 RSET: then it hangs up")

with case("messages"), Server(env={"QMAILQUEUE": path}) as server:
    with server.client() as c:
        watch = Watch(server, c)
        starts(c.message(), "250", "messages: the first")
        watch.touched()
        for _ in range(200):
            c.must(("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
                    "DATA", "250"))
            c.expect("250")
            c.expect("354")
            c.must(("x\r\n.", "250"))
        watch.flat("200 messages")

with case("logins"), Server(users={"joe@example.com": "secret"}) as server:
    with server.client() as c:
        watch = Watch(server, c)
        c.must(("AUTH LOGIN", "334"), ("*", "501"))
        watch.touched()
        for _ in range(15):
            c.must(("AUTH LOGIN", "334"), ("*", "501"))
        watch.flat("15 exchanges")

done()
