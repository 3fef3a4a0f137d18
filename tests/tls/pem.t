#!/usr/bin/env python3
"""servercert.pem, serverkey.pem and clientca.pem as people have them: what
is taken, and what is refused by name."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.certificate import Authority as Signer  # noqa: E402
from support.extra_tls import (  # noqa: E402
    Authority, context, openssl, pair, read, s_client, shows)

LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
UNAVAILABLE = "454 4.7.0 TLS not available for now"
MARK = "\ufeff"
authority = Authority()
LEAF, KEY = authority.make("leaf", "mx.example.org", "middle")
MIDDLE = authority.text("middle.pem")
where = home("odd")


def tight(*texts):
    """Files joined without a line end at theirs."""
    return "".join(text.strip() for text in texts) + "\n"


def other_form(certificate_text, *words):
    """What openssl makes of it."""
    return openssl(*words, stdin=certificate_text)


def key_with(octets):
    """An EC key that has these octets in its secret number."""
    secret = (b"\x01" + octets).ljust(32, b"\x02")
    point = b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    body = b"\x02\x01\x01\x04\x20" + secret + point
    with open(os.path.join(where, "k.der"), "wb") as file:
        file.write(b"\x30" + bytes([len(body)]) + body)
    openssl("ec", "-inform", "DER", "-in", "k.der", "-out", "k.pem",
            directory=where)
    openssl("req", "-x509", "-key", "k.pem", "-subj", "/CN=mx.example.org",
            "-out", "c.pem", directory=where)
    return read(where, "c.pem"), openssl("pkcs8", "-topk8", "-nocrypt", "-in",
                                         os.path.join(where, "k.pem"))


ODD_CERT, ODD_KEY = key_with(b"\x06\x03\x2b\x65\x70")
BOTH = LEAF + MIDDLE
TRUSTED = other_form(LEAF, "x509", "-trustout", "-addtrust", "serverAuth",
                     "-setalias", "mine")
TAKEN = (
    ("joined without a line end", tight(LEAF, MIDDLE), KEY),
    ("the key too", tight(KEY, LEAF, MIDDLE), None),
    ("a byte order mark at the head", MARK + BOTH, MARK + KEY),
    ("a byte order mark between", LEAF + MARK + MIDDLE, KEY),
    ("joined, and a byte order mark between",
     LEAF.strip() + MARK + MIDDLE, KEY),
    ("a comment without a line end between",
     LEAF + "# the intermediate:" + MIDDLE, KEY),
    ("the word ENCRYPTED around", "# not ENCRYPTED\n" + BOTH,
     "# no longer ENCRYPTED\n" + KEY + "ENCRYPTED\n"),
    ("the word ENCRYPTED around a key behind the certificate",
     BOTH + "# ENCRYPTED: no\n" + KEY, None),
    ("the octets of Ed25519 within a key", ODD_CERT, ODD_KEY),
    ("a TRUSTED CERTIFICATE", TRUSTED + MIDDLE, KEY),
    ("indented", BOTH.replace("\n", "\n  "), "\t" + KEY),
    ("CR alone", BOTH.replace("\n", "\r"), KEY.replace("\n", "\r")),
    ("all on one line", LEAF.replace("\n", " ") + "\n" + MIDDLE,
     KEY.replace("\n", " ")),
    ("a chain of ten", LEAF + MIDDLE * 9, KEY),
)
with case("taken"), Server() as server:
    for what, certificate_text, key_text in TAKEN:
        with case(what):
            pair(server, certificate_text, key_text)
            expected = certificate_text.count("CERTIFICATE-----") // 2
            with server.client() as c:
                c.hello()
                c.starttls(name="mx.example.org")
                shown = shows(c)
            is_(shown, (ODD_CERT if certificate_text is ODD_CERT else
                        LEAF).strip(), f"{what}: the leaf")
            got = s_client(server.port, "-showcerts", stdin="QUIT\r\n")
            is_(got.count("BEGIN CERTIFICATE"), expected,
                f"{what}: the whole chain is sent")
    ok("config fail" not in server.log(), "nothing to complain of",
       server.log())

PKCS7 = openssl("crl2pkcs7", "-nocrl", "-certfile",
                os.path.join(authority.directory, "middle.pem"))
OLD = openssl("ec", "-in", os.path.join(authority.directory, "leaf.key"),
              "-aes128", "-passout", "pass:x")
openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt",
        "rsa_keygen_bits:2048", "-out", "pss.key", directory=where)
openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:secp256k1", "-nodes", "-subj", "/CN=x",
        "-keyout", "k1.key", "-out", "k1.pem", directory=where)
NOISE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
C, K = "control/servercert.pem", "control/serverkey.pem"
NAMED = (
    ("the wrong order", MIDDLE + LEAF, KEY, C,
     "wrong order: the key fits certificate 2"),
    ("the leaf last of three", MIDDLE + authority.text("root.pem") + LEAF,
     KEY, C, "wrong order: the key fits certificate 3"),
    ("a key of none of them", MIDDLE + LEAF,
     certificate("ec").key_text(), C, "certificate and key differ"),
    ("PKCS7 behind the leaf", LEAF + PKCS7, KEY, C, "PKCS7 is not supported"),
    ("a second certificate of noise", LEAF + NOISE, KEY, C,
     "certificate 2 is broken"),
    ("an encrypted key, old form", BOTH, OLD, K, "the key is encrypted"),
    ("an encrypted key behind the certificate", BOTH + OLD, None, C,
     "the key is encrypted"),
    ("an RSA-PSS key", LEAF, read(where, "pss.key"), K,
     "RSA-PSS keys are not supported"),
    ("a key of secp256k1", read(where, "k1.pem"), read(where, "k1.key"), K,
     "not a private key of a known kind"),
    ("an OPENSSH PRIVATE KEY", LEAF, KEY.replace("PRIVATE", "OPENSSH PRIVATE"),
     K, "not a private key of a known kind"),
    ("UTF-16", (MARK + LEAF).encode("utf-16-le"), KEY, C, "UTF-16, not PEM"),
    ("a chain over 16 KB", LEAF + MIDDLE * 40, KEY, C,
     r"the chain is over 16 KB, certificate \d+ does not fit"),
    ("a marker without its end", LEAF + "-----BEGIN CERTIFICATE-----\n", KEY,
     C, "not PEM"),
)
for what, certificate_text, key_text, file, reason in NAMED:
    with case(what), Server() as server:
        pair(server, certificate_text, key_text)
        with server.client() as c:
            c.hello()
            is_(c.command("STARTTLS"), UNAVAILABLE, f"{what}: 454")
        pattern = reason.replace(" ", r"\\x20")
        ok(server.wait_log(rf"{LOG}config fail file={file} "
                           rf"reason={pattern}$"), f"{what}: {reason}",
           server.log())

with case("clientca.pem"):
    one, two = Signer("One"), Signer("Two")
    client = two.sign(altnames="email:joe@example.com", usage="clientAuth")
    uses = openssl("x509", "-in", two.own.certificate, "-trustout",
                   "-addreject", "clientAuth")
    plain = openssl("x509", "-in", two.own.certificate, "-trustout",
                    "-setalias", "two")
    with Server(certificate="ec", env={"FORCETLS": "1"},
                control={"authmechs": "EXTERNAL PLAIN\n"},
                users={"joe@example.com": "secret"}) as server:
        def login():
            """The client of the second authority."""
            how = context()
            how.load_cert_chain(client.certificate, client.key)
            with server.client() as c:
                c.hello()
                c.starttls(how)
                c.hello()
                return c.command("AUTH EXTERNAL =")

        for what, text in (
                ("joined without a line end", tight(one.text(), two.text())),
                ("a byte order mark between",
                 one.text() + MARK + two.text()),
                ("a TRUSTED CERTIFICATE without uses", one.text() + plain)):
            with case(what):
                server.write("clientca.pem", text)
                starts(login(), "235 ", f"{what}: the second counts")
        for what, text, reason in (
                ("a TRUSTED CERTIFICATE with uses", one.text() + uses,
                 "a TRUSTED CERTIFICATE with uses is not supported"),
                ("PKCS7", one.text() + PKCS7, "PKCS7 is not supported")):
            with case(what):
                server.write("clientca.pem", text)
                starts(login(), "454 4.7.0", f"{what}: refused")
                ok(server.wait_log(
                    LOG + "config fail file=control/clientca.pem reason=" +
                    reason.replace(" ", r"\\x20") + "$"), f"{what}: by name",
                   server.log())

done()
