#!/usr/bin/env python3
"""queue-qmqp in front of servers that do as they are told: what it sends, its
list of servers, and what becomes of a message when a server refuses, is
silent, cuts or speaks early, at any octet: never lost, never at two servers.
The real servers have tests of their own, qmqp-*.t."""
import os
import random
import re
import signal
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import (ROOT, Server, Stopwatch, case, done,  # noqa: E402
                     is_, like, ok, skip, starts, took)
from support import place  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_qmqp import (Hole, Qmqp, Site, Way, letter,  # noqa: E402
                                netstring, parse, refusing)
from support.extra_sendmail import envelope  # noqa: E402

MESSAGE = b"Subject: x\n\ny\n"
SMALL = letter(MESSAGE, b"joe@example.com", b"ann@example.net")
# More than the kernel keeps for a server that does not read.
LARGE = b"Subject: large\n\n" + (b"x" * 70 + b"\n") * 150000
DENIED = b"DError: unknown[192.0.2.1] is not authorized to use this service"


def told(got, code, custom=b""):
    """Code and text for the client."""
    return is_((got.code, got.custom), (code, custom), f"exit {code} {custom}")


with case("what is sent"):
    server = Qmqp()
    site = Site(server)
    got = site.queue(MESSAGE)
    told(got, 0)
    is_(server.accepted.pop(), SMALL, "octet by octet")
    is_(got.log, f"queue-qmqp: {server.name}: answer=Kok\n",
        "one line, with server and text")
    is_(os.listdir(site.spool), [], "nothing is left")
    for what, message, sender, recipients in (
            ("a bounce", MESSAGE, "", ["ann@example.net"]),
            ("an empty message", b"", "joe@example.com", ["a@example.net"]),
            ("any octets", bytes(range(256)) * 3 + b"\r\n.\r\n", "j",
             ["a b@example.net", "\u00e4nn@example.net"]),
            ("long addresses", MESSAGE, "s" * 1003,
             [str(n) + "r" * 999 for n in range(100, 150)]),
            ("many recipients", MESSAGE, "joe@example.com",
             [f"user{n}@example.net" for n in range(20000)]),
            ("a large message", LARGE, "joe@example.com", ["a@b"])):
        told(site.queue(message, envelope(sender, *recipients)), 0)
        is_(parse(parse(server.accepted.pop())[0]),
            [message, sender.encode(), *(r.encode() for r in recipients)],
            f"{what} arrives")

with case("half an envelope"):
    got = site.queue(what=envelope("joe@example.com", "a@example.net")[:-1])
    told(got, 54)
    like(got.log, r"\Aqueue-qmqp: fatal: unable to read envelope: ", "says so")
    told(site.queue(what=envelope("joe@example.com")), 91)
    told(site.queue(what=envelope("j" * 1004, "a@example.net")), 11)
    got = site.queue(env={"TMPDIR": "/nonexistent"})
    told(got, 61)
    got = site.queue(LARGE, prefix=("prlimit", "--fsize=4096"))
    told(got, 53)
    is_((server.accepted, server.connections), ([], 7),
        "and no server hears of it")

with case("the list"):
    second = Qmqp()
    site.write(f"# ours\n\n{second.name} \t\n#x\n{server.name}\r\n\n")
    told(site.queue(), 0)
    is_((len(second.accepted), len(server.accepted)), (1, 0),
        "comments, empty lines and trailing blanks are nothing")
    site.write(second.name)
    told(site.queue(), 0)
    is_(len(second.accepted), 2, "a last line without its end")
    six = Qmqp(address="::1")
    told(Site(six).queue(), 0)
    is_(len(six.accepted), 1, "IPv6")
    if ROOT:
        # An address of the loopback that no other test uses.
        own = "127.%d.%d.7" % (os.getpid() >> 8 & 127, os.getpid() & 255)
        usual = Qmqp(address=own, port=628)
        told(Site(usual).queue(), 0)
        is_((usual.name, len(usual.accepted)), (own, 1),
            "port 628 is the usual one")
    else:
        skip("port 628 is the usual one", "needs root")

