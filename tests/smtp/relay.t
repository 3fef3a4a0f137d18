#!/usr/bin/env python3
"""Who may send to whom: rcpthosts, RELAYCLIENT, bad lists, maxrcpt, AUTH."""
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

USERS = {"joe@example.com": "secret"}


def recipients(what, rows, **setting):
    """Each recipient with a MAIL of its own."""
    with case(what), Server(**setting) as server, server.client() as c:
        for recipient, reply in rows:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk((f"RCPT TO:<{recipient}>", reply,
                    f"{what}: {recipient or 'nobody'}"))
            c.must(("RSET", "250"))


recipients("rcpthosts", (
    ("a@example.com", "250 2.1.5"), ("a@EXAMPLE.COM", "250 2.1.5"),
    ("a@sub.example.com", "550 5.7.1"), ("a@example.net", "550 5.7.1"),
    ("a@sub.example.net", "250 2.1.5"),
    ("a@deep.sub.example.net", "250 2.1.5"),
    ("a@xexample.net", "550 5.7.1"), ("a@xexample.com", "550 5.7.1"),
    ("a@example.com.evil.example", "550 5.7.1"),
    ("a%example.net@example.com", "250 2.1.5"),
    ("postmaster", "250 2.1.5"), ("PostMaster", "250 2.1.5"),
    ("a", "550 5.1.2"), ("postmaster2", "550 5.1.2"),
    ("a@[127.0.0.1]", "550 5.7.1")),
    control={"rcpthosts": "# ours\nexample.com  \n\n.example.net\n"})

recipients("localiphost", (
    ("a@[127.0.0.1]", "250 2.1.5"), ("a@[192.0.2.9]", "550 5.7.1")),
    control={"localiphost": "example.com\n"})

with case("localiphost"), Server(
        control={"localiphost": "example.com\n"}) as server:
    with server.client() as c:
        c.message(b"\r\n", "a@example.org", "u@[127.0.0.1]")
        is_(server.messages()[0].recipients, ["u@example.com"],
            "our address literal becomes localiphost")

for what, setting in (("missing", {"rcpthosts": None}),
                      ("empty", {"rcpthosts": ""}),
                      ("only comments", {"rcpthosts": "# none\n"})):
    recipients("rcpthosts " + what, (
        ("a@example.com", "550 5.7.1"), ("a@mx.example.org", "550 5.7.1"),
        ("postmaster", "250 2.1.5")), control=setting)

recipients("RELAYCLIENT", (
    ("a@example.com", "250 2.1.5"), ("a@elsewhere.example", "250 2.1.5"),
    ("postmaster", "250 2.1.5"), ("a", "550 5.1.2")),
    env={"RELAYCLIENT": ""}, control={"rcpthosts": None})

with case("RELAYCLIENT with a suffix"), Server(
        env={"RELAYCLIENT": ".relay"}) as server, server.client() as c:
    c.message(b"\r\n", "a@example.org", "x@example.net", "y@example.com")
    is_(server.messages()[0].recipients,
        ["x@example.net.relay", "y@example.com.relay"],
        "RELAYCLIENT's value is appended to recipients")

with case("morercpthosts"):
    with Server() as server:
        path = server.path("morercpthosts.cdb")
        subprocess.run(["cdb", "-c", path], check=True,
                       input=b"+12,0:more.example->\n+5,0:.wild->\n\n")
        with server.client() as c:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk(("RCPT TO:<a@more.example>", "250 2.1.5",
                    "morercpthosts: a host"),
                   ("RCPT TO:<a@MORE.example>", "250 2.1.5",
                    "morercpthosts: without case"),
                   ("RCPT TO:<a@sub.wild>", "250 2.1.5",
                    "morercpthosts: a suffix"),
                   ("RCPT TO:<a@other.example>", "550 5.7.1",
                    "morercpthosts: another host"),
                   ("RCPT TO:<a@example.com>", "250 2.1.5",
                    "rcpthosts besides morercpthosts"))

with case("badmailfrom"), Server(control={
        "badmailfrom": "spam@example.net\n@evil.example\n"}) as server:
    with server.client() as c:
        for sender, reply in (("spam@example.net", "553 5.7.1"),
                              ("Spam@Example.Net", "553 5.7.1"),
                              ("ham@example.net", "250"),
                              ("x@evil.example", "553 5.7.1"),
                              ("x@EVIL.example", "553 5.7.1"),
                              ("x@notevil.example", "250"),
                              ("x@sub.evil.example", "250"), ("", "250")):
            c.talk((f"MAIL FROM:<{sender}>", reply,
                    f"badmailfrom: {sender or 'null sender'}"))
            c.must(("RSET", "250"))
    matches = server.wait_log(r"^smtpd-auth: \d+ 127\.0\.0\.1 sender refused "
                              r".*", 4)
    is_(len(matches), 4, "each refused sender is logged")

recipients("badrcptto", (
    ("trap@example.com", "553 5.7.1"), ("TRAP@example.com", "553 5.7.1"),
    ("b@example.com", "250 2.1.5"), ("x@bad.example", "553 5.7.1")),
    control={"rcpthosts": "example.com\nbad.example\n",
             "badrcptto": "trap@example.com\n@bad.example\n"})

