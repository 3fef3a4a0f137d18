#!/usr/bin/env python3
"""PROXYPROTOCOL: the header in every cut, who may send one, what follows from
it, and what a header that is none is answered: nothing, and a line."""
import os
import re
import socket
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_policy import Daemon  # noqa: E402
from support.extra_process import Process, wait_for  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402

JOE = "joe@example.com"
ON = {"PROXYPROTOCOL": "1"}
CLIENT = "198.51.100.7"
V1 = b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 25\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOG = r"^smtpd-auth: \d+ "


def v2(kind, body, command=0x21):
    """A header of version 2."""
    return SIGNATURE + struct.pack("!BBH", command, kind, len(body)) + body


ENDS4 = socket.inet_aton(CLIENT) + socket.inet_aton("203.0.113.1") + \
    struct.pack("!HH", 50000, 25)
ENDS6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + \
    socket.inet_pton(socket.AF_INET6, "2001:db8::1") + \
    struct.pack("!HH", 50000, 25)
V2 = v2(0x11, ENDS4)
TLS = b"\x20\x00\x0f\x01\0\0\0\0\x21\0\7TLSv1.3"


def connection(server, header, more=b"", **options):
    """A client behind a balancer that has said this."""
    c = server.client(greet=False, **options)
    c.send(header + more)
    return c


def greeted(server, header, address, what):
    """A header is taken, and the line of the connection names both."""
    count = len(re.findall(" connect port=", server.log()))
    with connection(server, header) as c:
        c.expect("220 ")
        c.must(("QUIT", "221 "))
    found = server.wait_log(LOG + r"(\S+) connect (.*)$", count + 1)[-1]
    is_((found[1], found[2]),
        (address, f"port={server.port} proxy=127.0.0.1"), what)


with case("headers"), Server(env=ON) as server:
    greeted(server, V1, CLIENT, "version 1")
    greeted(server, V2, CLIENT, "version 2")
    greeted(server, b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n",
            "2001:db8::7", "TCP6")
    greeted(server, v2(0x21, ENDS6), "2001:db8::7", "IPv6")
    greeted(server, b"PROXY TCP6 ::ffff:198.51.100.7 ::ffff:1.2.3.4 1 2\r\n",
            CLIENT, "a mapped one")
    greeted(server, v2(0x11, ENDS4 + b"\x28" + struct.pack("!H", 60000) +
                       b"x" * 60000), CLIENT, "60,000 octets of TLV")
    # Header and client in one segment: what follows is the session's.
    for header in (V1, V2):
        with connection(server, header, b"EHLO x\r\nQUIT\r\n") as c:
            c.expect("220 ")
            c.expect("250")
            c.expect("221 ")
            c.ends("what stands behind it is the client's")

with case("in pieces"), Server(env=ON) as server:
    def piecewise(header, cut):
        """In two reads of the server; the log's line of it."""
        with server.client(greet=False) as c:
            c.send(header[:cut])
            c.drained()
            c.send(header[cut:] + b"QUIT\r\n")
            return c.expect("220 ") and c.expect("221 ")

    connections = 0
    for name, header in (("version 1", V1),
                         ("version 2", v2(0x11, ENDS4 + TLS))):
        connections += len(header)
        said = parallel(lambda cut, h=header: piecewise(h, cut),
                        range(1, len(header)), 4)
        is_(len(said), len(header) - 1, f"{name}: cut anywhere")
        with server.client(greet=False) as c:
            for octet in header:
                c.send(bytes([octet]))
                c.drained()
            c.expect("220 ")
    server.wait_log(LOG + re.escape(CLIENT) + " connect ", connections)
    ok(" refused " not in server.log(), "none was refused")

# ------------------------------------------------------- what is none ---

