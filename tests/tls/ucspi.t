#!/usr/bin/env python3
"""UCSPI-TLS: STARTTLS by a launcher that speaks TLS 1.3 once it is asked."""
import base64
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Process  # noqa: E402
from support.extra_policy import Daemon  # noqa: E402
from support.extra_ucspi import Ucspi  # noqa: E402

JOE = "joe@example.com"
PLAIN = "AUTH PLAIN " + base64.b64encode(
    b"\0joe@example.com\0secret").decode()
USERS = {"users": {JOE: "secret"}}
# In the world as it is: TLS is needed for AUTH.
ENV = {"FORCETLS": None, "AUTHMECHS": "PLAIN SCRAM-SHA-256-PLUS"}
OK_LOG = (r"127\.0\.0\.1 tls ok version=TLSv1\.3 cipher=TLS_\w+ "
          r"sni=mx\.example\.org$")


def offers(c, word):
    """Does EHLO's reply have such a line?"""
    return any(line.split()[0] == word for line in c.hello())


for mode, numbers in (("s6", (7, 5, 4)), ("sslserver", (5, 3, 4)),
                      ("s6", (4, 5, 3)), ("drip", (9, 12, 15))):
    what = f"{mode} {numbers}"
    with case(what), Ucspi(mode, numbers, env=ENV, **USERS) as server:
        with server.client() as c:
            is_((offers(c, "STARTTLS"), offers(c, "AUTH")), (True, False),
                f"{what}: STARTTLS without servercert.pem, no AUTH yet")
            starts(c.command(PLAIN), "538 5.7.11", f"{what}: AUTH needs it")
            c.starttls()
            is_(c.sock.version(), "TLSv1.3", f"{what}: TLS 1.3")
            server.wait_log(OK_LOG)
            ok(True, f"{what}: logged")
            starts(c.command("STARTTLS"), "503 5.5.1", f"{what}: no second")
            starts(c.message(), "250 2.0.0 ok", f"{what}: mail without HELO")
            like(server.messages()[0].received,
                 r"from unknown .*by mx\.example\.org with SMTPS? id",
                 f"{what}: HELO before it is forgotten")
            is_((offers(c, "STARTTLS"), offers(c, "AUTH")), (False, True),
                f"{what}: AUTH in its place")
            starts(c.command(PLAIN), "235 2.7.0", f"{what}: a login")
            starts(c.command("STARTTLS"), "503 5.5.1", f"{what}: still none")
            body = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 20000
            starts(c.message(body, JOE, "x@example.net"), "250 2.0.0 ok",
                   f"{what}: mail of 360 kB, relayed")
            like(server.messages()[1].received, r" with ESMTPSA id ",
                 f"{what}: ESMTPSA")
            is_(server.messages()[1].body.count(b"0123456789abcdef\n"), 20000,
                f"{what}: every line of it")
            c.envelope(JOE, "y@example.net")
            c.must(("DATA", "354"))
            c.send("Subject: y\r\n\r\n.\r\nQUIT\r\n")
            starts(c.reply(), "250 2.0.0", f"{what}: a dot before QUIT")
            starts(c.reply(), "221 2.0.0", f"{what}: QUIT's reply comes, too")
            is_(c.rest(), b"", f"{what}: closed by close_notify")
        is_(server.wait_idle(), [], f"{what}: no process is left")
        server.wait_log(r"end seconds=\S+ messages=3 reason=quit$")
        is_(server.report(), {"octet": "Y", "nonblocking": False},
            f"{what}: asked by Y, and the client's socket blocks as before")

with case("a socket that does not block"), Ucspi(
        launcher={"nonblocking": True}, **USERS) as server, \
        server.client() as c:
    c.starttls()
    starts(c.command("NOOP"), "250", "non-blocking before: TLS")
    is_(server.report()["nonblocking"], True, "and still when asked")

with case("a policy daemon"), Daemon() as daemon, Ucspi(
        env={**ENV, "POLICYSOCKET": daemon.where}, **USERS) as server, \
        server.client() as c:
    c.starttls()
    c.hello()
    starts(c.command(PLAIN), "235 2.7.0", "a login")
    c.must((f"MAIL FROM:<{JOE}>", "250"),
           ("RCPT TO:<far@example.net>", "250 2.1.5"))
    cipher, _, bits = c.sock.cipher()
    is_({key: daemon.requests[0]["encryption_" + key]
         for key in ("protocol", "cipher", "keysize")},
        {"protocol": "TLSv1.3", "cipher": cipher, "keysize": str(bits)},
        "it is told which TLS the launcher speaks")

with case("behind a balancer"), Ucspi(
        env={**ENV, "PROXYPROTOCOL": "127.0.0.1"}, **USERS) as server:
    with server.client(greet=False) as c:
        c.send("PROXY TCP4 198.51.100.7 203.0.113.1 50000 587\r\n")
        c.expect("220 ")
        c.starttls()
        is_(c.sock.version(), "TLSv1.3", "behind the header: TLS")
        c.hello()
        starts(c.command(PLAIN), "235 2.7.0", "a login")
        starts(c.message(b"Subject: x\r\n\r\n", JOE, "far@example.net"),
               "250 2.0.0 ok", "mail")
        c.must(("QUIT", "221"))
    server.wait_log(r"198\.51\.100\.7 connect port=\d+ proxy=127\.0\.0\.1$")
    server.wait_log(r"198\.51\.100\.7 tls ok version=TLSv1\.3 ")
    like(server.messages()[0].received, r" \(authenticated\) .*with ESMTPSA",
         "Received tells of both")
    server.wait_log(r"198\.51\.100\.7 end .*messages=1 reason=quit$")

