#!/usr/bin/env python3
"""policysocket: a daemon that is absent, silent, slow, mad, or gone at once."""
import os
import signal
import socket
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_policy import (CLOSED, PREFIX, Asking, Daemon,  # noqa: E402
                                  rcpt)
from support.extra_process import (Family, queue_script,  # noqa: E402
                                   wait_for)

NO_ANSWER = "451 4.3.5"
MESSAGE = "Subject: x\r\n\r\ny\r\n"


def trouble(server, daemon, error, what):
    """The 4xx and one line that names the daemon; or neither of them."""
    watch = Stopwatch()
    starts(rcpt(server), NO_ANSWER, what + ": 4xx")
    took(watch, 0, 10, what + ": soon")
    line, = server.wait_log(PREFIX + "rcpt refused .*$")
    like(line[0], f" rcpt=joe@example.com reason=policy "
         f"server={daemon.where} error={error}$", what + ": one line")
    server.wait_log(PREFIX + "end ")
    is_(server.log().count(daemon.where), 1, what + ": only one")


def accepted(server, daemon, error, what):
    """policyfail=accept."""
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("RCPT TO:<joe@example.com>", "250", what + ": accepted"),
               ("RCPT TO:<ann@example.com>", "250", what + ": the next, too"))
    line, = server.wait_log(PREFIX + "config fail .*$")
    like(line[0], rf"file={daemon.where} reason=no\\x20answer:\\x20{error}$",
         what + ": one line")
    server.wait_log(PREFIX + "end ")
    is_(server.log().count("config fail"), 1, what + ": a message, one line")


class Nobody:
    """No daemon."""

    def __init__(self, where):
        self.where = where

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def plain_file():
    """One that the account may write."""
    path = os.path.join(place.home("file"), "file")
    place.write(path, "", 0o666)
    os.chmod(os.path.dirname(path), 0o755)
    os.chmod(path, 0o666)
    return path


