#!/usr/bin/env python3
"""SCRAM-SHA-256-PLUS and SCRAM-SHA-1-PLUS: bound to the certificate by
tls-server-end-point (RFC 5802, 5929, 7677); when they are offered, and what
is refused."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import Scram, b64, challenge_of, offer  # noqa: E402

JOE = "joe@example.com"
USERS = {JOE: "secret"}
PLUS = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")
LIST = "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN"
CLEAR = "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN"
ENV = {"AUTHMECHS": LIST}
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
MALFORMED = "501 5.5.2 malformed authentication response"
NOT_OFFERED = "504 5.5.4 authentication mechanism not offered"
POINT = "tls-server-end-point"
KINDS = (("ec", "sha256", "sha256"), ("rsa", "sha256", "sha256"),
         ("ec", "sha384", "sha384"), ("rsa", "sha384", "sha384"),
         ("ec", "sha512", "sha512"), ("rsa", "sha512", "sha512"),
         ("ec", "sha224", "sha224"), ("rsa", "sha224", "sha224"),
         ("ec", "sha1", "sha256"), ("rsa", "sha1", "sha256"),
         ("rsa", "md5", "sha256"), ("ec384", "sha384", "sha384"))


def install(server, pair, name=None):
    """Makes it the server's certificate, or that of a name."""
    where = f"servercerts/{name}/" if name else ""
    server.write(where + "servercert.pem", pair.certificate_text())
    server.write(where + "serverkey.pem", pair.key_text(),
                 secret=name is None)


def exchange(c, name, header, binding, password="secret", **changes):
    """The last reply of an exchange with that header and binding."""
    scram = Scram(name.removesuffix("-PLUS"), JOE, password, header)
    got = c.command(f"AUTH {name} {b64(scram.first)}")
    if got.code == 334:
        changes.setdefault("channel", b64(header.encode() + binding))
        got = c.command(b64(scram.final(challenge_of(got), **changes)))
    if got.code == 334:
        if challenge_of(got) != "v=" + b64(scram.server_signature):
            return "v= is wrong"
        got = c.command("")
    return got


with case("certificates"), Server(users=USERS, env=ENV) as server:
    for kind, signature, digest in KINDS:
        what = f"{kind}, signed with {signature}"
        try:
            pair = certificate(kind, digest=signature)
        except Exception as error:  # pylint: disable=broad-except
            skip(what, f"openssl makes none here: {error}")
            continue
        install(server, pair)
        for name in PLUS:
            with case(what), server.client() as c:
                c.starttls()
                is_(offer(c), LIST, f"{what}: offered under TLS")
                is_(c.login(name, JOE, "secret",
                            binding=(POINT, pair.binding(digest))), OK,
                    f"{what}: {name}")
            with case(what), server.client() as c:
                c.starttls()
                is_(c.login(name, JOE, "secret", binding=(
                    POINT, pair.binding("sha1"))), FAILED,
                    f"{what}: {name}, another hash")
    server.wait_log("auth ok user=joe@example.com mech=SCRAM-SHA-1-PLUS$")

with case("a signature without a hash of its own"), Server(
        users=USERS, env=ENV) as server:
    for what, made in (
            ("Ed25519", lambda: Authority(kind="ed25519").sign(
                "/CN=mx.example.org", digest="")),
            ("RSA-PSS", lambda: Authority(kind="rsa").sign(
                "/CN=mx.example.org",
                options=["-sigopt", "rsa_padding_mode:pss"]))):
        install(server, made())
        with case(what), server.client() as c:
            c.starttls()
            is_(offer(c), CLEAR, f"{what}: the binding is not defined: "
                "-PLUS is not offered")
            is_(c.command("AUTH SCRAM-SHA-256-PLUS"), NOT_OFFERED,
                f"{what}: nor taken")
            is_(exchange(c, "SCRAM-SHA-256", "y,,", b""), OK,
                f"{what}: y is the truth then")

PAIR = certificate("ec")
DATA = PAIR.binding()
with case("where it is offered"):
    for args, env, what in (([], {}, "STARTTLS"), (["-s"], {}, "-s")):
        with case(what), Server(users=USERS, env={**ENV, **env}, args=args,
                                certificate="ec") as server:
            with server.client(tls=bool(args)) as c:
                if not args:
                    is_(offer(c), CLEAR, "in clear: not offered")
                    for name in PLUS:
                        is_(c.command("AUTH " + name), NOT_OFFERED,
                            f"{name} in clear: not taken")
                    c.starttls()
                is_(offer(c), LIST, f"{what}: offered")
                is_(c.login(PLUS[0], JOE, "secret", binding=(POINT, DATA)),
                    OK, f"{what}: taken")
    with case("outside"), Server(users=USERS, certificate="ec", env={
            **ENV, "FORCETLS": "1", "SSL_PROTOCOL": "TLSv1.3"}) as server:
        with server.client() as c:
            is_(offer(c), CLEAR, "TLS by the launcher: not offered")
            is_(c.command("AUTH " + PLUS[0]), NOT_OFFERED, "nor taken")
    with case("alone"), Server(users=USERS, certificate="ec", env={
            "AUTHMECHS": PLUS[0]}) as server, server.client() as c:
        is_(offer(c), None, "no other mechanism: no AUTH in clear")
        c.starttls()
        is_(offer(c), PLUS[0], "but under TLS")
    with case("default"), Server(users=USERS, certificate="ec") as server:
        with server.client() as c:
            c.starttls()
            ok("PLUS" not in offer(c), "no list names it: not offered")
            is_(c.command("AUTH " + PLUS[0]), NOT_OFFERED, "nor taken")
            is_(exchange(c, "SCRAM-SHA-256", "y,,", b""), OK,
                "and y is the truth")

