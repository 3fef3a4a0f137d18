#!/usr/bin/env python3
"""Failed logins: three a connection, what counts, and the log of it all."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import b64  # noqa: E402

JOE = "joe@example.com"
USERS = {JOE: "secret"}
ALL = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256")
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
LAST = "421 4.7.0 too many authentication failures"
LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 "

with case("three failures"), Server(users=USERS) as server:
    for names in [(name,) * 3 for name in ALL] + [ALL[:3], ALL[1:]]:
        what = ", ".join(names)
        with case(what), server.client() as c:
            c.hello()
            got = [c.login(name, JOE, "wrong") for name in names]
            is_(got, [FAILED] * 3, f"{what}: 535 each")
            is_(c.reply(), LAST, f"{what}: then 421")
            c.ends(what)
    with server.client() as c:
        for user in (JOE, "nobody@example.com", "x@example.org"):
            got = c.login("PLAIN", user, "wrong")
        is_((got, c.reply()), (FAILED, LAST), "three users, too")
    with server.client() as c:
        wrong = "AUTH PLAIN " + b64(f"\0{JOE}\0wrong") + "\r\n"
        right = "AUTH PLAIN " + b64(f"\0{JOE}\0secret") + "\r\n"
        c.send(wrong * 3 + right + "MAIL FROM:<a@example.org>\r\n")
        is_(c.rest().decode().splitlines(), [FAILED] * 3 + [LAST],
            "a fourth, right password behind them is not looked at")
    with server.client() as c:
        c.login("PLAIN", JOE, "wrong")
        c.login("LOGIN", JOE, "wrong")
        is_(c.login("SCRAM-SHA-256", JOE, "secret"), OK,
            "after two failures a login succeeds")
    with server.client() as c:
        for line in ("EHLO x.example.org", "RSET", "HELO x.example.org"):
            got = c.login("PLAIN", JOE, "wrong")
            if line != "HELO x.example.org":
                c.command(line)
        is_((got, c.reply()), (FAILED, LAST), "EHLO and RSET forget nothing")
    with server.client() as c:
        for lines in (("AUTH PLAIN", "*"), ("AUTH PLAIN !",),
                      ("AUTH NTLM",), ("AUTH PLAIN " + "A" * 13000,),
                      ("AUTH LOGIN", "!")):
            for line in lines:
                c.command(line)
        is_([c.login("PLAIN", JOE, "wrong") for _ in range(2)],
            [FAILED] * 2, "what was no attempt does not count")
        is_(c.login("PLAIN", JOE, "secret"), OK, "so the third is free")
    is_(len(re.findall(LOG + r"end .*reason=auth", server.log(), re.M)) > 0,
        True, "the end is logged as reason=auth")

with case("failures under TLS"), Server(users=USERS,
                                        certificate="ec") as server:
    with server.client() as c:
        c.login("PLAIN", JOE, "wrong")
        c.login("PLAIN", JOE, "wrong")
        c.starttls()
        got = c.login("PLAIN", JOE, "wrong")
        is_((got, c.reply()), (FAILED, LAST), "STARTTLS forgets none")

with case("many exchanges"), Server(users=USERS) as server:
    with server.client() as c:
        c.hello()
        replies = []
        for _ in range(200):
            try:
                got = c.command("AUTH PLAIN")
                replies.append(got)
                if got.code == 334:
                    replies.append(c.command("*"))
            except OSError:
                break
            if replies[-1] == "" or replies[-1].code == 421:
                break
        starts(replies[-1], "421 4.7.0",
               "one that starts and cancels without end is sent away")
        ok(len(replies) < 120, "soon", len(replies))

# Each way to end an exchange: what is sent, and the line of the log.
RIGHT = b64(f"\0{JOE}\0secret")
PROBES = (
    ("ok", ("AUTH PLAIN " + RIGHT,), f"auth ok user={JOE} mech=PLAIN"),
    ("ok, in upper case", ("AUTH PLAIN " + b64("\0JOE@EXAMPLE.COM\0secret"),),
     f"auth ok user={JOE} mech=PLAIN"),
    ("ok by LOGIN", ("AUTH LOGIN", b64(JOE), b64("secret")),
     f"auth ok user={JOE} mech=LOGIN"),
    ("password", ("AUTH PLAIN " + b64(f"\0{JOE}\0wrong"),),
     f"auth fail user={JOE} mech=PLAIN reason=password"),
    ("unknown", ("AUTH PLAIN " + b64("\0nobody@example.com\0x"),),
     "auth fail user=nobody@example.com mech=PLAIN reason=unknown"),
    ("disabled", ("AUTH PLAIN " + b64("\0off@example.com\0secret"),),
     "auth fail user=off@example.com mech=PLAIN reason=disabled"),
    ("cancel", ("AUTH LOGIN", "*"), "auth cancel mech=LOGIN"),
    ("not offered", ("AUTH NTLM",), "auth refused reason=not-offered"),
    ("malformed", ("AUTH PLAIN !",), "auth refused mech=PLAIN reason=syntax"),
    ("blank in a name", ("AUTH PLAIN " + b64("\0a b\\@example.com\0x"),),
     r"auth fail user=a\x20b\x5C@example.com mech=PLAIN reason=unknown"),
)
with case("the log"), Server(users={**USERS, "off@example.com": "secret"}
                             ) as server:
    server.passwd("disable", "off@example.com")
    for what, lines, expected in PROBES:
        with case(what), server.client() as c:
            for line in lines:
                got = c.command(line)
            if got.code == 235:
                c.command("QUIT")
            ok(server.wait_log(LOG + re.escape(expected) + "$"),
               f"{what}: {expected}")
    for name in ("SCRAM-SHA-1", "SCRAM-SHA-256"):
        for user, password, expected in (
                (JOE, "secret", f"auth ok user={JOE} mech={name}"),
                (JOE, "wrong", f"auth fail user={JOE} mech={name} "
                 "reason=password"),
                ("nobody@example.com", "x", "auth fail "
                 f"user=nobody@example.com mech={name} reason=unknown"),
                ("off@example.com", "secret", "auth fail "
                 f"user=off@example.com mech={name} reason=disabled")):
            with case(expected), server.client() as c:
                c.login(name, user, password)
                ok(server.wait_log(LOG + re.escape(expected) + "$"),
                   expected)
    lines = [line for line in server.log().splitlines() if " auth " in line]
    is_(len(lines), len(PROBES) + 8, "a line an exchange, no more")
    for word in ("secret", RIGHT, b64("secret"), "wrong"):
        ok(not any(word in line for line in lines), f"no {word[:6]} in it")

with case("a login that would forge a line"), Server(users=USERS) as server:
    with server.client() as c:
        for text in ("x\nsmtpd-auth: 1 1.1.1.1 auth ok user=root",
                     "x user=root mech=NONE", "y" * 250, "\x1b[2J",
                     "\u00fc@example.com"):
            c.command("AUTH PLAIN " + b64(f"\0{text}\0x"))
            if c.command("NOOP").code != 250:
                break
    server.wait_idle()
    for line in server.log().splitlines():
        ok(re.fullmatch(r"smtpd-auth: \d+ 127\.0\.0\.1 [!-~ ]{1,780}", line)
           and " user=root" not in line, f"a clean line: {line[:50]}", line)

done()
