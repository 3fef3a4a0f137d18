#!/usr/bin/env python3
"""Unknown, disabled and known users get the same bytes, in the same time."""
import base64
import os
import resource
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import (  # noqa: E402
    Scram, b64, challenge_of, scram_secret, user_file)

JOE, OFF, NONE = "joe@example.com", "off@example.com", "none@example.com"
KINDS = ((JOE, "a wrong password"), (OFF, "a disabled user, wrong password"),
         (NONE, "an unknown user"))
SCRAMS = ("SCRAM-SHA-1", "SCRAM-SHA-256")
CRYPT = ("{CRYPT}$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepN"
         "XNKJ/otop/Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/")
COSTLY = 120000  # iterations


def both(password, iterations=4096, salt=b"saltsaltsaltsalt"):
    """Field 2 and gecos of a user with both SCRAM secrets."""
    sha256, sha1 = (scram_secret(name, password, iterations, salt)
                    for name in ("SCRAM-SHA-256", "SCRAM-SHA-1"))
    return f"{sha256}:::smtp_secret_scram-sha-1={sha1}"


def dialogue(c, mechanism, user):
    """Every reply of an exchange; a challenge by its shape."""
    if mechanism == "PLAIN":
        return [str(c.command("AUTH PLAIN " + b64(f"\0{user}\0wrong")))]
    if mechanism == "LOGIN":
        return [str(c.command(line)) for line in
                ("AUTH LOGIN", b64(user), b64("wrong"))]
    if mechanism == "CRAM-MD5":
        got = c.command("AUTH CRAM-MD5")
        return [len(got), str(c.command(b64(user + " " + "0" * 32)))]
    scram = Scram(mechanism, user, "wrong")
    got = c.command(f"AUTH {mechanism} {b64(scram.first)}")
    challenge = challenge_of(got)
    parts = scram.parts(challenge)
    shape = [f"{k}:{len(v)}" for k, v in parts.items()] + [parts["i"]]
    return [got[:4], *shape, str(c.command(b64(scram.final(challenge))))]


def salt_and_count(server, mechanism, user):
    """What a new connection is told."""
    with server.client() as c:
        scram = Scram(mechanism, user, "wrong")
        got = c.command(f"AUTH {mechanism} {b64(scram.first)}")
        parts = scram.parts(challenge_of(got))
        return parts["s"], parts["i"]


with case("the same bytes"), Server() as server:
    user_file(server, [f"{JOE}:{both('secret')}", f"{OFF}:!{both('secret')}",
                       f"b@example.com:{both('secret', 4096, b'x' * 16)}"])
    for mechanism in ("PLAIN", "LOGIN", *SCRAMS):
        seen = {}
        for user, what in KINDS:
            with server.client() as c:
                seen[what] = dialogue(c, mechanism, user)
        expected = seen["a wrong password"]
        starts(expected[-1], "535 5.7.8", f"{mechanism}: refused")
        for what, got in seen.items():
            is_(got, expected, f"{mechanism}: {what}: the same replies")
    with server.client() as c:
        is_(c.login("PLAIN", OFF, "secret"),
            "535 5.7.8 authentication failed",
            "a disabled user's right password gets the same 535")
    with server.client() as c:
        is_(c.login("SCRAM-SHA-256", OFF, "secret"),
            "535 5.7.8 authentication failed",
            "a disabled user's right proof gets the same 535")

with case("made-up salts"), Server() as server:
    user_file(server, [f"{JOE}:{both('secret')}", f"{OFF}:!{both('secret')}"])
    salts = {}
    for mechanism in SCRAMS:
        for user in (NONE, "other@example.com", "x@example.org"):
            first = salt_and_count(server, mechanism, user)
            is_(salt_and_count(server, mechanism, user), first,
                f"{mechanism}: {user}: the same salt on another connection")
            is_(salt_and_count(server, mechanism, user.upper()), first,
                f"{mechanism}: {user.upper()}: and in upper case")
            is_(first[1], "4096", f"{mechanism}: {user}: the usual count")
            is_(len(base64.b64decode(first[0])), 16,
                f"{mechanism}: {user}: the usual length")
            salts[mechanism, user] = first[0]
        is_(salt_and_count(server, mechanism, JOE),
            (b64(b"saltsaltsaltsalt"), "4096"), f"{mechanism}: a real one")
    is_(len(set(salts.values())), len(salts),
        "made-up salts differ by user and mechanism")
    before = salt_and_count(server, "SCRAM-SHA-256", NONE)
    server.passwd("set", "new@example.com", stdin="secret")
    after = salt_and_count(server, "SCRAM-SHA-256", NONE)
    is_(after[0], before[0], "a change of the file keeps made-up salts")
    with open(server.path("authusers"), encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("# smtpd-key")]
    server.write("authusers", "".join(lines), 0o600)
    os.unlink(server.path("authusers.cdb"))
    server.passwd("build")
    ok(salt_and_count(server, "SCRAM-SHA-256", NONE)[0] != before[0],
       "another site key, other salts: they hang on the key")

