#!/usr/bin/env python3
"""sendercheck: who is logged in sends as himself, or as smtp_sender says."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE = "joe@example.com"
REFUSED = "553 5.7.1 sender not allowed"
LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 sender refused "
FILE = "".join(f"{login}:{{PLAIN}}secret:::{words}:::\n" for login, words in (
    (JOE, ""),
    ("ann@example.com", "Ann smtp_sender=sales@example.com,@ann.example "
     "smtp_secret_phone={PLAIN}telephone smtp_sender=help@example.org"),
    ("box@example.com", "smtp_sender=!<>"),
    ("bob", "smtp_sender=@bob.example"),
    ("long@example.com", "smtp_sender=" + ",".join(
        f"user{i}@example.org" for i in range(200)) + ",!<>"),
    ("off@example.com", "")))


def serve(env=None, control=None, **options):
    """A server with the users above."""
    server = Server(env={"SENDERCHECK": "1",
                         "AUTHMECHS": "PLAIN LOGIN SCRAM-SHA-256",
                         **(env or {})},
                    control={"authusers": FILE, **(control or {})},
                    **options)
    server.passwd("build")
    return server


def senders(server, login, rows, mechanism="PLAIN", password="secret"):
    """(address, allowed) each with a MAIL of its own."""
    with case(login), server.client() as c:
        c.must(("EHLO x", "250"))
        starts(c.login(mechanism, login, password), "235", f"{login} logs in")
        for address, allowed in rows:
            is_(c.command(f"MAIL FROM:<{address}>"),
                "250 2.1.0 ok" if allowed else REFUSED,
                f"{login} as <{address}>")
            c.must(("RSET", "250"))


with serve() as server:
    for name in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
        if name.startswith("SCRAM"):
            server.passwd("set", "off@example.com", stdin="secret")
        senders(server, "off@example.com", (
            ("off@example.com", True), ("joe@example.com", False)), name)
    senders(server, JOE, (
        (JOE, True), ("joe@EXAMPLE.COM", True), ("JOE@example.com", True),
        ("", True), ('"joe"@example.com', True),
        ("ann@example.com", False), ("joe@example.org", False),
        ("joe@sub.example.com", False), ("joe", False), ("@x:" + JOE, True),
        ('"joe@example.com"@evil.example', False),
        ('"x@joe"@example.com', False), ("sales@example.com", False)))
    senders(server, "JOE@Example.com", ((JOE, True),
                                        ("JOE@Example.com", True)))
    senders(server, "ann@example.com", (
        ("ann@example.com", True), ("sales@example.com", True),
        ("sales@EXAMPLE.Com", True), ("Sales@example.com", False),
        ("x@ann.example", True), ("X@Ann.Example", True),
        ("x@sub.ann.example", False), ("x@xann.example", False),
        ("help@example.org", True), ("x@example.org", False), ("", True)))
    senders(server, "ann@example.com", (
        ("sales@example.com", True), (JOE, False)), password="telephone")
    senders(server, "box@example.com", (
        ("", False), ("box@example.com", True)))
    senders(server, "bob", (
        ("bob@mx.example.org", True), ("BOB@MX.example.org", True),
        ("bob", True), ("bob@example.com", False),
        ("any@bob.example", True), ("", True)))
    senders(server, "long@example.com", (
        ("user0@example.org", True), ("user199@example.org", True),
        ("user200@example.org", False), ("", False)))
    with case("AUTH="), server.client() as c:
        c.must(("EHLO x", "250"))
        c.login("PLAIN", JOE, "secret")
        c.talk((f"MAIL FROM:<{JOE}> AUTH=ann@example.com", "250 2.1.0",
                "the AUTH parameter does not matter"),
               ("RSET", "250"),
               (f"MAIL FROM:<ann@example.com> AUTH={JOE}", REFUSED,
                "nor does it help"))
    with case("before AUTH"), server.client() as c:
        c.must(("EHLO x", "250"))
        c.talk(("MAIL FROM:<ann@example.com>", "250 2.1.0",
                "who is not logged in is not asked"), ("RSET", "250"))
        starts(c.login("PLAIN", JOE, "secret"), "235", "then AUTH")
        c.talk(("MAIL FROM:<ann@example.com>", REFUSED, "now"),
               ("RCPT TO:<b@example.com>", "503 5.5.1", "no RCPT after it"),
               ("DATA", "503 5.5.1", "no DATA after it"))
    with case("the log"), server.client() as c:
        before = server.log().count("sender refused")
        c.must(("EHLO x", "250"))
        c.login("PLAIN", JOE, "secret")
        c.command("MAIL FROM:<\u00fc@example.com> SMTPUTF8")
        found = server.wait_log(LOG + r".*$", before + 1)
        like(found[-1][0], LOG + r"from=\\xC3\\xBC@example\.com "
             r"reason=login user=joe@example\.com$", "a line for each")

with case("sub-addresses"), serve() as server:
    senders(server, JOE, (
        ("joe+x@example.com", True), ("joe+@example.com", True),
        ("Joe+x+y@EXAMPLE.com", True), ("joe-x@example.com", False),
        ("joe+x@example.org", False), ("jo+e@example.com", False),
        ("+joe@example.com", False), ("ann+joe@example.com", False)))
    senders(server, "ann@example.com", (
        ("sales+x@example.com", True), ("Sales+x@example.com", False),
        ("help+sales@example.org", True), ("sales+x@example.org", False)))
    senders(server, "bob", (
        ("bob+x@mx.example.org", True), ("bob+x@example.com", False)))
for delimiters, rows in (
        ("+-=\n", (("joe+x", True), ("joe-x", True), ("joe=x", True))),
        ("-\n", (("joe+x", False), ("joe-x", True))),
        ("", (("joe+x", False), ("joe", True)))):
    with case(f"recipientdelimiter {delimiters!r}"), serve(
            control={"recipientdelimiter": delimiters}) as server:
        senders(server, JOE, ((local + "@example.com", good)
                              for local, good in rows))

with case("RELAYCLIENT"), serve({"RELAYCLIENT": ""}) as server:
    with server.client() as c:
        c.talk(("MAIL FROM:<ann@example.com>", "250 2.1.0",
                "RELAYCLIENT without AUTH: any sender"), ("RSET", "250"))
        c.login("PLAIN", JOE, "secret")
        c.talk(("MAIL FROM:<ann@example.com>", REFUSED,
                "and after AUTH one's own"))

with case("authdomain"), serve({"AUTHDOMAIN": "example.com"}) as server:
    senders(server, "joe", ((JOE, True), ("joe@mx.example.org", False)))

with case("badmailfrom"), serve(control={"badmailfrom": JOE}) as server:
    senders(server, JOE, ((JOE, False), ("", True)))
    ok(re.search(LOG + r".* reason=bad user=joe@", server.log(), re.M),
       "badmailfrom goes before")

for what, env, control, checked in (
        ("default", {"SENDERCHECK": None}, {}, False),
        ("0", {"SENDERCHECK": "0"}, {"sendercheck": "1\n"}, False),
        ("empty", {"SENDERCHECK": ""}, {}, True),
        ("the file", {"SENDERCHECK": None}, {"sendercheck": "1\n"}, True)):
    with case(what), serve(env, control) as server:
        senders(server, JOE, ((JOE, True), ("a@example.org", not checked),
                              ("sales@example.com", not checked)))

with case("the user file"), serve() as server:
    # What was listed at the login counts as long as the login does.
    with server.client() as c:
        c.must(("EHLO x", "250"))
        c.login("PLAIN", "ann@example.com", "secret")
        server.write("authusers", FILE.replace("sales@", "other@"), 0o600)
        server.passwd("build")
        c.talk(("MAIL FROM:<sales@example.com>", "421 4.7.0 user file changed",
                "another list ends the connection"))
        c.ends("another list")
    senders(server, "ann@example.com", (
        ("sales@example.com", False), ("other@example.com", True)))

with case("a whole message"), serve() as server, server.client() as c:
    c.must(("EHLO x", "250"))
    c.login("PLAIN", "ann@example.com", "secret")
    starts(c.message(b"\r\n", "x@ann.example", "b@example.net"), "250 2.0.0",
           "as another address of the list")
    is_(server.messages()[0].sender, "x@ann.example", "it is in the envelope")

done()
