#!/usr/bin/env python3
"""The greeting, GREETDELAY, HELO, and EHLO's keywords in every state."""
import time
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

BASE = {"PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
        "CHUNKING", "LIMITS RCPTMAX=1000", "SIZE", "HELP"}
AUTH = "AUTH SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"
USERS = {"joe@example.com": "secret"}

with case("greeting"), Server() as server, server.client() as c:
    is_(c.greeting, "220 mx.example.org ESMTP", "greeting names control/me")
    got = c.command("HELO client.example.org")
    is_(got, "250 mx.example.org", "HELO: one line with our name, no code")
    got = c.command("EHLO client.example.org")
    is_(got.lines[0], "mx.example.org", "EHLO: the first line is our name")
    is_(set(got.lines[1:]), BASE, "EHLO without users or certificate")
    is_(len(got.lines[1:]), len(BASE), "EHLO: no keyword twice")
    is_(set(c.command("ehlo x").lines[1:]), BASE, "EHLO again: the same")
    c.talk(("HELO", "501 ", "HELO without a name"),
           ("EHLO", "501 ", "EHLO without a name"),
           ("EHLO [192.0.2.1]", "250-", "EHLO with an address literal"),
           ("helo lower.example.org", "250 ", "verbs without case"))

with case("smtpgreeting"), Server(
        control={"smtpgreeting": "mail.example.org no UBE\n"}) as server:
    with server.client() as c:
        is_(c.greeting, "220 mail.example.org no UBE ESMTP",
            "smtpgreeting replaces the text")

for setting, keyword, present in (
        ({"control": {"smtputf8": "0\n"}}, "SMTPUTF8", False),
        ({"env": {"SMTPUTF8": "0"}}, "SMTPUTF8", False),
        ({"control": {"smtputf8": "0\n"}, "env": {"SMTPUTF8": "1"}},
         "SMTPUTF8", True),
        ({"control": {"databytes": "12345\n"}}, "SIZE 12345", True),
        ({"control": {"databytes": "12345\n"},
          "env": {"DATABYTES": "777"}}, "SIZE 777", True),
        ({"control": {"maxrcpt": "50\n"}}, "LIMITS RCPTMAX=50", True),
        ({"env": {"MAXRCPT": "7"}}, "LIMITS RCPTMAX=7", True),
        ({"users": USERS}, AUTH, True),
        ({"users": USERS, "env": {"FORCETLS": "1"}}, AUTH, False),
        ({"users": USERS, "env": {"FORCETLS": None}}, AUTH, False),
        ({"users": USERS, "env": {"OLDCLIENTS": "1"}},
         AUTH.replace("AUTH ", "AUTH="), True),
        ({"users": USERS}, AUTH.replace("AUTH ", "AUTH="), False),
        ({"users": USERS, "env": {"SMTPAUTH": "-"}}, AUTH, False),
        ({"users": USERS, "env": {"SMTPAUTH": ""}}, "AUTH PLAIN LOGIN",
         True),
        ({"users": USERS, "env": {"AUTHMECHS": "LOGIN PLAIN"}},
         "AUTH LOGIN PLAIN", True),
        ({"users": USERS, "control": {"authmechs": "PLAIN\n"}},
         "AUTH PLAIN", True),
        ({"certificate": "ec"}, "STARTTLS", True),
        ({}, "STARTTLS", False)):
    what = f"{keyword} {'offered' if present else 'not offered'}: {setting}"
    with case(what), Server(**setting) as server, server.client() as c:
        is_(keyword in c.hello(), present, what)

with case("LIMITS"), Server(env={"MAXRCPT": "0"}) as server:
    with server.client() as c:
        ok(not any(k.startswith("LIMITS") for k in c.hello()),
           "maxrcpt 0: LIMITS not offered")

with case("EHLO under TLS and after AUTH"), Server(
        certificate="ec", users=USERS, env={"FORCETLS": "1"}) as server:
    with server.client() as c:
        is_(c.hello(), c.hello(), "keywords keep their order")
        is_(set(c.hello()), BASE | {"STARTTLS"},
            "FORCETLS=1 in clear: STARTTLS, no AUTH")
        c.starttls()
        is_(set(c.hello()), BASE | {AUTH}, "under TLS: AUTH, no STARTTLS")
        is_(c.login("PLAIN", "joe@example.com", "secret"),
            "235 2.7.0 ok, go ahead", "login under TLS")
        is_(set(c.hello()), BASE, "logged in: no AUTH")
        c.envelope()
        is_(set(c.hello()), BASE, "in a transaction: the same")
        c.talk(("DATA", "503 5.5.1", "EHLO ended the transaction"))

with case("GREETDELAY"), Server(env={"GREETDELAY": "1"}) as server:
    start = time.monotonic()
    with server.client() as c:
        ok(time.monotonic() - start >= 0.9, "GREETDELAY=1 waits a second")
        c.talk(("NOOP", "250 2.0.0", "after the delay all is as ever"))
    with server.client(greet=False) as c:
        c.send("EHLO early.example.org\r\n")
        like(c.reply(), "^554 ", "a client that talks first gets 554")
        c.ends("early talker")
    is_(server.wait_idle(), [], "nothing is left of an early talker")

done()
