#!/usr/bin/env python3
"""STARTTLS: where it is allowed, what is forgotten, what is injected."""
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

JOE = "joe@example.com"
USERS = {JOE: "secret"}
INJECTED = "503 5.5.1 nothing may follow STARTTLS"

with case("the way of it"), Server(users=USERS, certificate="ec",
                                   env={"FORCETLS": "1"}) as server:
    with server.client() as c:
        ok("STARTTLS" in c.hello(), "STARTTLS is offered")
        is_(c.command("STARTTLS"), "220 2.0.0 ready", "STARTTLS: 220")
        c.wrap()
        is_(c.sock.version(), "TLSv1.2", "TLS 1.2")
        ok("STARTTLS" not in c.hello(), "not offered again")
        c.talk(("STARTTLS", "503 5.5.1", "twice"))
        starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235", "login")
        starts(c.message("\r\n", JOE, "x@example.net"), "250 ", "message")
        c.talk(("QUIT", "221 2.0.0"))
        is_(c.rest(), b"", "close_notify, then the end")
        like(server.messages()[-1].received, " with ESMTPSA id ", "ESMTPSA")
    with server.client() as c:
        c.must(("starttls", "220"))
        c.wrap()
        ok(c.hello(), "without EHLO before, in lower case")
    with server.client() as c:
        c.hello()
        c.talk(("STARTTLS now", "501 5.5.4", "with an argument"),
               ("STARTTLS ", "220 ", "with a blank at the end"))
    with server.client() as c:
        c.hello()
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("STARTTLS", "503 5.5.1", "after MAIL"))
        c.must(("RCPT TO:<b@example.com>", "250"))
        c.talk(("STARTTLS", "503 5.5.1", "after RCPT"))
        c.send("BDAT 2\r\nab")
        c.expect("250")
        c.talk(("STARTTLS", "503 5.5.1", "among chunks"),
               ("RSET", "250"))
        c.starttls()
        ok(c.hello(), "after RSET it is allowed")
with case("after AUTH"), Server(users=USERS, certificate="ec") as server:
    with server.client() as c:
        c.login("PLAIN", JOE, "secret")
        c.talk(("STARTTLS", "503 5.5.1", "after AUTH"))
        starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
               "the login is still good")
with case("-s"), Server(certificate="ec", args=["-s"]) as server:
    with server.client(tls=True) as c:
        ok("STARTTLS" not in c.hello(), "-s: not offered")
        c.talk(("STARTTLS", "503 5.5.1", "-s: refused"))
        c.message("\r\n")
        like(server.messages()[-1].received, " with ESMTPS id ", "-s: ESMTPS")
with case("SMTPS"), Server(certificate="ec", env={"SMTPS": "1"}) as server:
    with server.client(tls=True) as c:
        ok(c.hello(), "SMTPS in the environment is -s")
with case("no certificate"), Server() as server, server.client() as c:
    ok("STARTTLS" not in c.hello(), "no certificate: not offered")
    starts(c.command("STARTTLS"), "454 4.7.0", "no certificate: 454")
    starts(c.message("\r\n"), "250 ", "no certificate: mail goes on")

with case("what is forgotten"), Server(users=USERS,
                                       certificate="ec") as server:
    with server.client() as c:
        c.hello("before.example.org")
        c.starttls()
        starts(c.message("\r\n"), "250 ", "MAIL without EHLO under TLS")
        got = server.messages()[-1].received
        ok("before.example.org" not in got, "HELO is forgotten", got)
        like(got, " with SMTP id ", "and so is ESMTP")
        c.hello("after.example.org")
        c.message("\r\n")
        like(server.messages()[-1].received,
             r"from after\.example\.org .* with ESMTPS id ", "EHLO anew")
    with server.client() as c:
        for _ in range(12):
            c.must(("WHAT", "502"))
        c.starttls()
        replies = []
        for _ in range(12):
            got = c.command("WHAT")
            if not got.startswith("502"):
                break
            replies.append(got)
        ok(len(replies) <= 8, "errors go on counting", len(replies))