BAD = (
    ("none", "EHLO", b"EHLO client.example.org\r\n"),
    ("none", "a TLS client", b"\x16\x03\x01\x02\0\x01"),
    ("none", "the first octet that differs", b"PROXZ"),
    ("syntax", "an address that is none",
     b"PROXY TCP4 198.51.100.300 203.0.113.1 50000 25\r\n"),
    ("syntax", "LF alone", V1.replace(b"\r\n", b"\n")),
    ("syntax", "no end", b"PROXY UNKNOWN " + b"x" * 100),
    ("syntax", "a leading zero", V1.replace(b" 25", b" 025")),
    ("syntax", "another version", v2(0x11, ENDS4, 0x11)),
    ("syntax", "another command", v2(0x11, ENDS4, 0x22)),
    ("short", "addresses that are cut", v2(0x11, ENDS4[:-1])),
    ("short", "a TLV that is cut", v2(0x11, ENDS4 + b"\4\0\5xx")),
    ("family", "datagrams", v2(0x12, ENDS4)),
    ("family", "UNIX sockets", v2(0x31, b"\0" * 216)),
)
with case("no header"), Server(env=ON) as server:
    for number, (detail, what, octets) in enumerate(BAD):
        with connection(server, octets) as c:
            try:
                is_(c.rest(), b"", f"{what}: no reply")
            except ConnectionResetError:
                ok(True, f"{what}: no reply")
        found = server.wait_log(LOG + r"127\.0\.0\.1 (connect .*)$",
                                number + 1)[-1]
        is_(found[1], f"connect refused port={server.port} reason=proxy "
            f"detail={detail}", f"{what}: its line")
    for what, octets in (("version 1", V1[:20]), ("version 2", V2[:20]),
                         ("one octet", V1[:1])):
        with connection(server, octets) as c:
            c.shutdown()
            c.ends(f"{what}, cut")
        number += 1
        found = server.wait_log(LOG + r"127\.0\.0\.1 (connect .*)$",
                                number + 1)[-1]
        ok(found[1].endswith(" detail=short"), f"{what}, cut: its line",
           found[1])
    before = server.log()
    for end in (lambda c: c.shutdown(), lambda c: c.reset(),
                lambda c: c.close()):
        c = server.client(greet=False)
        end(c)
        is_(server.wait_idle(), [], "it ends, too")
    is_(server.log(), before, "an end before the first octet: no line")

with case("silent"), Server(env=ON) as server:
    watch = Stopwatch()
    clients = [server.client(greet=False) for _ in range(2)]
    clients[1].send(V2[:14])
    for c in clients:
        is_(c.rest(), b"", "no reply")
    took(watch, 4.5, 7, "after 5 seconds")
    server.wait_log(r" connect refused port=\d+ reason=proxy detail=timeout$",
                    2)
    is_(server.wait_idle(), [], "nothing is left")

