#!/usr/bin/env python3
"""What is offered to whom, and who must log in: FORCETLS, SMTPAUTH,
AUTHMECHS, authmechs, REQUIREAUTH, OLDCLIENTS."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import (  # noqa: E402
    Single, b64, offer, scram_secret, user_file)

JOE = "joe@example.com"
USERS = {JOE: "secret"}
PLAIN = "AUTH PLAIN " + b64(f"\0{JOE}\0secret")
DEFAULT = "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"
KNOWN = DEFAULT.split() + ["CRAM-MD5"]
NEEDS_TLS = "538 5.7.11 encryption required, STARTTLS first"


with case("FORCETLS"), Server(users=USERS, certificate="ec",
                              env={"FORCETLS": "1"}) as server:
    with server.client() as c:
        is_(offer(c), None, "FORCETLS=1 in clear: AUTH is not offered")
        for line in (PLAIN, "AUTH PLAIN", "AUTH LOGIN",
                     "AUTH SCRAM-SHA-256"):
            is_(c.command(line), NEEDS_TLS, f"in clear: {line[:20]}")
        server.wait_log(r"auth refused mech=PLAIN reason=no-tls$")
        ok("secret" not in server.log() and
           b64(f"\0{JOE}\0secret") not in server.log(),
           "the log holds no password")
        ok(server.log().count("reason=no-tls") <= 4, "a line each")
        c.starttls()
        is_(offer(c), DEFAULT, "under TLS it is offered")
        is_(c.command(PLAIN), "235 2.7.0 ok, go ahead",
            "and accepted; 538 counts as no failure")

with case("FORCETLS unset"), Server(
        users=USERS, certificate="ec", env={"FORCETLS": None}) as server:
    with server.client() as c:
        is_(offer(c), None, "FORCETLS unset: not offered in clear")
        is_(c.command(PLAIN), NEEDS_TLS, "FORCETLS unset: not accepted")
with case("FORCETLS, no certificate"), Server(
        users=USERS, env={"FORCETLS": "1"}) as server, server.client() as c:
    is_(offer(c), None, "FORCETLS=1 without a certificate: not offered")
    is_(c.command(PLAIN), NEEDS_TLS, "nor accepted")
with case("-s"), Server(users=USERS, certificate="ec", args=["-s"],
                        env={"FORCETLS": "1"}) as server:
    with server.client(tls=True) as c:
        is_(offer(c), DEFAULT, "-s: offered")
with case("TLS outside"), Server(users=USERS, certificate="ec", env={
        "FORCETLS": "1", "SSL_PROTOCOL": "TLSv1.3"}) as server:
    with server.client() as c:
        is_(offer(c), DEFAULT, "TLS by the launcher: offered")
        ok("STARTTLS" not in c.hello(), "TLS by the launcher: no STARTTLS")
        is_(c.command(PLAIN)[:3], "235", "TLS by the launcher: accepted")

# What each setting offers.
for env, files, expected in (
        ({"SMTPAUTH": "-"}, {}, None),
        ({"SMTPAUTH": "0"}, {}, None),
        ({"SMTPAUTH": ""}, {}, "PLAIN LOGIN"),
        ({"SMTPAUTH": "!"}, {}, DEFAULT),
        ({"SMTPAUTH": "+cram"}, {},
         "PLAIN LOGIN CRAM-MD5"),
        ({"SMTPAUTH": "cram"}, {}, "CRAM-MD5"),
        ({"SMTPAUTH": "!cram"}, {}, "CRAM-MD5"),
        ({"SMTPAUTH": "!+cram"}, {},
         "PLAIN LOGIN CRAM-MD5"),
        ({"AUTHMECHS": "LOGIN PLAIN"}, {}, "LOGIN PLAIN"),
        ({"AUTHMECHS": "login\tPlain\n scram-sha-1"}, {},
         "LOGIN PLAIN SCRAM-SHA-1"),
        ({"AUTHMECHS": "PLAIN PLAIN LOGIN PLAIN"}, {}, "PLAIN LOGIN"),
        ({"AUTHMECHS": "SCRAM-SHA-1"}, {"authmechs": "PLAIN\n"},
         "SCRAM-SHA-1"),
        ({"AUTHMECHS": "PLAIN", "SMTPAUTH": ""}, {}, "PLAIN"),
        ({"SMTPAUTH": ""}, {"authmechs": "SCRAM-SHA-256\n"}, "PLAIN LOGIN"),
        ({}, {"authmechs": "PLAIN\nSCRAM-SHA-256\n"}, "PLAIN SCRAM-SHA-256"),
        ({}, {"authmechs": "# ours\nLOGIN PLAIN  \n"}, "LOGIN PLAIN"),
        ({}, {}, DEFAULT)):
    what = f"{env or ''} {files or ''}".strip() or "nothing set"
    with case(what), Server(users=USERS, env=env, control=files) as server:
        with server.client() as c:
            is_(offer(c), expected, f"{what}: {expected}")
            for name in KNOWN:
                got = c.command("AUTH " + name)
                offered = name in (expected or "").split()
                starts(got, "334" if offered else "504 5.5.4",
                       f"{what}: {name} is "
                       f"{'taken' if offered else 'refused'}")
                if got.code == 334:
                    c.command("*")
    with case(what), Server(users=USERS, control=files,
                            env={"REQUIREAUTH": None, **env}) as server:
        with server.client() as c:
            must = env.get("SMTPAUTH", "")[:1] == "!"
            starts(c.command("MAIL FROM:<a@example.org>"),
                   "530 5.7.0" if must else "250",
                   f"{what}: AUTH is {'' if must else 'not '}required")

for env, files, what in (
        ({"SMTPAUTH": "maybe"}, {}, "an unknown SMTPAUTH"),
        ({"AUTHMECHS": "PLAIN GIBBERISH"}, {}, "an unknown name"),
        ({}, {"authmechs": "NTLM\n"}, "an unknown name in authmechs"),
        ({"REQUIREAUTH": "yes please"}, {}, "REQUIREAUTH that is no number"),
        ({"FORCETLS": "perhaps"}, {}, "FORCETLS that is no number")):
    with case(what), Server(users=USERS, env=env, control=files) as server:
        with server.client(greet=False) as c:
            starts(c.reply(), "421 4.3.0", f"{what}: no service")
            ok(server.wait_log(r"config fail file=\S+ reason=\S+"),
               f"{what}: logged")

with case("who can do what"), Server() as server:
    sha256 = scram_secret("SCRAM-SHA-256", "x")
    sha1 = scram_secret("SCRAM-SHA-1", "x")
    crypt = "{CRYPT}$1$saltsalt$9xy1btjgzLYfb7hivXtC//"
    for lines, expected, what in (
            ([f"a@example.com:{sha256}"], "SCRAM-SHA-256 PLAIN LOGIN",
             "SCRAM-SHA-256 alone"),
            ([f"a@example.com:{sha1}"], "SCRAM-SHA-1 PLAIN LOGIN",
             "SCRAM-SHA-1 alone"),
            ([f"a@example.com:{crypt}"], "PLAIN LOGIN", "crypt alone"),
            ([f"a@example.com:{sha256}", f"b@example.com:{sha1}"],
             "PLAIN LOGIN", "one of each"),
            ([f"a@example.com:{sha256}", f"b@example.com:!{crypt}"],
             "SCRAM-SHA-256 PLAIN LOGIN", "a disabled user does not count"),
            ([f"a@example.com:{sha256}:::smtp_secret_scram-sha-1={sha1}"],
             DEFAULT, "both secrets in one line")):
        with case(what):
            user_file(server, lines)
            with server.client() as c:
                is_(offer(c), expected, f"{what}: {expected}")

with case("no user file"), Server() as server, server.client() as c:
    is_(offer(c), None, "without a user file AUTH is not offered")
with case("no user file, AUTH required"), Server(
        env={"REQUIREAUTH": "1"}) as server, server.client() as c:
    ok(offer(c) is not None,
       "it is offered where nothing goes without it, so that clients "
       "try again")

with case("REQUIREAUTH"), Server(users=USERS, env={
        "REQUIREAUTH": None}, certificate="ec") as server:
    with server.client() as c:
        starts(c.command("MAIL FROM:<a@example.org>"), "250 ",
               "another port: AUTH is not required")
    for port, setting, required in (
            ("587", None, True), ("465", None, True), ("25", None, False),
            ("2525", None, False), ("587", "0", False), ("465", "0", False),
            ("25", "1", True), (None, None, False)):
        what = f"port {port}, REQUIREAUTH={setting}"
        env = {"TCPLOCALPORT": port, "REQUIREAUTH": setting,
               "TCPREMOTEIP": "192.0.2.1"}
        with case(what), Single(server, env) as c:
            starts(c.command("MAIL FROM:<a@example.org>"),
                   "530 5.7.0" if required else "250 ", f"{what}: MAIL")
            starts(c.command("VRFY joe"),
                   "530 5.7.0" if required else "252 ", f"{what}: VRFY")
            if required:
                c.talk(("NOOP", "250"), ("RSET", "250"),
                       ("RCPT TO:<b@example.com>", "503"))
                starts(c.command(PLAIN), "235 ", f"{what}: login")
                starts(c.command("MAIL FROM:<a@example.org>"), "250 ",
                       f"{what}: MAIL after AUTH")
    for value in ("", "x"):
        what = f"RELAYCLIENT={value!r} on port 587"
        with case(what), Single(server, {
                "TCPLOCALPORT": "587", "REQUIREAUTH": None,
                "RELAYCLIENT": value}) as c:
            starts(c.command("MAIL FROM:<a@example.org>"), "250 ",
                   what + ": no AUTH needed")
with case("REQUIREAUTH with -s"), Server(
        users=USERS, env={"REQUIREAUTH": None}, certificate="ec",
        args=["-s"]) as server, server.client(tls=True) as c:
    starts(c.command("MAIL FROM:<a@example.org>"), "530 5.7.0",
           "-s: AUTH is required")

with case("OLDCLIENTS"), Server(users=USERS, env={
        "OLDCLIENTS": "1"}) as server, server.client() as c:
    is_((offer(c), offer(c, "AUTH=")), (DEFAULT, DEFAULT),
        "OLDCLIENTS=1: both lines")
    c.must((PLAIN, "235"))
    is_((offer(c), offer(c, "AUTH=")), (None, None), "neither after AUTH")
with case("OLDCLIENTS and FORCETLS"), Server(users=USERS, certificate="ec",
        env={"OLDCLIENTS": "1", "FORCETLS": "1"}) as server:
    with server.client() as c:
        is_(offer(c, "AUTH="), None, "OLDCLIENTS: nothing in clear")

done()