# CVE-2011-0411: nothing of what came in clear is answered inside TLS.
with case("injection"), Server(users=USERS, certificate="ec") as server:
    table = (("in one segment", ["STARTTLS\r\nNOOP\r\n"]),
             ("an EHLO", ["STARTTLS\r\nEHLO evil.example.org\r\n"]),
             ("half a line", ["STARTTLS\r\nNO"]),
             ("a single octet", ["STARTTLS\r\nN"]),
             ("an empty line", ["STARTTLS\r\n\r\n"]),
             ("a whole message", ["STARTTLS\r\nMAIL FROM:<a@example.org>\r\n"
                                  "RCPT TO:<b@example.com>\r\nDATA\r\n"]),
             ("in two pieces", ["STARTT", "LS\r\nNOOP\r\n"]),
             ("cut within CR LF", ["STARTTLS\r", "\nNOOP\r\n"]),
             ("behind a pipeline", ["EHLO x\r\nSTARTTLS\r\nNOOP\r\n"]),
             ("64 KiB", ["STARTTLS\r\n" + "NOOP\r\n" * 10000]))
    for what, pieces in table:
        with case(what), server.client() as c:
            for piece in pieces[:-1]:
                c.send(piece)
                c.drained()
            c.send(pieces[-1])
            got = c.reply()
            if got.startswith("250-mx"):
                got = c.reply()
            is_(got, INJECTED, f"injection {what}: 503")
            c.ends(f"injection {what}")
    # Later than the server looked: it is in front of the ClientHello then,
    # and no record. The end is a close without an answer.
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.send("NOOP\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            context.wrap_socket(c.sock)
            ok(False, "a command between 220 and ClientHello")
        except (ssl.SSLError, OSError):
            ok(True, "a command between 220 and ClientHello: no handshake")
    # The 220 is the last clear octet, and replies before it come first.
    with server.client() as c:
        c.send("EHLO x\r\nNOOP\r\nSTARTTLS\r\n")
        codes = [c.reply()[:9] for _ in range(3)]
        is_(codes[1:], ["250 2.0.0", "220 2.0.0"],
            "a pipeline that ends in STARTTLS, in order")
        c.wrap()
        ok(c.hello(), "and TLS begins")

with case("garbage"), Server(certificate="ec") as server:
    for what, octets in (("text", b"EHLO x\r\n" * 20), ("zeros", bytes(100)),
                         ("an alert", b"\x15\x03\x01\x00\x02\x02\x28"),
                         ("SSL 2", b"\x80\x2e\x01\x03\x01" + bytes(60)),
                         ("a record of 65535", b"\x16\x03\x01\xff\xff" +
                          bytes(65535)),
                         ("data first", b"\x17\x03\x03\x00\x05hello"),
                         ("an empty ClientHello",
                          b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"),
                         ("HTTP", b"GET / HTTP/1.0\r\n\r\n")):
        for args in ([], ["implicit"]):
            # One server each way would be the same; STARTTLS for most.
            if args and what not in ("text", "HTTP"):
                continue
            with case(what):
                if args:
                    other = Server(certificate="ec", args=["-s"])
                else:
                    other = server
                c = other.client(greet=False)
                if not args:
                    c.expect("220")
                    c.must(("STARTTLS", "220"))
                before = other.log().count("tls fail")
                got = b""
                try:  # it may be gone before we are through
                    c.send(octets)
                    c.shutdown()
                    got = c.rest()
                except OSError:
                    pass
                how = "-s" if args else "STARTTLS"
                ok(got == b"" or got[:2] == b"\x15\x03",
                   f"{how}, {what}: an alert or nothing, no clear text", got)
                ok(other.wait_log(r"tls fail reason=\S+", before + 1),
                   f"{how}, {what}: logged")
                is_(other.wait_idle(3), [], f"{how}, {what}: all are gone")
                c.close()
                if args:
                    other.stop()
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.close()
    is_(server.wait_idle(3), [], "gone after 220: nobody stays")
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.send(b"\x16\x03\x01\x02\x00\x01")
        c.drained()
        c.reset()
    is_(server.wait_idle(3), [], "reset in the ClientHello: nobody stays")
    ok("reason=channel" not in server.log(), "nothing crashed")

done()
