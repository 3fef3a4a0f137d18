#!/usr/bin/env python3
"""CRAM-MD5, RFC 2195: what is stored for it, who gets in, what is refused."""
import base64
import hashlib
import hmac
import re
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import (  # noqa: E402
    b64, challenge_of, scram_secret, user_file)

JOE, OFF, NONE = "joe@example.com", "off@example.com", "none@example.com"
# doveadm pw -s CRAM-MD5 -p pencil
PENCIL = ("{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87"
          "834e19104164d6a42de72d243adb4080")
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
INITIAL = "501 5.7.0 this mechanism takes no initial response"
LINES = [f"{JOE}:{PENCIL}:::",
         f"{OFF}:!{PENCIL}:::",
         "plain@example.com:{PLAIN}pencil:::",
         "long@example.com:{PLAIN}" + "p" * 100 + ":::",
         "form@example.com:" + scram_secret("SCRAM-SHA-256", "pencil") +
         f":::smtp_secret_cram-md5={PENCIL}",
         "app@example.com:{PLAIN}other:::smtp_secret_phone=" + PENCIL,
         "scram@example.com:" + scram_secret("SCRAM-SHA-256", "pencil")]
ENV = {"AUTHMECHS": "CRAM-MD5 PLAIN"}


def challenge(c):
    """Of an exchange that begins."""
    return challenge_of(c.command("AUTH CRAM-MD5"))


def digest(text, password="pencil"):
    """RFC 2195 §2."""
    return hmac.new(password.encode(), text.encode(), "md5").hexdigest()


def responded(c, line):
    """The reply to a response, whatever it is."""
    challenge(c)
    return c.command(b64(line))


with case("who gets in"), Server(env=ENV) as server:
    user_file(server, LINES)
    for user, password, expected, label, what in (
            (JOE, "pencil", OK, "", "Dovecot's contexts"),
            (JOE.upper(), "pencil", OK, "", "a login in upper case"),
            ("plain@example.com", "pencil", OK, "", "a clear password"),
            ("long@example.com", "p" * 100, OK, "", "a long one"),
            ("form@example.com", "pencil", OK, "",
             "contexts beside a SCRAM secret"),
            ("app@example.com", "pencil", OK, " label=phone",
             "an app password"),
            ("app@example.com", "other", OK, "", "its user's own"),
            (JOE, "Pencil", FAILED, "password", "a wrong password"),
            (JOE, "", FAILED, "password", "an empty password"),
            (OFF, "pencil", FAILED, "disabled", "a disabled user"),
            (NONE, "pencil", FAILED, "unknown", "an unknown user"),
            ("scram@example.com", "pencil", FAILED, "no-secret",
             "a user without a secret for it"),
            ("#site", "pencil", FAILED, "unknown", "a reserved record")):
        with case(what), server.client() as c:
            before = len(server.log())
            is_(c.login("CRAM-MD5", user, password), expected,
                f"{what}: {expected[:3]}")
            name = user.lower()
            server.wait_log(
                rf"auth ok user={re.escape(name)} mech=CRAM-MD5{label}$"
                if expected == OK else
                rf"auth fail user={re.escape(name)} mech=CRAM-MD5 "
                rf"reason={label}$")
            ok("auth" in server.log()[before:], f"{what}: logged")
            c.must((f"MAIL FROM:<{JOE}>", "250"))
            starts(c.command("RCPT TO:<x@example.net>"),
                   "250" if expected == OK else "550", f"{what}: relaying")
            if expected == OK:
                c.must(("RSET", "250"))
                c.message("\r\n", JOE, "x@example.net")
    m = server.messages()[0]
    is_((m.env.get("SMTPAUTHUSER"), m.env.get("SMTPAUTHMETHOD")),
        (JOE, "CRAM-MD5"), "what the queue program is told")
    for user in ("plain@example.com", JOE, "app@example.com"):
        with server.client() as c:
            password = "other" if user[0] == "a" else "pencil"
            is_(c.login("PLAIN", user, password), OK,
                f"{user}: the same password by PLAIN")
    with server.client() as c:
        is_(c.login("PLAIN", JOE, "Pencil"), FAILED, "a wrong one does not")

with case("authdomain"), Server(
        env=ENV, control={"authdomain": "example.com\n"}) as server:
    user_file(server, LINES)
    with server.client() as c:
        is_(c.login("CRAM-MD5", "joe", "pencil"), OK, "the domain is added")