with case("badrcptto for those who may relay"), Server(
        env={"RELAYCLIENT": ""},
        control={"badrcptto": "trap@example.net\n"}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("RCPT TO:<trap@example.net>", "553 5.7.1",
                "badrcptto holds with RELAYCLIENT"))

with case("maxrcpt"), Server(env={"MAXRCPT": "3"}) as server:
    with server.client() as c:
        for attempt in ("first", "second"):
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk(("RCPT TO:<a@example.net>", "550 5.7.1",
                    attempt + " message: refused ones don't count"),
                   *((f"RCPT TO:<r{i}@example.com>", "250 2.1.5",
                      f"{attempt} message: recipient {i} of 3")
                     for i in range(3)),
                   ("RCPT TO:<r4@example.com>", "452 4.5.3",
                    attempt + " message: one too many"))
            c.must(("DATA", "354"))
            c.talk(("\r\n.", "250 2.0.0", attempt + " message is taken"))
    is_([m.recipients for m in server.messages()],
        [[f"r{i}@example.com" for i in range(3)]] * 2,
        "those accepted get the message")

with case("maxrcpt 0"), Server(env={"MAXRCPT": "0"}) as server:
    with server.client() as c:
        c.send("MAIL FROM:<a@example.org>\r\n" +
               "".join(f"RCPT TO:<r{i}@example.com>\r\n"
                       for i in range(5000)))
        c.expect("250 2.1.0")
        is_({str(c.reply()) for _ in range(5000)}, {"250 2.1.5 ok"},
            "maxrcpt 0: 5000 recipients")
        c.must(("DATA", "354"), (".", "250"))
        is_(len(server.messages()[0].recipients), 5000,
            "all of them in the envelope")

with case("recipients by default"), Server() as server:
    with server.client() as c:
        c.send("MAIL FROM:<a@example.org>\r\n" +
               "".join(f"RCPT TO:<r{i}@example.com>\r\n"
                       for i in range(1001)))
        c.expect("250 2.1.0")
        got = [str(c.reply()) for _ in range(1001)]
        is_(set(got[:1000]), {"250 2.1.5 ok"}, "1000 recipients by default")
        starts(got[1000], "452 4.5.3", "the 1001st: 452")

with case("AUTH required"), Server(
        env={"REQUIREAUTH": "1"}, users=USERS) as server:
    with server.client() as c:
        c.talk(("MAIL FROM:<a@example.org>", "530 5.7.0",
                "REQUIREAUTH=1: MAIL before AUTH"),
               ("VRFY joe", "530 5.7.0", "REQUIREAUTH=1: VRFY before AUTH"),
               ("NOOP", "250 2.0.0", "REQUIREAUTH=1: NOOP"),
               ("RCPT TO:<b@example.com>", "503 5.5.1",
                "REQUIREAUTH=1: RCPT"))
        starts(c.login("PLAIN", "joe@example.com", "secret"), "235 2.7.0",
               "login")
        c.talk(("VRFY joe", "252 2.1.5", "after AUTH: VRFY"),
               ("MAIL FROM:<a@example.org>", "250 2.1.0",
                "after AUTH: MAIL"),
               ("RCPT TO:<x@elsewhere.example>", "250 2.1.5",
                "after AUTH: any recipient"))

with case("AUTH required, RELAYCLIENT"), Server(
        env={"REQUIREAUTH": "1", "RELAYCLIENT": ""}, users=USERS) as server:
    with server.client() as c:
        c.talk(("MAIL FROM:<a@example.org>", "250 2.1.0",
                "the launcher's RELAYCLIENT stands for AUTH"))

for port, required in (("587", True), ("465", True), ("25", False)):
    what = f"REQUIREAUTH unset on port {port}"
    with case(what), Server(env={"REQUIREAUTH": None}, users=USERS,
                            late_env={"TCPLOCALPORT": port}) as server:
        with server.client() as c:
            c.talk(("MAIL FROM:<a@example.org>",
                    "530 5.7.0" if required else "250 2.1.0", what))

with case("after AUTH"), Server(users=USERS) as server:
    with server.client() as c:
        c.envelope()
        c.talk(("RCPT TO:<x@elsewhere.example>", "550 5.7.1",
                "before AUTH no relaying"),
               ("AUTH PLAIN", "503 5.5.1", "AUTH in a transaction"),
               ("RSET", "250 2.0.0"))
        starts(c.login("PLAIN", "joe@example.com", "wrong"), "535 5.7.8",
               "a wrong password")
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("RCPT TO:<x@elsewhere.example>", "550 5.7.1",
                "after 535 no relaying"), ("RSET", "250 2.0.0"))
        starts(c.login("SCRAM-SHA-256", "joe@example.com", "secret"),
               "235 2.7.0", "the right one")
        c.talk(("AUTH PLAIN", "503 5.5.1", "AUTH twice"))
        for verb in ("EHLO x", "HELO x", "RSET"):
            c.must((verb, "250"), ("MAIL FROM:<a@example.org>", "250"))
            c.talk(("RCPT TO:<x@elsewhere.example>", "250 2.1.5",
                    f"the login outlives {verb}"))

done()
