#!/usr/bin/env python3
"""EXTERNAL where the launcher does TLS (UCSPI-TLS): by the hash of the
client's certificate, which it tells. -PLUS never."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import offer, user_file  # noqa: E402
from support.extra_tls import context  # noqa: E402
from support.extra_ucspi import Ucspi  # noqa: E402

JOE, ANN = "joe@example.com", "ann@example.com"
SELF, OTHER = certificate("ec", "laptop"), certificate("ec", "phone")
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
NOT_OFFERED = "504 5.5.4 authentication mechanism not offered"
ENV = {"AUTHMECHS": "EXTERNAL SCRAM-SHA-256-PLUS PLAIN", "FORCETLS": "1"}


def showing(pair):
    """A client with this certificate, or with none."""
    made = context()
    if pair:
        made.load_cert_chain(pair.certificate, pair.key)
    return made


def users(server):
    """Joe has pinned it, Ann has none."""
    user_file(server, [
        f"{JOE}:{{PLAIN}}secret:::smtp_secret_laptop={{CERT-SHA256}}"
        f"{SELF.fingerprint()}",
        f"{ANN}:{{PLAIN}}secret"])


for what, pair, authzid, expected in (
        ("joe's certificate", SELF, JOE, OK),
        ("another's login", SELF, ANN, FAILED),
        ("no login: the hash names none", SELF, "", FAILED),
        ("a certificate that nobody has", OTHER, JOE, FAILED),
        ("none", None, JOE, NOT_OFFERED)):
    with case(what), Ucspi(env=ENV, launcher={
            "ca": (pair or SELF).certificate}) as server:
        users(server)
        with server.client() as c:
            is_(offer(c), None, f"{what}: before TLS no AUTH")
            c.starttls(showing(pair))
            is_(offer(c), "EXTERNAL PLAIN" if pair else "PLAIN",
                f"{what}: {'offered' if pair else 'not offered'}")
            is_(c.login("EXTERNAL", "", "", authzid), expected,
                f"{what}: {expected[:3]}")
            if expected is OK:
                server.wait_log(f"auth ok user={JOE} mech=EXTERNAL "
                                "label=laptop$")
                c.must(("QUIT", "221"))

# The authorities of clientca.pem vouch for names, which a hash has not.
with case("clientca.pem"), Ucspi(env=ENV, launcher={
        "ca": SELF.certificate}) as server:
    users(server)
    server.write("clientca.pem", "no certificate\n")
    with server.client() as c:
        c.starttls(showing(SELF))
        c.must(("NOOP", "250"))
    with server.client() as c:
        c.starttls(showing(None))
        is_(offer(c), "PLAIN", "clientca.pem is not asked")
    ok("clientca" not in server.log(), "clientca.pem is not even read")

# The environment proves nothing: anybody may have set it, for all we know.
with case("environment"), Server(env=ENV, late_env={
        "SSL_PROTOCOL": "TLSv1.3", "SSL_PEER_CERT_HASH":
        "SHA256:" + SELF.fingerprint()}) as server:
    users(server)
    with server.client() as c:
        is_(offer(c), "PLAIN", "the hash in the environment alone: no")
        is_(c.login("EXTERNAL", "", "", JOE), NOT_OFFERED, "nor taken")

done()
