#!/usr/bin/env python3
"""EXTERNAL, RFC 4422: the client's TLS certificate, pinned by its fingerprint
or signed by an authority of clientca.pem; who is who, when it is offered."""
import os
import socket
import ssl
import sys
import warnings
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import b64, offer, scram_secret, user_file  # noqa: E402

warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0
JOE, OFF, NONE = "joe@example.com", "off@example.com", "none@example.com"
ANN = "ann@example.com"
ENV = {"AUTHMECHS": "EXTERNAL PLAIN"}
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
NOT_OFFERED = "504 5.5.4 authentication mechanism not offered"
TEMPORARY = "454 4.7.0 temporary authentication failure"


def context(pair=None, chain=(), version=ssl.TLSVersion.TLSv1_2):
    """A client that shows this certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = version
    made.set_ciphers("ALL:@SECLEVEL=0")  # what we show is our affair
    if pair:
        path = os.path.join(home("client"), "pair.pem")
        with open(path, "w", encoding="ascii") as file:
            file.write(pair.key_text() + pair.certificate_text() +
                       "".join(c.certificate_text() for c in chain))
        made.load_cert_chain(path)
    return made


def attempt(server, pair, expected, what, authzid="", chain=()):
    """One login by that certificate."""
    with case(what), server.client() as c:
        c.starttls(context(pair, chain))
        is_(c.login("EXTERNAL", "", "", authzid), expected,
            f"{what}: {expected[:3]}")


def pins(*pairs, label="laptop"):
    """The words of field 5 that pin them."""
    return " ".join(f"smtp_secret_{label}{n or ''}={{CERT-SHA256}}"
                    f"{pair.fingerprint()}"
                    for n, pair in enumerate(pairs))


SELF = certificate("ec", "laptop")
WITH_RSA = certificate("rsa", "rsa-laptop")
OTHER = certificate("ec", "other")
JOE_CN = certificate("ec", JOE)
NOBODY = certificate("ec", "x" * 20)

with case("pinned"), Server(env=ENV, certificate="ec") as server:
    user_file(server, [
        f"{JOE}:{{PLAIN}}secret:::{pins(SELF, WITH_RSA)}",
        f"{ANN}::::{pins(JOE_CN, label='phone')}",
        f"{OFF}:!{{PLAIN}}secret:::{pins(SELF)}",
        "empty@example.com::::",
        "upper@example.com::::smtp_secret_x={cert-sha256}" +
        SELF.fingerprint().upper()])
    for pair, authzid, expected, what in (
            (SELF, JOE, OK, "EC"), (WITH_RSA, JOE, OK, "RSA"),
            (SELF, "JOE@example.COM", OK, "in upper case"),
            (SELF, "upper@example.com", OK, "digits in upper case"),
            (OTHER, JOE, FAILED, "another certificate"),
            (JOE_CN, JOE, FAILED, "a self-signed one with his name"),
            (JOE_CN, "", FAILED, "and nothing else said"),
            (JOE_CN, ANN, OK, "one with another's name, but pinned"),
            (SELF, ANN, FAILED, "another's certificate"),
            (SELF, OFF, FAILED, "a disabled user"),
            (SELF, NONE, FAILED, "an unknown user"),
            (SELF, "empty@example.com", FAILED, "a user without a secret"),
            (SELF, "#site", FAILED, "a reserved record"),
            (SELF, "", FAILED, "no name that is a login"),
            (SELF, "u" * 300, "501 5.5.2 malformed authentication response",
             "too long a name"),
            (SELF, "a\0b", "501 5.5.2 malformed authentication response",
             "a NUL in it")):
        attempt(server, pair, expected, f"pinned: {what}", authzid)
    for pattern in ("ok user=joe@example.com mech=EXTERNAL label=laptop",
                    "ok user=joe@example.com mech=EXTERNAL label=laptop1",
                    "ok user=ann@example.com mech=EXTERNAL label=phone",
                    "fail user=off@example.com mech=EXTERNAL reason=disabled",
                    "fail user=none@example.com mech=EXTERNAL reason=unknown",
                    "fail user=ann@example.com mech=EXTERNAL "
                    "reason=certificate",
                    "fail user=empty@example.com mech=EXTERNAL "
                    "reason=no-secret"):
        ok(server.wait_log("auth " + pattern + "$"), "logged: " + pattern)
    with server.client() as c:
        c.starttls(context(SELF))
        is_(c.login("PLAIN", ANN, SELF.fingerprint()), FAILED,
            "the fingerprint is no password")
        is_(c.command("AUTH EXTERNAL"), "334 ", "without initial response")
        is_(c.command(b64(JOE)), OK, "the name in the next line")
        starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
               "and it relays")
        starts(c.command("AUTH EXTERNAL ="), "503 5.5.1", "once")
    m = server.messages()[0]
    is_((m.env.get("SMTPAUTHUSER"), m.env.get("SMTPAUTHMETHOD")),
        (JOE, "EXTERNAL"), "what the queue program is told")
    with server.client() as c:
        c.starttls(context(SELF))
        c.must(("AUTH EXTERNAL", "334 "))
        starts(c.command("*"), "501 5.7.0", "cancelled")
        starts(c.command("AUTH EXTERNAL !"), "501 5.5.2", "no base64")
        for _ in range(3):
            is_(c.command("AUTH EXTERNAL " + b64(ANN)), FAILED, "535")
        starts(c.reply(), "421 4.7.0", "the third time is the last")
    server.write("authusers.cdb", "x" * 3000, 0o600)
    attempt(server, SELF, TEMPORARY, "a broken user file", JOE)

AUTHORITY = Authority()
STRANGER = Authority()
with case("authority"), Server(env=ENV, certificate="ec", control={
        "clientca.pem": AUTHORITY.text()}) as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret", f"{ANN}::::",
                       f"{OFF}:!{{PLAIN}}secret",
                       "scram@example.com:" +
                       scram_secret("SCRAM-SHA-256", "x"),
                       f"pin@example.com::::{pins(OTHER)}"])
    sign = AUTHORITY.sign
    below = AUTHORITY.below()
    rows = (
        (sign("/CN=Joe", f"email:{JOE}"), "", OK, "rfc822Name"),
        (sign("/CN=Joe", "email:Joe@EXAMPLE.com"), "", OK, "in upper case"),
        (sign("/CN=Joe", f"email:{JOE}"), JOE, OK, "and said too"),
        (sign("/CN=Joe", f"email:{JOE}"), ANN, FAILED, "another said"),
        (sign("/CN=Joe", f"email:{JOE},email:{ANN}"), "", FAILED,
         "two rfc822Names: which?"),
        (sign("/CN=Joe", f"email:{JOE},email:{ANN}"), ANN, OK,
         "two, and one is said"),
        (sign("/CN=Joe", f"email:{JOE},DNS:{ANN}"), ANN, FAILED,
         "a dNSName is no login"),
        (sign("/CN=Joe", f"URI:{JOE}"), JOE, FAILED, "nor is a URI"),
        (sign(f"/CN={ANN}", f"email:{JOE}"), ANN, FAILED,
         "commonName beside a rfc822Name"),
        (sign(f"/CN={ANN}/emailAddress={ANN}", f"email:{JOE}"), ANN, FAILED,
         "emailAddress beside a rfc822Name"),
        (sign(f"/CN={JOE}"), "", OK, "commonName alone"),
        (sign(f"/CN={JOE}"), JOE, OK, "commonName, and said"),
        (sign(f"/CN={JOE}", "DNS:laptop.example.com"), "", OK,
         "commonName beside a dNSName"),
        (sign(f"/CN={JOE}/CN={ANN}"), "", FAILED, "two commonNames"),
        (sign(f"/CN=Joe/emailAddress={JOE}"), "", OK, "emailAddress"),
        (sign(f"/CN={ANN}/emailAddress={JOE}"), ANN, FAILED,
         "commonName beside emailAddress"),
        (sign(f"/CN=x\\/emailAddress={JOE}"), JOE, FAILED,
         "a commonName that looks like more"),
        (sign(f"/O={JOE}"), JOE, FAILED, "another attribute"),
        (sign(f"/CN=x{JOE}"), JOE, FAILED, "a login that ends so"),
        (sign(f"/CN={JOE}x"), JOE, FAILED, "one that begins so"),
        (sign("/CN=none@example.com"), "", FAILED, "an unknown user"),
        (sign(f"/CN={OFF}"), "", FAILED, "a disabled user"),
        (sign(f"/CN={ANN}"), "", OK, "a user without a secret"),
        (sign("/CN=scram@example.com", kind="rsa"), "", OK, "RSA"),
        (sign(f"/CN={JOE}", kind="ec384"), "", OK, "P-384"),
        (sign(f"/CN={JOE}", usage="clientAuth"), "", OK, "clientAuth"),
        (sign(f"/CN={JOE}", usage="serverAuth,clientAuth"), "", OK,
         "among others"),
        (sign(f"/CN={JOE}", usage="anyExtendedKeyUsage"), "", OK,
         "for everything"),
        (sign(f"/CN={JOE}", usage="serverAuth"), "", FAILED,
         "serverAuth alone"),
        (sign(f"/CN={JOE}", usage="emailProtection"), "", FAILED,
         "emailProtection alone"),
        (sign(f"/CN={JOE}", key_usage="digitalSignature"), "", OK,
         "keyUsage digitalSignature"),
        (sign(f"/CN={JOE}", key_usage="keyEncipherment"), "", FAILED,
         "keyUsage keyEncipherment"),
        (sign(f"/CN={JOE}", digest="sha384"), "", OK, "SHA-384"),
        (sign(f"/CN={JOE}", digest="sha1"), "", FAILED, "SHA-1"),
        (STRANGER.sign(f"/CN={JOE}"), "", FAILED, "another authority"),
        (sign(f"/CN={JOE}", days=-1), "", FAILED, "expired"),
        (OTHER, "pin@example.com", OK, "pinned, and signed by nobody"),
        (JOE_CN, "", FAILED, "self-signed"))
    for pair, authzid, expected, what in rows:
        attempt(server, pair, expected, f"signed: {what}", authzid)
    ok(server.wait_log(f"auth ok user={JOE} mech=EXTERNAL$"),
       "logged, without a label")
    deep = below.sign(f"/CN={JOE}")
    attempt(server, deep, OK, "signed: through an intermediate", "",
            [below.own])
    attempt(server, deep, FAILED, "signed: the intermediate is not shown")
    attempt(server, sign(f"/CN={JOE}"), OK, "signed: with the root behind",
            "", [AUTHORITY.own])
    fake = Authority.__new__(Authority)
    fake.directory, fake.name, fake.count = home("fake"), "x", 0
    fake.own = sign("/CN=mallory@example.com")
    attempt(server, fake.sign(f"/CN={JOE}"), FAILED,
            "signed: by one who is no authority", "", [fake.own])

with case("clientca.pem"):
    pair = AUTHORITY.sign(f"/CN={JOE}")
    both = STRANGER.text() + "text between\n" + AUTHORITY.text()
    for text, expected, what in (
            (both, OK, "two authorities, and text between"),
            (AUTHORITY.text().replace("\n", "\r\n"), OK, "CR LF"),
            (JOE_CN.certificate_text(), FAILED, "somebody else's"),
            (None, FAILED, "none"),
            ("", TEMPORARY, "empty"), ("junk\n", TEMPORARY, "no PEM"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
             TEMPORARY, "no certificate"),
            (certificate("ed25519", "x").certificate_text(), TEMPORARY,
             "an Ed25519 key"),
            (AUTHORITY.text() * 65, TEMPORARY, "65 certificates"),
            ("x" * 140000, TEMPORARY, "too large"),
            ("directory", TEMPORARY, "a directory"),
            ("unreadable", TEMPORARY, "unreadable")):
        if text == "unreadable" and ROOT:
            continue
        with case(what), Server(env=ENV, certificate="ec") as server:
            user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
            if text == "directory":
                os.mkdir(server.path("clientca.pem"))
            elif text == "unreadable":
                server.write("clientca.pem", AUTHORITY.text(), 0)
            elif text is not None:
                server.write("clientca.pem", text)
            attempt(server, pair, expected, f"clientca.pem: {what}")
            attempt(server, SELF, OK, f"clientca.pem: {what}: pinned", JOE)
            if expected == TEMPORARY:
                ok(server.wait_log(
                    r"config fail file=control/clientca\.pem reason=\S+$"),
                   f"clientca.pem: {what}: logged")
                ok(server.wait_log(
                    "auth temp user=joe@example.com mech=EXTERNAL "
                    "reason=backend$"), f"clientca.pem: {what}: 454 logged")
    with case("itself"), Server(env=ENV, certificate="ec", control={
            "clientca.pem": JOE_CN.certificate_text()}) as server:
        user_file(server, [f"{JOE}:{{PLAIN}}secret"])
        attempt(server, JOE_CN, OK, "clientca.pem: the certificate itself")
    if ROOT:
        with case("root's"), Server(env=ENV, certificate="ec") as server:
            user_file(server, [f"{JOE}:{{PLAIN}}secret"])
            server.write("clientca.pem", AUTHORITY.text(), 0o600)
            attempt(server, pair, OK, "clientca.pem: root's alone")

with case("when it is offered"), Server(env=ENV, certificate="ec") as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
    with server.client() as c:
        is_(offer(c), "PLAIN", "in clear: not offered")
        is_(c.command("AUTH EXTERNAL ="), NOT_OFFERED, "nor taken")
        c.starttls(context())
        is_(offer(c), "PLAIN", "no certificate was shown: not offered")
        is_(c.command("AUTH EXTERNAL ="), NOT_OFFERED, "nor taken")
        is_(c.login("PLAIN", JOE, "secret"), OK, "but PLAIN is")
    with server.client() as c:
        c.starttls(context(SELF))
        is_(offer(c), "EXTERNAL PLAIN", "with a certificate it is")
        is_(c.login("PLAIN", JOE, "secret"), OK, "and PLAIN too")
    with server.client() as c:
        c.starttls(context(NOBODY))
        is_(offer(c), "EXTERNAL PLAIN", "with any")
    with server.client() as c:
        c.starttls(context(certificate("ed25519", "odd")))
        is_(offer(c), "PLAIN", "a key that we cannot check: as without one")
with case("nobody could"), Server(env=ENV, certificate="ec") as server:
    for lines, files, expected, what in (
            ([f"{JOE}:{{PLAIN}}secret"], {}, "PLAIN", "no user has one"),
            ([f"{JOE}:!{{PLAIN}}secret:::{pins(SELF)}",
              f"{ANN}:{{PLAIN}}x"], {}, "PLAIN", "a disabled user has one"),
            ([f"{JOE}:{{PLAIN}}secret", f"{ANN}::::{pins(OTHER)}"], {},
             "EXTERNAL PLAIN", "one of two users has one"),
            ([f"{JOE}:{{PLAIN}}secret"],
             {"clientca.pem": AUTHORITY.text()}, "EXTERNAL PLAIN",
             "an authority")):
        with case(what):
            user_file(server, lines)
            for name, text in files.items():
                server.write(name, text)
            with server.client() as c:
                c.starttls(context(SELF))
                is_(offer(c), expected, f"{what}: {expected}")
                is_(c.command("AUTH EXTERNAL " + b64(NONE)),
                    FAILED if "EXTERNAL" in expected else NOT_OFFERED,
                    f"{what}: and is {'taken' if 'EXT' in expected else 'not'}")
with case("no list"), Server(certificate="ec") as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
    server.write("clientca.pem", AUTHORITY.text())
    with server.client() as c:
        c.starttls(context(SELF))
        ok("EXTERNAL" not in offer(c), "no list names it: not offered")
        is_(c.command("AUTH EXTERNAL ="), NOT_OFFERED, "nor taken")
with case("outside"), Server(env={**ENV, "SSL_PROTOCOL": "TLSv1.3"},
                             certificate="ec") as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
    with server.client() as c:
        is_(offer(c), "PLAIN", "TLS by the launcher: not offered")
with case("-s"), Server(env=ENV, certificate="rsa", args=["-s"]) as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
    with server.client(greet=False) as c:
        c.wrap(context(SELF))
        c.expect("220 ")
        is_(offer(c), "EXTERNAL PLAIN", "TLS from the first byte: offered")
        is_(c.command("AUTH EXTERNAL " + b64(JOE)), OK, "and taken")
with case("old TLS"), Server(env={**ENV, "TLSMIN": "1.0"},
                             certificate="rsa") as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF, WITH_RSA)}"])
    for pair, what in ((SELF, "EC"), (WITH_RSA, "RSA")):
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1,
                        ssl.TLSVersion.TLSv1_2):
            with case(what), server.client() as c:
                c.starttls(context(pair, version=version))
                is_(c.command("AUTH EXTERNAL " + b64(JOE)), OK,
                    f"{version.name}, {what}")

with case("authdomain"), Server(env=ENV, certificate="ec", control={
        "clientca.pem": AUTHORITY.text(),
        "authdomain": "example.com\n"}) as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret"])
    attempt(server, AUTHORITY.sign("/CN=joe"), OK, "authdomain: is added")
    attempt(server, AUTHORITY.sign("/CN=joe"), OK, "authdomain: to both",
            "joe")

with case("large"), Server(env=ENV, certificate="ec") as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
    for count, expected in ((8, "EXTERNAL PLAIN"), (60, "PLAIN")):
        with case("chain"), server.client() as c:
            c.starttls(context(SELF, [WITH_RSA] * count))
            is_(offer(c), expected,
                f"{count} certificates behind: {expected}")
            is_(c.login("PLAIN", JOE, "secret"), OK, "and PLAIN goes on")


with case("half a handshake"), Server(env=ENV, certificate="ec") as server:
    user_file(server, [f"{JOE}:{{PLAIN}}secret:::{pins(SELF)}"])
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context(SELF).wrap_bio(incoming, outgoing,
                                     server_hostname="mx.example.org")
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        c.sock.sendall(outgoing.read())
        while True:
            incoming.write(c.sock.recv(65536))
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            data = outgoing.read()
            if data:
                break
        # Certificate, ClientKeyExchange, CertificateVerify, and then the
        # last octet of the signature is another.
        records, at = [], 0
        while at < len(data):
            size = 5 + int.from_bytes(data[at + 3:at + 5], "big")
            records.append(bytearray(data[at:at + size]))
            at += size
        flight = [r for r in records if r[0] == 22]
        ok(len(flight) >= 1, "the client's flight")
        verify = [r for r in records if r[0] == 22][-2]
        verify[-1] ^= 1
        c.sock.sendall(b"".join(bytes(r) for r in records))
        c.sock.shutdown(socket.SHUT_WR)
        got = c.sock.recv(65536)
        ok(got == b"" or got[0] == 21,
           "a signature that is wrong: the handshake fails", got[:20])
    ok(server.wait_log("tls fail reason=handshake"), "and is logged so")

done()
