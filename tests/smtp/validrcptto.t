#!/usr/bin/env python3
"""validrcptto and morevalidrcptto.cdb: which recipients there are."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

PREFIX = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
DOMAINS = "example.com\nall.example\nno.example\n"
THERE = "250 2.1.5"
NOBODY = "550 5.1.1"


def compile_list(server, *entries):
    """morevalidrcptto.cdb as qmail-newmvrt makes it: keys without data."""
    subprocess.run(
        ["cdb", "-c", server.path("morevalidrcptto.cdb")], check=True,
        input="".join(f"+{len(e)},0:{e}->\n" for e in entries) + "\n",
        text=True)


def try_all(what, server, rows, **options):
    """Each recipient with a MAIL of its own."""
    with server.client(**options) as c:
        for recipient, reply in rows:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk((f"RCPT TO:<{recipient}>", reply, f"{what}: {recipient}"))
            c.must(("RSET", "250"))


ROWS = (
    ("joe@example.com", THERE), ("JOE@Example.COM", THERE),
    ("ann@example.com", NOBODY), ("postmaster@example.com", THERE),
    ("postmaster", THERE), ("any@all.example", THERE),
    ("gone@all.example", NOBODY), ("any@no.example", NOBODY),
    ("one@no.example", THERE), ("Postmaster@no.example", THERE),
    ("joe@elsewhere.example", "550 5.7.1"), ("joe", "550 5.1.2"))
LIST = ("joe@example.com", "@all.example", "-gone@all.example",
        "-@no.example", "one@no.example", "joe@elsewhere.example")

with case("text"), Server(control={
        "rcpthosts": DOMAINS, "validrcptto": "\n".join(LIST) + "\n",
        "badrcptto": "bad@all.example\n"}) as server:
    try_all("text", server, ROWS)
    try_all("text", server, (("bad@all.example", "553 5.7.1"),))
    found = server.wait_log(PREFIX + "rcpt refused rcpt=ann.*$")
    like(found[0][0], PREFIX + r"rcpt refused rcpt=ann@example\.com "
         "reason=unknown$", "logged")
    with server.client() as c:
        starts(c.message(b"x\r\n", "a@example.org", "joe@example.com",
                         "postmaster"), "250 2.0.0", "a message")
    is_(server.messages()[0].recipients, ["joe@example.com", "postmaster"],
        "goes to those that there are")
    server.write("validrcptto", "ann@example.com\n-postmaster\n")
    try_all("changed", server, (("ann@example.com", THERE),
                                ("joe@example.com", NOBODY),
                                ("postmaster", NOBODY),
                                ("postmaster@example.com", THERE)))

with case("cdb"), Server(control={"rcpthosts": DOMAINS}) as server:
    compile_list(server, *LIST)
    try_all("cdb", server, ROWS)
    server.write("validrcptto", "ann@example.com\n-any@all.example\n")
    try_all("both", server, (
        ("joe@example.com", THERE), ("ann@example.com", THERE),
        ("any@all.example", NOBODY), ("other@all.example", THERE)))

for what, setting in (
        ("no file", {}), ("an empty file", {"validrcptto": ""}),
        ("comments alone", {"validrcptto": "# joe@example.com\n\n"}),
        ("refusals alone", {"validrcptto": "-gone@example.com\n"})):
    with case(what), Server(control=setting) as server:
        try_all(what, server, (("ann@example.com", THERE),
                               ("ann@elsewhere.example", "550 5.7.1")))
with case("empty cdbs"), Server() as server:
    compile_list(server)
    try_all("a cdb without a record", server, (("ann@example.com", THERE),))
    server.write("morevalidrcptto.cdb", "")
    try_all("a cdb of no octet", server, (("ann@example.com", THERE),))
    compile_list(server, "-gone@example.com")
    try_all("a cdb of refusals", server, (("ann@example.com", THERE),
                                          ("gone@example.com", NOBODY)))

with case("who may relay"):
    for what, options in (("RELAYCLIENT", {"env": {"RELAYCLIENT": ""}}),
                          ("a login", {"users": {"joe@example.com": "secret"}})):
        with Server(control={"validrcptto": "joe@example.com\n"},
                    **options) as server, server.client() as c:
            if "users" in options:
                starts(c.login("PLAIN", "joe@example.com", "secret"), "235",
                       "a login")
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk(("RCPT TO:<ann@example.com>", THERE, what),
                   ("RCPT TO:<ann@elsewhere.example>", THERE, what))

with case("SMTPUTF8, source routes, RSET between"), Server(
        control={"validrcptto": "m\u00fcller@example.com\njoe@example.com\n"}
        ) as server, server.client() as c:
    c.hello()
    c.must(("MAIL FROM:<a@example.org> SMTPUTF8", "250"))
    c.talk(("RCPT TO:<M\u00fcller@Example.com>", THERE),
           ("RCPT TO:<M\u00dcLLER@example.com>", NOBODY,
            "case of other letters than a to z counts"),
           ("RCPT TO:<@a.example,@b.example:joe@example.com>", THERE),
           ("RCPT TO:<@a.example:ann@example.com>", NOBODY))
    c.send("RSET\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<ann@example.com>\r\n"
           "RSET\r\nRCPT TO:<joe@example.com>\r\nMAIL FROM:<b@example.org>\r\n"
           "RCPT TO:<ann@example.com>\r\nRCPT TO:<JOE@example.com>\r\nDATA\r\n")
    is_([str(c.reply())[:9] for _ in range(9)],
        ["250 2.0.0", "250 2.1.0", NOBODY, "250 2.0.0", "503 5.5.1",
         "250 2.1.0", NOBODY, THERE, "354 go ah"], "RSET between, pipelined")
    starts(c.command("x\r\n."), "250 2.0.0", "RSET between: taken")
    is_((server.messages()[0].sender, server.messages()[0].recipients),
        ("b@example.org", ["JOE@example.com"]), "RSET between: the envelope")

with case("our own address"), Server(control={
        "localiphost": "example.com\n",
        "validrcptto": "joe@example.com\n"}) as server:
    try_all("localiphost", server, (("joe@[127.0.0.1]", THERE),
                                    ("ann@[127.0.0.1]", NOBODY)))


def broken(what, file, reason, prepare, **options):
    """451, and one line, once a connection; other recipients go on."""
    with case(what), Server(**options) as server:
        prepare(server)
        with server.client() as c:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk(("RCPT TO:<joe@example.com>", "451 4.3.0", what),
                   ("RCPT TO:<ann@example.com>", "451 4.3.0", what),
                   ("RCPT TO:<a@elsewhere.example>", "550 5.7.1", what),
                   ("QUIT", "221"))
        server.wait_log(PREFIX + "end ")
        is_(re.findall(PREFIX + "config fail (.*)$", server.log(), re.M),
            [f"file=control/{file} reason={reason}"], what + ": one line")


broken("a text over 1 MiB", "validrcptto",
       r"larger\x20than\x201048576\x20bytes:\x20compile\x20it\x20to\x20"
       "morevalidrcptto.cdb",
       lambda server: server.write("validrcptto", "\n" * 1048577))
broken("a NUL", "validrcptto", r"holds\x20a\x20NUL",
       lambda server: server.write("validrcptto", "joe@example.com\0\n"))
broken("a broken cdb", "morevalidrcptto.cdb", "corrupt",
       lambda server: server.write("morevalidrcptto.cdb", "no cdb"))
broken("a text that the account may not read", "validrcptto",
       r"access\x20denied",
       lambda server: server.write("validrcptto", "joe@example.com\n",
                                   mode=0) or (
           server.root or os.chmod(server.path("validrcptto"), 0)))

with case("1 MiB of text"), Server() as server:
    server.write("validrcptto", "\n" * (1048576 - 16) + "joe@example.com\n")
    try_all("1 MiB", server, (("joe@example.com", THERE),
                              ("ann@example.com", NOBODY)))

with case("a connection that needs it not"), Server(
        control={"validrcptto": "\0"}) as server:
    with server.client() as c:
        c.talk(("EHLO x", "250"), ("MAIL FROM:<a@example.org>", "250"),
               ("RCPT TO:<a@elsewhere.example>", "550 5.7.1"),
               ("QUIT", "221"))
    server.wait_log(PREFIX + "end ")
    ok("config fail" not in server.log(),
       "the list is not read before it is needed")

with case("200 pipelined"), Server(
        control={"validrcptto": "@example.com\n-r7@example.com\n"}) as server:
    with server.client() as c:
        c.send("EHLO x\r\nMAIL FROM:<a@example.org>\r\n" +
               "".join(f"RCPT TO:<r{i}@example.com>\r\n"
                       for i in range(200)) + "DATA\r\n")
        c.expect("250")
        c.expect("250 2.1.0")
        got = [str(c.reply())[:9] for _ in range(200)]
        is_([i for i in range(200) if got[i] != THERE], [7],
            "200 pipelined: each has its reply")
        is_(got[7], NOBODY, "200 pipelined: and the one")
        c.expect("354")
        starts(c.command("x\r\n."), "250 2.0.0", "200 pipelined: taken")
    is_(len(server.messages()[0].recipients), 199, "200 pipelined: all of "
        "them in the envelope")

done()
