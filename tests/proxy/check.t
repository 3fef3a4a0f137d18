#!/usr/bin/env python3
"""A balancer's health checks: what they may say, that they are counted
nowhere, and that no line is written of them unless they wanted more."""
import os
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL = SIGNATURE + b"\x20\0\0\0"
HEADERS = (("LOCAL", LOCAL),
           ("LOCAL with addresses", SIGNATURE + b"\x20\x11\0\x0c" +
            bytes((198, 51, 100, 7, 203, 0, 113, 1)) +
            struct.pack("!HH", 1, 2)),
           ("UNKNOWN", b"PROXY UNKNOWN\r\n"),
           ("UNSPEC", SIGNATURE + b"\x21\0\0\0"))
ON = {"PROXYPROTOCOL": "1"}
MORE = "421 4.7.0 the proxy names no client: health checks only"


def check(server, header=LOCAL, tls=False):
    """A check that has sent its header."""
    c = server.client(greet=False)
    c.send(header)
    if tls:
        c.wrap()
    return c


with case("what it may"), Server(env=ON, certificate="ec",
                                 users={"joe@example.com": "x"}) as server:
    for what, header in HEADERS:
        with check(server, header) as c:
            starts(c.reply(), "220 ", f"{what}: greeted")
            c.must(("HELO x", "250 "))
            words = c.hello()
            ok("STARTTLS" not in words and not any(
                word.startswith("AUTH") for word in words),
               f"{what}: offered is what it may", *words)
            c.talk(("NOOP", "250 "), ("RSET", "250 "), ("QUIT", "221 "))
            c.ends(what)
        with check(server, header) as c:
            c.expect("220 ")
            c.reset()
        with check(server, header) as c:
            c.expect("220 ")
            c.shutdown()
            c.ends(f"{what}, an end")
        # haproxy without smtpchk goes before the greeting.
        check(server, header).reset()
    is_(server.wait_idle(), [], "all are gone")
    is_(server.log(), "", "no line of any of them")

TRIED = ("MAIL FROM:<a@example.org>", "AUTH PLAIN " + b64("\0joe\0x"),
         "STARTTLS", "VRFY x", "HELP", "XYZZY", "RCPT TO:<b@example.com>",
         "DATA", "BDAT 0 LAST", "auth login")
with case("what it may not"), Server(
        env=ON, certificate="ec", users={"joe@example.com": "x"}) as server:
    for number, command in enumerate(TRIED):
        with check(server) as c:
            c.expect("220 ")
            c.hello()
            is_(c.command(command), MORE, f"{command}: 421")
            c.ends(command)
        server.wait_log(r" end .*reason=errors$", number + 1)
    server.wait_idle()
    lines = server.log().splitlines()
    is_(len(lines), 2 * len(TRIED), "two lines of each")
    for first, last in zip(lines[::2], lines[1::2]):
        like(first, rf" 127\.0\.0\.1 connect port={server.port} "
             r"proxy=127\.0\.0\.1$", "who it was")
        like(last, r" end seconds=\S+ messages=0 reason=errors$",
             "and its end")
    is_(server.records(), [], "nothing was queued")

with case("RELAYCLIENT"), Server(env={**ON, "RELAYCLIENT": ""}) as server:
    with check(server) as c:
        c.expect("220 ")
        is_(c.command("MAIL FROM:<>"), MORE,
            "a launcher's RELAYCLIENT is no health check's")

with case("TLS first"), Server(env=ON, args=["-s"],
                               certificate="ec") as server:
    with check(server, tls=True) as c:
        c.expect("220 ")
        c.talk(("EHLO x", "250"), ("QUIT", "221 "))
    check(server).reset()
    with check(server) as c:
        c.shutdown()
        c.rest()
    with check(server) as c:
        c.send("EHLO x\r\n")
        try:
            c.rest()
        except ConnectionResetError:
            pass
    is_(server.wait_idle(), [], "all are gone")
    is_(server.log(), "", "no line, with or without a handshake")
    with check(server, tls=True) as c:
        c.expect("220 ")
        is_(c.command("MAIL FROM:<>"), MORE, "within TLS: 421")
    server.wait_log(r" end .*reason=errors$")
with case("PROXYTLS"), Server(env={**ON, "PROXYTLS": "1"}, args=["-s"],
                              certificate="ec") as server:
    with check(server, LOCAL[:14] + b"\0\x0f" + LOCAL[16:] +
               b"\x20\0\x0c\1\0\0\0\0\x21\0\4TLSx") as c:
        c.wrap()
        starts(c.reply(), "220 ", "nothing behind LOCAL counts")

with case("a timeout"), Server(env=ON, control={"timeoutsmtpd": "1\n"}) \
        as server:
    with check(server) as c:
        c.expect("220 ")
        starts(c.reply(), "421 4.4.2", "it says nothing")
    server.wait_idle()
    is_(server.log(), "", "a timeout: no line")

# What is ours to mend is told, whoever finds it.
if ROOT:
    with case("a fault of ours"), Server(env=ON,
                                         args=["-j", "/nonexistent"]) \
            as server:
        check(server).close()
        server.wait_log(" config fail file=/nonexistent reason=chroot$")

with case("counted nowhere"), Guarded({**ON, "CONNLIMIT": "1",
                                       "REQUIREAUTH": "1"}) as server:
    clients = [check(server) for _ in range(3)]
    for c in clients:
        starts(c.reply(), "220 ", "no limit")
    for c in clients:
        c.close()
    is_(server.wait_idle(), [], "all are gone")
    is_(os.listdir(server.state), [], "nothing was counted")
    is_(server.log(), "", "no line")

done()
