#!/usr/bin/env python3
"""The session as the system sees it: identity, jail, descriptors, limits."""
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family  # noqa: E402

BASE = 1900000000
NONE = "0000000000000000"

if not ROOT:
    skip_all("only root sees another account's processes")


def jailed(what, family, isolated, message=False):
    """What holds for every session, at whatever point of its life."""
    session = family.session
    status = session.status()
    for field, expected in (
            ("Seccomp", "2"), ("NoNewPrivs", "1"), ("CapInh", NONE),
            ("CapPrm", NONE), ("CapEff", NONE), ("CapAmb", NONE),
            ("TracerPid", "0")):
        is_(status[field], expected, f"{what}: {field}")
    if isolated:
        is_(status["Uid"].split(), [str(BASE + session.pid)] * 4,
            f"{what}: Uid is base + pid")
        is_(status["Gid"].split(), [str(BASE + session.pid)] * 4,
            f"{what}: Gid is base + pid")
        is_(session.root(), family.server.empty,
            f"{what}: sees the empty directory as /")
    is_(status["Groups"].split(), [] if isolated else
        status["Groups"].split(), f"{what}: no groups")
    found = session.descriptors()
    is_(sorted(found), [0, 1, 2, 3] if message else [0, 1, 3],
        f"{what}: number of descriptors")
    is_((found[0], found[1]), (family.target, family.target),
        f"{what}: 0 and 1 are the client")
    like(found[3], r"^socket:", f"{what}: 3 is the channel")
    ok(found[3] != family.target, f"{what}: 3 is not the client", found)
    if message:
        like(found[2], r"^pipe:", f"{what}: 2 is the message pipe")
    limits = session.limits()
    is_(limits["Max core file size"], ("0", "0"), f"{what}: no core")
    is_(limits["Max processes"], ("0", "0"), f"{what}: no processes")
    is_(limits["Max open files"], ("5", "5"), f"{what}: no descriptors")
    is_(os.stat(f"/proc/{session.pid}/mem").st_uid, 0,
        f"{what}: not dumpable")


def unreadable(what, family, account):
    """Another process of the account cannot look into it."""
    path = f"/proc/{family.session.pid}/mem"
    done = subprocess.run(["setuidgid", account, "cat", path], check=False,
                          capture_output=True)
    ok(done.returncode != 0 and b"denied" in done.stderr,
       f"{what}: the account cannot read its memory", done.stderr)


def life(what, server, isolated):
    """Every point of a connection."""
    with case(what), server.client() as c:
        family = Family(server, c)
        jailed(what + ", at the greeting", family, isolated)
        unreadable(what, family, ACCOUNT)
        c.hello()
        c.starttls()
        jailed(what + ", in TLS", family, isolated)
        starts(c.login("PLAIN", "joe@example.com", "secret"), "235",
               what + ": logged in")
        jailed(what + ", logged in", family, isolated)
        c.envelope("joe@example.com", "x@example.net")
        jailed(what + ", with an envelope", family, isolated)
        c.must(("DATA", "354"))
        c.send("Subject: x\r\n\r\n")
        jailed(what + ", in a message", family, isolated, message=True)
        c.send(".\r\n")
        starts(c.reply(), "250 2.0.0", what + ": queued")
        jailed(what + ", after a message", family, isolated)
        is_(c.command("RSET"), "250 2.0.0 flushed", what + ": goes on")


SET_UP = {"certificate": "ec", "users": {"joe@example.com": "secret"}}
with Server(**SET_UP) as server:
    life("as root", server, True)
    with case("two at a time"), server.client() as a, server.client() as b:
        uids = [Family(server, c).session.status()["Uid"] for c in (a, b)]
        ok(uids[0] != uids[1], "two sessions have two uids", uids)
with Server(root=False, **SET_UP) as server:
    life("as the account", server, False)

with case("another base"), Server(args=["-U", "1000000000"]) as server:
    with server.client() as c:
        session = Family(server, c).session
        is_(session.status()["Uid"].split(),
            [str(1000000000 + session.pid)] * 4, "-U: another base")

with case("terminated"), Server(certificate="ec") as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"), ("QUIT", "221"))
        is_(server.wait_idle(2), [], "nothing is left after QUIT")

done()
