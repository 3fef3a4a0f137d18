#!/usr/bin/env python3
"""Limits of the launcher: file size, descriptors, processes. Mail goes on, or
421 and a line say what is missing; nothing dies of a signal."""
import os
import socket
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import Connected, Direct  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402

JOE = "joe@example.com"


class Limited(Guarded):
    """Files may have so many octets."""

    octets = 0

    def command(self):
        return ["prlimit", f"--fsize={self.octets}", *super().command()]


def size(octets):
    """A login that fails, one that does not, and a message."""
    what = f"files of at most {octets} octets"
    Limited.octets = octets
    with Limited(control={"relaylimits": ":3\n"}) as server:
        for turn in ("first", "second"):
            with server.client() as c:
                c.hello()
                starts(c.login("PLAIN", JOE, "wrong"), "535",
                       f"{what}, {turn} time: a wrong password")
                starts(c.login("PLAIN", JOE, "secret"), "235",
                       f"{what}, {turn} time: the right one")
                starts(c.message(b"Subject: x\r\n\r\n", JOE,
                                 *(f"{i}@example.net" for i in range(5))),
                       "250 2.0.0", f"{what}, {turn} time: no limit holds")
                starts(c.command("QUIT"), "221", f"{what}, {turn} time: QUIT")
        server.wait_log(" end .*messages=1 reason=quit$", 2)
        for line in server.log().splitlines():
            if "config fail" in line:
                like(line, r"file=\S+/(failures|recipients) "
                     r"reason=File\\x20too\\x20large$",
                     f"{what}: logged")
        is_(len([line for line in server.log().splitlines()
                 if "config fail" in line]), 2, f"{what}: once a connection")
        is_(len(server.messages()), 2, f"{what}: both are queued")


for number in (4096, 512000):
    with case(f"{number} octets"):
        size(number)

# A log that is a file at its limit.
with case("the log at its limit"), Direct() as server:
    path = os.path.join(server.home, "long")
    with open(path, "wb") as file:
        file.truncate(8192)
        file.seek(8192)
        ours, theirs = socket.socketpair()
        process = server.run(theirs, theirs, stderr=file.fileno(),
                             launcher=("prlimit", "--fsize=8192"))
        theirs.close()
        with Connected(ours) as c:
            starts(c.message(), "250 2.0.0", "the log at its limit: a message")
            starts(c.command("QUIT"), "221", "the log at its limit: QUIT")
        is_(process.wait(10), 0, "the log at its limit: exit 0")
        is_(os.path.getsize(path), 8192, "the log at its limit: no more in it")

# Descriptors: from none on until it can serve.
SERVED, TOLD, NOTHING = "served", "421", "nothing"


def descriptors(most, root):
    """What a client sees of a server that may have so many descriptors."""
    with Direct(users={JOE: "secret"}, certificate="ec", root=root) as server:
        ours, theirs = socket.socketpair()
        process = server.run(theirs, theirs,
                             launcher=("prlimit", f"--nofile={most}"))
        theirs.close()
        with Connected(ours, greet=False) as c:
            first = str(c.reply())
            if first.startswith("220"):
                c.hello()
                starts(c.login("PLAIN", JOE, "secret"), ("235", "454"),
                       f"{most} descriptors: a login, or 454")
                c.must(("RSET", "250"), ("MAIL FROM:<a@example.org>", "250"))
                starts(c.command("RCPT TO:<b@example.com>"), "250",
                       f"{most} descriptors: a recipient")
                reply = c.command("DATA")
                if reply.startswith("354"):
                    c.send("Subject: x\r\n\r\n.\r\n")
                    reply = c.reply()
                starts(reply, ("250", "451"),
                       f"{most} descriptors: a message, or 451")
                is_(len(server.messages()), int(reply.startswith("250")),
                    f"{most} descriptors: queued or not, as it says")
                starts(c.command("QUIT"), "221", f"{most} descriptors: QUIT")
            else:
                is_(first, "421 4.3.0 service not available",
                    f"{most} descriptors: 421")
                c.ends(f"{most} descriptors")
                like(server.log(), " config fail ",
                     f"{most} descriptors: logged")
        ok(process.wait(10) in (0, 111), f"{most} descriptors: no signal",
           process.returncode)
        is_(server.left(), [], f"{most} descriptors: no process is left")


for as_root in {ROOT, False}:
    for number in range(4, 16):
        with case(f"{number} descriptors, root={as_root}"):
            descriptors(number, as_root)

with case("no process"), Direct(root=False) as server:
    ours, theirs = socket.socketpair()
    nobody_else = ("setpriv", "--reuid=1899999999", "--regid=1899999999",
                   "--clear-groups")
    process = server.run(theirs, theirs, launcher=(
        "prlimit", "--nproc=1", *(nobody_else if ROOT else ())))
    theirs.close()
    with Connected(ours, greet=False) as c:
        is_(c.rest(), b"421 4.3.0 service not available\r\n",
            "no process: 421")
    is_(process.wait(10), 111, "no process: exit 111")
    like(server.log(), "config fail file=fork reason=", "no process: logged")

done()