def free_port():
    """Where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % s.getsockname()[1]


SHORT = {"POLICYTIMEOUT": "1"}
HUGE = b"action=" + b"x" * (1 << 20)
WRONG = [
    ("closes at once", lambda: Daemon((b"", CLOSED)), "closed"),
    ("closes in its answer", lambda: Daemon((b"action=DUN", CLOSED)), "closed"),
    ("closes before the empty line", lambda: Daemon(
        (b"action=DUNNO\n", CLOSED)), "closed"),
    ("says nothing", lambda: Daemon(lambda *_: None), "timeout"),
    ("stops in its answer", lambda: Daemon(b"action=DUNNO\n"), "timeout"),
    ("has no action", lambda: Daemon(b"actio=DUNNO\n\n"), "nonsense"),
    ("an empty answer", lambda: Daemon(b"\n"), "nonsense"),
    ("an empty action", lambda: Daemon(b"action=\n\n"), "nonsense"),
    ("two actions", lambda: Daemon(b"action=OK\naction=REJECT\n\n"),
     "nonsense"),
    ("speaks HTTP", lambda: Daemon(b"HTTP/1.1 400 Bad Request\n\n"),
     "nonsense"),
    ("NUL", lambda: Daemon(b"action=DUNNO\0\n\n"), "nonsense"),
    ("1 MB without an end", lambda: Daemon(HUGE), r"too\\x20long"),
    ("1 MB of lines", lambda: Daemon(b"a=b\n" * (1 << 18)), r"too\\x20long"),
    ("no such socket", lambda: Nobody("/nowhere/socket"),
     r"No\\x20such\\x20file\\x20or\\x20directory"),
    ("no socket", lambda: Nobody(plain_file()), r"Connection\\x20refused"),
    ("no listener", lambda: Nobody(free_port()), r"Connection\\x20refused"),
]


def one(row):
    """Deferred, and accepted."""
    what, make, error = row
    with make() as daemon:
        with Asking(daemon, env=SHORT) as server:
            trouble(server, daemon, error, what)
        with Asking(daemon, env={**SHORT, "POLICYFAIL": "Accept"}) as server:
            accepted(server, daemon, error, what)


for row in WRONG:
    with case(row[0]):
        one(row)

with case("not for the account"), Daemon() as daemon, Asking(
        daemon) as server:
    os.chmod(daemon.where, 0o600)
    if server.root:
        trouble(server, daemon, r"Permission\\x20denied", "not ours")
    else:
        skip("a socket of another's", "not root")

with case("an octet at a time"):
    ends = threading.Event()

    def drip(_, connection):
        """Never comes to an end."""
        while not ends.wait(0.05):
            connection.sendall(b"x=\n")

    with Daemon(drip) as daemon, Asking(daemon, env=SHORT) as server:
        trouble(server, daemon, "timeout", "slow")
    ends.set()

with case("one timeout a message"), Daemon(lambda *_: None) as daemon, \
        Asking(daemon, "rcpt end", env=SHORT) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        for name in "abcde":
            c.talk((f"RCPT TO:<{name}@example.com>", NO_ANSWER, "deferred"))
        is_(len(daemon.requests), 1, "a silent one is asked once")
        daemon.answer = "DUNNO"
        c.must(("RSET", "250"))
        starts(c.message(MESSAGE), "250 2.0.0", "and anew for the next message")

with case("at the end"), Daemon(lambda *_: None) as daemon, Asking(
        daemon, "end", env=SHORT) as server, server.client() as c:
    starts(c.message(MESSAGE), NO_ANSWER, "silent at the end: 4xx")
    like(server.wait_log(PREFIX + "message temp .*$")[0][0],
         f"reason=policy server={daemon.where} error=timeout", "the line")
    is_(server.messages(), [], "nothing is queued")
    daemon.answer = "OK"
    starts(c.message(MESSAGE), "250 2.0.0", "then it answers")
with case("accepted at the end"), Daemon(lambda *_: None) as daemon, Asking(
        daemon, "end", env={**SHORT, "POLICYFAIL": "accept"}) as server, \
        server.client() as c:
    starts(c.message(MESSAGE), "250 2.0.0", "silent at the end: accepted")


# ------------------------------------------------- the kept connection ---

with case("closes after each answer"), Daemon(
        (b"action=DUNNO\n\n", CLOSED)) as daemon, Asking(daemon) as server, \
        server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"))
    for name in "abcd":
        c.talk((f"RCPT TO:<{name}@example.com>", "250", "a new one each time"))
    is_(daemon.connections, 4, "four connections")
    is_(server.log().count(daemon.where), 0, "and not a line")

with case("closes between requests"), Daemon() as daemon, Asking(
        daemon) as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"),
           ("RCPT TO:<a@example.com>", "250"))
    daemon.hang_up()
    c.talk(("RCPT TO:<b@example.com>", "250", "a new connection"))
    is_(daemon.connections, 2, "two connections")

with case("closes when it is asked again"):
    asked = []

    def twice(request, _):
        """The second request of the first connection ends it."""
        asked.append(request["recipient"])
        return (b"act", CLOSED) if len(asked) == 2 else "DUNNO"

    with Daemon(twice) as daemon, Asking(daemon) as server, \
            server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"),
               ("RCPT TO:<a@example.com>", "250"))
        c.talk(("RCPT TO:<b@example.com>", "250", "one retry"))
        is_(asked, [f"{name}@example.com" for name in "abb"], "asked again")
        is_(daemon.connections, 2, "on a new connection")

with case("only one retry"), Daemon() as daemon, Asking(
        daemon) as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"),
           ("RCPT TO:<a@example.com>", "250"))
    daemon.answer = (b"", CLOSED)
    c.talk(("RCPT TO:<b@example.com>", NO_ANSWER, "then 4xx"))
    is_((daemon.connections, len(daemon.requests)), (2, 3), "asked twice")

with case("more than an answer"), Daemon(
        b"action=DUNNO\n\naction=REJECT\n\n") as daemon, Asking(
        daemon) as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"))
    for name in "abc":
        c.talk((f"RCPT TO:<{name}@example.com>", "250",
                "the second answer is nobody's"))
    is_(daemon.connections, 3, "on a connection of its own each")

with case("an answer that nobody asked for"):
    said = threading.Event()

    def again(_, connection):
        """The answer, and after a while one more."""
        connection.sendall(b"action=DUNNO\n\n")
        threading.Thread(target=lambda: (
            said.wait(10), connection.sendall(b"action=REJECT\n\n"),
            late.set()), daemon=True).start()

    late = threading.Event()
    with Daemon(again) as daemon, Asking(daemon) as server, \
            server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"),
               ("RCPT TO:<a@example.com>", "250"))
        said.set()
        ok(late.wait(10), "it says so")
        c.talk(("RCPT TO:<b@example.com>", "250", "it is not heard"))
        is_(daemon.connections, 2, "on a new connection")

with case("starts later"), Nobody(free_port()) as nobody, Asking(
        nobody) as server, server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"))
    c.talk(("RCPT TO:<a@example.com>", NO_ANSWER, "not there"))
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        host, _, port = nobody.where.partition(":")
        listener.bind((host, int(port)))
        listener.listen()
        c.send("RCPT TO:<a@example.com>\r\n")
        connection = listener.accept()[0]
        with connection:
            heard = b""
            while b"\n\n" not in heard:
                heard += connection.recv(65536)
            for octet in b"action=DUNNO\n\n":
                connection.sendall(bytes([octet]))
            starts(c.reply(), "250", "there; its answer comes in octets")

with case("a queue that is full"):
    where = os.path.join(place.home("full"), "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(where)
        os.chmod(os.path.dirname(where), 0o755)
        os.chmod(where, 0o666)
        listener.listen(0)
        first = socket.socket(socket.AF_UNIX)
        first.connect(where)
        with Asking(Nobody(where)) as server, server.client() as c:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.send("RCPT TO:<a@example.com>\r\n")
            wait_for(lambda: c.drained() or True, "the request")
            listener.accept()[0].close()
            connection = listener.accept()[0]
            with connection:
                connection.recv(65536)
                connection.sendall(b"action=REJECT at last\n\n")
                starts(c.reply(), "554 5.7.1 at last", "it is tried again")
        first.close()


# -------------------------------------------------------------- the end ---

def silent():
    """A daemon that says nothing."""
    return Daemon(lambda *_: None)


with case("the client goes"), silent() as daemon, Asking(daemon) as server:
    c = server.client()
    c.must(("MAIL FROM:<a@example.org>", "250"))
    c.send("RCPT TO:<joe@example.com>\r\n")
    daemon.wait(1)
    c.close()
    is_(server.wait_idle(2), [], "all are gone within 2 seconds")

with case("SIGTERM"), silent() as daemon, Asking(daemon) as server, \
        server.client() as c:
    c.must(("MAIL FROM:<a@example.org>", "250"))
    family = Family(server, c)
    c.send("RCPT TO:<joe@example.com>\r\n")
    daemon.wait(1)
    os.kill(family.keeper.pid, signal.SIGTERM)
    is_(c.rest(), b"421 4.3.2 service stopping\r\n", "the service stops")
    is_(server.wait_idle(2), [], "all are gone")

with case("the queue program dies while the daemon thinks"), silent() as \
        daemon, Asking(daemon, "end", env={"QMAILQUEUE": queue_script(
            "cat >/dev/null\nexit 31\n")}) as server, server.client() as c:
    watch = Stopwatch()
    starts(c.message(MESSAGE), "554 5.3.0", "its word counts")
    took(watch, 0, 10, "at once")
    starts(c.command("NOOP"), "250", "the connection goes on")

with case("replies of a batch"), silent() as daemon, Asking(
        daemon) as server, server.client() as c:
    c.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<joe@example.com>\r\n")
    starts(c.reply(), "250 2.1.0", "do not wait for the daemon")

done()