with case("a bad list"):
    for line in ("localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                 "127.0.0.1:smtp", "127.0.0.1 628", "127.0.0", "::1",
                 "[::1", "[::1]628", "[::1]:", "[]", "[127.0.0.1]",
                 " 127.0.0.1", "127.0.0.1#x", "127.0.0.1\0", "1" * 300,
                 "127.0.0.1:18446744073709552244"):
        got = Site(text=f"{server.name}\n{line}\n").queue()
        ok(got.code == 55 and got.log.count("\n") == 1 and re.match(
            r"queue-qmqp: fatal: unable to use /\S+/qmqpservers: not a "
            r"numeric address: \S+\n\Z", got.log), f"{line[:40]!r}", got)
    site = Site(server)
    path = os.path.join(site.path, "qmqpservers")
    for text, reason in (("", "names no server"),
                         ("# x\n\n", "names no server"),
                         ("127.0.0.1\n" * 65, "too many servers: 127.0.0.1"),
                         ("#" * 20000, "too large")):
        site.write(text)
        got = site.queue()
        told(got, 55)
        like(got.log, rf"\A[^\n]+ {path}: {reason}\n\Z", f"{text[:20]!r}")
    os.remove(path)
    for make, reason in ((lambda: None, "No such file or directory"),
                         (lambda: os.mkfifo(path), "not a regular file"),
                         (lambda: os.mkdir(path), "not a regular file")):
        make()
        got = site.queue()
        told(got, 55)
        is_(got.log, f"queue-qmqp: fatal: unable to read {path}: {reason}\n",
            f"{reason}")
        if os.path.exists(path) and not os.path.isdir(path):
            os.remove(path)
    if ROOT:
        os.rmdir(path)
        site.write(server.name)
        os.chmod(path, 0o600)
        got = site.queue()
        told(got, 55)
        like(got.log, "Permission denied", "not readable for the account")
    site = Site(server)
    for name, value in (("QMQPORDER", "x"), ("QMQPORDER", ""),
                        ("QMQPTIMEOUT", "0"), ("QMQPTIMEOUT", "-1"),
                        ("QMQPTIMEOUT", "86401"), ("QMQPTIMEOUT", ""),
                        ("QMQPTIMEOUT", "4m")):
        got = site.queue(env={name: value})
        told(got, 55)
        like(got.log, rf"\Aqueue-qmqp: fatal: unable to use {name}: must be "
             r"[^\n]+\n\Z",
             f"{name}={value!r} is told")
    is_(server.accepted, [], "and nothing is sent")

with case("order"):
    three = [Qmqp() for _ in range(3)]
    site = Site(*three)
    for _ in range(4):
        told(site.queue(), 0)
    is_([len(s.accepted) for s in three], [4, 0, 0], "list: the first")
    for order in ("rotate", None):
        for one in three:
            one.accepted.clear()
        runs = 0
        while not all(one.accepted for one in three) and runs < 200:
            runs += 1
            site.queue(env={"QMQPORDER": order})
        is_((sum(len(one.accepted) for one in three),
             all(one.accepted for one in three)), (runs, True),
            f"QMQPORDER={order}: each has its turn in {runs} runs")

with case("servers that are down"):
    server, second = Qmqp(), Qmqp()
    bound, down = refusing()
    got = Site(text=f"{down}\n{server.name}\n").queue()
    told(got, 0)
    is_(got.log, f"queue-qmqp: {down}: Connection refused\n"
        f"queue-qmqp: {server.name}: answer=Kok\n", "the next one has it")
    got = Site(text=f"{down}\n{down}\n").queue()
    told(got, 73)
    like(got.log, r"(?s)(refused\n.*){2}fatal: unable to hand over the "
         r"message: no server is up\n\Z", "all: one line each, and one")
    hole = Hole()
    watch = Stopwatch()
    told(Site(hole, second).queue(), 0)
    took(watch, 0.5, 4, "a black hole costs half a second")
    is_(len(second.accepted), 1, "and the next one has it")
    watch = Stopwatch()
    got = Site(hole).queue()
    told(got, 73)
    took(watch, 5, 9, "five seconds, where it is the only one")
    like(got.log, rf"{hole.name}: no connection within 5 seconds\n", "named")
    watch = Stopwatch()
    got = Site(hole).queue(env={"QMQPTIMEOUT": "1"})
    told(got, 72)
    took(watch, 1, 4, "less with QMQPTIMEOUT")
    # Whoever wins is asked alone: the one beside it stays as it is.
    many = [Hole() for _ in range(4)]
    watch = Stopwatch()
    told(Site(*many, server).queue(), 0)
    took(watch, 2, 6, "four black holes: two seconds")


def signal_waits(pid, number):
    """Has the process a signal that it does not take?"""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        pending = re.findall(r"(?m)^S[hi][gd]Pnd:\s*(\w+)", file.read())
    return any(int(mask, 16) & 1 << number - 1 for mask in pending)


