#!/usr/bin/env python3
"""statedir: failures of an address slow down, then refuse; of a user they
slow down alone; and whatever happens to the file, mail goes on."""
import os
import random
import re
import shutil
import signal
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402

JOE = "joe@example.com"
ANN = "ann@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
REFUSED = "454 4.7.0 temporary authentication failure"
AWAY = "421 4.7.0 too many authentication failures"
LIMIT = 20          # failures of an address, man/smtpd-auth-control.5
FREE = {"address": 5, "user": 10}
PREFIX = r"^smtpd-auth: \d+ \S+ "


with case("the manual"):
    with open(os.path.join(TOP, "keeper", "failures.h"),
              encoding="utf-8") as file:
        NUMBERS = {name: int(number) for name, number in re.findall(
            r"#define FAILURES_(\w+) +(\d+)u?\b", file.read())}
    with open(os.path.join(TOP, "man", "smtpd-auth-control.5"),
              encoding="utf-8") as file:
        TOLD = re.search(r"\.Sh COUNTERS(.*?)\.Sh", file.read(), re.S)[1]
    for name, words in (
            ("HALF_LIFE", "forgotten after {} seconds"),
            ("ADDRESS_FREE", "address with more than {} failures"),
            ("STEP_MS", "{} milliseconds for each failure"),
            ("LIMIT", "address with {} failures is refused"),
            ("USER_FREE", "user with more than {} failures")):
        ok(words.format(NUMBERS[name]) in TOLD, f"it says {name}")
    is_((NUMBERS["LIMIT"], NUMBERS["ADDRESS_FREE"], NUMBERS["USER_FREE"],
         NUMBERS["DELAY_MAX_MS"]),
        (LIMIT, FREE["address"], FREE["user"], 3000), "as tested here")


def attempt(server, user=JOE, password="wrong", mechanism="PLAIN"):
    """(reply, Stopwatch) of a login on a connection of its own."""
    with server.client() as c:
        watch = Stopwatch()
        got = c.login(mechanism, user, password)
        watch.stop()
        return got, watch


def fail(server, times, users=None, tls=False):
    """So many failures, each of another user unless they are given.

    Whoever goes away before the answer is counted all the same.
    """
    before = server.log().count(" auth fail ")
    clients = []
    for i in range(times):
        clients.append(server.client(tls=tls))
        user = users or f"u{i}@example.com"
        clients[-1].send("AUTH PLAIN " + b64(f"\0{user}\0wrong") + "\r\n")
    server.wait_log(" auth fail ", before + times)
    for c in clients:
        c.close()


with case("an address"), Guarded() as server:
    got = [attempt(server, f"u{i}@example.com")
           for i in range(FREE["address"])]
    is_([reply for reply, _ in got], [FAILED] * len(got), "535 at first")
    ok(min(watch.clock() for _, watch in got) < 0.2 or
       not got[0][1].exceeds(0.2), "at once")
    got = [attempt(server, f"v{i}@example.com") for i in range(4)]
    is_([reply for reply, _ in got], [FAILED] * 4, "then 535 still")
    for i, (_, watch) in enumerate(got):
        ok(watch.clock() >= 0.2 * (i + 1) - 0.01,
           f"slower: {watch.clock():.2f} s")
    reply, watch = attempt(server, JOE, "secret")
    is_(reply, OK, "a right password is a login, then too")
    ok(watch.clock() >= 0.79, "as slow, so that going away early tells nothing")
    fail(server, LIMIT - FREE["address"] - 4)
    before = server.log().count(" auth fail ")
    for mechanism in ("PLAIN", "LOGIN"):
        reply, watch = attempt(server, JOE, "secret", mechanism)
        is_(reply, REFUSED, f"{mechanism}: then 454, even to the right one")
        took(watch, 0, 2, "at once")
    server.wait_log(PREFIX + "auth refused mech=PLAIN reason=limit$")
    is_(server.log().count(" auth fail "), before, "nothing was checked")
    with server.client() as c:
        starts(c.message(), "250 2.0.0", "mail without AUTH goes on")
    server.come_from("192.0.2.2")
    is_(attempt(server, JOE, "secret")[0], OK, "another address is free")
    server.come_from("::ffff:192.0.2.1")
    is_(attempt(server, JOE, "secret")[0], REFUSED,
        "the same address in another form is not")
    for name in os.listdir(server.state):
        with open(os.path.join(server.state, name), "rb") as file:
            data = file.read()
        ok(JOE.encode() not in data and b"example" not in data,
           f"{name} names nobody")
        is_(os.stat(file.name).st_mode & 0o777, 0o600,
            f"{name} is the account's")
    size = os.stat(server.file()).st_size
    ok(size < 1 << 20, "the file is small", size)
    os.unlink(server.file())
    server.come_from("192.0.2.1")
    is_(attempt(server, JOE, "secret")[0], OK,
        "the file removed: all is forgotten")

