#!/usr/bin/env python3
"""The authenticator while it works, and that it is gone with the verdict."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family, gone, wait_for  # noqa: E402

BASE = 1900000000
NONE = "0000000000000000"
JOE = "joe@example.com"
PASSWORD = "Zu5ammen-gesetzt-und-lang"

if not ROOT:
    skip_all("only root sees another account's processes")


def working(what, family, isolated):
    """What holds for every authenticator; its process."""
    def jailed():
        for other in family.others():
            if other.status()["Seccomp"] == "2":
                return other
        return None
    process = wait_for(jailed, "a jailed authenticator")
    status = process.status()
    if isolated:
        is_(status["Uid"].split(), [str(BASE + process.pid)] * 4,
            f"{what}: Uid is base + pid")
        is_(status["Gid"].split(), [str(BASE + process.pid)] * 4,
            f"{what}: Gid is base + pid")
        is_(status["Groups"], "", f"{what}: no groups")
        is_(process.root(), family.server.empty,
            f"{what}: sees the empty directory as /")
    for field, expected in (("NoNewPrivs", "1"), ("CapInh", NONE),
                            ("CapPrm", NONE), ("CapEff", NONE),
                            ("CapAmb", NONE)):
        is_(status[field], expected, f"{what}: {field}")
    found = process.descriptors()
    is_(sorted(found), [0, 1], f"{what}: number of descriptors")
    like(found[0], "^socket:", f"{what}: 0 is the keeper")
    is_(found[1], family.server.path("authusers.cdb"),
        f"{what}: 1 is the user file")
    ok(family.target not in found.values(), f"{what}: not the client", found)
    keepers = family.keeper.descriptors()
    sessions = family.session.descriptors()
    ok(not set(found.values()) & set(sessions.values()),
       f"{what}: shares no descriptor with the session", found, sessions)
    ok(len(keepers) < 9, f"{what}: the keeper holds few", keepers)
    limits = process.limits()
    is_(limits["Max core file size"], ("0", "0"), f"{what}: no core")
    is_(limits["Max processes"], ("0", "0"), f"{what}: no processes")
    is_(os.stat(f"/proc/{process.pid}/mem").st_uid, 0,
        f"{what}: not dumpable")
    return process


def exchange(what, server, isolated):
    """A server-first exchange keeps it waiting; a verdict ends it."""
    with server.client() as c:
        c.hello()
        family = Family(server, c)
        is_(family.others(), [], what + ": none before AUTH")
        c.must(("AUTH LOGIN", "334"))
        process = working(what, family, isolated)
        starts(c.command("*"), "501 5.7.0", what + ": cancelled")
        is_(gone([process.pid], 2), [], what + ": a cancelled one is gone")
        c.must(("AUTH LOGIN", "334"))
        second = family.other()
        ok(second.pid != process.pid, what + ": each exchange has its own")
        c.must(("am9lQGV4YW1wbGUuY29t", "334"))
        starts(c.command("d3Jvbmc="), "535", what + ": refused")
        is_(gone([second.pid], 2), [], what + ": a refused one is gone")
        starts(c.login("PLAIN", JOE, PASSWORD), "235", what + ": logged in")
        is_([p.pid for p in family.keeper.children()],
            [family.session.pid], what + ": gone with the verdict")
        ok(family.keeper.holds(JOE.encode()),
           what + ": the search finds the login in the keeper")
        for needle in (PASSWORD.encode(), b"wrong\0", b"d3Jvbmc="):
            is_(family.keeper.holds(needle), None,
                f"{what}: the keeper has no {needle!r}")
    with server.client() as c:
        c.must(("AUTH LOGIN", "334"))
        process = Family(server, c).other()
        c.close()
        is_(gone([process.pid], 2), [], what + ": gone with its client")
        is_(server.wait_idle(2), [], what + ": nothing is left")


with case("as root"), Server(users={JOE: PASSWORD}) as server:
    exchange("as root", server, True)
with case("as the account"), Server(users={JOE: PASSWORD},
                                    root=False) as server:
    exchange("as the account", server, False)

# A million iterations take long enough to look at it while it computes.
with case("at work"), Server(users={JOE: PASSWORD}) as server:
    server.write("authusers", JOE + ":{CRYPT}$2b$13$KBCwKxOzLha2MUDgW0PjXeYH/"
                 "584wcN6.ypmAPjpx3UcEB6mpZJXe\n")
    server.passwd("build")
    with server.client() as c:
        c.hello()
        family = Family(server, c)
        c.send("AUTH PLAIN AGpvZUBleGFtcGxlLmNvbQBzZWNyZXQ=\r\n")
        process = working("at work", family, True)
        ok(process.alive(), "at work: is still at it")
        starts(c.reply(), "235", "at work: then the verdict")
        is_([p.pid for p in family.keeper.children()],
            [family.session.pid], "at work: gone")
        c.send("NOOP\r\n")
        c.expect("250")
    with server.client() as c:
        c.send("AUTH PLAIN AGpvZUBleGFtcGxlLmNvbQBzZWNyZXQ=\r\n")
        family = Family(server, c)
        process = working("at work without a client", family, True)
        c.close()
        is_(gone([process.pid, family.keeper.pid], 2), [],
            "at work without a client: ended with it")

done()
