#!/usr/bin/env python3
"""An authenticator that was taken over, and what it answers. It can log in as
anybody, in this connection (docs/architecture.md); it can't do anything else:
no line of the log is its own, no nonsense of its is believed, nothing hangs."""
import re
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Servers, Tally, relays  # noqa: E402
from support.extra_puppet import (  # noqa: E402
    POLL, READ, WRITE, Hostile, Puppet, order)

JOE = b"joe@example.com"
CHALLENGE, OK, FAIL, MALFORMED, TEMPORARY, COLLECTED = range(6)
JAIL, NOT_OFFERED, NAMED, OFFER = range(100, 104)
HEAD = 427
FORGERY = b"x\nsmtpd-auth: 1 192.0.2.1 auth ok user=root"
BROKEN = "454 4.7.0"
LOGIN = "235 2.7.0"


def word(result, login=JOE, label=b"", reason=b"password", detail=b"",
         body=b"", login_len=None, body_len=None, set_up=0, proven=0):
    """struct word (auth/word.h), with whatever lengths."""
    return struct.pack(
        "=5I", result, set_up,
        len(login) if login_len is None else login_len,
        len(body) if body_len is None else body_len, proven) + \
        login[:256].ljust(256, b"\0") + label[:33].ljust(33, b"\0") + \
        reason[:17].ljust(17, b"\0") + detail[:101].ljust(101, b"\0") + body


def says(*packets, size=None, times=1):
    """Orders that write them, one packet each."""
    return [order(WRITE, 0, ("room", 0), len(p) if size is None else size,
                  given=p, mute=True, times=times) for p in packets]


def pause(ms):
    """An order to wait."""
    return order(POLL, 0, 0, ms, mute=True)


