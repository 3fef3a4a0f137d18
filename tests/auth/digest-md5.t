#!/usr/bin/env python3
"""DIGEST-MD5, RFC 2831: what is stored for it, who gets in, what fails."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import sasl  # noqa: E402
from support.extra_auth import (  # noqa: E402
    b64, challenge_of, scram_secret, user_file)

JOE, OFF, NONE = "joe@example.com", "off@example.com", "none@example.com"
ME = "mx.example.org"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
MALFORMED = "501 5.5.2 malformed authentication response"


def stored(login, password="pencil", realm=ME):
    """The secret of a login."""
    return ("{DIGEST-MD5}" + realm + "," +
            sasl.digest_user_hash(login, realm, password).hex())


def line(login, *words, field2=""):
    """A user whose secrets stand in field 5."""
    return f"{login}:{field2}:::" + " ".join(words)


LINES = [line(JOE, "smtp_secret_digest-md5=" + stored(JOE),
              field2=scram_secret("SCRAM-SHA-256", "pencil")),
         line(OFF, "smtp_secret_digest-md5=" + stored(OFF), field2="!"),
         "plain@example.com:{PLAIN}pencil",
         line("app@example.com", "smtp_secret_phone=" +
              stored("app@example.com"), field2="{PLAIN}other"),
         line("realm@example.com", "smtp_secret_digest-md5=" +
              stored("realm@example.com", realm="other.example.org")),
         "scram@example.com:" + scram_secret("SCRAM-SHA-256", "pencil"),
         'quote"back\\@example.com:{PLAIN}a"b\\c',
         "m\u00fcller@example.com:{PLAIN}p\u00e4ss",
         "snow@example.com:{PLAIN}\u2603"]
ENV = {"AUTHMECHS": "DIGEST-MD5 PLAIN"}


class Digest:
    """The client's side step by step; the test may change every part."""

    def __init__(self, c, user=JOE, password="pencil", **changes):
        self.client = c
        self.challenge = challenge_of(c.command("AUTH DIGEST-MD5"))
        offer = sasl.digest_directives(self.challenge)
        self.d = {"charset": "utf-8", "username": user,
                  "realm": offer["realm"], "nonce": offer["nonce"],
                  "nc": "00000001", "cnonce": "OA6MHXh6VqTrRk",
                  "digest-uri": "smtp/" + ME, "qop": "auth"}
        self.d.update({k.replace("_", "-"): v for k, v in changes.items()})
        self.d = {k: v for k, v in self.d.items() if v is not None}
        self.hash = sasl.digest_user_hash(user, self.d.get("realm", ""),
                                          password)
        full = {"realm": "", "qop": "auth", "nc": "00000001", "cnonce": "",
                "nonce": offer["nonce"], "digest-uri": "", **self.d}
        self.d.setdefault("response", sasl.digest_value(
            full, self.hash, "AUTHENTICATE"))
        self.expected = "rspauth=" + sasl.digest_value(full, self.hash, "")

    def text(self):
        """The response."""
        return sasl.digest_response(self.d)

    def reply(self, text=None):
        """The reply to the response, or to the empty line behind it."""
        got = self.client.command(b64(self.text() if text is None else text))
        if got.code == 334:
            if challenge_of(got) != self.expected:
                return "rspauth is not " + self.expected
            got = self.client.command("")
        return got


def attempt(server, expected, what, user=JOE, password="pencil", text=None,
            **changes):
    """One exchange on a connection of its own."""
    with case(what), server.client() as c:
        d = Digest(c, user, password, **changes)
        is_(d.reply(None if text is None else text(d)), expected,
            f"{what}: {expected[:3]}")


def as_hashed(server, what, user, password, user_as="latin-1",
              password_as="latin-1", expected=OK, label=""):
    """A client that hashes login and password in those encodings."""
    with case(what), server.client() as c:
        d = Digest(c, user, password)
        d.hash = sasl.digest_user_hash(user.encode(user_as), ME,
                                       password.encode(password_as))
        d.d["response"] = sasl.digest_value(d.d, d.hash, "AUTHENTICATE")
        d.expected = "rspauth=" + sasl.digest_value(d.d, d.hash, "")
        is_(d.reply(), expected, f"{what}: {expected[:3]}")
        if expected == OK:
            server.wait_log(r"auth ok user=\S+ mech=DIGEST-MD5" + label + "$")


