"""The client's side of SASL, independent of the server's code.

Each mechanism is a generator: it is started with None, yields responses as
bytes (or None: nothing to say first), and is sent the challenges.
"""
import base64
import hashlib
import hmac
import os


def plain(user, password, authzid=""):
    """RFC 4616."""
    yield "\0".join((authzid, user, password)).encode()


def login(user, password, authzid=""):
    """draft-murchison-sasl-login: two prompts."""
    del authzid
    yield None
    yield user.encode()
    yield password.encode()


def external(user="", password="", authzid=""):
    """RFC 4422 appendix A."""
    del user, password
    yield authzid.encode()


def cram_md5(user, password, authzid=""):
    """RFC 2195."""
    del authzid
    challenge = yield None
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    yield f"{user} {digest}".encode()


def _scram_name(name):
    return name.replace("=", "=3D").replace(",", "=2C")


class ScramError(Exception):
    """The server broke RFC 5802, or doesn't know the password."""


def scram(user, password, authzid="", digest="sha256", binding=None,
          nonce=None):
    """RFC 5802, 7677. binding: (name, data) for a -PLUS mechanism."""
    header = f"p={binding[0]}," if binding else "n,"
    header += f"a={_scram_name(authzid)}," if authzid else ","
    nonce = nonce or base64.b64encode(os.urandom(18)).decode()
    first = f"n={_scram_name(user)},r={nonce}"
    challenge = (yield (header + first).encode()).decode()
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    if not parts["r"].startswith(nonce) or parts["r"] == nonce:
        raise ScramError("nonce: " + challenge)
    salted = hashlib.pbkdf2_hmac(digest, password.encode(),
                                 base64.b64decode(parts["s"]),
                                 int(parts["i"]))

    def mac(key, text):
        return hmac.new(key, text, digest).digest()

    client_key = mac(salted, b"Client Key")
    stored_key = hashlib.new(digest, client_key).digest()
    channel = header.encode() + (binding[1] if binding else b"")
    final = f"c={base64.b64encode(channel).decode()},r={parts['r']}"
    message = ",".join((first, challenge, final)).encode()
    proof = bytes(a ^ b for a, b in
                  zip(client_key, mac(stored_key, message)))
    answer = yield (final + ",p=" + base64.b64encode(proof).decode()).encode()
    expected = base64.b64encode(mac(mac(salted, b"Server Key"), message))
    if answer != b"v=" + expected:
        raise ScramError("server signature: " + repr(answer))
    yield b""


def scram_sha_1(user, password, authzid="", **options):
    """RFC 5802."""
    return scram(user, password, authzid, digest="sha1", **options)


MECHANISMS = {
    "PLAIN": plain,
    "LOGIN": login,
    "EXTERNAL": external,
    "CRAM-MD5": cram_md5,
    "SCRAM-SHA-1": scram_sha_1,
    "SCRAM-SHA-256": scram,
    "SCRAM-SHA-1-PLUS": scram_sha_1,
    "SCRAM-SHA-256-PLUS": scram,
}