GOOD = word(OK)
ROWS = [  # what, orders, how the reply begins
    ("a login as somebody", says(GOOD), LOGIN),
    ("a login as root", says(word(OK, b"root")), LOGIN),
    ("a login as nobody", says(word(OK, b"")), BROKEN),
    ("a login with an LF", says(word(OK, b"joe\n@x")), BROKEN),
    ("a login that is a log line", says(word(OK, FORGERY)), BROKEN),
    ("a login with NUL", says(word(OK, b"joe\0root")), BROKEN),
    ("a login with DEL", says(word(OK, b"joe\x7f")), BROKEN),
    ("a login with blanks", says(word(OK, b"joe x=y user=root")), LOGIN),
    ("a login of 8 bits", says(word(OK, b"\xff\xfe\xfd")), LOGIN),
    ("a login of 255 octets", says(word(OK, b"x" * 255)), LOGIN),
    ("a login with a =", says(word(OK, b"PATH=/x")), LOGIN),
    ("a wrong password", says(word(FAIL)), "535 5.7.8"),
    ("a malformed response", says(word(MALFORMED)), "501 5.5.2"),
    ("a temporary failure", says(word(TEMPORARY, reason=b"backend")), BROKEN),
    ("what a collector says", says(word(COLLECTED)), BROKEN),
    ("an offer", says(word(OFFER, body=b"PLAIN")), BROKEN),
    ("not offered", says(word(NOT_OFFERED)), "504 5.5.4"),
    ("a jail that failed", says(word(JAIL, reason=b"chroot")), "421 4.3.0"),
    ("a jail with a log line", says(word(JAIL, reason=FORGERY)), "421 4.3.0"),
    ("a challenge", says(word(CHALLENGE, body=b"x")), "334 eA=="),
    ("an empty challenge", says(word(CHALLENGE)), "334 "),
    ("a challenge with CR LF", says(word(CHALLENGE, body=b"\r\n250 ok\r\n")),
     "334 DQoyNTAgb2sNCg=="),
    ("a challenge that proves", says(word(CHALLENGE, proven=1)), "334 "),
    ("proven 2^32-1", says(word(CHALLENGE, proven=0xffffffff)), "334 "),
    ("the longest challenge", says(word(CHALLENGE, body=b"x" * 8000)), "334 "),
    ("a login with a body", says(word(OK, body=b"y" * 100)), LOGIN),
    ("a login with a long body", says(word(OK, body=b"y" * 8000)), LOGIN),
    ("a set-up that is a log line", says(word(
        TEMPORARY, set_up=1, detail=FORGERY)), BROKEN),
    ("a detail without its end", says(word(
        TEMPORARY, set_up=0xffffffff, detail=b"\xff" * 101)), BROKEN),
    ("a reason without its end", says(word(FAIL, reason=b"r" * 17)),
     "535 5.7.8"),
    ("a reason that is a log line", says(word(FAIL, reason=FORGERY)),
     "535 5.7.8"),
    ("a reason of blanks", says(word(FAIL, reason=b" a=b c=d")), "535 5.7.8"),
    ("a label without its end", says(word(OK, label=b"l" * 33)), LOGIN),
    ("a label that is a log line", says(word(OK, label=FORGERY)), LOGIN),
    ("a label with % and backslash", says(word(OK, label=b"%n%s\\x0a")),
     LOGIN),
    ("a failure of a log line", says(word(FAIL, login=FORGERY)), "535 5.7.8"),
    ("two verdicts", says(GOOD, word(FAIL)), LOGIN),
    ("no and yes", says(word(FAIL), GOOD), "535 5.7.8"),
    ("a name and a verdict", says(word(NAMED), word(FAIL)), "535 5.7.8"),
    ("a name that is a log line", says(word(NAMED, FORGERY), word(FAIL)),
     "535 5.7.8"),
    ("a name with a body", says(word(NAMED, body=b"x" * 100), word(FAIL)),
     None),
    ("ten names", says(*[word(NAMED, b"u%d" % n) for n in range(10)],
                       word(FAIL)), "535 5.7.8"),
    ("a thousand names", says(word(NAMED), times=1000) + says(word(FAIL)),
     "535 5.7.8"),
    ("a thousand verdicts", says(word(FAIL), times=1000), "535 5.7.8"),
    ("a challenge nobody asked for", says(word(CHALLENGE), word(CHALLENGE)),
     "334 "),
    ("a login nobody asked for", says(word(CHALLENGE), GOOD), "334 "),
    ("a thousand challenges", says(word(CHALLENGE), times=1000), "334 "),
    ("it exits", [order(231, 0)], BROKEN),
    ("it exits, 1", [order(231, 1)], BROKEN),
    ("it exits, 255", [order(231, 255)], BROKEN),
    ("it is killed by its filter", [order(39)], BROKEN),
    ("it kills its keeper", [order(62, 1, 9)], BROKEN),
    ("it executes", [order(59, 0, 0, 0)], BROKEN),
    ("it sends descriptors", [order(46, 0, ("room", 0), 0)], BROKEN),
    ("it closes", [order(3, 0)], BROKEN),
    ("an octet", says(b"x"), BROKEN), ("no octet", says(b"x", size=0), BROKEN),
    ("60,000 octets", says(GOOD, size=60000), BROKEN),
    ("200,000 octets", says(GOOD, size=200000), None),
    ("it writes into the user file",
     [order(WRITE, 1, ("room", 0), 4, given=b"evil", mute=True)] +
     says(word(FAIL)), "535 5.7.8"),
    ("it moves the file's offset",
     [order(READ, 1, ("room", 0), 200000, mute=True)] + says(word(FAIL)),
     "535 5.7.8"),
]
for number in (6, 7, 99, 104, 255, 1 << 31, 0xffffffff):
    ROWS.append((f"result {number}", says(word(number)), BROKEN))
for length in (*range(1, HEAD, 40), HEAD - 1):
    ROWS.append((f"{length} octets of a login", says(GOOD[:length]), BROKEN))
for length in (HEAD + 1, HEAD + 100, 1000, 9000):
    ROWS.append((f"a login in {length} octets", says(GOOD, size=length),
                 BROKEN))
