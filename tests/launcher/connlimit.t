#!/usr/bin/env python3
"""connlimit: connections at once from one address, and who is exempt."""
import os
import re
import signal
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_process import Process, wait_for  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402

AWAY = "421 4.7.0 too many connections"
LOG = r"^smtpd-auth: \d+ "
MANY = 3


def greeting(server, **options):
    """What a new connection is told; it goes away again."""
    with server.client(greet=False, **options) as c:
        return c.reply()


def fill(server, count=MANY, **options):
    """So many connections that have their greeting."""
    return [server.client(**options) for _ in range(count)]


def release(server, clients):
    """They are gone, and so are their processes."""
    for c in clients:
        c.close()
    is_(server.wait_idle(), [], "nothing is left of them")


def places(server):
    """The files that locks are in."""
    return [name for name in os.listdir(server.state)
            if name.startswith("places.")]


for root in (True, False) if ROOT else (False,):
    how = "as root" if root else "as the account"
    with case(how), Guarded({"CONNLIMIT": str(MANY)}, root=root) as server:
        clients = fill(server)
        got = [greeting(server) for _ in range(2)]
        is_(got, [AWAY] * 2, f"{how}: one more gets 421")
        with server.client(greet=False) as c:
            c.reply()
            c.ends(f"{how}: 421")
        found = server.wait_log(LOG + r"192\.0\.2\.1 connect refused .*$", 3)
        like(found[0][0], r"connect refused port=\d+ reason=connections$",
             f"{how}: its line")
        server.come_from("192.0.2.2")
        starts(greeting(server), "220 ", f"{how}: another address")
        server.come_from("::ffff:192.0.2.1")
        is_(greeting(server), AWAY, f"{how}: the same in another form")
        server.come_from("192.0.2.1")
        clients.pop().close()
        wait_for(lambda: len(server.processes()) < 2 * MANY, "one is gone")
        wait_for(lambda: greeting(server)[:4] == "220 ",
                 f"{how}: who goes away makes room")
        starts(clients[0].command("NOOP"), "250 ", f"{how}: others stay")
        wait_for(lambda: len(server.processes()) == 2 * len(clients),
                 "the others are gone")
        for name in places(server):
            status = os.stat(os.path.join(server.state, name))
            is_((status.st_size, status.st_mode & 0o777), (0, 0o600),
                f"{how}: {name} is empty, and the account's alone")
            ok(re.fullmatch(r"places\.[0-9a-f]{2}", name), f"{how}: {name}")
            is_(status.st_uid, os.stat(server.state).st_uid,
                f"{how}: {name} is the account's")
        is_(len({name for name in places(server)}) <= 2, True,
            f"{how}: a file for an address")
        # Who holds it: the keeper, and nobody else.
        holders = [pid for pid in server.processes() if any(
            server.state in target for target in
            Process(pid).descriptors().values())]
        is_(len(holders), len(clients), f"{how}: one holder a connection")
        for pid in holders:
            ok(Process(pid).descriptors().get(2, "") != "" and
               Process(pid).status()["PPid"] == str(server.process.pid),
               f"{how}: it is a keeper")
        clients += fill(server, MANY - len(clients))
        is_(greeting(server), AWAY, f"{how}: full again")
        for pid in [pid for pid in server.processes() if
                    Process(pid).status()["PPid"] == str(server.process.pid)]:
            os.kill(pid, signal.SIGKILL)
        is_(server.wait_idle(), [], f"{how}: killed")
        release(server, clients)
        clients = fill(server)
        is_(greeting(server), AWAY, f"{how}: a kill leaves nothing")
        release(server, clients)

with case("a /64"), Guarded({"CONNLIMIT": "2"}) as server:
    clients = []
    for i in (1, 2):
        server.come_from(f"2001:db8:0:7::{i}")
        clients += fill(server, 1)
    server.come_from("2001:db8:0:7:ffff::9")
    is_(greeting(server), AWAY, "a third of the /64")
    server.come_from("2001:db8:0:8::1")
    starts(greeting(server), "220 ", "another /64")
    release(server, clients)