def before_comma(way, what, custom=None, size=LARGE):
    """A server that goes this way has nothing; the next one has all of it."""
    first, other = Qmqp(way), Qmqp()
    got = Site(first, other).queue(size)
    is_((got.code, len(first.accepted), len(other.accepted)), (0, 0, 1),
        f"{what}: the next server, and it alone")
    ok(got.log.startswith(f"queue-qmqp: {first.name}: "), "named", got)
    if custom is not None:
        first, other = Qmqp(way), Qmqp(way)
        got = Site(first, other).queue(size)
        is_((got.code, got.custom, len(first.accepted + other.accepted)),
            (*custom, 0), f"{what}, everywhere")


with case("trouble before the comma"):
    # It reads no more, so the message cannot be sent: the comma is far.
    for octets in (0, 1, 9, 20, 100000):
        before_comma(Way(stop=octets), f"closed after {octets}", (73, b""))
        before_comma(Way(stop=octets, reset=True), f"reset after {octets}",
                     (73, b""))
    Z435 = b"Z4.3.5 mail servers do not take mail from this host"
    for said, last in (
            (netstring(DENIED), (82, Z435)), (netstring(b"Dno"), (82, Z435)),
            (netstring(b"Znot now"), (73, b"")), (netstring(b"K"), (73, b"")),
            (b"220 mx ESMTP\r\n", (73, b"")), (b"4:K", (73, b""))):
        before_comma(Way(stop=1000, early=said), f"{said!r}", last)
        before_comma(Way(stop=1000, early=said, reset=True),
                     f"{said!r}, reset", last)
    for words in (b"Error: message too large", b"Error: netstring length "
                  b"exceeds storage limit while receiving message content"):
        first, other = (Qmqp(Way(stop=1000, early=netstring(b"D" + words)))
                        for _ in range(2))
        site = Site(first, other)
        told(site.queue(LARGE), 82, b"D5.3.4 " + words)
        is_(other.connections, 0, "a size: no other server is asked")
        told(site.queue(LARGE, error_fd=None), 31)
    # A server that holds still, and one that comes after it.
    held = threading.Event()
    first = Qmqp(Way(stop=1000, hold=held))
    watch = Stopwatch()
    got = Site(first).queue(LARGE, env={"QMQPTIMEOUT": "1"})
    told(got, 72)
    took(watch, 1, 4, "one that reads nothing: QMQPTIMEOUT")
    like(got.log, rf"{first.name}: takes nothing\n[^\n]*it takes too long\n\Z",
         "and it is named")
    held.set()

with case("after the comma"):
    server, second = Qmqp(), Qmqp()
    site = Site(server, second)
    for answer, code, custom in (
            (b"K", 0, b""), (b"Kok 1 qp 2", 0, b""),
            (b"K" + b"x" * 999, 0, b""),
            (b"Znot now (#4.3.0)", 82, b"Znot now (#4.3.0)"),
            (b"D5.7.1 not today", 82, b"D5.7.1 not today"),
            (b"D" + b"x" * 999, 82, b"D" + b"x" * 999),
            (b"DError: message too large", 82, b"DError: message too large"),
            (b"Z", 82, b"Z"), (b"D", 82, b"D")):
        server.way = Way(answer)
        got = site.queue()
        told(got, code, custom)
        like(got.log, rf"\Aqueue-qmqp: {server.name}: answer="
             rf"{re.escape(answer.decode()[:300])}", "named in one line")
    server.way = Way(b"Kok\n\x1b[31m\x7f")
    is_(site.queue().log, f"queue-qmqp: {server.name}: answer=Kok??[31m?\n",
        "no octet of it can forge a line")
    server.way = Way(b"Dno")
    told(site.queue(error_fd=None), 31)
    server.way = Way(b"Zno")
    told(site.queue(error_fd=None), 71)
    for said in (b"", b"0:,", b"2:xx,", b"1:K;", b"K", b"01:K,", b"100000:K" +
                 b"x" * 1000 + b",", b"99999999999999999999:K,", b":K,",
                 b"220 mx ESMTP\r\n", b"-1:K,", b"\0" * 2000, b"5"):
        for reset in (False, True):
            server.way = Way(said, raw=True, reset=reset)
            got = site.queue()
            told(got, 74)
            like(got.log, rf"\Aqueue-qmqp: {server.name}: answer=none, may be "
                 rf"queued: [^\n]+\n\Z", f"{said[:30]!r}: one line")
    server.way = Way(b"1:K,2:Zx,", raw=True)
    told(site.queue(), 0)
    is_(second.connections, 0, "no other server is asked")
    held = threading.Event()
    server.way = Way(hold=held)
    watch = Stopwatch()
    got = site.queue(env={"QMQPTIMEOUT": "1"})
    told(got, 74)
    took(watch, 1, 4, "a silent one: QMQPTIMEOUT")
    like(got.log, "answer=none, may be queued: it takes too long\n", "says so")
    held.set()

