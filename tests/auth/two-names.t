#!/usr/bin/env python3
"""authdomain: with and without it a login is one name, for what is looked up
and for what is counted; given on and logged is what the record has."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import sasl  # noqa: E402
from support.extra_auth import (  # noqa: E402
    Scram, b64, challenge_of, scram_secret, user_file)
from support.extra_safety import Guarded  # noqa: E402

OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
DOMAIN = {"authdomain": "Example.COM\n"}
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-1")
ENV = {"AUTHMECHS": " ".join(MECHANISMS) + " DIGEST-MD5"}


def both(password):
    """The forms of a password that all mechanisms can use."""
    return (scram_secret("SCRAM-SHA-256", password) +
            ":::smtp_secret_scram-sha-1=" +
            scram_secret("SCRAM-SHA-1", password) +
            " smtp_secret_cram-md5={PLAIN}" + password)


LINES = [f"joe:{both('bare')}", f"ann@example.com:{both('whole')}",
         f"two:{both('bare')}", f"two@example.com:{both('whole')}",
         f"off:{both('bare')}", f"off@example.com:!{both('whole')}",
         f"late:{both('bare')}",
         "late@example.com:*:::smtp_secret_phone={PLAIN}whole "
         "smtp_expires_phone=2001-01-01",
         f"gone:!{both('bare')}", f"eve@example.org:{both('org')}"]

# What is typed, the password, the record's own login or a reason.
ROWS = (("joe", "bare", "joe", None), ("joe@example.com", "bare", "joe", None),
        ("JOE@Example.com", "bare", "joe", None),
        ("ann", "whole", "ann@example.com", None),
        ("ann@example.com", "whole", "ann@example.com", None),
        ("two", "whole", "two@example.com", None),
        ("two@example.com", "whole", "two@example.com", None),
        ("two", "bare", "two@example.com", "password"),
        ("two@example.com", "bare", "two@example.com", "password"),
        ("off", "bare", "off@example.com", "disabled"),
        ("off", "whole", "off@example.com", "disabled"),
        ("gone", "bare", "gone", "disabled"),
        ("gone@example.com", "bare", "gone", "disabled"),
        ("joe", "wrong", "joe", "password"),
        ("joe@example.org", "bare", "joe@example.org", "unknown"),
        ("eve", "org", "eve@example.com", "unknown"),
        ("eve@example.org", "org", "eve@example.org", None),
        ("nobody", "x", "nobody@example.com", "unknown"),
        ("nobody@example.com", "x", "nobody@example.com", "unknown"))

with case("one name"), Server(env=ENV, control=DOMAIN) as server:
    user_file(server, LINES)
    seen = 0
    for mechanism in MECHANISMS:
        for user, password, login, reason in ROWS:
            with case(user), server.client() as c:
                is_(c.login(mechanism, user, password),
                    FAILED if reason else OK, f"{mechanism}: {user}, "
                    f"{password}: {reason or 'ok'}")
                seen += 1
                line = server.wait_log(LOG + r"auth \w+ .*$", seen)[-1][0]
                like(line, LOG + ("auth fail" if reason else "auth ok") +
                     f" user={re.escape(login)} mech={mechanism}" +
                     (f" reason={reason}$" if reason else "$"),
                     f"{mechanism}: {user}: logged as {login}")
    for user in ("late", "late@example.com"):
        with server.client() as c:
            is_([c.login("PLAIN", user, word) for word in ("bare", "whole")],
                [FAILED] * 2, f"{user}: the whole one has expired, and counts")
    for user in ("joe", "joe@example.com"):
        with server.client() as c:
            c.login("PLAIN", user, "bare")
            c.message("\r\n")
            is_(server.messages()[-1].env.get("SMTPAUTHUSER"), "joe",
                f"{user}: the queue program is told the record's own")
    for authzid, user, expected in (
            ("joe", "joe@example.com", OK), ("joe@example.com", "joe", OK),
            ("ann", "joe", FAILED), ("ann@example.com", "ann", OK),
            ("joe@example.org", "joe", FAILED)):
        with server.client() as c:
            password = "whole" if user == "ann" else "bare"
            is_(c.command("AUTH PLAIN " + b64(
                f"{authzid}\0{user}\0{password}")), expected,
                f"PLAIN: {user} for {authzid}: {expected[:3]}")
        with server.client() as c:
            got = c.login("SCRAM-SHA-256", user, password, authzid=authzid)
            is_(got, expected, f"SCRAM: {user} for {authzid}: "
                f"{expected[:3]}")

with case("DIGEST-MD5"), Server(env={"AUTHMECHS": "DIGEST-MD5"},
                                control=DOMAIN) as server:
    def stored(login):
        """Its hash."""
        return ":::smtp_secret_digest-md5={DIGEST-MD5}mx.example.org," + \
            sasl.digest_user_hash(login, "mx.example.org", "secret").hex()

    user_file(server, ["joe:" + stored("joe"), "clear:{PLAIN}secret",
                       "ann@example.com:" + stored("ann@example.com")])
    for user, expected in (("joe", OK), ("joe@example.com", FAILED),
                           ("ann@example.com", OK), ("ann", FAILED),
                           ("clear", OK), ("clear@example.com", OK)):
        with server.client() as c:
            is_(c.login("DIGEST-MD5", user, "secret"), expected,
                f"{user}: it hashes what was typed: {expected[:3]}")

with case("made-up salts"), Server(env=ENV, control=DOMAIN) as server:
    user_file(server, LINES)
    salts = []
    for user in ("nobody", "nobody@example.com", "Nobody", "somebody"):
        with server.client() as c:
            scram = Scram("SCRAM-SHA-256", user, "wrong")
            got = c.command(f"AUTH SCRAM-SHA-256 {b64(scram.first)}")
            salts.append(scram.parts(challenge_of(got))["s"])
    ok(salts[0] == salts[1] == salts[2] != salts[3],
       "one name, one salt, whichever was typed", salts)

with case("relaylimits"), Guarded(
        control={**DOMAIN, "relaylimits": "joe@example.com:3\n"}) as server:
    user_file(server, LINES)
    with server.client() as c:
        starts(c.login("PLAIN", "joe", "bare"), "235", "joe logs in")
        c.must(("MAIL FROM:<a@example.com>", "250"))
        is_([c.command(f"RCPT TO:<r{i}@example.net>").code for i in range(4)],
            [250] * 3 + [450], "the limit of joe@example.com is joe's")

with case("sendercheck"), Server(control={**DOMAIN, "sendercheck": "1\n"}) as \
        server:
    user_file(server, LINES)
    for user in ("joe", "joe@example.com"):
        with server.client() as c:
            starts(c.login("PLAIN", user, "bare"), "235", f"{user} logs in")
            starts(c.command("MAIL FROM:<joe@example.com>"), "250",
                   f"{user}: sends as login@authdomain")
            c.must(("RSET", "250"))
            starts(c.command("MAIL FROM:<ann@example.com>"), "553",
                   f"{user}: as nobody else")

done()
