#!/usr/bin/env python3
"""Certificates and keys: every kind, chains, names, renewal, and each way
that a file can be wrong."""
import os
import re
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.certificate import expired  # noqa: E402
from support.extra_auth import replace  # noqa: E402
from support.extra_tls import (  # noqa: E402
    Authority, common_name, context, openssl, pair, raw_hello, read, s_client,
    shows)

LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
UNAVAILABLE = "454 4.7.0 TLS not available for now"
authority = Authority()


def served(server, name="mx.example.org", **options):
    """STARTTLS on a new connection: the certificate it showed."""
    with server.client() as c:
        c.hello()
        c.starttls(context(**options) if options else None, name=name)
        if not c.hello():
            raise AssertionError("no TLS")
        return shows(c)


with case("kinds of keys"), Server() as server:
    for kind in ("ec", "ec384", "rsa"):
        made = certificate(kind)
        for form, what in (
                (None, "as openssl writes it"),
                (("pkcs8", "-topk8", "-nocrypt"), "PKCS 8"),
                (("rsa", "-traditional") if kind == "rsa" else ("ec",),
                 "the traditional form")):
            key = made.key_text()
            if form:
                key = openssl(*form, "-in", made.key)
            with case(f"{kind}, {what}"):
                pair(server, made.certificate_text(), key)
                is_(served(server, cafile=made.certificate),
                    made.certificate_text().strip(),
                    f"{kind}, {what}: a handshake, certificate verified")
        pair(server, made.certificate_text() + made.key_text(), None)
        is_(served(server), made.certificate_text().strip(),
            f"{kind}: the key behind the certificate in servercert.pem")
        pair(server, made.key_text() + made.certificate_text(), None)
        is_(served(server), made.certificate_text().strip(),
            f"{kind}: the key in front of it")
        other = certificate("rsa" if kind == "ec" else "ec")
        pair(server, other.key_text() + made.certificate_text(),
             made.key_text())
        is_(served(server), made.certificate_text().strip(),
            f"{kind}: serverkey.pem goes before a key in servercert.pem")
        if kind == "ec":
            parameters = openssl("ecparam", "-name", "prime256v1")
            pair(server, made.certificate_text(),
                 parameters + openssl("ec", "-in", made.key))
            is_(served(server), made.certificate_text().strip(),
                "ec: with an EC PARAMETERS block in front, as openssl "
                "ecparam -genkey writes it")
    for bits in ("3072", "4096"):
        home_ = home("rsa")
        openssl("req", "-x509", "-newkey", "rsa:" + bits, "-nodes", "-subj",
                "/CN=mx.example.org", "-keyout", "k", "-out", "c",
                directory=home_)
        pair(server, read(home_, "c"), read(home_, "k"))
        is_(served(server), read(home_, "c").strip(), f"RSA of {bits} bits")

with case("chains"), Server() as server:
    leaf, key = authority.make("leaf", "mx.example.org", "middle")
    pair(server, leaf + authority.text("middle.pem"), key)
    is_(served(server, cafile=authority.root), leaf.strip(),
        "a chain of two verifies against the root")
    got = s_client(server.port, "-showcerts", stdin="QUIT\r\n")
    is_(got.count("BEGIN CERTIFICATE"), 2, "both are sent")
    pair(server, "Comments before\r\n" + (leaf + "between\n" + authority.text(
        "middle.pem") + "behind\n").replace("\n", "\r\n"), key)
    is_(served(server, cafile=authority.root), leaf.strip(),
        "CRLF line ends, and text around")
    pair(server, leaf, key)
    with case("the middle is missing"):
        try:
            served(server, cafile=authority.root)
            ok(False, "without the middle it does not verify")
        except ssl.SSLCertVerificationError:
            ok(True, "without the middle it does not verify")