with case("what is refused"), Server(users=USERS, env=ENV,
                                     certificate="ec") as server:
    for name in PLUS:
        plain = name.removesuffix("-PLUS")
        for mechanism, header, binding, expected, what in (
                (name, f"p={POINT},,", DATA, OK, "the binding"),
                (name, f"p={POINT},a={JOE},", DATA, OK, "with the login as "
                 "authorization id"),
                (name, f"p={POINT},a=eve@example.com,", DATA, FAILED,
                 "with another's"),
                (name, f"p={POINT},,", b"", FAILED, "no data"),
                (name, f"p={POINT},,", DATA[:-1], FAILED, "an octet less"),
                (name, f"p={POINT},,", DATA + b"\0", FAILED, "one more"),
                (name, f"p={POINT},,", bytes(32), FAILED, "zeros"),
                (name, "p=tls-unique,,", DATA, MALFORMED, "tls-unique"),
                (name, "p=tls-exporter,,", DATA, MALFORMED, "tls-exporter"),
                (name, f"p={POINT.upper()},,", DATA, MALFORMED,
                 "the type in upper case"),
                (name, "p=,,", DATA, MALFORMED, "no type"),
                (name, "p,,", DATA, MALFORMED, "p alone"),
                (name, "n,,", b"", MALFORMED, "n with -PLUS"),
                (name, "y,,", b"", MALFORMED, "y with -PLUS"),
                (plain, "y,,", b"", FAILED, "y while -PLUS is on offer"),
                (plain, "n,,", b"", OK, "n: a client that cannot bind"),
                (plain, f"p={POINT},,", DATA, MALFORMED, "p without -PLUS"),
                (plain, "n,,", DATA, FAILED, "n with data")):
            with case(what), server.client() as c:
                c.starttls()
                is_(exchange(c, mechanism, header, binding), expected,
                    f"{mechanism}: {what}: {expected[:3]}")
        with case("header"), server.client() as c:
            c.starttls()
            is_(exchange(c, name, f"p={POINT},,", DATA,
                         channel=b64(b"n,," + DATA)), FAILED,
                f"{name}: another header in c=")
        with case("password"), server.client() as c:
            c.starttls()
            is_(exchange(c, name, f"p={POINT},,", DATA, password="x"),
                FAILED, f"{name}: a wrong password")
    ok(server.wait_log("auth fail user=joe@example.com "
                       "mech=SCRAM-SHA-256-PLUS reason=binding$"),
       "another binding: so does it here")
    ok(server.wait_log("auth fail user=joe@example.com mech=SCRAM-SHA-256 "
                       "reason=binding$"), "y: the log says why")
    with case("salts"):
        salts = {}
        for user in (JOE, "none@example.com"):
            for name in ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"):
                with server.client() as c:
                    c.starttls()
                    scram = Scram("SCRAM-SHA-256", user, "x",
                                  f"p={POINT},," if "PLUS" in name else "n,,")
                    got = c.command(f"AUTH {name} {b64(scram.first)}")
                    salts[user, name] = scram.parts(challenge_of(got))["s"]
        for user in (JOE, "none@example.com"):
            is_(salts[user, PLUS[0]], salts[user, "SCRAM-SHA-256"],
                f"{user}: the same salt with -PLUS as without")

with case("the certificate that was chosen"), Server(
        users=USERS, env=ENV, certificate="ec") as server:
    other = certificate("rsa", "other.example.org", digest="sha512")
    install(server, other, "other.example.org")
    for sni, data, expected, what in (
            ("other.example.org", other.binding("sha512"), OK, "its own"),
            ("other.example.org", DATA, FAILED, "the default one's"),
            ("mx.example.org", DATA, OK, "the default one's, without SNI"),
            ("mx.example.org", other.binding("sha512"), FAILED,
             "another name's")):
        with case(what), server.client() as c:
            c.starttls(name=sni)
            is_(c.login(PLUS[0], JOE, "secret", binding=(POINT, data)),
                expected, f"{sni}: {what}: {expected[:3]}")
    with case("a middleman"), server.client() as c:
        # He has a certificate of his own, and hands on what he hears.
        c.starttls()
        mine = certificate("ec", "middleman.example.org")
        is_(c.login(PLUS[0], JOE, "secret", binding=(POINT, mine.binding())),
            FAILED, "a proof made for another's certificate is worth nothing")

done()
