#!/usr/bin/env python3
"""UCSPI-TLS with a launcher that fails, cheats, is silent or dies: no clear
byte after 220, one line, and the connection ends."""
import os
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_tls import context  # noqa: E402
from support.extra_ucspi import Ucspi  # noqa: E402


def over(what, server, c):
    """Nothing more comes; nobody is left."""
    try:
        rest = c.rest()
    except ConnectionResetError:
        rest = b""  # of what the helper had not read
    is_(rest, b"", f"{what}: not another byte")
    is_(server.wait_idle(), [], f"{what}: no process is left")


# Big environments, to the last octet.
for octets, good in ((5000, True), (8192, True), (8193, False),
                     (9000, False)):
    what = f"{octets} octets of environment"
    with case(what), Ucspi(launcher={"octets": octets}) as server, \
            server.client() as c:
        if good:
            c.starttls()
            starts(c.command("NOOP"), "250", f"{what}: TLS")
            server.wait_log(r"tls ok version=TLSv1\.3 ")
        else:
            c.must(("STARTTLS", "220"))
            c.wrap()
            over(what, server, c)
            server.wait_log(r"tls fail reason=answer$")

# What is said of it, and not said.
for what, say, log in (
        ("no protocol", ["SSL_PROTOCOL"], r"tls fail reason=answer$"),
        ("an empty one", ["SSL_PROTOCOL="], r"tls fail reason=answer$"),
        ("one of 256 octets", ["SSL_PROTOCOL=" + "x" * 256],
         r"tls fail reason=answer$"),
        ("not printable", ["SSL_PROTOCOL=TLS\n"], r"tls fail reason=answer$"),
        ("another name for it", ["SSL_PROTOCOL=other 2"],
         r"tls ok version=other\\x202 "),
        ("no cipher", ["SSL_CIPHER", "SSL_TLS_SNI_SERVERNAME"],
         r"tls ok version=TLSv1\.3 cipher=unknown$"),
        ("a cipher that is none", ["SSL_CIPHER=x\u00e9"],
         r"tls ok version=TLSv1\.3 cipher=unknown ")):
    with case(what), Ucspi(launcher={"say": say}) as server, \
            server.client() as c:
        c.must(("STARTTLS", "220"))
        c.wrap()
        if "fail" in log:
            over(what, server, c)
        else:
            starts(c.command("NOOP"), "250", f"{what}: TLS")
        server.wait_log(log)
        ok(True, f"{what}: logged")

# Launchers that give no answer.
for mode, log in (("closes", "handshake"), ("absent", "(launcher|handshake)"),
                  ("cut", "answer")):
    with case(mode), Ucspi(mode) as server, server.client() as c:
        c.must(("NOOP", "250"), ("STARTTLS", "220"))
        if mode == "cut":
            c.wrap()
        over(mode, server, c)
        server.wait_log(rf"tls fail reason={log}$")
        is_(server.log().count(" tls "), 1, f"{mode}: one line")
        server.wait_log(r"end .* reason=client$")

# Clients that fail: TLS 1.2, no TLS, gone. sslserver says so by SIGTERM.
for mode, ends in (("s6", "client"), ("sslserver", "(client|term)")):
    for what, fault in (
            ("TLS 1.2", lambda c: c.wrap(context(
                high=ssl.TLSVersion.TLSv1_2))),
            ("no TLS", lambda c: c.send("EHLO x\r\n" * 9)),
            ("gone", lambda c: c.reset())):
        what = f"{mode}, {what}"
        with case(what), Ucspi(mode) as server, server.client() as c:
            c.must(("STARTTLS", "220"))
            try:
                fault(c)
                if "no TLS" in what:
                    rest = c.rest()
                    ok(b"\r\n" not in rest, f"{what}: no clear reply", rest)
            except (ssl.SSLError, ConnectionResetError):
                pass
            is_(server.wait_idle(), [], f"{what}: no process is left")
            server.wait_log(r"tls fail reason=handshake$")
            server.wait_log(rf"end .* reason={ends}$")
            ok(True, f"{what}: logged")

# A client that goes in the middle of a message: sslserver's SIGTERM.
with case("gone in DATA"), Ucspi("sslserver") as server:
    with server.client() as c:
        c.starttls()
        c.envelope()
        c.must(("DATA", "354"))
        c.send("Subject: x\r\n\r\n")
    is_(server.wait_idle(), [], "gone in DATA: no process is left")
    is_(server.messages(), [], "gone in DATA: nothing queued")
    server.wait_log(r"end .* reason=(term|client)$")

# One that answers nothing has the time of a handshake, no more.
with case("silent"), Ucspi("silent") as server, server.client() as c:
    watch = Stopwatch()
    c.must(("STARTTLS", "220"))
    over("silent", server, c)
    watch.stop()
    took(watch, 30, 36, "silent: ended after thirty seconds")
    server.wait_log(r"tls fail reason=timeout$")

# The service stops meanwhile: not a clear word either.
if ROOT:
    with case("stopped"), Ucspi("silent") as server, server.client() as c:
        c.must(("STARTTLS", "220"))
        wait_for(lambda: os.path.exists(server.options["report"]),
                 "the launcher is asked")
        line = server.wait_log(r"smtpd-auth: (\d+) \S+ connect")[0]
        os.kill(int(line[1]), 15)
        over("stopped", server, c)
        server.wait_log(r"end .* reason=term$")
        ok(True, "stopped: reason=term")

done()
