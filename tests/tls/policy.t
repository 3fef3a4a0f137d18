#!/usr/bin/env python3
"""What TLS is spoken: versions, suites, groups, renegotiation, resumption,
records; and how a connection under TLS ends."""
import os
import re
import socket
import ssl
import struct
import sys
import warnings
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_tls import (  # noqa: E402
    client_hello, context, raw_hello, records, s_client)

warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 is wanted
LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
MODERN = ("AES128-GCM-SHA256", "CHACHA20-POLY1305", "AES256-GCM-SHA384")
V = ssl.TLSVersion


def handshake(server, made):
    """(version, suite), or None when there was none."""
    with server.client() as c:
        c.hello()
        c.must(("STARTTLS", "220"))
        try:
            c.wrap(made)
        except (ssl.SSLError, OSError):
            return None
        c.hello()
        return c.sock.version(), c.sock.cipher()[0]


with case("versions"):
    for setting, accepted in ((None, ("1_2",)), ("1.2", ("1_2",)),
                              ("1.1", ("1_1", "1_2")),
                              ("1.0", ("1", "1_1", "1_2"))):
        with Server(certificate="ec", env={"TLSMIN": setting}) as server:
            for version in ("1", "1_1", "1_2"):
                only = V["TLSv" + version]
                got = handshake(server, context(
                    ciphers="ALL:@SECLEVEL=0", low=only, high=only))
                expected = version in accepted
                what = (f"TLSMIN {setting or 'unset'}: TLS "
                        f"{version.replace('_', '.')}")
                is_(got is not None, expected,
                    f"{what} {'works' if expected else 'is refused'}")
                if got and version == "1_1":
                    ok(server.wait_log(LOG + r"tls ok version=TLSv1\.1 "),
                       f"{what} is logged")
            got = handshake(server, context(low=V.TLSv1_3))
            is_(got, None, f"TLSMIN {setting or 'unset'}: TLS 1.3 alone is "
                "not there")
            with server.client() as c:
                c.must(("STARTTLS", "220"))
                is_(raw_hello(c, version=0x0300), None, "SSL 3 never")


