#!/usr/bin/env python3
"""What a login changes for the message: relaying, the queue program's
environment, the Received line's protocol word, the log."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE = "joe@example.com"
USERS = {JOE: "secret"}
ALL = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256")
LOGIN = ("TCPREMOTEINFO", "SMTPAUTHUSER", "SMTP_AUTH_USER", "AUTHUSER",
         "AUTHINFO")
METHOD = ("SMTPAUTHMETHOD", "AUTHPROTOCOL")
FORGED = {name: "forged" for name in LOGIN + METHOD}

with case("environment"), Server(users=USERS, env=FORGED,
                                 late_env={"TCPREMOTEINFO": "ident"}
                                 ) as server:
    for name in ALL:
        with case(name), server.client() as c:
            c.hello()
            c.login(name, JOE, "wrong")
            c.message("\r\n")
            env = server.messages()[-1].env
            is_([env.get(k) for k in LOGIN[1:] + METHOD], [None] * 6,
                f"{name}: a failed login sets nothing, forged copies gone")
            is_(env.get("TCPREMOTEINFO"), "ident",
                f"{name}: TCPREMOTEINFO is the launcher's")
            is_(env.get("RELAYCLIENT"), None, f"{name}: no RELAYCLIENT")
            starts(c.login(name, JOE.upper(), "secret"), "235", name)
            starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
                   f"{name}: relays")
            m = server.messages()[-1]
            is_([m.env.get(k) for k in LOGIN], [JOE] * 5,
                f"{name}: the login, in lower case")
            is_([m.env.get(k) for k in METHOD], [name] * 2,
                f"{name}: the mechanism")
            is_(m.env.get("RELAYCLIENT"), "", f"{name}: RELAYCLIENT, empty")
            like(m.received, r"\(authenticated\)", f"{name}: Received")
            like(m.received, r" with ESMTPA id ", f"{name}: ESMTPA")
            ok(JOE not in m.received and "127.0.0.1" not in m.received,
               f"{name}: Received names neither login nor address")
            ok(server.wait_log(
                rf"message ok id=\S+ user={re.escape(JOE)} from=\S+ "
                r"to=x@example\.net rcpts=1 "), f"{name}: logged with user")
            c.command("RSET")
            c.hello()
            c.message("\r\n", JOE, "y@example.net")
            is_(server.messages()[-1].env.get("SMTPAUTHUSER"), JOE,
                f"{name}: the login stays for the next message")
    with server.client() as c:
        c.hello()
        c.must(("MAIL FROM:<a@example.org>", "250"))
        starts(c.command("RCPT TO:<x@example.net>"), "550 5.7.1",
               "another connection relays nothing")
        c.command("RSET")
        c.message("\r\n")
        env = server.messages()[-1].env
        ok("forged" not in env.values(), "no forged copy is left", env)

with case("RELAYCLIENT of the launcher"), Server(
        users=USERS, env={"RELAYCLIENT": "@relay.example.org"}) as server:
    with server.client() as c:
        c.login("SCRAM-SHA-256", JOE, "secret")
        c.message("\r\n", JOE, "x@example.net")
        m = server.messages()[-1]
        is_(m.recipients, ["x@example.net@relay.example.org"],
            "a launcher's RELAYCLIENT is still appended")

with case("protocol words"), Server(users=USERS, certificate="ec") as server:
    for hello, tls, auth, word in (
            ("EHLO", False, False, "ESMTP"), ("EHLO", False, True, "ESMTPA"),
            ("EHLO", True, False, "ESMTPS"), ("EHLO", True, True, "ESMTPSA"),
            ("HELO", False, False, "SMTP"), ("HELO", True, True, "SMTP"),
            (None, False, False, "SMTP"), (None, True, False, "SMTP")):
        what = f"{hello}, TLS {tls}, AUTH {auth}"
        with case(what), server.client() as c:
            if tls:
                c.hello()
                c.starttls()
            if hello:
                c.must((hello + " client.example.org", "250"))
            if auth:
                c.login("PLAIN", JOE, "secret")
            c.message("\r\n")
            like(server.messages()[-1].received, rf" with {word} id ",
                 f"{what}: {word}")

done()
