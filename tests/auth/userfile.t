#!/usr/bin/env python3
"""The user file as the server sees it: kinds of secrets, authdomain, what
is new, what is broken."""
import os
import random
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import (  # noqa: E402
    b64, cdb, replace, scram_secret, user_file)

JOE = "joe@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
LOG = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
# Password "secret" each, made by crypt(3).
SHA512 = ("$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/"
          "otop/Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/")
SHA256 = ("$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSW"
          "X2")
YESCRYPT = ("$y$j75$saltsaltsalt$jyf/lxrpdyAIshWRo1x5DRC6KIE7sNRRtjcomR3PgHA")
BCRYPT = "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"
MD5 = "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"
DES = "abNANd1rDfiNc"

SECRETS = {
    "sha512": "{SHA512-CRYPT}" + SHA512,
    "sha256": "{SHA256-CRYPT}" + SHA256,
    "crypt6": "{CRYPT}" + SHA512,
    "crypty": "{CRYPT}" + YESCRYPT,
    "blf": "{BLF-CRYPT}" + BCRYPT,
    "crypt2b": "{crypt}" + BCRYPT,
    "md5": "{MD5-CRYPT}" + MD5,
    "des": "{DES-CRYPT}" + DES,
    "bare6": SHA512,
    "bare5": SHA256,
    "barey": YESCRYPT,
    "bare2b": BCRYPT,
    "bare1": MD5,
    "plain": "{PLAIN}secret",
    "cleartext": "{CLEARTEXT}secret",
    "clear": "{clear}secret",
    "scram256": scram_secret("SCRAM-SHA-256", "secret"),
    "scram1": scram_secret("SCRAM-SHA-1", "secret"),
    "lower": scram_secret("SCRAM-SHA-256", "secret").replace(
        "SCRAM-SHA", "scram-sha"),
}
NEVER = {
    "star": "{CRYPT}*", "bang": "{CRYPT}!", "barestar": "*", "empty": "",
    "locked": "{CRYPT}!" + SHA512, "unknown": "{ARGON2ID}$argon2id$secret",
    "disabled": "!{PLAIN}secret", "disabled6": "!" + SHA512,
    "short": "{CRYPT}$6$saltsalt$",
}

with case("kinds of secrets"), Server(
        env={"AUTHMECHS": "PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1"}) as server:
    made = user_file(server, [f"{name}@example.com:{secret}"
                              for name, secret in {**SECRETS,
                                                   **NEVER}.items()])
    for name in SECRETS:
        user = name + "@example.com"
        for mechanism in ("PLAIN", "LOGIN"):
            with case(name), server.client() as c:
                is_(c.login(mechanism, user, "secres"), FAILED,
                    f"{name}, {mechanism}: a wrong password")
                is_(c.login(mechanism, user, SECRETS[name]), FAILED,
                    f"{name}, {mechanism}: the stored text is no password")
                is_(c.login(mechanism, user, "secret"), OK,
                    f"{name}, {mechanism}: the right one")
    for name, mechanism in (("scram256", "SCRAM-SHA-256"),
                            ("lower", "SCRAM-SHA-256"),
                            ("scram1", "SCRAM-SHA-1"),):
        with case(name), server.client() as c:
            is_(c.login(mechanism, name + "@example.com", "secret"), OK,
                f"{name}: {mechanism}")
    for name in NEVER:
        for mechanism in ("PLAIN", "LOGIN"):
            with case(name), server.client() as c:
                for password in ("secret", NEVER[name] or "*"):
                    is_(c.login(mechanism, name + "@example.com", password),
                        FAILED, f"{name}, {mechanism}: nobody gets in")

with case("further secrets"), Server() as server:
    main, phone, tablet = (scram_secret("SCRAM-SHA-256", p)
                           for p in ("main", "phone", "tablet"))
    user_file(server, [f"{JOE}:{main}:::smtp_secret_phone={phone} "
                       f"word smtp_secret_tablet={tablet} full name::"])
    for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
        for password, label in (("main", ""), ("phone", " label=phone"),
                                ("tablet", " label=tablet")):
            with case(label), server.client() as c:
                is_(c.login(mechanism, JOE, password), OK,
                    f"{mechanism}: {password}")
                ok(server.wait_log(
                    LOG + f"auth ok user={JOE} mech={mechanism}{label}$"),
                    f"{mechanism}: {password}: logged with{label or 'out'}")
        with server.client() as c:
            is_(c.login(mechanism, JOE, "other"), FAILED,
                f"{mechanism}: none of them")

with case("authdomain"), Server(control={"authdomain": "example.com\n"},
                                users={JOE: "secret"}) as server:
    for user, start in (("joe", OK), ("JOE", OK), (JOE, OK),
                        ("joe@example.org", FAILED), ("joe@", FAILED)):
        for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-256"):
            with case(user), server.client() as c:
                is_(c.login(mechanism, user, "secret"), start,
                    f"authdomain: {mechanism}: {user}: {start[:3]}")
    with server.client() as c:
        c.login("PLAIN", "joe", "secret")
        c.message("\r\n")
        is_(server.messages()[-1].env.get("SMTPAUTHUSER"), JOE,
            "authdomain: the queue program is told the whole login")
