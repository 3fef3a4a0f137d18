#!/usr/bin/env python3
"""Under softlimit -m 8000000, as qmail's admins run their servers."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE, JIM = "joe@example.com", "jim@example.com"
# yescrypt's usual cost takes 16 MB; the password is "secret".
YESCRYPT = ("$y$j9T$k2XAnEHBqQ1Ct2aMXFKNa/$wlUhTDUqAryQnsZkFoU5UZ6UStBlZ4Z8j4"
            "gtdFPQVn4")


class Limited(Server):
    """The memory limit that service directories have by tradition."""

    def command(self):
        return ["softlimit", "-m", "8000000", *super().command()]


def connection(what, server, c, mechanism):
    """A whole session."""
    c.hello()
    if "clear" not in what:
        c.starttls()
        c.hello()
    starts(c.login(mechanism, JOE, "secret"), "235", f"{what}: logged in")
    starts(c.message(b"Subject: x\r\n\r\n" + b"y" * 3000000 + b"\r\n", JOE,
                     "x@example.net"), "250 2.0.0", f"{what}: queued")
    is_(len(server.messages()[-1].body), 3000013, f"{what}: all of it")
    starts(c.command("QUIT"), "221", f"{what}: quit")


for kind in ("ec", "rsa"):
    with case(kind), Limited(certificate=kind,
                             users={JOE: "secret"}) as server:
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"):
            with server.client() as c:
                connection(f"{kind}, {mechanism}", server, c, mechanism)
        with server.client() as c:
            connection("in clear", server, c, "PLAIN")
        is_(server.wait_idle(2), [], f"{kind}: nothing is left")

with case("yescrypt"), Limited(users={JOE: "secret"}) as server:
    with open(server.path("authusers"), encoding="ascii") as file:
        text = file.read()
    server.write("authusers", text + f"{JIM}:{{CRYPT}}{YESCRYPT}\n")
    server.passwd("build")
    with server.client() as c:
        c.hello()
        starts(c.login("PLAIN", JIM, "secret"), "454 4.7.0",
               "yescrypt: more than the limit: 454")
        like(server.wait_log("auth temp .*")[0][0], r"\breason=memory\b",
             "yescrypt: logged as memory")
        starts(c.login("PLAIN", JIM, "wrong"), "454 4.7.0",
               "yescrypt: a wrong password too")
        starts(c.login("PLAIN", JOE, "secret"), "235",
               "yescrypt: the others can log in")

with case("yescrypt without a limit"), Server() as server:
    server.write("authusers", f"{JIM}:{{CRYPT}}{YESCRYPT}\n")
    server.passwd("build")
    with server.client() as c:
        c.hello()
        starts(c.login("PLAIN", JIM, "wrong"), "535",
               "yescrypt: without a limit a wrong password is 535")
        starts(c.login("PLAIN", JIM, "secret"), "235",
               "yescrypt: and the right one 235")

with case("recipients"), Limited(env={"MAXRCPT": "0"}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        name = "r" * 48
        for _ in range(10):
            c.send("".join(f"RCPT TO:<{name}{n}@example.com>\r\n"
                           for n in range(2000)))
            for _ in range(2000):
                c.expect("250 2.1.5")
        c.must(("DATA", "354"), (".", "250"))
        is_(len(server.messages()[-1].recipients), 20000,
            "20000 recipients within the limit")

done()