with case("a user whom a mechanism shuts out"), Server(
        env={"AUTHMECHS": "SCRAM-SHA-256 PLAIN"}) as server:
    user_file(server, [f"{JOE}:{both('secret')}", f"old@example.com:{CRYPT}"])
    seen = []
    for user in ("old@example.com", NONE, JOE):
        with server.client() as c:
            seen.append(dialogue(c, "SCRAM-SHA-256", user))
    is_(seen[0], seen[2], "one without a SCRAM secret: the same replies")
    is_(seen[1], seen[2], "an unknown one: the same replies")
    first = salt_and_count(server, "SCRAM-SHA-256", "old@example.com")
    is_(salt_and_count(server, "SCRAM-SHA-256", "old@example.com"), first,
        "and a salt that stays")


def seconds(server, mechanism, user):
    """One failed attempt on a new connection, from the last line on."""
    with server.client() as c:
        if mechanism == "PLAIN":
            line = "AUTH PLAIN " + b64(f"\0{user}\0wrong")
        elif mechanism == "LOGIN":
            c.must(("AUTH LOGIN", "334"), (b64(user), "334"))
            line = b64("wrong")
        else:
            scram = Scram(mechanism, user, "wrong")
            got = c.command(f"AUTH {mechanism} {b64(scram.first)}")
            line = b64(scram.final(challenge_of(got)))
        start = time.monotonic()
        got = c.command(line)
        taken = time.monotonic() - start
        if got.code != 535:
            raise AssertionError(got)
        return taken


def quickest(server, mechanism, users, tries):
    """Of several, in turn: what a busy machine adds is not the server's."""
    taken = {user: [] for user in users}
    for _ in range(tries):
        for user in users:
            taken[user].append(seconds(server, mechanism, user))
    return [min(taken[user]) for user in users]


def alike(server, mechanism, users, what, apart=lambda most: 0.25 * most):
    """Until the quickest are alike: other tests want the processor, too.

    What the server itself makes slower stays so, however often one tries.
    """
    got = [float("inf")] * len(users)
    for _ in range(40):
        got = [min(pair) for pair in zip(
            got, quickest(server, mechanism, users, 8))]
        good = max(got) - min(got) < apart(max(got))
        if good:
            break
    shown = ", ".join(f"{user} {1000 * s:.1f} ms"
                      for user, s in zip(users, got))
    ok(good, f"{mechanism}: {what}: the same time", shown)
    return got


with case("the same time"), Server() as server:
    users = (JOE, OFF, NONE)
    user_file(server, [f"{JOE}:{both('secret', COSTLY)}",
                       f"{OFF}:!{both('secret', COSTLY)}"])
    for mechanism in ("PLAIN", "LOGIN"):
        got = alike(server, mechanism, users, "SCRAM secrets")
        ok(min(got) > 0.004, f"{mechanism}: time that can be measured",
           f"{1000 * min(got):.1f} ms")
    # The client works here, not the server: what differs is small anyway.
    alike(server, "SCRAM-SHA-256", users, "less than 3 ms apart",
          lambda most: 0.003)


def processor_time(server, user):
    """Seconds that one wrong password costs, by the code the server runs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ran = server.passwd("check", user, stdin="wrong", check=False)
    if ran.returncode != 1:
        raise AssertionError(ran)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


with case("app passwords"), Server() as server:
    apps = " ".join(
        f"smtp_secret_a{n}=" + scram_secret(name, f"app{n}", 5 * COSTLY)
        for n in range(4) for name in ("SCRAM-SHA-256", "SCRAM-SHA-1"))
    built = user_file(server, [
        f"{JOE}:{both('secret', 5 * COSTLY)} {apps} smtp_expires_a2=2001-01-01",
        f"one@example.com:{both('secret', 5 * COSTLY)}",
        f"{OFF}:!{both('secret', 5 * COSTLY)}"])
    ok("after" not in built.stderr, "no floor is needed", built.stderr)
    spent = {user: min(processor_time(server, user) for _ in range(9))
             for user in (JOE, "one@example.com", OFF, NONE)}
    ok(max(spent.values()) < 1.6 * min(spent.values()),
       "five passwords, one and none: the same work", spent)
    for mechanism in ("PLAIN", *SCRAMS):
        with server.client() as c:
            expected = [c.login(mechanism, JOE, "wrong")]
            expected.append(c.login(mechanism, JOE, "app1"))
        with server.client() as c:
            got = [c.login(mechanism, JOE, "app2"),
                   c.login(mechanism, JOE, "app3")]
        is_(got, expected, f"{mechanism}: an expired one is as a wrong one")
        starts(got[0], "535", f"{mechanism}: refused")

with case("kinds are mixed"), Server() as server:
    user_file(server, [f"{JOE}:{both('secret', COSTLY)}",
                       f"cheap@example.com:{both('secret', 4096, b'y' * 16)}",
                       f"crypt@example.com:{CRYPT}", "plain@example.com:"
                       "{PLAIN}secret", f"{OFF}:!{CRYPT}"])
    alike(server, "PLAIN",
          (JOE, "cheap@example.com", "crypt@example.com",
           "plain@example.com", OFF, NONE), "mixed kinds")

done()