with case("a /64"), Guarded() as server:
    for i in range(LIMIT):
        server.come_from(f"2001:db8:0:7::{i + 1}")
        fail(server, 1, f"u{i}")
    server.come_from("2001:db8:0:7:ffff::9")
    is_(attempt(server, JOE, "secret")[0], REFUSED,
        "another address of the /64 is refused")
    server.come_from("2001:db8:0:8::1")
    is_(attempt(server, JOE, "secret")[0], OK, "another /64 is not")

with case("a user"), Guarded() as server:
    # A guesser with many addresses.
    for i in range(2 * LIMIT):
        server.come_from(f"198.51.100.{i + 1}")
        fail(server, 1, JOE)
    server.come_from("192.0.2.9")
    reply, watch = attempt(server, JOE, "secret")
    is_(reply, OK, "nobody is locked out of his account by others")
    took(watch, 2.9, 5, "it is slower")
    reply, watch = attempt(server, ANN, "secret")
    is_(reply, OK, "another user")
    took(watch, 0, 2, "is as fast as ever")
    reply, watch = attempt(server, JOE.upper(), "wrong")
    ok(reply == FAILED and watch.clock() > 2.9, "in any case of letters",
       watch.clock())
    # One who is not there is no other: counted, and slowed down.
    for i in range(FREE["user"] + 2):
        server.come_from(f"203.0.113.{i + 1}")
        fail(server, 1, "nobody@example.com")
    reply, watch = attempt(server, "nobody@example.com")
    ok(reply == FAILED and watch.clock() > 0.59, "nobody, too", watch.clock())

with case("successes"), Guarded() as server:
    got = parallel(lambda i: attempt(server, JOE, "secret"),
                   range(3 * LIMIT), 10)
    is_({reply for reply, _ in got}, {OK}, "count against nobody")
    for lines in (("AUTH PLAIN", "*"), ("AUTH PLAIN !",), ("AUTH NTLM",)):
        with server.client() as c:
            for line in lines * 8:
                c.command(line)
    reply, watch = attempt(server, JOE, "wrong")
    is_(reply, FAILED, "nor does what was no attempt")
    took(watch, 0, 2, "not even a little")

with case("REQUIREAUTH"), Guarded({"REQUIREAUTH": "1"}) as server:
    fail(server, LIMIT)
    with server.client(greet=False) as c:
        is_(c.reply(), AWAY, "a submission service: 421 at the greeting")
        c.ends("421 at the greeting")
    found = server.wait_log(PREFIX + "connect refused .*$")
    like(found[0][0], r"192\.0\.2\.1 connect refused port=\d+ reason=limit$",
         "it is logged")
    server.come_from("192.0.2.2")
    with server.client(greet=False) as c:
        starts(c.reply(), "220 ", "another address gets its greeting")

with case("REQUIREAUTH, TLS from the first byte"), Guarded(
        {"REQUIREAUTH": "1"}, args=["-s"], certificate="ec") as server:
    fail(server, LIMIT, tls=True)
    with server.client(greet=False) as c:
        c.ends("not a clear byte")

with case("not root"), Guarded({"REQUIREAUTH": "1"}, root=False) as server:
    fail(server, LIMIT)
    with server.client(greet=False) as c:
        is_(c.reply(), AWAY, "started as the account: all the same")

with case("RELAYCLIENT"), Guarded({"RELAYCLIENT": "",
                                   "REQUIREAUTH": "1"}) as server:
    fail(server, LIMIT + 5)
    is_(attempt(server, JOE, "secret")[0], OK,
        "whom the launcher vouches for is not refused: a webmail")

with case("no address"), Guarded() as server:
    server.come_from("unknown")
    fail(server, LIMIT + 5)
    is_(attempt(server, JOE, "secret")[0], OK,
        "what has no address shares none")

with case("going away"), Guarded() as server:
    fail(server, FREE["address"] + 12)
    with server.client() as c:
        c.send("AUTH PLAIN " + b64(f"\0{JOE}\0wrong") + "\r\n")
        server.wait_log(rf"auth fail user={JOE}")
        c.close()
    is_(server.wait_idle(2), [], "while it waits: gone within 2 seconds")

with case("TRACE"), Guarded({"TRACE": "1"}) as server:
    fail(server, FREE["address"] + 2)
    is_(attempt(server)[0], FAILED, "a traced client that has to wait")

# What cannot be used is logged once, and counts nothing.
def unusable(what, server, reason):
    """Logins and mail go on."""
    with case(what):
        with server.client() as c:
            for _ in range(2):
                is_(c.login("PLAIN", JOE, "wrong"), FAILED, f"{what}: 535")
            is_(c.login("PLAIN", JOE, "secret"), OK, f"{what}: a login")
            starts(c.message(b"\r\n", "a@example.org", "b@example.net"),
                   "250 2.0.0", f"{what}: a message")
        server.wait_idle()
        lines = [line for line in server.log().splitlines()
                 if " config fail " in line]
        is_(len(lines), 1, f"{what}: one line")
        like(lines[0], rf"config fail file={re.escape(server.state)}\S* "
             rf"reason={reason}$", f"{what}: which says why")