with case("names"), Server(certificate="ec") as server:
    for name, kind in (("a.example.com", "ec"), ("b.example.com", "rsa")):
        made = certificate(kind, name)
        pair(server, made.certificate_text(), made.key_text(),
             f"servercerts/{name}/")
    both = certificate("ec", "c.example.com")
    pair(server, both.certificate_text() + both.key_text(), None,
         "servercerts/c.example.com/")

    def name_for(sni):
        """The name in the certificate for this server name."""
        with server.client() as c:
            c.starttls(name=sni)
            c.hello()
            return common_name(c.sock.getpeercert(binary_form=True))

    wild = certificate("ec", "*.w.example.com")
    pair(server, wild.certificate_text(), wild.key_text(),
         "servercerts/*.w.example.com/")
    own = certificate("rsa", "own.w.example.com")
    pair(server, own.certificate_text(), own.key_text(),
         "servercerts/own.w.example.com/")
    for sni, expected, what in (
            ("x.w.example.com", "*.w.example.com", "one label more"),
            ("X.W.Example.Com", "*.w.example.com", "the same in upper case"),
            ("own.w.example.com", "own.w.example.com",
             "its own directory goes before the one of all"),
            ("w.example.com", "mx.example.org", "no label more"),
            ("x.y.w.example.com", "mx.example.org", "two labels more"),
            ("xw.example.com", "mx.example.org", "no dot"),
            ("a.example.com", "a.example.com", "a name of the list"),
            ("b.example.com", "b.example.com", "another one, RSA"),
            ("c.example.com", "c.example.com", "key behind the certificate"),
            ("A.Example.COM", "a.example.com", "in upper case"),
            ("d.example.com", "mx.example.org", "a name not there"),
            ("example.com", "mx.example.org", "a part of a name"),
            ("x.a.example.com", "mx.example.org", "more than a name"),
            ("mx.example.org", "mx.example.org", "the default's own name"),
            (None, "mx.example.org", "no name at all")):
        with case(what):
            is_(name_for(sni), expected, f"server name {sni}: {what}")
    ok(server.wait_log(LOG + r"tls ok \S+ \S+ sni=a\.example\.com$"),
       "the log names it")
    for sni in (b"", b"..", b"../servercerts/a.example.com", b".",
                b"a.example.com/", b"a.example.com/../a.example.com", b"*",
                b"a" * 255, b"a" * 3000, b"a.example.com.", b"-", b"%s%n",
                b" ", b"\0", b"\0a.example.com",
                b"\xff\xfe", b"\r\nx", b"servercert.pem", b"/etc"):
        with case(repr(sni[:30])), server.client() as c:
            c.must(("STARTTLS", "220"))
            got = raw_hello(c, name=sni)
            ok(got in ("mx.example.org", None),
               f"server name {sni[:30]!r}: the default, or no handshake", got)
    ok("reason=channel" not in server.log(), "no name brought it down")
    # One key that the account cannot read must not cost the rest.
    if ROOT:
        os.chmod(server.path("servercerts/a.example.com/serverkey.pem"),
                 0o600)
        is_(name_for("a.example.com"), "mx.example.org",
            "a key of a name that cannot be read: the default")
        lines = re.findall(LOG + "config fail file=.*a.example.com.*$",
                           server.log(), re.M)
        is_(len(lines), 1, "and one line, naming it")
        os.chmod(server.path("servercerts"), 0o700)
        os.chown(server.path("servercerts"), 0, 0)
        is_(name_for("b.example.com"), "mx.example.org",
            "servercerts that the account cannot open: the default")
        is_(len(re.findall(
            LOG + r"config fail file=control/servercerts "
            r"reason=Permission\\x20denied$", server.log(), re.M)), 1,
            "and one line, naming the directory")
        is_(name_for(None), "mx.example.org", "no name asked for")
        is_(server.log().count("file=control/servercerts "), 1,
            "then there is nothing to tell")
        os.chmod(server.path("servercerts"), 0o755)
    else:
        skip("a key that cannot be read", "needs root")
    os.unlink(server.path("servercerts/b.example.com/serverkey.pem"))
    is_(name_for("b.example.com"), "mx.example.org",
        "a name without its key: the default")
    server.write("servercerts/c.example.com/servercert.pem", "nonsense\n")
    is_(name_for("c.example.com"), "mx.example.org",
        "a name with a broken certificate: the default")

with case("symbolic links"), Server() as server:
    made = certificate("ec")
    live = home("live")
    os.symlink(made.certificate, os.path.join(live, "fullchain.pem"))
    os.symlink(made.key, os.path.join(live, "privkey.pem"))
    os.symlink(os.path.join(live, "fullchain.pem"),
               server.path("servercert.pem"))
    os.symlink(os.path.join(live, "privkey.pem"),
               server.path("serverkey.pem"))
    is_(served(server), made.certificate_text().strip(),
        "symbolic links of links, as certbot leaves them")

with case("renewal"), Server(certificate="ec") as server:
    first = served(server)
    fresh = certificate("rsa")
    replace(server.path("servercert.pem"), fresh.certificate_text().encode())
    with server.client() as c:
        c.hello()
        is_(c.command("STARTTLS"), UNAVAILABLE,
            "only the certificate is new: 454")
        starts(c.message("\r\n"), "250 ", "and mail goes on")
    replace(server.path("serverkey.pem"), fresh.key_text().encode())
    is_(served(server), fresh.certificate_text().strip(),
        "both are new: the next connection shows it")
    ok(first != fresh.certificate_text().strip(), "which is another one")

EC, RSA = certificate("ec"), certificate("rsa")
CERT, KEY = EC.certificate_text(), EC.key_text()
where = home("odd")
ED = certificate("ed25519")
openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=x",
        "-keyout", "rsa1024", "-out", "rsa1024.pem", directory=where)
openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:secp256k1", "-nodes", "-subj", "/CN=x",
        "-keyout", "k1", "-out", "k1.pem", directory=where)