with case("exempt"), Guarded({"CONNLIMIT": "1"}) as server:
    for address in ("127.0.0.1", "127.8.9.1", "::1", "unknown", ""):
        server.come_from(address)
        release(server, fill(server))
    is_(places(server), [], "loopback and unknown ones are not counted")
with case("RELAYCLIENT"), Guarded({"CONNLIMIT": "1",
                                   "RELAYCLIENT": ""}) as server:
    release(server, fill(server))
    ok(" connect refused " not in server.log(), "RELAYCLIENT: nor are these")

with case("-s"), Guarded({"CONNLIMIT": "1"}, args=["-s"],
                         certificate="ec") as server:
    clients = fill(server, 1, tls=True)
    with server.client(greet=False) as c:
        c.ends("TLS first: closed without a clear byte")
    server.wait_log(LOG + ".* connect refused .*reason=connections$")
    release(server, clients)

with case("the file"), Guarded(control={"connlimit": "1\n"}) as server:
    clients = fill(server, 1)
    is_(greeting(server), AWAY, "control/connlimit")
    release(server, clients)
with case("the variable wins"), Guarded(
        {"CONNLIMIT": "0"}, control={"connlimit": "1\n"}) as server:
    release(server, fill(server))
    is_(os.listdir(server.state), [], "0: no limit, no file")

# Together with the failures of an address.
with case("both limits"), Guarded({"CONNLIMIT": "1",
                                   "REQUIREAUTH": "1"}) as server:
    for i in range(20):
        with server.client() as c:
            c.send("AUTH PLAIN " + b64(f"\0u{i}@example.com\0x") + "\r\n")
            server.wait_log(" auth fail ", i + 1)
        server.wait_idle()
    is_(greeting(server), "421 4.7.0 too many authentication failures",
        "without another connection the failures count")

for what, env, control, make, pattern in (
        ("no statedir", {"STATEDIR": None, "CONNLIMIT": "1"}, {}, True,
         "config fail file=CONNLIMIT reason=needs"),
        ("no statedir, the file", {"STATEDIR": None},
         {"connlimit": "1\n"}, True,
         "config fail file=control/connlimit reason=needs"),
        ("no directory", {"CONNLIMIT": "1"}, {}, False,
         r"config fail file=\S+ reason=No\\x20such")):
    with case(what), Guarded(env, control, make=make) as server:
        clients = fill(server)
        is_(len(server.wait_log(LOG + ".*" + pattern, MANY)), MANY,
            f"{what}: one line, and the connection goes on")
        is_(server.log().count(" config fail "), MANY, f"{what}: no more")
        release(server, clients)

if ROOT:
    with case("root's directory"), Guarded({"CONNLIMIT": "1"},
                                           make=False) as server:
        os.mkdir(server.state)
        os.chmod(server.state, 0o755)
        clients = fill(server)
        server.wait_log(LOG + r".*config fail file=\S+ "
                        r"reason=Permission\\x20denied$", MANY)
        is_(os.listdir(server.state), [],
            "with the account's rights nothing is made in root's directory")
        release(server, clients)
    with case("a link"), Guarded({"CONNLIMIT": "1"}) as server:
        release(server, fill(server, 1))
        for name in places(server):
            os.unlink(os.path.join(server.state, name))
            os.symlink("/etc/passwd", os.path.join(server.state, name))
        release(server, fill(server))
        server.wait_log(r"config fail file=\S+/places reason=", MANY)

# A login and a message: nobody but the keeper has the place meanwhile.
with case("in use"), Guarded({"CONNLIMIT": "5"}) as server:
    with server.client() as c:
        c.must(("AUTH PLAIN " + b64("\0joe@example.com\0secret"), "235 "))
        c.envelope()
        c.must(("DATA", "354 "))
        c.send("Subject: x\r\n\r\ny\r\n")
        wait_for(lambda: len(server.processes()) >= 3, "a queue program")
        holders = [pid for pid in server.processes() if any(
            "/places." in target for target in
            Process(pid).descriptors().values())]
        is_(len(holders), 1, "the queue program has it not")

done()