with case("not authorized"):
    for words in (DENIED, b"D5.1.0 Mail system is not configured to accept "
                  b"that sender", b"D5.7.1 You must authenticate first."):
        first, other = Qmqp(Way(words)), Qmqp()
        got = Site(first, other).queue()
        told(got, 0)
        is_(len(other.accepted), 1, "the next server has it")
        is_(got.log, f"queue-qmqp: {first.name}: answer={words.decode()}\n"
            f"queue-qmqp: {other.name}: answer=Kok\n", "the first is named")
        other.way = Way(words)
        got = Site(first, other).queue()
        told(got, 82, Z435)
        like(got.log, r"no server serves this host\n\Z", "and says so")
    told(Site(first).queue(error_fd=None), 71)
    other.way = Way(b"Dno such user")
    told(Site(first, other).queue(), 82, b"Dno such user")

with case("at each octet"):
    first, second = Qmqp(), Qmqp()
    site = Site(first, second)
    seen, bad = {}, []

    def judge(what, whole):
        """Once more: accepted by whom, and what was said."""
        for one in (first, second):
            one.accepted.clear()
        got = site.queue(MESSAGE)
        counts = len(first.accepted), len(second.accepted)
        seen[got.code] = seen.get(got.code, 0) + 1
        # 0: one has it. 74: it may be at the first one, and nowhere else.
        good = counts == ((1, 0) if whole else (0, 1)) and got.code == 0 or \
            counts == (whole, 0) and got.code == 74
        if not good:
            bad.append((what, counts, got))

    for reset in (False, True):
        for octets in range(len(SMALL)):
            first.way = Way(stop=octets, reset=reset)
            judge(f"{octets}, reset={reset}", False)
        for octets in range(len(netstring(b"Kok")) + 1):
            first.way = Way(cut=octets, reset=reset)
            judge(f"answer {octets}, reset={reset}", True)
    is_(bad, [], f"never lost, never at two servers: {seen}")
    for octets in range(3, 6):
        first.way = Way(cut=octets)
        told(site.queue(), 0)
        for letter_, text in ((b"Z", b"Znot now"), (b"D", b"Dnever")):
            first.way = Way(text, cut=octets)
            told(site.queue(), 82, text[:octets - 2])

with case("many at once"):
    # Servers that change their ways all the time; each message is its own.
    chance = random.Random(628)
    ways = [Way(), Way(), Way(b"Zbusy"), Way(b"Dno"), Way(DENIED),
            Way(stop=0), Way(stop=30, reset=True), Way(cut=0), Way(cut=2),
            Way(cut=3, reset=True), Way(stop=20, early=netstring(b"Dno")),
            Way(stop=5, early=netstring(b"Znot now"), reset=True)]
    several = [Qmqp() for _ in range(3)]
    site = Site(*several)

    codes, where = [], {}
    for first in range(0, 400, 20):
        runs = [site.start({"QMQPORDER": "rotate"}) for _ in range(20)]
        for number, run in enumerate(runs, first):
            several[number % 3].way = chance.choice(ways)
            run.give(b"%d\n" % number + b"x" * (number % 8 * 30000),
                     envelope("joe@example.com", "ann@example.net"))
        codes += [run.end().code for run in runs]
    for one in several:
        for whole in one.accepted:
            number = int(parse(parse(whole)[0])[0].split(b"\n")[0])
            where[number] = where.get(number, 0) + 1
    is_([n for n, code in enumerate(codes) if code == 0 and n not in where],
        [], "none is lost")
    is_([(n, code) for n, code in enumerate(codes)
         if code not in (0, 73, 74, 82)], [], "no other exit")
    ok({0, 74, 82} <= set(codes), "all kinds of ends", sorted(set(codes)))
    is_([(n, codes[n]) for n, count in where.items()
         if count > 1 or codes[n] not in (0, 74)], [],
        "none is at two servers, or refused where one has it")