with Guarded(make=False) as server:
    unusable("no directory", server, r"No\\x20such\\x20file\\x20or\S+")
with Guarded({"REQUIREAUTH": "1"}, make=False) as server:
    unusable("no directory, AUTH required", server, r"No\\x20such\S+")
with Guarded(make=False) as server:
    with open(server.state, "w", encoding="ascii"):
        pass
    unusable("a file for a directory", server, r"Not\\x20a\\x20directory")
with Guarded(make=False) as server:
    os.mkdir(server.state)
    os.chmod(server.state, 0o755)
    if ROOT:
        unusable("root's directory", server, r"Permission\\x20denied")
with Guarded() as server:
    os.mkdir(server.file())
    unusable("a directory for a file", server, r"Is\\x20a\\x20directory")
with Guarded() as server:
    place.write(server.file(), "", 0o666)
    unusable("a file of others", server,
             r"(owned|writable)\\x20by\\x20\S+")
if ROOT:
    with Guarded() as server:
        if shutil.which("prlimit"):
            server.cramp()
            unusable("no room", server, r"File\\x20too\\x20large")
        else:
            skip("no room", "needs prlimit")

with case("rubbish"), Guarded({"REQUIREAUTH": "1"}) as server:
    fail(server, LIMIT)
    with open(server.file(), "rb") as file:
        good = file.read()
    random.seed(1)
    for what, data in (
            ("random octets", random.randbytes(len(good))),
            ("ones", b"\xff" * len(good)), ("zeros", bytes(len(good))),
            ("nothing", b""), ("a short header", good[:40]),
            ("random octets behind the header",
             good[:4096] + random.randbytes(len(good) - 4096)),
            ("a header alone", good[:64])):
        place.write(server.file(), data, 0o600)
        is_(attempt(server, JOE, "secret")[0], OK,
            f"{what}: nobody is locked out")
        is_(attempt(server, JOE, "wrong")[0], FAILED, f"{what}: it goes on")
    os.unlink(server.file())
    fail(server, LIMIT)
    with server.client(greet=False) as c:
        is_(c.reply(), AWAY, "made anew it counts")
    with open(server.file(), "r+b") as file:
        file.truncate(0)
    is_(attempt(server, JOE, "secret")[0], OK, "cut to nothing")

for what, env, control, counted in (
        ("the file", {"STATEDIR": None}, True, True),
        ("an empty variable", {"STATEDIR": ""}, True, False),
        ("neither", {"STATEDIR": None}, False, False)):
    with case(what), Guarded(env) as server:
        if control:
            server.write("statedir", server.state + "\n")
        fail(server, LIMIT)
        is_(attempt(server, JOE, "secret")[0],
            REFUSED if counted else OK, f"{what}: " +
            ("counted" if counted else "not counted"))
        is_(os.path.exists(server.file()), counted, f"{what}: the file")

# A thousand logins, twenty at a time, right and wrong, while processes are
# killed: the others notice nothing. (That no count is lost: unit/table.c.)
with case("a thousand logins"), Guarded() as server:
    killed = []
    chance = random.Random(2)

    def kill_one():
        """Any process of any connection."""
        pids = server.processes()
        if pids:
            pid = chance.choice(pids)
            try:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            except ProcessLookupError:
                pass

    def login(i):
        """Every tenth is wrong; at every twelfth somebody is killed."""
        wrong = i % 10 == 0
        with case("login"), server.client(greet=False) as c:
            try:
                c.expect("220 ")
                if i % 12 == 5:
                    kill_one()
                return wrong, str(c.login(
                    "PLAIN", f"u{i}@example.com" if wrong else JOE,
                    "wrong" if wrong else "secret"))
            except (OSError, AssertionError, ValueError):
                return wrong, ""
        return wrong, "stuck"

    # So that no address is refused, each login has its own.
    plain = Server.command
    server.command = lambda: [
        "sh", "-c", 'TCPREMOTEIP=10.0.$(($$ / 250 % 250)).$(($$ % 250)); '
        'export TCPREMOTEIP; exec "$@"', "sh", *plain(server)]
    server.restart()
    got = parallel(login, range(1000), 20)
    gone = [reply for _, reply in got if reply == ""]
    ok(len(killed) >= 20, "processes were killed", len(killed))
    ok(len(gone) <= len(killed), "only what was killed is without a reply",
       len(gone), len(killed))
    is_({reply for wrong, reply in got if not wrong} - {"", REFUSED},
        {OK}, "right passwords")
    is_({reply for wrong, reply in got if wrong} - {"", REFUSED},
        {FAILED}, "wrong ones")
    is_(server.wait_idle(), [], "no process is left")
    server.command = lambda: plain(server)
    is_(attempt(server, ANN, "secret")[0], OK, "the file is good")

done()
