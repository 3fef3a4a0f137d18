#!/usr/bin/env python3
"""certbot's live directory linked as it is, and renewed as certbot does it
while clients come and go: none of them notices."""
import os
import ssl
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, add_user, conf, connect_tls, fresh, install, live, started)
from support.extra_launcher import connect  # noqa: E402

extra_world.enter()
install()
RENEWALS = 80
CLIENTS = 4


def shown(c):
    """The certificate that this connection got."""
    return ssl.DER_cert_to_PEM_cert(c.sock.getpeercert(True)).strip()


def starttls(port=587):
    """A connection by STARTTLS."""
    c = Client(port)
    try:
        c.hello()
        c.starttls(name=HOST)
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


def renewals(what, begin, pairs):
    """Renews while clients of this kind come."""
    known = {pair.certificate_text().strip() for pair in pairs}
    loads = [Load(begin, known) for _ in range(CLIENTS)]
    for load in loads:
        load.start()
    seen = []
    for number in range(RENEWALS):
        pair = live(kind=("ec", "rsa")[number % 2], number=number)
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
done()