with case("signals"):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        held = threading.Event()
        server = Qmqp(Way(stop=1000, hold=held))
        run = Site(server).start()
        threading.Thread(target=run.give, args=(
            LARGE, envelope("joe@example.com", "a@b")), daemon=True).start()
        server.wait(lambda: server.connections, "the message")
        os.kill(run.process.pid, number)
        got = run.end()
        is_(got.code, -number, f"{number} before the comma ends it")
        like(got.log, "stopped by a signal", "and it says so")
        held.set()
        for answer, code in ((b"Kok", 0), (b"Dno", 82)):
            held = threading.Event()
            server = Qmqp(Way(answer, hold=held))
            run = Site(server).start()
            run.give(MESSAGE, envelope("joe@example.com", "a@b"))
            server.wait(lambda: server.accepted or server.refused,
                        "the message")
            os.kill(run.process.pid, number)
            wait_for(lambda: signal_waits(run.process.pid, number),
                     "the signal")
            held.set()
            is_(run.end().code, code, f"{number} after it: {answer} is told")
    hole = Hole()
    run = Site(hole).start()
    run.give(MESSAGE, envelope("joe@example.com", "a@b"))
    wait_for(lambda: any("socket" in os.readlink(f"/proc/{run.process.pid}"
                                                 f"/fd/{n}")
                         for n in os.listdir(f"/proc/{run.process.pid}/fd")),
             "the connection")
    os.kill(run.process.pid, signal.SIGTERM)
    is_(run.end().code, -signal.SIGTERM, "while it connects, too")


def usage(*args):
    """Exit, and what is printed."""
    ended = subprocess.run([place.program("queue-qmqp"), *args], text=True,
                           capture_output=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


with case("options"):
    code, out, err = usage("-h")
    ok(code == 0 and out.startswith("usage: queue-qmqp [-hV]\n") and not err,
       "-h", out, err)
    code, out, err = usage("-V")
    ok(code == 0 and re.match(r"queue-qmqp \S+\n\Z", out) and not err, "-V",
       out)
    for args in (("-x",), ("x",), ("-h", "x")[1:]):
        code, out, err = usage(*args)
        ok(code == 100 and err.startswith("usage: ") and not out,
           f"{args}: wrong usage", code)

with case("long answers"):
    for answer, code in ((b"K" + b"x" * 5000, 0), (b"D" + b"x" * 5000, 82),
                         (b"Z" + b"x" * 99998, 82), (b"D" + b"x" * 999, 82)):
        got = Site(Qmqp(Way(answer))).queue()
        told(got, code, answer[:1000] if code == 82 else b"")

with case("ERROR_FD"):
    peer = Qmqp(Way(b"Dno such user (#5.1.1)"))
    for number, code in (("2", 82), ("3", 82), ("9", 82), ("1", 31),
                         ("10", 31), ("x", 31), ("", 31)):
        got = Site(peer).queue(env={"ERROR_FD": number},
                               error_fd=int(number) if code == 82 else 6)
        told(got, code, b"Dno such user (#5.1.1)" if code == 82 else b"")
    with Server(env={"QMAILQUEUE": place.installed("queue-qmqp"),
                     "ERROR_FD": "2"},
                control={"qmqpservers": peer.name + "\n"}) as server, \
            server.client() as client:
        client.hello()
        starts(client.message(), "554 5.1.1 no such user", "2 is the client's")

with case("as smtpd-auth's queue program"):
    peer = Qmqp()
    with Server(env={"QMAILQUEUE": place.installed("queue-qmqp")},
                control={"qmqpservers": peer.name + "\n"}) as server, \
            server.client() as client:
        client.hello()
        for answer, reply in (
                (b"Kok 4711", "250 2.0.0"),
                (b"Dno such user (#5.1.1)", "554 5.1.1 no such user"),
                (b"Znot now", "451 4.3.0 not now"),
                (DENIED, "451 4.3.5 mail servers do not take"),
                (b"", "451 4.3.0 communication with mail server failed")):
            peer.way = Way(answer, raw=not answer)
            client.must(("MAIL FROM:<joe@example.com>", "250"),
                        ("RCPT TO:<ann@example.com>", "250"), ("DATA", "354"))
            client.send("Subject: end to end\r\n\r\n..\r\nx\r\n.\r\n")
            starts(client.reply(), reply, f"{answer}: {reply}")
        message = parse(parse(peer.accepted[0])[0])
        is_(message[1:], [b"joe@example.com", b"ann@example.com"],
            "the envelope")
        ok(message[0].endswith(b"Subject: end to end\n\n.\nx\n"), "the message",
           message[0])
        server.wait_log(rf"queue-qmqp: {peer.name}: answer=Kok 4711")
        starts(client.command("QUIT"), "221", "the end")
done()