with case("who gets in"), Server(env=ENV) as server:
    user_file(server, LINES)
    for user, password, expected, word, what in (
            (JOE, "pencil", OK, "", "the hash of login, realm and password"),
            ("plain@example.com", "pencil", OK, "", "a clear password"),
            ("Plain@EXAMPLE.com", "pencil", OK, "",
             "with it a login in upper case"),
            ("app@example.com", "pencil", OK, " label=phone",
             "an app password"),
            ("app@example.com", "other", OK, "", "its user's own"),
            (JOE, "Pencil", FAILED, "password", "a wrong password"),
            (JOE, "", FAILED, "password", "an empty password"),
            (OFF, "pencil", FAILED, "disabled", "a disabled user"),
            (NONE, "pencil", FAILED, "unknown", "an unknown user"),
            ("realm@example.com", "pencil", FAILED, "password",
             "a hash of another realm"),
            ("scram@example.com", "pencil", FAILED, "no-secret",
             "a user without a secret for it")):
        with case(what), server.client() as c:
            count = server.log().count("\n")
            is_(c.login("DIGEST-MD5", user, password), expected,
                f"{what}: {expected[:3]}")
            last = server.wait_log(rf"auth \w+ user={re.escape(user.lower())} "
                                   r"mech=DIGEST-MD5.*$")[-1][0]
            like(last, (" mech=DIGEST-MD5" + word if expected == OK else
                        "auth fail .* reason=" + word) + "$",
                 f"{what}: logged")
            ok(server.log().count("\n") > count, f"{what}: as a line of its "
               "own")
            c.must((f"MAIL FROM:<{JOE}>", "250"))
            starts(c.command("RCPT TO:<x@example.net>"),
                   "250" if expected == OK else "550", f"{what}: relaying")
    with server.client() as c:
        is_(c.login("PLAIN", "realm@example.com", "pencil"), FAILED,
            "the hash of a realm does for no PLAIN")
    attempt(server, OK, "quotes and backslashes",
            'quote"back\\@example.com', 'a"b\\c')
    attempt(server, OK, "UTF-8 as it is", "m\u00fcller@example.com",
            "p\u00e4ss")
    as_hashed(server, "hashed as ISO 8859-1, as the RFC has it",
              "m\u00fcller@example.com", "p\u00e4ss")
    attempt(server, OK, "what ISO 8859-1 has not", "snow@example.com",
            "\u2603")

MUELLER = "m\u00fcller@example.com"
with case("as smtpd-passwd stores it"), Server(env=ENV) as server:
    server.passwd("-m", "digest-md5", "set", MUELLER, stdin="p\u00e4ss")
    server.passwd("-m", "digest-md5", "set", JOE, stdin="p\u00e4ss")
    server.passwd("-m", "digest-md5", "set", "euro@example.com",
                  stdin="\u20ac")
    server.passwd("-m", "digest-md5", "set", "\u00e5@example.com",
                  stdin="\u20ac")
    server.passwd("-m", "digest-md5", "set", "plain@example.com",
                  stdin="pencil")
    phone = server.passwd("-m", "digest-md5", "newapp", MUELLER,
                          "phone").stdout.strip()
    with open(server.path("authusers"), encoding="utf-8") as file:
        labels = {one.split(":")[0]: re.findall(
            r"smtp_secret_(digest\S*?)=\{DIGEST-MD5}", one) for one in file}
    both = ["digest-md5", "digest-md5-latin1"]
    is_([labels[user] for user in (MUELLER, JOE, "euro@example.com",
                                   "\u00e5@example.com",
                                   "plain@example.com")],
        [both, both, both[:1], both, both[:1]],
        "a second form where there is one")
    for user, encoding in ((MUELLER, "latin-1"), (MUELLER, "utf-8"),
                           (JOE, "latin-1"), (JOE, "utf-8")):
        as_hashed(server, f"{user}: {encoding}", user, "p\u00e4ss", encoding,
                  encoding)
        as_hashed(server, f"{user}: {encoding}, a wrong one", user,
                  "p\u00f6ss", encoding, encoding, FAILED)
    as_hashed(server, "the login alone has the form", "\u00e5@example.com",
              "\u20ac", "latin-1", "utf-8")
    for encoding in ("latin-1", "utf-8"):
        as_hashed(server, f"an app password: {encoding}", MUELLER, phone,
                  encoding, encoding, label=" label=phone")
    server.passwd("set", MUELLER, stdin="p\u00e4ss")
    as_hashed(server, "set without -m takes both away", MUELLER, "p\u00e4ss",
              expected=FAILED)