# Plaintext that follows STARTTLS must not count as said inside TLS.
with case("injected"), Ucspi(**USERS) as server:
    with server.client() as c:
        c.send("EHLO x\r\nSTARTTLS\r\nRSET\r\n")
        starts(c.reply(), "250", "injected: EHLO")
        starts(c.reply(), "503 5.5.1", "injected: STARTTLS refused")
        c.ends("injected")
    server.wait_log(r"end .* reason=errors$")
    ok(" tls " not in server.log(), "injected: TLS was never begun")
    ok(not os.path.exists(server.options["report"]) or
       server.report()["octet"] == "", "injected: nobody was asked")

with case("the batch before it"), Ucspi(**USERS) as server, \
        server.client() as c:
    c.send("EHLO x\r\nNOOP\r\nSTARTTLS\r\n")
    for start in ("250", "250 2.0.0", "220 2.0.0"):
        starts(c.reply(), start, f"a batch: {start}")
    c.wrap()
    starts(c.command("NOOP"), "250 2.0.0", "a batch: TLS")

with case("in the wrong place"), Ucspi(env={"FORCETLS": "0"},
                                       **USERS) as server:
    with server.client() as c:
        starts(c.command("STARTTLS now"), "501 5.5.4", "with an argument")
        c.must(("MAIL FROM:<>", "250"))
        starts(c.command("STARTTLS"), "503 5.5.1", "within a message")
        c.must(("RSET", "250"), (PLAIN, "235"))
        starts(c.command("STARTTLS"), "503 5.5.1", "after a login")
        c.must(("QUIT", "221"))

# Who holds what, who inherits what.
if ROOT:
    with case("descriptors"), Ucspi(record={"SLEEP": 0}, env={
            **ENV, "CERTFILE": "/a", "KEYFILE": "/b", "TLS_UID": "0",
            "TLSX": "1"}, **USERS) as server, server.client() as c:
        c.starttls()
        c.hello()
        line = server.wait_log(r"smtpd-auth: (\d+) \S+ tls ok")[0]
        keeper = int(line[1])
        with open(f"/proc/{keeper}/task/{keeper}/children",
                  encoding="ascii") as file:
            children = file.read().split()
        session = [pid for pid in children
                   if os.stat(f"/proc/{pid}").st_uid >= 1900000000]
        is_(len(session), 1, f"the session among {children}")
        found = Process(int(session[0])).descriptors()
        is_(sorted(found), [3, 4, 5], "the session: channel and two pipes")
        ok(found[4] != found[5] and
           all(found[n].startswith("pipe:") for n in (4, 5)),
           "and they are pipes", found)
        held = Process(keeper).descriptors()
        control = held[3]
        ok(control.startswith("socket:") and control not in found.values(),
           "control is the keeper's alone", (control, found))
        ok(not set(held.values()) & {found[4], found[5]},
           "the pipes are the session's alone")
        c.must((PLAIN, "235"))
        c.envelope(JOE, "x@example.net")
        c.must(("DATA", "354"))
        inside = Process(int(session[0])).descriptors()
        is_((sorted(inside), inside[0].startswith("pipe:")),
            ([0, 3, 4, 5], True), "in a message: its pipe is 0")
        c.send("Subject: x\r\n\r\n.\r\n")
        starts(c.reply(), "250", "a message")
        record = server.messages()[0]
        is_([n for n in (b"CERTFILE", b"KEYFILE", b"TLS_UID", b"SSLCTLFD",
                         b"SSLREADFD", b"SSLWRITEFD", b"SSL_PROTOCOL")
             if any(v.startswith(n + b"=")
                    for v in record.read("env").split(b"\0"))], [],
            "the queue program has none of the launcher's names for it")
        ok(b"TLSX=1" in record.read("env").split(b"\0"),
           "but what else there was")
        held = record.read("descriptors").decode()
        is_([t for t in (control, found[4], found[5]) if t in held], [],
            "nor a descriptor of them")

# What other launchers' words do.
for what, options, starttls, version in (
        ("servercert.pem besides", {"certificate": "ec"}, True, "TLSv1.3"),
        ("SSL_PROTOCOL set", {"launcher": {"env": {
            "SSL_PROTOCOL": "TLSv1.3"}}, "certificate": "ec"}, False, None),
        ("a number that is closed", {"launcher": {"env": {
            "SSLREADFD": "99"}}}, False, None),
        ("the client for a pipe", {"launcher": {"env": {
            "SSLWRITEFD": "1"}}}, False, None),
        ("control no socket", {"launcher": {"env": {
            "SSLCTLFD": "5"}}}, False, None),
        ("no number", {"launcher": {"env": {"SSLCTLFD": "7x"}}}, False, None),
        ("closed, and servercert.pem", {"launcher": {"env": {
            "SSLCTLFD": "99"}}, "certificate": "ec"}, True, "TLSv1.2")):
    with case(what), Ucspi(**options) as server, server.client() as c:
        is_(offers(c, "STARTTLS"), starttls,
            f"{what}: STARTTLS {'is' if starttls else 'not'} offered")
        if starttls:
            c.starttls()
            is_(c.sock.version(), version, f"{what}: {version}")
            subject = c.sock.getpeercert(True)
            outside = certificate("ec", "outside").der()
            is_(subject == outside, version == "TLSv1.3",
                f"{what}: whose certificate it is")

with case("-s"), Ucspi(args=["-s"], certificate="ec") as server, \
        server.client(greet=False) as c:
    starts(c.reply(), "421 4.3.0", "-s besides: 421")
    c.ends("-s")
    server.wait_log(r"config fail file=SSLCTLFD reason=")
    ok(True, "-s besides: logged")

done()