for length in (0, 1, 8, 256, 257, 65536, 1 << 31, 0xffffffff):
    ROWS.append((f"a login_len of {length}", says(word(
        OK, login_len=length)), LOGIN if 0 < length < 256 else BROKEN))
    if length:
        ROWS.append((f"a body_len of {length}", says(word(
            OK, body_len=length)), BROKEN))
SETTINGS = {"users": {"joe@example.com": "secret"},
            "env": {"AUTHMECHS": "PLAIN"}}
tally = Tally("hostile authenticator")
THREADS = 4
servers = Servers(tally)


def attempt(row):
    """One exchange, then what the connection may do."""
    what, orders, start = row
    with servers.attempt(what) as turn:
        with Puppet(turn.server) as p:
            reply = p.orders(*orders)
            if start is not None and not reply.startswith(start):
                turn.wins.append(f"answered {reply}")
            if reply.code == 334:
                cancelled = p.client.command("*")
                if cancelled.code != 501:
                    turn.wins.append(f"cancelled: {cancelled}")
            if reply.code != 421:
                if relays(p.client) != (reply.code == 235):
                    turn.wins.append("it relays")
                p.client.must(("QUIT", "221"))
        turn.end()
        logins = re.findall(r"(?m)^smtpd-auth: \d+ \S+ auth ok ", turn.text())
        if len(logins) != (reply.code == 235):
            turn.wins.append("logged in, says the log: " + turn.text())
        turn.result = str(reply.code)


def never(what, orders):
    """It has no verdict: 454 after its 60 seconds, and not later."""
    watch = Stopwatch()
    with Hostile("authenticator", **SETTINGS) as server:
        with Puppet(server) as p:
            p.client.sock.settimeout(300)
            reply = p.orders(*orders)
            took(watch, 59, 75, f"{what}: after a minute")
            tally.count(what, str(reply.code),
                        [] if reply.startswith(BROKEN) else [str(reply)])
            ok(not relays(p.client), f"{what}: the connection goes on")
        is_(server.wait_idle(12), [], f"{what}: nothing is left")


def waiting(row):
    """Of those that take a minute."""
    if row[2] == "never":
        with case(row[0]):
            never(*row[:2])
    else:
        attempt(row)


with case("hostile authenticator"):
    for _ in range(THREADS):
        servers.put(Hostile("authenticator", **SETTINGS))
    parallel(waiting, [
        ("it is silent", [pause(200000)], "never"),
        ("a name every two seconds", [*says(word(NAMED)), *[
            step for _ in range(45) for step in (
                pause(2000), order(WRITE, 0, ("room", 0), HEAD, mute=True))]],
         "never"),
        *ROWS], THREADS + 2)
    servers.close()
with case("the file"), Hostile("authenticator", **SETTINGS) as server:
    # The offset of the open file is shared; nobody goes by it.
    with Puppet(server) as p:
        p.call(READ, 1, ("room", 0), 200000)
        p.client.command("*")
        p.line = "AUTH PLAIN "
        is_(p.call(17, 1, ("room", 0), 64, 0), 64, "the next reads the file")
    with Hostile("authenticator unfiltered", **SETTINGS) as other:
        for count in (1, 10, 200):
            control = struct.pack("=QII", 16 + 4 * count, 1, 1) + \
                struct.pack("=i", 1) * count
            with Puppet(other) as p:
                at = struct.unpack("=Q", p.call(1 << 62, wanted=8)[1])[0]
                head = struct.pack("=QIIQQQQiI", 0, 0, 0, at + 64, 1, at + 128,
                                   len(control), 0, 0).ljust(64, b"\0")
                parts = (head + struct.pack("=QQ", at + 1024, HEAD)).ljust(
                    128, b"\0") + control
                given = parts.ljust(1024, b"\0") + word(FAIL)
                reply = p.orders(order(46, 0, ("room", 0), 0, given=given,
                                       mute=True))
                tally.count(f"{count} descriptors attached", str(reply.code),
                            [] if reply.code == 535 else [str(reply)])
tally.check(100)
done()