with case("the challenge"), Server(env=ENV) as server:
    user_file(server, LINES)
    seen = set()
    for _ in range(20):
        with server.client() as c:
            text = challenge_of(c.command("AUTH DIGEST-MD5"))
            m = re.fullmatch(
                rf'realm="{re.escape(ME)}",nonce="([A-Za-z0-9+/]{{32}})",'
                r'qop="auth",charset=utf-8,algorithm=md5-sess', text)
            if not m:
                ok(False, "its form", text)
                break
            seen.add(m[1])
    else:
        ok(True, "its form")
    is_(len(seen), 20, "never the same nonce twice")

with case("rspauth"), Server(env=ENV) as server:
    user_file(server, LINES)
    for answer, start, what in (
            ("*", "501 5.7.0", "* to rspauth"),
            (b64("more"), "501 5.5.2", "text to rspauth")):
        with case(what), server.client() as c:
            d = Digest(c)
            starts(c.command(b64(d.text())), "334 " + b64(d.expected),
                   "rspauth goes out as 334")
            starts(c.command(answer), start, what)
            c.must((f"MAIL FROM:<{JOE}>", "250"))
            starts(c.command("RCPT TO:<x@example.net>"), "550 5.7.1",
                   f"{what}: no login")
            ok("auth ok" not in server.log(), f"{what}: nor in the log")
    with case("gone"), server.client() as c:
        d = Digest(c)
        starts(c.command(b64(d.text())), "334 ", "rspauth")
    is_(server.wait_idle(5), [], "a client that goes then leaves nothing")
    ok("auth ok" not in server.log(), "and is not logged in")

with case("what fails"), Server(env=ENV) as server:
    user_file(server, LINES)
    for uri, good in (("smtp/" + ME, True), ("SMTP/MX.Example.Org", True),
                      ("smtp/127.0.0.1", True),
                      (f"smtp/{ME}/example.org", True),
                      ("smtp/other.example.org", False),
                      (f"smtp/{ME}.", True), (f"smtp/{ME}..", False),
                      (f"smtp/{ME}./example.org", True),
                      ("smtp/.", False), (f"smtp/x{ME}", False),
                      (f"imap/{ME}", False), ("smtp/", False),
                      ("smtp", False), (ME, False), ("/" + ME, False),
                      ("", False), (f"smtp/other.example.org/{ME}", False)):
        attempt(server, OK if good else FAILED, f"digest-uri {uri!r}",
                digest_uri=uri)
    ok(server.wait_log(r"auth fail user=joe@example.com mech=DIGEST-MD5 "
                       r"reason=digest-uri$"), "the log says why")
    for changes, expected, what in (
            ({"realm": "other.example.org"}, FAILED, "another realm"),
            ({"realm": ME.upper()}, FAILED, "the realm in upper case"),
            ({"realm": None}, FAILED, "no realm"),
            ({"nonce": "x" * 32}, FAILED, "another nonce"),
            ({"nonce": ""}, FAILED, "an empty nonce"),
            ({"authzid": JOE}, OK, "the login as authorization id"),
            ({"authzid": "JOE@example.com"}, OK, "in upper case"),
            ({"authzid": "eve@example.com"}, FAILED, "another's"),
            ({"authzid": "\x01"}, FAILED, "one that is none"),
            ({"authzid": ""}, MALFORMED, "an empty one"),
            ({"qop": None}, OK, "no qop"),
            ({"charset": None}, OK, "no charset"),
            ({"maxbuf": "65536"}, OK, "maxbuf"),
            ({"unknown": "x"}, OK, "an unknown directive"),
            ({"cipher": "rc4"}, OK, "a cipher, which qop=auth has not"),
            ({"qop": "auth-int"}, MALFORMED, "qop=auth-int"),
            ({"qop": "auth-conf"}, MALFORMED, "qop=auth-conf"),
            ({"charset": "latin-1"}, MALFORMED, "another charset"),
            ({"nc": "00000002"}, MALFORMED, "nc=00000002"),
            ({"nc": "1"}, MALFORMED, "nc=1"),
            ({"nc": None}, MALFORMED, "no nc"),
            ({"cnonce": None}, MALFORMED, "no cnonce"),
            ({"cnonce": ""}, MALFORMED, "an empty cnonce"),
            ({"nonce": None}, MALFORMED, "no nonce"),
            ({"digest-uri": None}, MALFORMED, "no digest-uri"),
            ({"username": None}, MALFORMED, "no username"),
            ({"username": ""}, MALFORMED, "an empty username"),
            ({"username": "a\0b"}, MALFORMED, "a NUL in it"),
            ({"username": "u" * 300}, MALFORMED, "a long one"),
            ({"response": "0" * 31}, MALFORMED, "a digit less"),
            ({"response": "0" * 33}, MALFORMED, "a digit more"),
            ({"response": "g" * 32}, FAILED, "no digits"),
            ({"response": "0" * 32}, FAILED, "zeros"),
            ({"cnonce": "c" * 4000}, MALFORMED, "more than 4095 octets")):
        attempt(server, expected, what, **changes)
    attempt(server, OK, "the proof in upper case", text=lambda d:
            d.text().replace(d.d["response"].encode(),
                             d.d["response"].upper().encode()))
    attempt(server, OK, "blanks and empty elements", text=lambda d:
            b", ,\t " + d.text().replace(b",", b" , ,\r\n ")
            .replace(b"=", b" = ", 1) + b" ,")
    attempt(server, OK, "names in upper case", text=lambda d:
            d.text().replace(b"username", b"UserName"))
    for text, what in (
            (lambda d: b"", "nothing"), (lambda d: b",", "a comma"),
            (lambda d: d.text() + b",x", "a name alone"),
            (lambda d: d.text() + b",x=", "no value"),
            (lambda d: d.text() + b',x="', "an open quote"),
            (lambda d: d.text() + b',x="\\', "a backslash at the end"),
            (lambda d: d.text() + b',x="\\"', "a quoted quote at the end"),
            (lambda d: d.text() + b',x="a"b', "text behind a quote"),
            (lambda d: d.text() + b" x=y", "no comma"),
            (lambda d: b"=x," + d.text(), "no name"),
            (lambda d: d.text() + b",nc=00000001", "nc twice"),
            (lambda d: d.text() + b',username="x"', "username twice"),
            (lambda d: d.text() + b',realm="x"', "realm twice"),
            (lambda d: d.text() + b"\0", "a NUL behind"),
            (lambda d: d.text().split(b"=")[0], "the first name")):
        attempt(server, MALFORMED, what, text=text)
    with case("replay"), server.client() as c:
        d = Digest(c)
        text = d.text()
        c.command("*")
        starts(c.command("AUTH DIGEST-MD5"), "334", "a second exchange")
        is_(c.command(b64(text)), FAILED, "a nonce is good for once")
    with case("server first"), server.client() as c:
        starts(c.command("AUTH DIGEST-MD5 " + b64("x=y")), "501 5.7.0 this "
               "mechanism takes no initial response", "it speaks first")
        starts(c.command("AUTH DIGEST-MD5 ="), "501 5.7.0", "also to =")