with case("AUTHDOMAIN"), Server(control={"authdomain": "example.org\n"},
                                env={"AUTHDOMAIN": "example.com"},
                                users={JOE: "secret"}) as server:
    with server.client() as c:
        is_(c.login("PLAIN", "joe", "secret"), OK, "the environment wins")

with case("changes"), Server(users={JOE: "secret"}) as server:
    with server.client() as old:
        is_(old.login("PLAIN", "new@example.com", "secret"), FAILED,
            "not there yet")
        server.passwd("set", "new@example.com", stdin="secret")
        with server.client() as c:
            is_(c.login("PLAIN", "new@example.com", "secret"), OK,
                "the next connection sees a new user")
        is_(old.login("PLAIN", JOE, "secret"), OK,
            "one that is open goes on with what it has")
    server.passwd("set", JOE, stdin="changed")
    with server.client() as c:
        is_(c.login("PLAIN", JOE, "secret"), FAILED, "an old password")
        is_(c.login("PLAIN", JOE, "changed"), OK, "a new password")
    server.passwd("del", JOE)
    with server.client() as c:
        is_(c.login("PLAIN", JOE, "changed"), FAILED, "a removed user")

# A broken file: temporary, for every mechanism, and never a login.
with case("make a file"), Server(users={JOE: "secret",
                                        "b@example.com": "x"}) as server:
    good = cdb(server)
    path = server.path("authusers.cdb")
    PLAIN = "AUTH PLAIN " + b64(f"\0{JOE}\0secret")

    def temporary(what, mechanisms=("PLAIN", "LOGIN", "SCRAM-SHA-256")):
        """Checks that AUTH is 454 now, and mail goes on."""
        with case(what), server.client() as c:
            c.hello()
            for name in mechanisms:
                is_(c.login(name, JOE, "secret"),
                    "454 4.7.0 temporary authentication failure",
                    f"{what}: {name}: 454")
            starts(c.message("\r\n"), "250 ", f"{what}: mail goes on")
            starts(c.command("NOOP"), "250 ", f"{what}: so does all else")
            ok(server.wait_log(LOG + r"auth temp .*reason=backend"),
               f"{what}: logged as backend")

    replace(path, b"")
    temporary("empty")
    replace(path, b"garbage\n")
    temporary("a line of text")
    replace(path, good[:2047])
    temporary("a table cut off")
    replace(path, bytes(4096))
    temporary("zeros")
    replace(path, b"\xff" * 4096)
    temporary("ones")
    os.unlink(path)
    temporary("missing")
    ok(server.wait_log(LOG + r"config fail file=control/authusers\.cdb "),
       "missing: the log names the file")
    os.mkdir(path)
    temporary("a directory")
    os.rmdir(path)
    os.mkfifo(path)
    temporary("a FIFO")
    os.unlink(path)
    os.symlink("/dev/zero", path)
    temporary("a device")
    os.unlink(path)
    os.symlink("authusers.cdb", path)
    temporary("a link to itself")
    os.unlink(path)

    def any_but_success(data, what):
        """A damaged file may refuse, as long as it admits nobody."""
        replace(path, data)
        with server.client() as c:
            replies = [c.login("PLAIN", JOE, "wrong"),
                       c.login("PLAIN", "none@example.com", "x"),
                       c.command("NOOP")]
        good_replies = ("454 4.7.0", "535 5.7.8", "504 5.5.4", "250 2.0.0")
        return [what, replies] if not all(
            r.startswith(good_replies) for r in replies) else None

    step = max(1, len(good) // 60)
    bad = [any_but_success(good[:n], f"cut to {n}")
           for n in range(0, len(good), step)]
    is_([b for b in bad if b], [],
        f"cut off at {len(bad)} places: nobody gets in")
    for n in (2048, 2050, 2060, len(good) - 1, len(good) // 2 + 1024):
        replace(path, good[:n])
        with server.client() as c:
            got = c.command(PLAIN)
            ok(got.startswith(("454 4.7.0", OK)),
               f"cut to {n}: no 535 for the right password", got)
    random.seed(4954)
    bad = []
    for i in range(80):
        data = bytearray(good)
        for _ in range(random.choice((1, 3, 30))):
            data[random.randrange(len(data))] = random.randrange(256)
        bad.append(any_but_success(bytes(data), f"damage {i}"))
    is_([b for b in bad if b], [], "80 times random octets: nobody gets in")
    bad = [any_but_success(random.randbytes(n), f"noise of {n}")
           for n in (1, 100, 2048, 5000, 70000)]
    is_([b for b in bad if b], [], "noise: nobody gets in")
    replace(path, good)
    with server.client() as c:
        is_(c.command(PLAIN), OK, "the whole file again: login")
        is_("reason=channel" in server.log(), False, "nothing crashed")

if ROOT:
    with case("unreadable for the account"), Server(
            users={JOE: "secret"}, root=False) as server:
        os.chmod(server.path("authusers.cdb"), 0o600)
        with server.client() as c:
            starts(c.command(PLAIN), "454 4.7.0",
                   "started as the account, a file of root's: 454")
    with case("root's file"), Server(users={JOE: "secret"}) as server:
        os.chmod(server.path("authusers.cdb"), 0o600)
        with server.client() as c:
            starts(c.command(PLAIN), "235 ",
                   "started as root, a file of root's: opened in time")
else:
    skip("a file that cannot be read", "needs root")

done()
