#!/usr/bin/env python3
"""A login is as good as the user file that it was made against."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE, ANN = "joe@example.com", "ann@example.com"
USERS = {JOE: "secret", ANN: "secret"}
CHANGED = "421 4.7.0 user file changed, log in again"


def logged_in(server):
    """A client that has sent a message."""
    c = server.client()
    c.hello()
    starts(c.login("PLAIN", JOE, "secret"), "235", "logged in")
    starts(c.message("x\r\n", JOE, "x@example.net"), "250 2.0.0",
           "a first message")
    return c


def refused(what, server, c, by):
    """The next message ends the connection."""
    if by == "MAIL":
        is_(c.command(f"MAIL FROM:<{JOE}>"), CHANGED, f"{what}: MAIL")
    else:
        c.envelope(JOE, "x@example.net")
        c.send("DATA\r\n" if by == "DATA" else "BDAT 3 LAST\r\nx\r\n")
        is_(c.reply(), CHANGED, f"{what}: {by}")
    c.ends(what)
    is_(server.wait_idle(5), [], f"{what}: all are gone")
    server.wait_log(r" end seconds=\S+ messages=1 reason=users$")
    is_(len(server.messages()), 1, f"{what}: nothing more is queued")


def touch(server):
    """The same file with another time of change."""
    os.chmod(server.path("authusers.cdb"), 0o600)


CHANGES = (
    ("disabled", lambda s: s.passwd("disable", JOE)),
    ("deleted", lambda s: s.passwd("del", JOE)),
    ("another password", lambda s: s.passwd("set", JOE, stdin="other")),
    ("another user", lambda s: s.passwd("del", ANN)),
    ("another mode", touch),
    ("removed", lambda s: os.unlink(s.path("authusers.cdb"))))


def one(item):
    """A change, and where the client hears of it."""
    (name, change), by = item
    what = f"{name}, {by}"
    env = {"SENDERCHECK": "1"} if by == "MAIL" else {}
    with case(what), Server(users=USERS, env=env) as server:
        with logged_in(server) as c:
            change(server)
            refused(what, server, c, by)


parallel(one, [(change, by) for change in CHANGES
               for by in ("DATA", "BDAT", "MAIL")], 4)

with case("a message that runs"), Server(users=USERS) as server:
    with logged_in(server) as c:
        c.envelope(JOE, "x@example.net")
        c.must(("DATA", "354"))
        server.passwd("disable", JOE)
        c.talk(("x\r\n.", "250 2.0.0 ok", "a message that runs is taken"))
        c.talk((f"MAIL FROM:<{JOE}>", "250", "the next one"),
               ("RCPT TO:<x@example.net>", "250", "its recipient"),
               ("DATA", CHANGED, "is not"))
        c.ends("the next one")

with case("no login"), Server(users=USERS) as server, server.client() as c:
    starts(c.message(), "250 2.0.0", "without a login")
    server.passwd("disable", JOE)
    starts(c.message(), "250 2.0.0", "without a login nothing changes")

with case("the same octets"), Server(users=USERS) as server:
    with logged_in(server) as c:
        before = os.stat(server.path("authusers.cdb"))
        server.passwd("build")
        after = os.stat(server.path("authusers.cdb"))
        is_((after.st_ino, after.st_ctime_ns),
            (before.st_ino, before.st_ctime_ns),
            "build of the same text does not replace the cdb")
        ok(not os.path.exists(server.path("authusers.cdb.new")),
           "and leaves nothing beside it")
        starts(c.message("x\r\n", JOE, "x@example.net"), "250 2.0.0",
               "so who is logged in stays so")

done()