with case("a broken file"), Server(env=ENV) as server:
    user_file(server, LINES)
    server.write("authusers.cdb", "x" * 3000, 0o600)
    with server.client() as c:
        is_(Digest(c).reply(), "454 4.7.0 temporary authentication failure",
            "a broken user file")

with case("our names"), Server(
        env=ENV, control={"localiphost": "ip.example.org\n"}) as server:
    user_file(server, LINES)
    pair = certificate("ec", "cert.example.org")
    server.write("servercert.pem", pair.certificate_text())
    server.write("serverkey.pem", pair.key_text(), secret=True)
    attempt(server, OK, "localiphost", digest_uri="smtp/ip.example.org")
    attempt(server, FAILED, "the certificate's name, in clear",
            digest_uri="smtp/cert.example.org")
    for uri, expected in (("cert.example.org", OK), (ME, OK),
                          ("cert.example.org.", OK),
                          ("example.org", FAILED)):
        with case(uri), server.client() as c:
            c.starttls()
            is_(Digest(c, digest_uri="smtp/" + uri).reply(), expected,
                f"under TLS: {uri}: {expected[:3]}")

    pair = certificate("ec", "*.example.org")
    server.write("servercert.pem", pair.certificate_text())
    server.write("serverkey.pem", pair.key_text(), secret=True)
    for uri, expected in (("mail.example.org", OK), ("example.org", FAILED),
                          ("a.mail.example.org", FAILED),
                          ("example.com", FAILED), ("*.example.org", OK)):
        with case(uri), server.client() as c:
            c.starttls()
            is_(Digest(c, digest_uri="smtp/" + uri).reply(), expected,
                f"a certificate for *.example.org: {uri}: {expected[:3]}")

with case("a realm with quotes"), Server(
        env=ENV, control={"me": 'a"b\\c\n'}) as server:
    user_file(server, ["joe@example.com:{PLAIN}pencil"])
    attempt(server, OK, "quotes in me are quoted", digest_uri='smtp/a"b\\c')

with case("no list names it"), Server(users={JOE: "x"}) as server:
    with server.client() as c:
        ok(not [k for k in c.hello() if "DIGEST" in k], "not offered")
        starts(c.command("AUTH DIGEST-MD5"), "504 5.5.4", "nor taken")

done()