ENCRYPTED = openssl("pkcs8", "-topk8", "-in", EC.key, "-passout", "pass:x")
TRADITIONAL = openssl("ec", "-in", EC.key, "-aes128", "-passout", "pass:x")
BROKEN = (
    ("a key of another certificate", CERT, RSA.key_text(), "servercert.pem"),
    ("another key of the same kind", CERT,
     certificate("ec", "other.example.org").key_text(), "servercert.pem"),
    ("an encrypted key", CERT, ENCRYPTED, "serverkey.pem"),
    ("an encrypted key in the old form", CERT, TRADITIONAL, "serverkey.pem"),
    ("an Ed25519 key", ED.certificate_text(), ED.key_text(),
     "serverkey.pem"),
    ("RSA of 1024 bits", read(where, "rsa1024.pem"), read(where, "rsa1024"),
     "serverkey.pem"),
    ("a curve that nobody has", read(where, "k1.pem"), read(where, "k1"),
     "server"),
    ("an empty key", CERT, "", "serverkey.pem"),
    ("an empty certificate", "", KEY, "servercert.pem"),
    ("no key at all", CERT, None, "servercert.pem"),
    ("text for a key", CERT, "not a key\n", "serverkey.pem"),
    ("text for a certificate", "not a certificate\n", KEY,
     "servercert.pem"),
    ("the certificate for a key", CERT, CERT, "serverkey.pem"),
    ("the key for a certificate", KEY, KEY, "servercert.pem"),
    ("half a certificate", CERT[:len(CERT) // 2], KEY, "servercert.pem"),
    ("half a key", CERT, KEY[:len(KEY) // 2], "serverkey.pem"),
    ("base64 with an error", CERT.replace("A", "!", 5), KEY,
     "servercert.pem"),
    ("a certificate of noise", "-----BEGIN CERTIFICATE-----\nAAAA\n"
     "-----END CERTIFICATE-----\n", KEY, "servercert.pem"),
    ("a key of noise", CERT, "-----BEGIN PRIVATE KEY-----\nAAAA\n"
     "-----END PRIVATE KEY-----\n", "serverkey.pem"),
    ("100 certificates", CERT * 100, KEY, "servercert.pem"),
    ("a file of 1 MiB", CERT + "x\n" * 524288, KEY, "servercert.pem"),
    ("a certificate with NUL", CERT + "\0", KEY, None),
)
for what, certificate_text, key_text, file in BROKEN:
    with case(what), Server() as server:
        pair(server, certificate_text, key_text)
        with server.client() as c:
            c.hello()
            got = c.command("STARTTLS")
            if file is None and got.code == 220:
                ok(True, f"{what}: taken")
                continue
            is_(got, UNAVAILABLE, f"{what}: 454")
            ok(server.wait_log(
                LOG + r"config fail file=(control/)?" + (file or "server") +
                r"\S* reason=\S+"), f"{what}: the log names {file}")
            is_(server.log().count("config fail"), 1, f"{what}: in one line")
            c.hello()
            starts(c.message("\r\n"), "250 ", f"{what}: mail goes on")
        if "ncrypted" in what:
            like(server.log(), "encrypted", f"{what}: by name")
        if "Ed25519" in what:
            like(server.log(), "Ed25519", f"{what}: by name")
    with case(what), Server(args=["-s"]) as server:
        pair(server, certificate_text, key_text)
        with server.client(greet=False) as c:
            c.shutdown()
            is_(c.rest(), b"", f"{what}: -s: closed without a clear octet")
        is_(server.wait_idle(3), [], f"{what}: -s: all are gone")

for what, reason in (("a directory", "not a regular file"),
                     ("a FIFO", "not a regular file"),
                     ("a dead link", "a link to nothing")):
    for name in ("servercert.pem", "serverkey.pem"):
        with case(what), Server(certificate="ec") as server:
            os.unlink(server.path(name))
            if what == "a directory":
                os.mkdir(server.path(name))
            elif what == "a FIFO":
                os.mkfifo(server.path(name))
            else:
                os.symlink("/nowhere/at/all", server.path(name))
            with server.client() as c:
                c.hello()
                starts(c.command("STARTTLS"), "454 4.7.0",
                       f"{name}: {what}: 454")
                starts(c.message("\r\n"), "250 ",
                       f"{name}: {what}: mail goes on")
            pattern = (LOG + f"config fail file=control/{name} reason=" +
                       reason.replace(" ", r"\\x20") + "$")
            is_(len(re.findall(pattern, server.log(), re.M)), 1,
                f"{name}: {what}: one line")

with case("-s without a certificate"), Server(args=["-s"]) as server:
    with server.client(greet=False) as c:
        c.shutdown()
        is_(c.rest(), b"", "closed without a clear octet")
    ok(server.wait_log(LOG + r"config fail file=control/servercert\.pem "
                       r"reason=No\\x20such\\x20file\\x20or\\x20directory$"),
       "and the log says why", server.log())
    is_(server.log().count("config fail"), 1, "once")

with case("expired"), Server() as server:
    old = expired()
    pair(server, old.certificate_text(), old.key_text())
    is_(served(server), old.certificate_text().strip(),
        "an expired certificate is served")
    ok(server.wait_log(LOG + r"config fail file=control/servercert\.pem "
                       r"reason=expired"), "and logged")

done()
