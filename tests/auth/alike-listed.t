#!/usr/bin/env python3
"""Unknown, disabled and known users, those without a fitting secret too, get
the same bytes in the same time by the mechanisms that a list turns on."""
import os
import ssl
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import sasl  # noqa: E402
from support.extra_auth import (  # noqa: E402
    Scram, b64, challenge_of, scram_secret, user_file)

ME = "mx.example.org"
JOE, OFF, NONE, BARE = (name + "@example.com" for name in
                        ("joe", "off", "none", "bare"))
USERS = (JOE, OFF, NONE, BARE)
PLUS = ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")
LIST = ("CRAM-MD5", "DIGEST-MD5", *PLUS, "EXTERNAL")
AUTHORITY = Authority()
PINNED = certificate("ec", "laptop")
SHOWN = certificate("ec", "another")
PAIR = certificate("ec")


def lines():
    """JOE has every secret, BARE none that these mechanisms want."""
    cram = ("{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87"
            "834e19104164d6a42de72d243adb4080")

    def every(user):
        digest = sasl.digest_user_hash(user, ME, "pencil").hex()
        return (scram_secret("SCRAM-SHA-256", "pencil") +
                ":::smtp_secret_scram-sha-1=" +
                scram_secret("SCRAM-SHA-1", "pencil") +
                f" smtp_secret_cram-md5={cram}"
                f" smtp_secret_digest-md5={{DIGEST-MD5}}{ME},{digest}"
                f" smtp_secret_laptop={{CERT-SHA256}}{PINNED.fingerprint()}")
    return [f"{JOE}:{every(JOE)}", f"{OFF}:!{every(OFF)}",
            BARE + ":$1$saltsalt$wCrc3hcrR95SV83Xh8Z.41"]


def context():
    """A client that shows a certificate that is nobody's."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    path = os.path.join(home("client"), "pair.pem")
    with open(path, "w", encoding="ascii") as file:
        file.write(SHOWN.key_text() + SHOWN.certificate_text())
    made.load_cert_chain(path)
    return made


def before_last(c, mechanism, user):
    """The replies' shape, and the line that ends in failure."""
    if mechanism == "EXTERNAL":
        return [], "AUTH EXTERNAL " + b64(user)
    if mechanism in PLUS:
        header = "p=tls-server-end-point,,"
        scram = Scram(mechanism.removesuffix("-PLUS"), user, "wrong", header)
        got = c.command(f"AUTH {mechanism} {b64(scram.first)}")
        parts = scram.parts(challenge_of(got))
        channel = b64(header.encode() + PAIR.binding())
        return ([got[:4], parts["i"]] +
                [f"{k}:{len(v)}" for k, v in parts.items()],
                b64(scram.final(challenge_of(got), channel=channel)))
    got = c.command("AUTH " + mechanism)
    if mechanism == "CRAM-MD5":
        return [len(got)], b64(user + " " + "0" * 32)
    d = {"username": user, "realm": ME, "cnonce": "x", "nc": "00000001",
         "nonce": sasl.digest_directives(challenge_of(got))["nonce"],
         "qop": "auth", "digest-uri": "smtp/" + ME, "response": "0" * 32}
    return [len(got)], b64(sasl.digest_response(d))


def attempt(server, mechanism, user):
    """Shape and last reply; seconds that the last one took."""
    with server.client() as c:
        c.starttls(CONTEXT)
        shape, line = before_last(c, mechanism, user)
        start = time.monotonic()
        got = c.command(line)
        return [*shape, str(got)], time.monotonic() - start


CONTEXT = context()
with case("alike"), Server(env={"AUTHMECHS": " ".join(LIST)},
                           certificate="ec", control={
                               "clientca.pem": AUTHORITY.text()}) as server:
    user_file(server, lines())
    for mechanism in LIST:
        seen, quickest = {}, {user: float("inf") for user in USERS}
        # Other tests want the processor, too; what the server itself makes
        # slower stays so, however often one tries.
        for turn in range(400):
            for user in USERS:
                seen[user], taken = attempt(server, mechanism, user)
                quickest[user] = min(quickest[user], taken)
            spread = max(quickest.values()) - min(quickest.values())
            if turn > 5 and spread < (0.0015 if turn < 60 else 0.003):
                break
        is_(seen[JOE][-1], "535 5.7.8 authentication failed",
            f"{mechanism}: refused")
        for user in USERS[1:]:
            is_(seen[user], seen[JOE], f"{mechanism}: {user}: the same bytes")
        ok(spread < 0.003, f"{mechanism}: less than 3 ms apart",
           {user: f"{1000 * s:.2f} ms" for user, s in quickest.items()})

done()
