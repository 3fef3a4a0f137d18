#!/usr/bin/env python3
"""One line an event, whatever the client sends; no secret, no echo; TRACE."""
import base64
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

USERS = {"joe@example.com": "Tr0ub4dor"}
LINE = (r"smtpd-auth: \d+ \S+ (connect|(tls|auth|sender|rcpt|message|config) "
        r"[a-z-]+|log suppressed|end)( [a-z]+=[!-~]*)*")


def sound(server, what):
    """Every line of the log has the form."""
    raw = server.log_reader.data
    ok(raw.endswith(b"\n"), what + ": the log ends with a line end", raw)
    for line in raw[:-1].split(b"\n"):
        text = line.decode("latin-1")
        if not re.fullmatch(LINE, text) or len(line) + 1 > 800:
            ok(False, what + ": the form of each line", repr(text))
            return
        for value in re.findall(r"=(\S*)", text):
            octets = re.sub(r"\\x[0-9A-Fa-f]{2}", "?", value)
            if len(octets) > 120 or len(value) > 480:
                ok(False, what + ": 120 octets a value", repr(text))
                return
            if re.search(r"\\(?!x[0-9A-Fa-f]{2})", value):
                ok(False, what + ": escapes", repr(text))
                return
    ok(True, what + ": every line has the form")


NAMES = ("x" * 500 + "@elsewhere.example", '"a b"@evil.example',
         '"a\\\\b"@evil.example', "a=b@evil.example", "a%n%s@evil.example",
         "user=joe@evil.example")
with case("refused names"), Server(control={
        "badmailfrom": "@evil.example\n"}) as server:
    for name in NAMES:
        with server.client() as c:
            c.command(f"MAIL FROM:<{name}>")
            c.command("MAIL FROM:<a@example.org>")
            like(c.command(f"RCPT TO:<{name}>"), "^5", f"{name[:40]} refused")
            c.command("QUIT")
    server.wait_log(" end ", len(NAMES))
    sound(server, "hostile paths")
    like(server.log(), r'from=a\\x20b@evil\.example', "a blank is escaped")
    like(server.log(), r'from=a\\x5[cC]b@', "so is a backslash")
    like(server.log(), r"rcpt=x{120} ", "a value is cut at 120 octets")

with case("hostile logins"), Server(users=USERS) as server:
    logins = ("a b", "a\nsmtpd-auth: 1 192.0.2.1 auth ok user=root",
              "a\\b", "\x1b[31m", "\u00fc\u2028", "x" * 200, "a\tb", "%n")
    for name in logins:
        with server.client() as c:
            like(c.login("PLAIN", name, "wrong"), "^5", f"login {name!r:.40}")
            c.command("QUIT")
    server.wait_log(" end ", len(logins))
    sound(server, "hostile logins")
    ok(not re.search(r"^smtpd-auth: 1 192", server.log(), re.M),
       "no line can be forged")

with case("hostile launcher"), Server(late_env={
        "TCPREMOTEIP": "a b\n\x1b", "TCPLOCALPORT": "2 5\n"}) as server:
    with server.client() as c:
        c.command("QUIT")
    server.wait_log(" end ")
    sound(server, "hostile launcher")

with case("many long values"), Server(env={"RELAYCLIENT": ""}) as server:
    long_path = "\u00fc" * 200 + "@" + "d.example" * 20
    with server.client() as c:
        c.must((f"MAIL FROM:<{long_path}> SMTPUTF8", "250"),
               (f"RCPT TO:<{long_path}>", "250"), ("DATA", "354"),
               (".", "250"))
        c.command("QUIT")
    server.wait_log(" end ")
    sound(server, "long 8-bit paths")
    like(server.log(), "message ok id=", "the message is logged")

SECRET = "hunter2hunter2"
with case("secrets"):
    for trace in ("0", "1"):
        with Server(users=USERS, env={"TRACE": trace}) as server:
            what = f"TRACE={trace}"
            token = base64.b64encode(SECRET.encode()).decode()
            plain = base64.b64encode(
                b"\0joe@example.com\0" + SECRET.encode()).decode()
            replies = []
            with server.client() as c:
                replies.append(c.command("EHLO client.example.org"))
                for line in (SECRET, token, SECRET + " with argument",
                             "AUTH" + SECRET, "XAUTH PLAIN " + token,
                             "AUTH " + token, "AUTH XYZ " + token,
                             "AUTH\tXYZ\t" + token,
                             "AUTH \t PLAIN\t" + plain):
                    replies.append(c.command(line))
                for line in (plain, SECRET):
                    c.must(("AUTH PLAIN", "334"))
                    replies.append(c.command(line))
                c.must(("AUTH LOGIN", "334"))
                replies.append(c.command(token))
                replies.append(c.command("*"))
                replies.append(c.command("QUIT"))
            text = "\n".join(replies)
            server.wait_log(" end ")
            for what_not, place_ in ((SECRET, text), (token, text),
                                     (SECRET, server.log()),
                                     (token, server.log()),
                                     (plain, server.log())):
                ok(what_not not in place_, f"{what}: neither echoed nor "
                   "logged", place_)
            if trace == "0":
                sound(server, what)
            else:
                like(server.log(), r"(?m) < EHLO client\.example\.org$",
                     "TRACE=1: what the client says")
                like(server.log(), r"(?m) > 250 HELP$",
                     "TRACE=1: what it is told")
                like(server.log(), r"(?m)< AUTH PLAIN$",
                     "TRACE=1: AUTH without initial response")
                like(server.log(), r"< AUTH PLAIN <hidden \d+ bytes>",
                     "TRACE=1: an initial response is hidden")
                like(server.log(), rf"< <hidden {len(plain)} bytes>",
                     "TRACE=1: so is a continuation line")
                ok(all(len(line) < 800
                       for line in server.log().splitlines()),
                   "TRACE=1: at most 800 bytes a line")

with case("TRACE of a body"), Server(env={"TRACE": "1"}) as server:
    with server.client() as c:
        c.message("Subject: confidential\r\n\r\nxyzzy\r\n")
        c.command("QUIT")
    server.wait_log(" end ")
    ok("confidential" not in server.log() and "xyzzy" not in server.log(),
       "TRACE=1: no body", server.log())
    like(server.log(), r"\d+ octets", "TRACE=1: but its octet count")

with case("too many lines"), Server(users=USERS, control={
        "badrcptto": "trap@example.com\n"}) as server:
    with server.client() as c:
        c.login("PLAIN", "joe@example.com", "Tr0ub4dor")
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.send("RCPT TO:<trap@example.com>\r\n" * 400)
        for _ in range(400):
            c.expect("553 5.7.1")
        c.command("QUIT")
    server.wait_log(" end ")
    lines = server.log().splitlines()
    is_(len(lines), 202, "200 lines, one about the rest, and the end")
    like(lines[200], r"^smtpd-auth: \d+ 127\.0\.0\.1 log suppressed",
         "log suppressed")
    sound(server, "too many lines")

done()
