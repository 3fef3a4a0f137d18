#!/usr/bin/env python3
"""No memory holds a secret that its process has no use for.

Every readable octet of session and keeper is searched for private keys,
stored secrets, the site key and passwords, as the bytes and as the text that
they were read from.
"""
import base64
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family  # noqa: E402

JOE = "joe@example.com"
PASSWORD = "Zu5ammen-gesetzt-und-lang"

if not ROOT:
    skip_all("only root reads another process's memory")


def scalars(path):
    """The private numbers of a key, as openssl prints them."""
    text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"],
                          capture_output=True, text=True, check=True).stdout
    found = {}
    for name, octets in re.findall(r"^(\w+):\n((?:    [0-9a-f:]+\n)+)", text,
                                   re.M):
        number = bytes.fromhex(re.sub(r"[\s:]", "", octets)).lstrip(b"\0")
        if name in ("priv", "privateExponent", "prime1", "prime2",
                    "exponent1", "exponent2", "coefficient"):
            found[name] = number
    return found


def key_needles(kind):
    """Name: bytes that only someone who has the key can hold."""
    pair = certificate(kind)
    lines = pair.key_text().splitlines()
    found = {"a line of the PEM": lines[2].encode()}
    for name, number in scalars(pair.key).items():
        found[name] = number
        found[name + " in little-endian words"] = number[::-1]
        # As the TLS library's own numbers have it: 16 octets are enough.
        found["part of " + name] = number[8:24]
    return found


def user_needles(server):
    """Name: bytes of the user file that nobody but its reader may hold."""
    with open(server.path("authusers"), encoding="ascii") as file:
        text = file.read()
    found = {}
    for number, word in enumerate(
            re.findall(r"[A-Za-z0-9+/]{26,}={0,2}", text)):
        found[f"text {number} of authusers"] = word.encode()
        octets = base64.b64decode(word + "=" * (-len(word) % 4))
        found[f"octets {number} of authusers"] = octets
        found[f"half of octets {number} of authusers"] = octets[:16]
    return found


def search(what, process, needles):
    """One check for all: where something was found."""
    found = []
    for name, needle in needles.items():
        where = process.holds(needle)
        if where:
            found.append(f"{name}: {where}")
    return is_(found, [], f"{what}: none of {len(needles)} secrets")


def connection(kind, root):
    """A session with TLS, AUTH and a message; a search at each point."""
    what = f"{kind}, {'root' if root else 'account'}"
    with Server(certificate=kind, users={JOE: PASSWORD}, root=root) as server:
        keys, users = key_needles(kind), user_needles(server)
        ok(len(keys) >= 4 and len(users) >= 9, what + ": there are secrets",
           keys.keys(), users.keys())
        with server.client() as c:
            c.hello("a-name-to-be-found.example.org")
            family = Family(server, c)
            session, keeper = family.session, family.keeper
            ok(session.holds(b"a-name-to-be-found.example.org"),
               what + ": the search finds what is there")
            ok(session.octets() > 100000, what + ": all of the memory is read")
            search(what + ", before TLS: session", session, {**keys, **users})
            search(what + ", before TLS: keeper", keeper, users)
            c.must(("STARTTLS", "220 2.0.0"))
            ok(any(keeper.holds(needle) for needle in keys.values()),
               what + ": the search finds the key while it is needed")
            search(what + ", handshake: session", session,
                   {**keys, **users})
            c.wrap()
            c.hello()
            search(what + ", in TLS: session", session, {**keys, **users})
            search(what + ", in TLS: keeper", keeper, {**keys, **users})
            for password in ("one-that-is-wrong", PASSWORD):
                c.login("PLAIN", JOE, password)
            is_(c.command("AUTH PLAIN"), "503 5.5.1 you're already authenticated",
                what + ": logged in")
            passwords = {"the password": PASSWORD.encode(),
                         "a wrong password": b"one-that-is-wrong"}
            passwords.update({
                "the response " + str(n): base64.b64encode(
                    b"\0".join((b"", JOE.encode(), p))) for n, p in
                enumerate((PASSWORD.encode(), b"one-that-is-wrong"))})
            ok(keeper.holds(JOE.encode()),
               what + ": the keeper knows the login")
            search(what + ", logged in: session", session,
                   {**keys, **users})
            search(what + ", logged in: keeper", keeper,
                   {**keys, **users, **passwords})
            starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
                   "250", what + ": queued")
            search(what + ", queued: session", session, {**keys, **users})
            search(what + ", queued: keeper", keeper,
                   {**keys, **users, **passwords})


def mechanism(name):
    """After an exchange of this mechanism the keeper has forgotten all."""
    with Server(users={JOE: PASSWORD}) as server, server.client() as c:
        c.hello()
        starts(c.login(name, JOE, PASSWORD), "235", name)
        family = Family(server, c)
        needles = {**user_needles(server), "password": PASSWORD.encode(),
                   "base64": base64.b64encode(PASSWORD.encode())[:24]}
        search(name + ": keeper", family.keeper, needles)
        del needles["password"], needles["base64"]
        search(name + ": session", family.session, needles)


for key in ("ec", "rsa"):
    for as_root in (True, False):
        with case(f"{key}, root={as_root}"):
            connection(key, as_root)
for word in ("SCRAM-SHA-256", "SCRAM-SHA-1", "LOGIN"):
    with case(word):
        mechanism(word)

# One file with chain and key: the session gets the chain, never the rest.
with case("in one file"), Server(certificate="ec") as server:
    pair = certificate("ec")
    server.write("servercert.pem", pair.key_text() + pair.certificate_text(),
                 mode=0o600)
    os.unlink(server.path("serverkey.pem"))
    with server.client() as c:
        c.hello()
        family = Family(server, c)
        c.starttls()
        c.must(("NOOP", "250"))
        search("in one file: session", family.session, key_needles("ec"))
        search("in one file: keeper", family.keeper, key_needles("ec"))

done()
