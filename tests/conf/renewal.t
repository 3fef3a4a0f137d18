#!/usr/bin/env python3
"""certbot's live directory linked as it is, and renewed as certbot does it
while clients come and go: none of them notices."""
import os
import pwd
import ssl
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world, place  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, LIVE, add_user, conf, connect_tls, fresh, install, live,
    running, started)
from support.extra_launcher import connect  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
RENEWALS = 80
CLIENTS = 4


def shown(c):
    """The certificate that this connection got."""
    return ssl.DER_cert_to_PEM_cert(c.sock.getpeercert(True)).strip()


def starttls(name=HOST):
    """A connection by STARTTLS to this name."""
    c = Client(587)
    try:
        c.hello()
        c.starttls(name=name)
    except BaseException:
        c.close()
        raise
    return c


class Load(threading.Thread):
    """One client after the other, until told; what failed, how many not."""

    def __init__(self, begin, known):
        super().__init__(daemon=True)
        self.begin, self.known = begin, known
        self.failed, self.good, self.over = [], 0, threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                with self.begin() as c:
                    if shown(c) not in self.known:
                        raise ValueError("an unknown certificate")
                    c.must(("EHLO x", "250"), ("QUIT", "221"))
                self.good += 1
            except Exception as error:  # pylint: disable=broad-except
                self.failed.append(repr(error))


def renewals(what, begin, pairs, **which):
    """Renews while clients of this kind come."""
    known = {pair.certificate_text().strip() for pair in pairs}
    loads = [Load(begin, known) for _ in range(CLIENTS)]
    for load in loads:
        load.start()
    seen = []
    for number in range(RENEWALS):
        pair = live(kind=("ec", "rsa")[number % 2], number=number, **which)
        try:
            with begin() as c:
                seen.append(shown(c) == pair.certificate_text().strip())
        except Exception as error:  # pylint: disable=broad-except
            seen.append(f"renewal {number}: {error!r}")
    for load in loads:
        load.over.set()
    for load in loads:
        load.join()
    is_([error for load in loads for error in load.failed], [],
        f"{what}: no session fails")
    ok(sum(load.good for load in loads) > RENEWALS,
       f"{what}: of more sessions than renewals")
    is_([what for what in seen if what is not True], [],
        f"{what}: each renewal counts from the next connection")


with case("renewal"):
    fresh()
    pairs = [live(kind=("ec", "rsa")[number % 2], number=number)
             for number in range(4)]
    is_(conf("-S", "daemontools", HOST).returncode, 0, "smtpd-auth-conf")
    add_user()
    is_(os.readlink(DIR + "/control/serverkey.pem"),
        f"/etc/letsencrypt/live/{HOST}/privkey.pem", "the key is linked")
    is_(oct(os.stat(DIR + "/control/serverkey.pem").st_mode), "0o100600",
        "and root's alone")
    for port, begin in ((587, starttls), (465, lambda: connect_tls(465))):
        with started([f"{DIR}/{port}/run"], cwd=f"{DIR}/{port}"):
            connect(port, greet=False).close()
            renewals(f"{port}", begin, pairs)

with case("a name of its own"):
    OTHER = {"host": "other.example.com", "key_mode": 0o644}
    pairs = [live(kind=("ec", "rsa")[number % 2], number=number, **OTHER)
             for number in range(4)]
    directory = f"{DIR}/control/servercerts/{OTHER['host']}"
    os.makedirs(directory)
    for name, link in (("cert", "fullchain"), ("key", "privkey")):
        os.symlink(f"{LIVE}/{OTHER['host']}/{link}.pem",
                   f"{directory}/server{name}.pem")
    with started([f"{DIR}/587/run"], cwd=f"{DIR}/587"):
        connect(587, greet=False).close()
        renewals("SNI", lambda: starttls(OTHER["host"]), pairs, **OTHER)

with case("INSTALL's hook"):
    STAR = {"host": "example.net", "key_mode": 0o600}
    pair = live(kind="rsa", number=7, **STAR)
    with open(place.TOP + "/INSTALL", encoding="utf-8") as file:
        lines = file.read().split("    #!/bin/sh\n    set -f\n")[1]
    hook = home("hook") + "/hook"
    place.write(hook, "#!/bin/sh\nset -f\n" + lines.partition("\n\n")[0] +
                "\n", 0o755)
    directory = f"{DIR}/control/servercerts/*.example.net"
    os.makedirs(directory)
    subprocess.run([hook], check=True, env={
        "PATH": os.environ["PATH"], "RENEWED_LINEAGE": LIVE + "/example.net",
        "RENEWED_DOMAINS": "example.net *.example.net other.example.net"})
    is_(sorted(os.listdir(directory)), ["servercert.pem", "serverkey.pem"],
        "copies for the name that has a directory")
    status = os.stat(directory + "/serverkey.pem")
    is_((status.st_uid, status.st_mode & 0o777),
        (pwd.getpwnam("qmaild").pw_uid, 0o400), "the account's alone")
    with started([f"{DIR}/587/run"], cwd=f"{DIR}/587"):
        connect(587, greet=False).close()
        with starttls("mail.example.net") as c:
            is_(shown(c), pair.certificate_text().strip(),
                "and served for a name with one label more")

with case("a link to nothing"):
    os.unlink(f"{LIVE}/{HOST}/fullchain.pem")
    with started([f"{DIR}/587/run"], cwd=f"{DIR}/587"):
        connect(587, greet=False).close()
        watch = Stopwatch()
        with Client(587) as c:
            ok("STARTTLS" not in c.hello(), "a link to nothing: no STARTTLS")
        took(watch, 0.9, 10, "a link to nothing is waited for, not for long")
        # It comes while the server waits: it has not greeted yet.
        with Client(587, greet=False) as c:
            wait_for(lambda: "smtpd-auth" in running().values(), "a process")
            live()
            c.expect("220 ")
            ok("STARTTLS" in c.hello(), "a link that comes is waited for")
            c.starttls(name=HOST)
            ok(shown(c), "and used")

with case("a key of another certificate"):
    live(number=2)
    os.unlink(f"{LIVE}/{HOST}/privkey.pem")
    os.symlink(f"../../archive/{HOST}/privkey1.pem",
               f"{LIVE}/{HOST}/privkey.pem")
    with started([f"{DIR}/587/run"], cwd=f"{DIR}/587"):
        connect(587, greet=False).close()
        with Client(587) as c:
            c.hello()
            starts(c.command("STARTTLS"), "454 4.7.0",
                   "a key that stays another's: 454")
            starts(c.command("NOOP"), "250 ", "and mail goes on")
done()
