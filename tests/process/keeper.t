#!/usr/bin/env python3
"""The keeper as the system sees it, and the end of what it started."""
import os
import pwd
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family, wait_for  # noqa: E402

KILL, SETGID, SETUID, CHROOT = 1 << 5, 1 << 6, 1 << 7, 1 << 18
NONE = "0000000000000000"

if not ROOT:
    skip_all("only root sees another account's processes")
account = pwd.getpwnam(ACCOUNT)


def keeper(what, family):
    """What holds for every keeper."""
    status = family.keeper.status()
    is_(status["Uid"].split(), [str(account.pw_uid)] * 4, f"{what}: Uid")
    is_(status["Gid"].split(), [str(account.pw_gid)] * 4, f"{what}: Gid")
    is_(status["CapEff"], NONE, f"{what}: CapEff")
    is_(status["CapInh"], NONE, f"{what}: CapInh")
    is_(status["CapAmb"], NONE, f"{what}: CapAmb")
    is_(status["NoNewPrivs"], "0", f"{what}: NoNewPrivs")
    is_(os.stat(f"/proc/{family.keeper.pid}/mem").st_uid, 0,
        f"{what}: not dumpable")
    found = family.keeper.descriptors()
    ok(family.target not in found.values(),
       f"{what}: does not hold the client's socket", found)
    is_((found[0], found[1]), ("/dev/null", "/dev/null"),
        f"{what}: 0 and 1 are /dev/null")
    return int(status["CapPrm"], 16)


SET_UP = {"certificate": "ec", "users": {"joe@example.com": "secret"}}
with case("as root"), Server(**SET_UP) as server, server.client() as c:
    family = Family(server, c)
    is_(family.keeper.status()["Groups"], "", "no groups")
    held = keeper("at the greeting", family)
    is_(held & ~(KILL | SETUID | SETGID | CHROOT), 0,
        "at the greeting: what an authenticator's jail needs, no more")
    c.hello()
    c.starttls()
    keeper("in TLS", family)
    starts(c.login("PLAIN", "joe@example.com", "secret"), "235", "logged in")
    held = keeper("logged in", family)
    is_(held & ~KILL, 0, "logged in: no capability for an identity is left")
    c.envelope("joe@example.com", "x@example.net")
    c.must(("DATA", "354"))
    held = keeper("in a message", family)
    is_(held & ~KILL, 0, "in a message: still none")
    pipes = [t for t in family.keeper.descriptors().values() if "pipe:" in t]
    message = family.session.descriptors()[2]
    ok(message in pipes, "in a message: it counts what is not read", pipes)
    def writes(number):
        """Is it an end to write to?"""
        path = f"/proc/{family.keeper.pid}/fdinfo/{number}"
        with open(path, encoding="ascii") as file:
            flags = file.read().split("flags:")[1].split()[0]
        return int(flags, 8) & 3

    def only_reads():
        """It lets go right after it has passed it on."""
        return not [n for n, t in family.keeper.descriptors().items()
                    if t == message and writes(n)]

    ok(wait_for(only_reads, "the write end is closed"),
       "in a message: no write end of the message pipe")

with case("without AUTH"), Server() as server, server.client() as c:
    is_(keeper("no users", Family(server, c)) & ~KILL, 0,
        "no users: no capability but to end the session")

with case("as the account"), Server(root=False, **SET_UP) as server:
    with server.client() as c:
        family = Family(server, c)
        is_(keeper("as the account", family), 0, "as the account: CapPrm")
        is_(family.keeper.status()["Groups"], str(account.pw_gid),
            "as the account: the group that the launcher gave")

with case("keeper's signals"), Server() as server, server.client() as c:
    family = Family(server, c)
    # INT and QUIT too where the tests themselves run in the background.
    is_(ignored(family.keeper.status()) & ~(1 << 1 | 1 << 2),
        1 << 12 | 1 << 24, "SIGPIPE and SIGXFSZ are ignored")

with case("one child"), Server() as server, server.client() as c:
    tcpserver = server.process.pid
    with open(f"/proc/{tcpserver}/task/{tcpserver}/children",
              encoding="ascii") as file:
        is_(len(file.read().split()), 1, "the launcher has one child")

with case("zombies"), Server(users={"joe@example.com": "secret"}) as server:
    with server.client() as c:
        family = Family(server, c)
        for _ in range(2):
            starts(c.login("PLAIN", "joe@example.com", "wrong"), "535",
                   "a refused login")
        starts(c.message(), "250", "a message")
        wait_for(lambda: len(family.keeper.children()) == 1,
                 "no child but the session", 3)
        is_([child.pid for child in family.keeper.children()],
            [family.session.pid], "no zombie is left")
        c.command("QUIT")
        is_(server.wait_idle(2), [], "all are gone after QUIT")

done()
