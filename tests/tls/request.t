#!/usr/bin/env python3
"""The server's first flight: the request for a client's certificate, which
has an empty list of authorities (RFC 5246 7.4.4), and only where EXTERNAL is
listed."""
import ssl
import sys
import warnings
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0
AUTHORITY = Authority()
HELLO_DONE, REQUEST = 14, 13
V10, V12 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2


def flight(server, version):
    """(type, body) of each handshake message up to ServerHelloDone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    hello = ssl.MemoryBIO()
    tls = context.wrap_bio(ssl.MemoryBIO(), hello)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.sock.sendall(hello.read())
        data, text = b"", b""
        while True:
            data += c.sock.recv(65536)
            while len(data) >= 5 and \
                    len(data) >= 5 + int.from_bytes(data[3:5], "big"):
                size = int.from_bytes(data[3:5], "big")
                if data[0] != 22:
                    raise AssertionError(data)
                text += data[5:5 + size]
                data = data[5 + size:]
            found = messages(text)
            if found and found[-1][0] == HELLO_DONE:
                return found


def messages(text):
    """The whole messages in it."""
    found = []
    while len(text) >= 4:
        size = int.from_bytes(text[1:4], "big")
        if len(text) < 4 + size:
            break
        found.append((text[0], text[4:4 + size]))
        text = text[4 + size:]
    return found


def fields(body, version):
    """Types, hashes with signatures, names, and what is left over."""
    types, body = body[1:1 + body[0]], body[1 + body[0]:]
    pairs = b""
    if version == V12:
        size = int.from_bytes(body[:2], "big")
        pairs, body = body[2:2 + size], body[2 + size:]
    size = int.from_bytes(body[:2], "big")
    return types, pairs, body[2:2 + size], body[2 + size:]


for kind in ("ec", "rsa"):
    for version in (V12, V10):
        what = f"{kind}, {version.name}"
        for env, asked in (({}, False), ({"AUTHMECHS": "PLAIN"}, False),
                           ({"AUTHMECHS": "PLAIN EXTERNAL"}, True)):
            with case(what), Server(
                    users={"joe@example.com": "x"}, certificate=kind,
                    control={"clientca.pem": AUTHORITY.text()},
                    env={**env, "TLSMIN": "1.0"}) as server:
                got = flight(server, version)
                is_([m[0] for m in got],
                    [2, 11, 12] + [REQUEST] * asked + [HELLO_DONE],
                    f"{what}, {env}: {'asked' if asked else 'not asked'}")
                if not asked:
                    continue
                types, pairs, names, rest = fields(got[3][1], version)
                is_(sorted(types), [1, 64], f"{what}: RSA or ECDSA, to sign")
                is_(names, b"", f"{what}: of any authority")
                is_(rest, b"", f"{what}: and nothing behind")
                is_(len(pairs) % 2 == 0 and (version == V10 or all(
                    bytes((h, s)) in pairs for h in (4, 5, 6)
                    for s in (1, 3))), True, f"{what}: signed with SHA-2")
with case("TLS 1.2 alone"), Server(certificate="ec", env={
        "AUTHMECHS": "EXTERNAL PLAIN"}, control={
            "clientca.pem": AUTHORITY.text()}) as server:
    _, pairs, _, _ = fields(flight(server, V12)[3][1], V12)
    ok(b"\x02" not in pairs[::2] and b"\x01" not in pairs[::2],
       "TLS 1.2 alone: no SHA-1, no MD5", pairs.hex())

done()
