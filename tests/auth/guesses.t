#!/usr/bin/env python3
"""A guess whose verdict nobody waited for, guesses at once, and what a right
one must not tell sooner than a wrong one."""
import os
import re
import sys
import threading
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_auth import (  # noqa: E402
    Scram, b64, challenge_of, scram_secret, user_file)
from support.extra_checkpassword import Program  # noqa: E402
from support.extra_dovecot import Fake  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402
from support.sasl import digest_md5, digest_user_hash  # noqa: E402

JOE = "joe@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
REFUSED = "454 4.7.0 temporary authentication failure"
LIMIT = 20          # failures of an address
WAIT = 10           # seconds for the verdicts of others
LOG = r"^smtpd-auth: \d+ 192\.0\.2\.1 "

# Notes whom it was asked about, and answers when the gate is opened.
SCRIPT = r"""
record=$(tr '\0' '\n' <&3)
login=${record%%
*}
: >"$CHECK_DIR/run.$login"
read -r _ <"$CHECK_DIR/gate"
case $record in
*secret*) exit 0 ;;
esac
exit 1
"""


class Gate(Guarded):
    """A server whose checkpassword program waits for open()."""

    def __init__(self, env=None, **options):
        self.program = Program(SCRIPT)
        os.mkfifo(self.path_of("gate"), 0o644)
        super().__init__({**self.program.env, **(env or {})},
                         args=[self.program.path], **options)

    def path_of(self, name):
        """A file of the program's."""
        return os.path.join(self.program.directory, name)

    def asked(self):
        """How many logins it was asked about."""
        return len([name for name in os.listdir(self.program.directory)
                    if name.startswith("run.")])

    def wait_asked(self, count):
        """Until they are so many."""
        wait_for(lambda: self.asked() >= count, f"{count} runs")

    def open(self):
        """Nobody waits any more."""
        os.rename(self.path_of("gate"), self.path_of("old"))
        place.write(self.path_of("gate"), "\n")
        try:
            os.close(os.open(self.path_of("old"),
                             os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            pass  # nobody was waiting


def plain(user, password="wrong"):
    """The line."""
    return "AUTH PLAIN " + b64(f"\0{user}\0{password}") + "\r\n"


def timed(c, line):
    """Its reply, and how many seconds it took."""
    start = time.monotonic()
    got = c.command(line)
    return got, time.monotonic() - start


def fail(server, times):
    """So many failures of the address."""
    before = server.log().count(" auth fail ")
    for i in range(times):
        with server.client() as c:
            c.send(plain(f"u{i}@example.com"))
            server.wait_log(" auth fail ", before + i + 1)


# Eleven seconds pass while the rest of this file runs.
later = {}


def hang():
    """As many guesses as are free, and one that has to wait for them."""
    with Gate({"REQUIREAUTH": "1"}) as server:
        clients = [server.client() for _ in range(LIMIT)]
        for i, c in enumerate(clients):
            c.send(plain(f"h{i}@example.com"))
        server.wait_asked(LIMIT)
        with server.client() as c:
            later["last"], later["seconds"] = timed(
                c, plain(JOE, "secret").strip())
        later["asked"] = server.asked()
        later["refused"] = server.log().count("reason=limit\n")
        with server.client(greet=False) as c:
            later["greeting"] = c.reply()
        for c in clients:
            c.close()
        later["log"] = server.wait_log(
            LOG + r"auth temp user=h\d+@example\.com mech=PLAIN "
            r"reason=backend detail=gone$", LIMIT)
        server.open()
        with server.client() as c:
            later["free"] = c.command(plain(JOE, "secret").strip())


waiting = threading.Thread(target=hang)
waiting.start()

with case("gone before the verdict"), Gate() as server:
    def leave(i):
        """A guess, and away before the answer."""
        with server.client() as c:
            c.send(plain(f"g{i}@example.com"))
            wait_for(lambda: os.path.exists(
                server.path_of(f"run.g{i}@example.com")), "its run")
    parallel(leave, range(LIMIT), 10)
    found = server.wait_log(
        LOG + r"auth fail user=(g\d+)@example\.com mech=PLAIN reason=gone$",
        LIMIT)
    is_(len({match[1] for match in found}), LIMIT,
        "each is logged as a failure, with its login")
    server.open()
    with server.client() as c:
        is_(c.command(plain(JOE, "secret").strip()), REFUSED,
            "each was counted")
    is_(server.wait_idle(), [], "nothing is left")

with case("gone before there was a guess"), Guarded(
        {"AUTHMECHS": "PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5"}) as server:
    user_file(server, [f"{JOE}:{scram_secret('SCRAM-SHA-256', 'secret')}"])
    first = "AUTH SCRAM-SHA-256 " + b64(f"n,,n={JOE},r=abc")
    begun = {"PLAIN": ("AUTH PLAIN",), "CRAM-MD5": ("AUTH CRAM-MD5",),
             "LOGIN": ("AUTH LOGIN", b64(JOE)), "SCRAM-SHA-256": (first,)}
    for name, lines in begun.items():
        for star in (True, False):
            for i in range(3):
                with server.client() as c:
                    for line in lines:
                        starts(c.command(line), "334 ", f"{name}: it begins")
                    if star:
                        starts(c.command("*"), "501 5.7.0", f"{name}: *")
        server.wait_log(LOG + f"auth cancel mech={name}$", 6)
    # A right proof, and away before the login is complete.
    for star in (True, False):
        with server.client() as c:
            scram = Scram("SCRAM-SHA-256", JOE, "secret")
            got = c.command("AUTH SCRAM-SHA-256 " + b64(scram.first))
            starts(challenge_of(c.command(b64(scram.final(
                challenge_of(got))))), "v=", "a right proof")
            if star:
                c.command("*")
    server.wait_log(LOG + "auth cancel mech=SCRAM-SHA-256$", 8)
    ok(" auth fail " not in server.log(), "no failure is logged")
    with server.client() as c:
        is_(c.command(plain(JOE, "secret").strip()), OK, "none was counted")

with case("guesses at once"), Gate() as server:
    clients = [server.client() for _ in range(3 * LIMIT)]
    for i, c in enumerate(clients):
        c.send(plain(f"p{i}@example.com"))
    server.wait_asked(LIMIT)
    server.open()
    got = [c.reply() for c in clients]
    is_(server.asked(), LIMIT, "as many were checked as one by one would be")
    is_((got.count(FAILED), got.count(REFUSED)), (LIMIT, 2 * LIMIT),
        "535 to them, 454 to the others")
    server.wait_log(LOG + "auth refused mech=PLAIN reason=limit$", 2 * LIMIT)
    for c in clients:
        c.close()

with case("guesses step by step"), Gate() as server:
    # All have begun before the first is counted.
    clients = [server.client() for _ in range(LIMIT + 10)]
    for i, c in enumerate(clients):
        c.must(("AUTH LOGIN", "334 "), (b64(f"s{i}@example.com"), "334 "))
    for c in clients:
        c.send(b64("wrong") + "\r\n")
    server.wait_asked(LIMIT)
    server.open()
    got = [c.reply() for c in clients]
    is_((server.asked(), got.count(FAILED), got.count(REFUSED)),
        (LIMIT, LIMIT, 10), "LOGIN: the password is what counts")
    for c in clients:
        c.close()

with case("right ones at once"), Gate() as server:
    clients = [server.client() for _ in range(LIMIT + 10)]
    for i, c in enumerate(clients):
        c.send(plain(f"r{i}@example.com", "secret"))
    server.wait_asked(LIMIT)
    server.open()
    is_({str(c.reply()) for c in clients}, {OK},
        "all are let in, some when others had their answer")
    ok(" auth refused " not in server.log(), "nobody is refused")
    for c in clients:
        c.close()
    with server.client() as c:
        is_(c.command(plain(JOE, "secret").strip()), OK, "none has counted")

# 15 failures cost the sixteenth (16 - 5) * 0.2 seconds, right or wrong.
HELD = 2.2
SLACK = 0.01
with case("as slow as a wrong one"), Guarded(
        {"AUTHMECHS": "PLAIN SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5"},
        ) as server:
    user_file(server, [
        f"{JOE}:{scram_secret('SCRAM-SHA-256', 'secret')}:::"
        f"smtp_secret_scram-sha-1={scram_secret('SCRAM-SHA-1', 'secret')} "
        "smtp_secret_digest-md5={DIGEST-MD5}mx.example.org," +
        digest_user_hash(JOE, "mx.example.org", "secret").hex()])
    fail(server, 15)
    with server.client() as c:
        got, seconds = timed(c, plain(JOE, "secret").strip())
        ok(got == OK and seconds >= HELD - SLACK,
           f"PLAIN: {seconds:.2f} s to 235")
    for name in ("SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5"):
        with case(name), server.client() as c:
            if name == "DIGEST-MD5":
                dialogue = digest_md5(JOE, "secret")
                next(dialogue)
                got = c.command("AUTH DIGEST-MD5")
                proof = dialogue.send(challenge_of(got).encode())
            else:
                scram = Scram(name, JOE, "secret")
                got = c.command(f"AUTH {name} {b64(scram.first)}")
                proof = scram.final(challenge_of(got))
            got, seconds = timed(c, b64(proof))
            like(challenge_of(got), "^(v|rspauth)=", f"{name}: it is right")
            ok(seconds >= HELD - SLACK, f"{name}: {seconds:.2f} s to v=")
            got, seconds = timed(c, "")
            ok(got == OK and seconds < HELD - SLACK,
               f"{name}: {seconds:.2f} s from there to 235")
    with server.client() as c:
        scram = Scram("SCRAM-SHA-256", JOE, "wrong")
        got = c.command("AUTH SCRAM-SHA-256 " + b64(scram.first))
        got, seconds = timed(c, b64(scram.final(challenge_of(got))))
        ok(got == FAILED and seconds >= HELD - SLACK,
           f"a wrong one: {seconds:.2f} s")
    # Away while it is held back: logged by what it was.
    with server.client() as c:
        c.send(plain(JOE, "secret"))
        server.wait_log("auth ok .* mech=PLAIN$", 2)
    is_(server.wait_idle(), [], "nothing is left")
    ok("reason=gone" not in server.log(), "it is no guess without a verdict")

with case("secrets of different cost"), Guarded(
        {"AUTHMECHS": "PLAIN SCRAM-SHA-256"}) as server:
    told = user_file(server, [
        "ann@example.com:{PLAIN}secret",
        f"{JOE}:{scram_secret('SCRAM-SHA-256', 'secret', 400000)}",
        f"sam@example.com:{scram_secret('SCRAM-SHA-256', 'secret')}"]).stderr
    floor = int(re.search(r"answered after (\d+) ms", told)[1]) / 1000
    for user, password, expected in (("ann", "wrong", FAILED),
                                     ("ann", "secret", OK),
                                     ("joe", "secret", OK)):
        with server.client() as c:
            got, seconds = timed(
                c, plain(f"{user}@example.com", password).strip())
            ok(got == expected and seconds >= floor - SLACK,
               f"{user}, {password}: {seconds:.2f} s, not before {floor}")
    with server.client() as c:
        scram = Scram("SCRAM-SHA-256", "sam@example.com", "secret")
        got = c.command("AUTH SCRAM-SHA-256 " + b64(scram.first))
        got, seconds = timed(c, b64(scram.final(challenge_of(got))))
        ok(challenge_of(got).startswith("v=") and seconds >= floor - SLACK,
           f"SCRAM: {seconds:.2f} s to v=")

# Dovecot that does not answer: whose login it is the client has said.
HELLO = "VERSION\t1\t2\n" + "".join(f"MECH\t{name}\n" for name in (
    "PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-256", "XOAUTH2",
    "OAUTHBEARER", "GSSAPI")) + "DONE\n"
SILENT = (
    ("PLAIN", (), "\0joe\0x", "joe@b.example"),
    ("LOGIN", ("JOE",), "x", "joe@b.example"),
    ("CRAM-MD5", (None,), JOE + " 0123", JOE),
    ("DIGEST-MD5", (None,), f'realm="a",username="{JOE}",nc=1', JOE),
    ("SCRAM-SHA-256", (f"n,,n={JOE},r=abc",), "c=biws,r=abc,p=AAAA", JOE),
    ("XOAUTH2", (), f"user={JOE}\1auth=Bearer x\1\1", JOE),
    ("OAUTHBEARER", (), f"n,a={JOE},\1auth=Bearer x\1\1", JOE),
    ("GSSAPI", (), "x", None),
)
for name, before, last, user in SILENT:
    with case(f"Dovecot, {name}"), Fake(
            HELLO, ["CONT\t1\tYWJj\n"] * len(before)) as fake, Guarded(
            {"AUTHSOCKET": fake.socket, "AUTHDOMAIN": "b.example",
             "AUTHMECHS": name}) as server:
        with server.client() as c:
            line = f"AUTH {name}"
            for response in before:
                c.must((line + ("" if response is None else
                                " " + b64(response)), "334 "))
                line = ""
            c.send((line + " " + b64(last)).strip() + "\r\n")
            wait_for(lambda: fake.lines and len(
                [x for x in fake.lines[-1] if x[:4] in ("AUTH", "CONT")]) ==
                len(before) + 1, "Dovecot is asked")
        who = f"user={re.escape(user)} " if user else ""
        ok(server.wait_log(LOG + f"auth fail {who}mech={name} reason=gone$"),
           f"{name}: whose it was is logged")

# An error for the client, which Dovecot tells before its verdict.
with case("XOAUTH2, *"), Fake(HELLO, ["CONT\t1\tYWJj\n"]) as fake, Guarded(
        {"AUTHSOCKET": fake.socket, "AUTHMECHS": "XOAUTH2"}) as server:
    token = b64(f"user={JOE}\1auth=Bearer x\1\1")
    for i in range(2):
        with server.client() as c:
            for n in range(2 - i):
                c.must(("AUTH XOAUTH2 " + token, "334 "), ("*", "501 5.7.0"))
    server.wait_log(LOG + f"auth fail user={JOE} mech=XOAUTH2 reason=gone$",
                    3)
    with server.client() as c:
        for _ in range(3):
            c.must(("AUTH XOAUTH2 " + token, "334 "), ("*", "501 5.7.0"))
        is_(c.command("AUTH XOAUTH2 " + token), FAILED, "* is a failure")
        starts(c.reply(), "421 4.7.0", "and three of them are the last")

with case("Dovecot, a right proof"), Fake(HELLO, [
        "CONT\t1\t" + b64("r=abcd,s=c2FsdA==,i=4096") + "\n",
        "CONT\t1\t" + b64("v=abc") + "\n",
        f"OK\t1\tuser={JOE}\n"]) as fake, Guarded() as server:
    fail(server, 15)  # of the user file
    server.env.update(AUTHSOCKET=fake.socket, AUTHMECHS="SCRAM-SHA-256")
    server.restart()
    with server.client() as c:
        c.must(("AUTH SCRAM-SHA-256 " + b64(f"n,,n={JOE},r=abc"), "334 "))
        got, seconds = timed(c, b64("c=biws,r=abcd,p=AAAA"))
        is_(challenge_of(got), "v=abc", "its challenge")
        ok(seconds >= HELD - SLACK, f"{seconds:.2f} s to v=")
        got, seconds = timed(c, "")
        ok(got == OK and seconds < HELD - SLACK, f"{seconds:.2f} s to 235")

waiting.join()
with case("a backend that does not answer"):
    is_(later["last"], REFUSED, "who waits for others gets 454")
    ok(WAIT - SLACK <= later["seconds"] < WAIT + 8,
       f"after {later['seconds']:.1f} s")
    is_(later["asked"], LIMIT, "it was not checked")
    is_(later["refused"], 1, "and is logged as refused")
    starts(later["greeting"], "220 ", "no connection is turned away for them")
    is_(len(later["log"]), LIMIT, "ten seconds: the backend's fault")
    is_(later["free"], OK, "which counts against nobody")

done()