with case("the challenge"), Server(env=ENV) as server:
    user_file(server, LINES)
    seen = set()
    before = int(time.time())
    for _ in range(20):
        with server.client() as c:
            text = challenge(c)
            m = re.fullmatch(r"<([0-9a-f]{32})\.(\d+)@mx\.example\.org>", text)
            if not m or not before <= int(m[2]) <= time.time():
                ok(False, "its form", text)
                break
            seen.add(m[1])
    else:
        ok(True, "<random.time@me>")
    is_(len(seen), 20, "never the same twice")
    bits = [bin(int(a, 16) ^ int(b, 16)).count("1")
            for a in seen for b in seen if a < b]
    ok(min(bits) > 30, "they differ as random octets do", min(bits))
    with server.client() as c:
        old = f"{JOE} {digest(challenge(c))}"
        c.command("*")
        is_(responded(c, old), FAILED,
            "the answer to another challenge is worth nothing")

with case("what is refused"), Server(env=ENV) as server:
    user_file(server, LINES)
    with server.client() as c:
        for line in (b64(f"{JOE} {digest('')}"), "=", "!", b64("x")):
            is_(c.command("AUTH CRAM-MD5 " + line), INITIAL,
                f"AUTH CRAM-MD5 {line[:8]}: the server speaks first")
        text = challenge(c)
        is_(c.command("*"), "501 5.7.0 authentication cancelled", "*")
        starts(c.command("AUTH cram-md5"), "334 ", "auth cram-md5")
        starts(c.command("!"), "501 5.5.2", "no base64")
    for make, what in (
            (lambda d: "", "nothing"), (lambda d: " ", "a blank"),
            (lambda d: d, "a digest alone"),
            (lambda d: " " + d, "no login"),
            (lambda d: f"{JOE}", "a login alone"),
            (lambda d: f"{JOE} ", "no digest"),
            (lambda d: f"{JOE} {d[:-1]}", "a digit less"),
            (lambda d: f"{JOE} {d[:-2]}", "two digits less"),
            (lambda d: f"{JOE} {d}0", "a digit more"),
            (lambda d: f"{JOE} {d}00", "two digits more"),
            (lambda d: f"{JOE} {d} ", "a blank behind"),
            (lambda d: f"{JOE}\0{d}", "a NUL between"),
            (lambda d: f"{JOE}\0 {d}", "a NUL in the login"),
            (lambda d: f"{JOE} {d[:-1]}g", "no digit"),
            (lambda d: "u" * 300 + f" {d}", "a long login"),
            (lambda d: f"{JOE} " + "0" * 8000, "a long digest")):
        with case(what), server.client() as c:
            starts(responded(c, make(digest("x"))), "501 5.5.2",
                   f"{what}: malformed")
            is_(c.login("CRAM-MD5", JOE, "pencil"), OK,
                f"{what}: the connection goes on")
    with server.client() as c:
        is_(responded(c, f"{JOE}  {digest('x')}"), FAILED,
            "a blank more is another login")
    for lines, what in ((None, "no user file"), (b"junk", "a broken one")):
        if lines is None:
            server.write("authusers.cdb", "", 0o600)
        else:
            server.write("authusers.cdb", "x" * 3000, 0o600)
        with case(what), server.client() as c:
            is_(c.login("CRAM-MD5", JOE, "pencil"),
                "454 4.7.0 temporary authentication failure", what)
    server.passwd("build")
    with server.client() as c:
        text = base64.b64encode(hashlib.md5(b"x").digest())
        starts(c.command("AUTH CRAM-MD5"), "334 ", "and again")
        starts(c.command(text.decode()), "501 5.5.2", "no text at all")

with case("the third failure"), Server(env=ENV) as server:
    user_file(server, LINES)
    with server.client() as c:
        for _ in range(2):
            is_(c.login("CRAM-MD5", JOE, "x"), FAILED, "535")
        is_(c.login("CRAM-MD5", JOE, "x"), FAILED, "535 a third time")
        starts(c.reply(), "421 4.7.0", "and good bye")

with case("no list names it"), Server() as server:
    user_file(server, ["joe@example.com:{PLAIN}pencil"])
    with server.client() as c:
        ok(not [k for k in c.hello() if "CRAM" in k],
           "every user could do it, and it is not offered")
        starts(c.command("AUTH CRAM-MD5"), "504 5.5.4", "nor taken")

done()
