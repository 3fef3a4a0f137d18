"""The client's side of SASL, independent of the server's code.

Each mechanism is a generator: it is started with None, yields responses as
bytes (or None: nothing to say first), and is sent the challenges.
"""
import base64
import functools
import hashlib
import hmac
import os
import re


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


class DigestError(Exception):
    """The server broke RFC 2831, or doesn't know the password."""


def digest_directives(text):
    """name: value of a challenge or a response, quotes off."""
    return {name: re.sub(r"\\(.)", r"\1", quoted) if quoted else token
            for name, quoted, token in re.findall(
                r'([a-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^,"]*))', text)}


def _md5(*parts):
    return hashlib.md5(b":".join(
        part if isinstance(part, bytes) else part.encode()
        for part in parts))


def digest_value(d, user_hash, method):
    """RFC 2831 2.1.2.1 of the directives d."""
    first = [user_hash, d["nonce"], d["cnonce"]]
    if "authzid" in d:
        first.append(d["authzid"])
    return _md5(_md5(*first).hexdigest(), d["nonce"], d["nc"], d["cnonce"],
                d["qop"], _md5(method, d["digest-uri"]).hexdigest()
                ).hexdigest()


def digest_user_hash(user, realm, password):
    """What {DIGEST-MD5} stores, as octets."""
    return _md5(user, realm, password).digest()


def digest_md5(user, password, authzid="", host="mx.example.org"):
    """RFC 2831, qop=auth."""
    challenge = (yield None).decode()
    offer = digest_directives(challenge)
    if offer["algorithm"] != "md5-sess" or offer["qop"] != "auth":
        raise DigestError(challenge)
    d = {"username": user, "realm": offer["realm"], "nonce": offer["nonce"],
         "cnonce": base64.b64encode(os.urandom(12)).decode(),
         "nc": "00000001", "qop": "auth", "digest-uri": "smtp/" + host}
    if authzid:
        d["authzid"] = authzid
    user_hash = digest_user_hash(user, d["realm"], password)
    d["response"] = digest_value(d, user_hash, "AUTHENTICATE")
    answer = yield digest_response(d)
    if answer.decode() != "rspauth=" + digest_value(d, user_hash, ""):
        raise DigestError("rspauth: " + repr(answer))
    yield b""


def digest_response(d):
    """The directives as a client writes them."""
    token = ("nc", "qop", "response", "charset")
    return ",".join(
        f"{name}={value}" if name in token else '%s="%s"' % (
            name, value.replace("\\", "\\\\").replace('"', '\\"'))
        for name, value in d.items()).encode()


def _scram_name(name):
    return name.replace("=", "=3D").replace(",", "=2C")


class ScramError(Exception):
    """The server broke RFC 5802, or doesn't know the password."""


# One user's is wanted again and again.
_salted = functools.lru_cache(100)(hashlib.pbkdf2_hmac)


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
    salted = _salted(digest, password.encode(), base64.b64decode(parts["s"]),
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
    "DIGEST-MD5": digest_md5,
    "SCRAM-SHA-1": scram_sha_1,
    "SCRAM-SHA-256": scram,
    "SCRAM-SHA-1-PLUS": scram_sha_1,
    "SCRAM-SHA-256-PLUS": scram,
}