def ssl2_hello(version):
    """A hello in the form of SSL 2.0 that offers this version."""
    body = b"\1" + struct.pack(">HHHH", version, 6, 0, 16) + \
        b"\0\0\x2f\1\0\x80" + bytes(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


with case("too old"), Server(certificate="ec") as server:
    for octets, record, logged in (
            (client_hello(version=0x0302), b"\x15\3\2\0\2\2\x46",
             "error=582"),
            (client_hello(version=0x0301), b"\x15\3\1\0\2\2\x46",
             "error=582"),
            (client_hello(version=0x0300), b"\x15\3\0\0\2\2\x46",
             "error=582 version=SSLv3"),
            (ssl2_hello(0x0301), b"", "error=3 version=SSLv2"),
            (ssl2_hello(0x0002), b"", "error=3 version=SSLv2"),
            (b"GET / HTTP/1.0\r\n\r\n", b"", "error=3")):
        with case(logged), server.client() as c:
            count = server.log().count(logged + "\n")
            c.must(("STARTTLS", "220"))
            c.send(octets)
            is_(c.rest(), record, f"{octets[:11]!r}: the alert has the "
                "client's version")
            ok(server.wait_log(LOG + "tls fail reason=handshake " + logged +
                               "$", count + 1), f"and is logged: {logged}")
    got = s_client(server.port, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    like(got, "alert protocol version", "openssl names it, and not a wrong "
         "version number")
with case("TLSMIN nonsense"), Server(certificate="ec",
                                     env={"TLSMIN": "1.7"}) as server:
    with server.client(greet=False) as c:
        starts(c.reply(), "421 4.3.0", "TLSMIN=1.7: no service")
with case("RSA and TLS 1.0"), Server(certificate="rsa",
                                     env={"TLSMIN": "1.0"}) as server:
    for version in (V.TLSv1, V.TLSv1_1, V.TLSv1_2):
        got = handshake(server, context(ciphers="ALL:@SECLEVEL=0",
                                        low=version, high=version))
        ok(got, f"RSA, TLSMIN 1.0: {version.name}")

for kind, key in (("ec", "ECDHE-ECDSA-"), ("rsa", "ECDHE-RSA-")):
    with case(kind), Server(certificate=kind) as server:
        for suite in MODERN:
            got = handshake(server, context(ciphers=key + suite,
                                            high=V.TLSv1_2))
            is_(got, ("TLSv1.2", key + suite), f"{kind}: {key}{suite}")
        is_(handshake(server, context()), ("TLSv1.2", key + MODERN[0]),
            f"{kind}: ours goes first whatever the client prefers")
        is_(handshake(server, context(
            ciphers=":".join(key + s for s in reversed(MODERN)))),
            ("TLSv1.2", key + MODERN[0]), f"{kind}: and in another order")
        for suites, what in (
                ("kRSA", "RSA key exchange"), ("kDHE", "DHE"),
                ("aNULL", "no certificate"), ("eNULL", "no encryption"),
                ("AES128-SHA", "CBC"), (key + "AES128-SHA256", "CBC, SHA-256"),
                (key + "AES128-SHA", "ECDHE with CBC"), ("PSK", "PSK"),
                ("kSRP", "SRP")):
            try:
                made = context(ciphers=suites + ":@SECLEVEL=0",
                               high=V.TLSv1_2)
            except ssl.SSLError:
                skip(f"{kind}: {what}", "this openssl has it not")
                continue
            is_(handshake(server, made), None, f"{kind}: {what} is refused")
        other = "ECDHE-RSA-" if kind == "ec" else "ECDHE-ECDSA-"
        is_(handshake(server, context(ciphers=other + MODERN[0],
                                      high=V.TLSv1_2)), None,
            f"{kind}: the other kind's suites are of no use")

with case("groups and hashes"), Server(certificate="ec") as server:
    for group, taken in ((0x17, True), (0x18, True), (0x19, True),
                         (0x1d, True), (0x01, False), (0x1e, False)):
        with server.client() as c:
            c.must(("STARTTLS", "220"))
            got = raw_hello(c, groups=(group,))
            is_(got is not None, taken, f"group {group:#x} "
                f"{'is taken' if taken else 'is refused'}")
    for hash_, taken in ((0x0403, True), (0x0503, True), (0x0603, True),
                         (0x0203, False), (0x0101, False)):
        with server.client() as c:
            c.must(("STARTTLS", "220"))
            got = raw_hello(c, signatures=(hash_,))
            is_(got is not None, taken, f"signature {hash_:#06x} "
                f"{'is made' if taken else 'is not made'}")

with case("renegotiation"), Server(certificate="ec") as server:
    # "R" makes s_client ask for it.
    got = s_client(server.port, "-tls1_2", "-legacy_renegotiation",
                   stdin="R\nNOOP\r\n")
    ok("RENEGOTIATING" in got and re.search(
        r"no renegotiation|unexpected|error|closed|write:errno", got, re.I),
       "the client's renegotiation is refused", got[-400:])
    is_(server.log().count("tls ok"), 1, "one handshake a connection")
    is_(server.wait_idle(3), [], "and nobody stays")

with case("resumption"), Server(certificate="ec") as server:
    made = context(high=V.TLSv1_2)
    with server.client() as c:
        c.starttls(made)
        c.hello()
        session = c.sock.session
        c.command("QUIT")
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.sock = made.wrap_socket(c.sock, server_hostname="mx.example.org",
                                  session=session)
        is_(c.sock.session_reused, False, "a session is not resumed")
        ok(c.hello(), "but begun anew")

with case("handshake in pieces"), Server(certificate="ec") as server:
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        hello = client_hello(name=b"mx.example.org")
        for i in range(len(hello)):
            c.send(hello[i:i + 1])
        kinds = [kind for kind, _ in records(c.sock)]
        is_(set(kinds), {22}, "a ClientHello octet by octet is answered")
    # One message over two records: RFC 5246 §6.2.1.
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        body = hello[5:]
        cut = 20
        for part in (body[:cut], body[cut:]):
            c.send(b"\x16\x03\x01" + len(part).to_bytes(2, "big") + part)
        ok(records(c.sock)[0][0] == 22, "a ClientHello in two records")
    with server.client() as c:
        c.starttls()
        for octet in b"EHLO x.example.org\r\n":
            c.send(bytes([octet]))
        starts(c.reply(), "250-", "a command in a record an octet")
        c.send(b"NOOP\r\n" * 20)
        is_([c.reply()[:3] for _ in range(20)], ["250"] * 20,
            "twenty commands in one record")

with case("one record a batch"), Server(certificate="ec") as server:
    bio_in, bio_out = ssl.MemoryBIO(), ssl.MemoryBIO()
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        tls = context().wrap_bio(bio_in, bio_out)

        def exchange(call):
            """Runs an operation over the memory buffers."""
            while True:
                try:
                    result = call()
                    c.send(bio_out.read())
                    return result
                except ssl.SSLWantReadError:
                    c.send(bio_out.read())
                    data = c.sock.recv(65536)
                    if not data:
                        raise AssertionError("end")
                    bio_in.write(data)

        exchange(tls.do_handshake)
        exchange(lambda: tls.write(b"NOOP\r\n" * 10))
        wire = b""
        plain = b""
        while plain.count(b"\n") < 10:
            data = c.sock.recv(65536)
            wire += data
            bio_in.write(data)
            try:
                plain += tls.read(65536)
            except ssl.SSLWantReadError:
                pass
        count, at = 0, 0
        while at < len(wire):
            at += 5 + int.from_bytes(wire[at + 3:at + 5], "big")
            count += 1
        is_((count, at), (1, len(wire)),
            "ten replies to one record leave in one record")

with case("truncation"), Server(certificate="ec") as server:
    whole = ("EHLO x\r\nMAIL FROM:<a@example.org>\r\n"
             "RCPT TO:<b@example.com>\r\nDATA\r\n",
             "Subject: x\r\n\r\ntext\r\n")
    for what, last in (("in the header", "Subject: x"),
                       ("behind the header", "Subject: x\r\n\r\n"),
                       ("in the text", whole[1] + "more"),
                       ("behind a line", whole[1]),
                       ("behind the dot", whole[1] + "."),
                       ("behind the dot's CR", whole[1] + ".\r")):
        for how in ("FIN", "RST", "close_notify"):
            with case(what), server.client() as c:
                c.starttls()
                c.send(whole[0])
                for start in ("250", "250", "250", "354"):
                    c.expect(start)
                c.send(last)
                if how == "RST":
                    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      struct.pack("ii", 1, 0))
                elif how == "close_notify":
                    c.sock.settimeout(60)
                    try:
                        c.sock.unwrap()
                    except (ssl.SSLError, OSError):
                        pass
                c.sock.close()
                is_(server.wait_idle(3), [], f"{how} {what}: all are gone")
    is_(server.messages(), [], "none of these was queued")
    with server.client() as c:
        c.starttls()
        starts(c.message(whole[1]), "250 ", "the whole of it is")
        raw = c.sock.detach()
    is_(len(server.messages()), 1, "once")
    os.close(raw)
    is_(server.wait_idle(3), [], "FIN without close_notify: all are gone")

with case("a record that was changed"), Server(certificate="ec") as server:
    with server.client() as c:
        c.starttls()
        c.send("EHLO x\r\n")
        c.expect("250")
        # 40 octets that no key has made.
        bare = socket.socket(fileno=os.dup(c.sock.fileno()))
        bare.sendall(b"\x17\x03\x03\x00\x28" + bytes(40))
        try:
            got = c.rest()
        except (ssl.SSLError, OSError):
            got = b""
        is_(got, b"", "a forged record ends the connection without a reply")
        bare.close()
    is_(server.wait_idle(3), [], "and nobody stays")
    is_(server.messages(), [], "nothing was queued")

done()