# A second header is a command.
with case("twice"), Server(env=ON) as server:
    with connection(server, V1, b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n") as c:
        c.expect("220 ")
        starts(c.reply(), "502 5.5.1", "a second header is no command")
        c.must(("QUIT", "221 "))
    ok("1.2.3.4" not in server.log(), "and names nobody")

# ----------------------------------------------------- who may send one ---

for value, good in (("127.0.0.1", True), ("10.0.0.0/8,127.0.0.0/8", True),
                    (" 1 ", True), ("10.0.0.0/8 ::1", False), ("0", None), ("", None)):
    what = f"PROXYPROTOCOL={value}"
    with case(what), Server(env={"PROXYPROTOCOL": value}) as server:
        if good:
            greeted(server, V1, CLIENT, what)
        elif good is None:
            with server.client() as c:
                starts(c.command(V1.decode().strip()), "502 ", what)
        else:
            with connection(server, V1) as c:
                try:
                    is_(c.rest(), b"", f"{what}: no reply")
                except ConnectionResetError:
                    ok(True, f"{what}: no reply")
            server.wait_log(r" 127\.0\.0\.1 connect refused port=\d+ "
                            "reason=proxy detail=sender$")
with case("a bad entry"), Server(
        env={"PROXYPROTOCOL": "127.0.0.1 balancer"}) as server:
    with server.client(greet=False) as c:
        is_(c.reply(), "421 4.3.0 service not available", "a bad entry: 421")
    server.wait_log(r" config fail file=PROXYPROTOCOL reason=no\\x20address"
                    r"\\x20or\\x20prefix:\\x20balancer$")

# ------------------------------------------------------ what follows it ---

with case("the environment"), Server(env={
        **ON, "PROTO": "TCP", "TCP6REMOTEIP": "::1"}, late_env={
            "RELAYCLIENT": "", "TCPREMOTEHOST": "balancer.example.net",
            "TCPREMOTEINFO": "haproxy"}) as server:
    with connection(server, V1) as c:
        c.expect("220 ")
        c.hello()
        starts(c.command("MAIL FROM:<a@example.org>"), "250 ", "a sender")
        starts(c.command("RCPT TO:<x@elsewhere.example>"), "550 5.7.1",
               "the launcher's RELAYCLIENT was the balancer's")
        c.must(("RSET", "250 "))
        starts(c.message(), "250 ", "a message")
        c.must(("QUIT", "221 "))
    env, = [record.env for record in server.messages()]
    for name, value in (("REMOTEIP", CLIENT), ("REMOTEPORT", "50000"),
                        ("LOCALIP", "203.0.113.1"), ("LOCALPORT", "25"),
                        ("REMOTEHOST", None), ("REMOTEINFO", None)):
        is_(env.get("TCP" + name), value, f"TCP{name}")
        is_(env.get("TCP6" + name), value, f"TCP6{name}")
        is_(env.get("SSL" + name), None, f"SSL{name}: there was none")
    ok("RELAYCLIENT" not in env, "no RELAYCLIENT")
    like(server.messages()[0].received, rf"^Received: from client\.example\."
         rf"org \(unknown \[{re.escape(CLIENT)}\]\)", "Received")

with case("[our ip]"), Server(env=ON,
                              control={"rcpthosts": "mx.example.org"}) \
        as server:
    with connection(server, V1) as c:
        c.expect("220 ")
        c.envelope("a@example.org", "x@[203.0.113.1]")
        starts(c.command("RCPT TO:<x@[127.0.0.1]>"), "550 5.7.1",
               "the socket's address is not ours for the client")

# Ports: what is asked for follows from ours, not from the header's.
with case("defaults by port"), Server(env={
        **ON, "REQUIREAUTH": None, "TCPLOCALPORT": None}, late_env={
            "TCPLOCALPORT": "587"}) as server:
    with connection(server, V1) as c:
        c.expect("220 ")
        starts(c.command("MAIL FROM:<>"), "530 ", "port 587 wants a login")
    server.wait_log(r" connect port=587 proxy=127\.0\.0\.1$")
with case("the header's port"), Server(env={**ON, "REQUIREAUTH": None}) \
        as server:
    with connection(server, V1.replace(b" 25\r", b" 587\r")) as c:
        c.expect("220 ")
        starts(c.command("MAIL FROM:<>"), "250 ", "the header's 587 does not")

# Counts are the client's; balancers have none.
with case("connlimit"), Guarded({**ON, "CONNLIMIT": "1",
                                 "REQUIREAUTH": "1"}) as server:
    first = connection(server, V1)
    first.expect("220 ")
    with connection(server, V1) as c:
        starts(c.reply(), "421 4.7.0 too many connections", "one too many")
    server.wait_log(LOG + re.escape(CLIENT) + r" connect refused port=\d+ "
                    r"proxy=\S+ reason=connections$")
    with connection(server, v2(0x21, ENDS6)) as c:
        c.expect("220 ")
    first.close()
    server.wait_idle()
    for number in range(20):
        with connection(server, V1) as c:
            c.expect("220 ")
            c.hello()
            c.send("AUTH PLAIN " + b64(f"\0u{number}@example.com\0x") +
                   "\r\n")
            server.wait_log(LOG + re.escape(CLIENT) + " auth fail ",
                            number + 1)
        server.wait_idle()
    with connection(server, V1) as c:
        starts(c.reply(), "421 4.7.0 too many authentication failures",
               "failures are the client's")
    with connection(server, v2(0x21, ENDS6)) as c:
        starts(c.reply(), "220 ", "others of the balancer have none")

with case("GREETDELAY"), Server(env={**ON, "GREETDELAY": "1"}) as server:
    with server.client(greet=False) as c:
        watch = Stopwatch()
        c.send(V1)
        c.expect("220 ")
        took(watch, 0.9, 4, "the delay begins after the header")
    with connection(server, V1, b"EHLO x\r\n") as c:
        starts(c.reply(), "554 ", "an early talker behind a header")

# ---------------------------------------------------------------- TLS ---

with case("-s"), Server(env=ON, args=["-s"], certificate="ec") as server:
    with connection(server, V1) as c:
        c.wrap()
        c.expect("220 ")
        c.must(("QUIT", "221 "))
    server.wait_log(LOG + re.escape(CLIENT) + " tls ok version=TLSv1.2")

WITH_TLS = v2(0x11, ENDS4 + b"\2\0\x10smtp.example.com" + TLS)
CLEAR = v2(0x11, ENDS4 + TLS.replace(b"\x0f\x01", b"\x0f\x00"))
for args in ([], ["-s"]):
    env = {**ON, "FORCETLS": None, "REQUIREAUTH": None, "PROXYTLS": "1"}
    what = " ".join(["PROXYTLS", *args])
    with case(what), Server(env=env, args=args, certificate="ec",
                            users={JOE: "secret"}) as server:
        with connection(server, WITH_TLS) as c:
            c.expect("220 ")
            words = c.hello()
            ok("STARTTLS" not in words and any(
                word.startswith("AUTH ") for word in words),
               f"{what}: AUTH, no STARTTLS", *words)
            starts(c.command("STARTTLS"), "503 5.5.1", f"{what}: STARTTLS")
            starts(c.command("MAIL FROM:<>"), "530 " if args else "250 ",
                   f"{what}: a login is asked for where -s is")
            c.must(("RSET", "250 "))
            starts(c.login("PLAIN", JOE, "secret"), "235 ", f"{what}: AUTH")
            starts(c.message(), "250 ", f"{what}: a message")
        like(server.messages()[0].received, r"with ESMTPSA ",
             f"{what}: ESMTPSA")
        server.wait_log(r" tls ok version=TLSv1\.3 sni=smtp\.example\.com$")
        with connection(server, v2(0x11, ENDS4 + b"\x20\0\5\1\0\0\0\0")) \
                as c:
            c.expect("220 ")
        server.wait_log(r" tls ok version=unknown$")
        # haproxy sends the TLV for clear clients, too.
        for header in (CLEAR, V2, V1):
            with connection(server, header) as c:
                if args:
                    c.wrap()
                c.expect("220 ")
                words = c.hello()
                is_("STARTTLS" in words, not args,
                    f"{what}: without TLS there, here")
                is_(any(word.startswith("AUTH ") for word in words),
                    bool(args), f"{what}: then AUTH")
with case("a policy daemon"), Daemon() as daemon, Server(
        env={**ON, "PROXYTLS": "1", "POLICYSOCKET": daemon.where},
        control={"rcpthosts": "example.com\n"}) as server:
    for number, (cipher, bits) in enumerate((
            ("TLS_AES_128_GCM_SHA256", "128"),
            ("ECDHE-RSA-AES256-GCM-SHA384", "256"),
            ("ECDHE-RSA-AES128-SHA256", "128"),
            ("TLS_CHACHA20_POLY1305_SHA256", "256"),
            ("ECDHE-ECDSA-NULL-SHA256", ""), ("unknown", ""))):
        tlv = b"\x23\0" + bytes([len(cipher)]) + cipher.encode()
        with connection(server, v2(0x11, ENDS4 + TLS.replace(
                b"\0\x0f", bytes([0, 15 + len(tlv)])) + tlv)) as c:
            c.expect("220 ")
            c.must(("MAIL FROM:<x@example.net>", "250 "),
                   ("RCPT TO:<a@example.com>", "250 2.1.5"))
        is_({key: daemon.requests[number]["encryption_" + key]
             for key in ("protocol", "cipher", "keysize")},
            {"protocol": "TLSv1.3", "cipher": cipher, "keysize": bits},
            f"it is told of the TLS that the header names: {cipher}")
with case("not believed"), Server(
        env={**ON, "FORCETLS": None}, certificate="ec",
        users={JOE: "secret"}) as server:
    with connection(server, WITH_TLS) as c:
        c.expect("220 ")
        words = c.hello()
        ok("STARTTLS" in words and not any(
            word.startswith("AUTH ") for word in words),
           "without PROXYTLS the header's TLS is none", *words)
    ok(" tls ok " not in server.log(), "and has no line")

# ------------------------------------------------------- the processes ---

with case("the reader"), Server(env=ON) as server:
    with server.client(greet=False) as c:
        c.send(V1[:10])
        c.drained()
        wait_for(lambda: len(server.processes()) == 2, "main and reader")
        reader = [pid for pid in server.processes() if
                  Process(pid).status()["PPid"] != str(server.process.pid)]
        is_(len(reader), 1, "a process of its own")
        p = Process(reader[0])
        wait_for(lambda: p.status()["Seccomp"] == "2", "its jail")
        is_(sorted(p.descriptors()), [0, 1], "it has the client and a pipe")
        like(p.descriptors()[0], r"^socket:", "it reads the client")
        like(p.descriptors()[1], r"^pipe:", "it cannot answer it")
        is_(p.status()["NoNewPrivs"], "1", "no new privileges")
        if server.root:
            ok(int(p.status()["Uid"].split()[0]) >= 1900000000,
               "a uid of its own")
        # Killed in the middle of it: no client, no reply but ours.
        os.kill(reader[0], 9)
        is_(c.rest(), b"421 4.3.0 service not available\r\n", "it dies: 421")
    server.wait_log(r" config fail file=PROXYPROTOCOL reason=its\\x20reader"
                    r"\\x20died$")
    is_(server.wait_idle(), [], "nothing is left")
    with server.client(greet=False) as c:
        c.send(V1[:10])
        c.drained()
        wait_for(lambda: len(server.processes()) == 2, "main and reader")
        main = [pid for pid in server.processes() if
                Process(pid).status()["PPid"] == str(server.process.pid)]
        before = server.log()
        os.kill(main[0], 15)
        try:
            is_(c.rest(), b"", "SIGTERM: the end")
        except ConnectionResetError:
            ok(True, "SIGTERM: the end")
        is_(server.wait_idle(), [], "SIGTERM: nothing is left")
        is_(server.log(), before, "SIGTERM: no line")
if ROOT:
    with case("no jail"), Server(env=ON, args=["-j", "/nonexistent"]) \
            as server:
        with connection(server, V1) as c:
            try:
                is_(c.reply(), "421 4.3.0 service not available", "no jail")
            except ConnectionResetError:
                ok(True, "no jail")
        server.wait_log(" 127.0.0.1 config fail file=/nonexistent "
                        "reason=chroot$")
with case("as the account"), Server(env=ON, root=False) as server:
    greeted(server, V2, CLIENT, "as the account")

done()
