#!/usr/bin/env python3
"""Many sessions with all features mixed, while processes are killed,
certificates renewed, users and control files changed.

What was answered by 250 is queued once; what else is queued had its end sent
and got no answer. The listeners' memory and descriptors, and the files of the
state directory, stay as they are; no process is left.
SIZE=check (the default) is some hundred sessions, SIZE=full (make soak) a
million; a number is that many. SEED is their mixture. What is looked at is the
server: its users' secrets have the fewest iterations that there may be.
"""
import collections
import contextlib
import os
import random
import signal
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_alone import (  # noqa: E402
    all_tried, children, done_with, spread)
from support.extra_policy import Daemon  # noqa: E402
from support.extra_process import Process  # noqa: E402

SIZE = os.environ.get("SIZE", "check")
COUNT = {"check": 300, "full": 1000000}.get(SIZE) or int(SIZE)
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
WORKERS = 4
BATCH = 50 if COUNT > 10000 else 25  # sessions from one disturbance to the next
GROWTH = 128 * 1024  # octets of a listener's memory
MECHANISMS = ("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5",
              "DIGEST-MD5")
JOE, ANN, BOB = (name + "@example.com" for name in ("joe", "ann", "bob"))
WEAKER = ("-i", "4096", "-m", "cram-md5", "-m", "digest-md5")
SWITCHES = {"databytes": ("1000000\n", "0\n"),
            "smtpgreeting": ("mx.example.org\n", "mx.example.org hello\n"),
            "badmailfrom": ("@bad.example\n", "@worse.example\n"),
            "validrcptto": ("@example.com\n", "b@example.com\n")}


class File:
    """A log that is too long for memory."""

    def __init__(self, path):
        self.path = path
        self.write_fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def is_alive(self):
        """Nothing need be started."""
        return True

    def close(self):
        """It stays."""

    def lines(self):
        """One after the other."""
        with open(self.path, encoding="utf-8", errors="replace") as file:
            yield from file

    def text(self):
        """For who wants all of it."""
        return "".join(self.lines())


class Soaked(Server):
    """One of the listeners."""

    def __init__(self, tally, state, proxied=True, smtps=False, env=None):
        self.proxied, self.smtps = proxied, smtps
        super().__init__(
            users={JOE: ("secret", *WEAKER), ANN: ("secret", *WEAKER),
                   BOB: ("secret", *WEAKER)},
            control={"relaylimits": f"{JOE}:1000000000\n"}, certificate="ec",
            env={"QMAILQUEUE": place.stub("tally"), "TALLY": tally,
                 "STATEDIR": state, "CONNLIMIT": "40",
                 "AUTHMECHS": " ".join(MECHANISMS),
                 **({"PROXYPROTOCOL": "1"} if proxied else {}), **(env or {})},
            args=["-s"] if smtps else [])

    def start(self):
        self.log_reader.start()
        self.log_reader.close = lambda: None
        os.close(self.log_reader.write_fd)
        self.log_reader = File(os.path.join(self.home, "long-log"))
        super().start()

    def resident(self):
        """(memory, descriptors) of the listener."""
        listener = Process(self.process.pid)
        return listener.resident(), len(listener.descriptors())


class Sender:
    """One session."""

    def __init__(self, server, random_, number):
        self.server, self.random, self.number = server, random_, number
        self.messages = 0
        self.accepted, self.unanswered = [], []
        self.tls = self.logged_in = False

    def chance(self, share):
        """One in so many."""
        return self.random.random() * share < 1

    def run(self):
        """False: it was disturbed."""
        try:
            with self.connect() as client:
                return self.talk(client)
        except (AssertionError, OSError, ValueError, ssl.SSLError):
            return False

    def connect(self):
        """The greeting was read."""
        client = Client(self.server.port, greet=False)
        if self.server.proxied:
            address = ".".join(str(self.random.randrange(1, 255))
                               for _ in range(4))
            client.send(f"PROXY TCP4 {address} 192.0.2.1 40000 587\r\n")
        if self.server.smtps:
            client.wrap()
            self.tls = True
        client.expect("220 ")
        return client

    def talk(self, client):
        """All the rest."""
        client.hello()
        if not self.tls and self.chance(3):
            client.starttls()
            client.hello()
        # Not where all come from one address, which would be turned away.
        if self.server.proxied and self.chance(8):
            # Seldom the same one, who would be slowed down.
            user = BOB if self.chance(10) else f"u{self.number}@example.com"
            client.login(self.random.choice(MECHANISMS), user, "wrong")
        if self.chance(2):
            got = client.login(self.random.choice(MECHANISMS), JOE, "secret")
            self.logged_in = got.code == 235
            if not self.logged_in:
                return False
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 3))):
            if self.chance(20):
                return self.go_away(client)
            if not self.message(client):
                return False
        if self.chance(4):
            client.must(("RSET", "250"))
        if self.chance(6):
            client.reset()
        else:
            client.must(("QUIT", "221"))
        return True

    def text(self):
        """Of the next message; its number is unique."""
        self.messages += 1
        name = f"{self.number}.{self.messages}"
        lines = self.random.choice((1, 10, 200))
        return name, (f"Subject: soak\r\nX-Number: {name}\r\n\r\n" +
                      "..some text\r\n" * lines).encode()

    def recipient(self):
        """Elsewhere for who may."""
        return "RCPT TO:<%s>" % ("x@example.net" if self.logged_in and
                                 self.chance(2) else "b@example.com")

    def message(self, client):
        """True: it was accepted."""
        name, text = self.text()
        sender = f"MAIL FROM:<{JOE}>"
        send = self.random.choice((self.data, self.bdat, self.pipelined))
        self.unanswered.append(name)  # until it is answered
        got = send(client, sender, self.recipient(), text)
        if not got.startswith("250 "):
            return False
        self.unanswered.remove(name)
        self.accepted.append(name)
        return True

    @staticmethod
    def data(client, sender, recipient, text):
        """Command by command."""
        client.must((sender, "250"), (recipient, "250"), ("DATA", "354"))
        client.send(text + b".\r\n")
        return client.reply()

    @staticmethod
    def bdat(client, sender, recipient, text):
        """In two chunks."""
        client.must((sender, "250"), (recipient, "250"))
        middle = len(text) // 2
        client.send(b"BDAT %d\r\n" % middle + text[:middle])
        client.expect("250 ")
        client.send(b"BDAT %d LAST\r\n" % (len(text) - middle) +
                    text[middle:])
        return client.reply()

    @staticmethod
    def pipelined(client, sender, recipient, text):
        """All that may be in one segment."""
        client.send(f"{sender}\r\n{recipient}\r\nDATA\r\n")
        client.expect("250")
        client.expect("250")
        client.expect("354")
        client.send(text + b".\r\n")
        return client.reply()

    def go_away(self, client):
        """In the middle of a message."""
        _, text = self.text()
        client.must((f"MAIL FROM:<{JOE}>", "250"), (self.recipient(), "250"),
                    ("DATA", "354"))
        client.send(text[:self.random.randrange(len(text))])
        if self.chance(2):
            client.reset()
        return True


def work(numbers):
    """(sessions, disturbed ones, accepted, not answered) of each batch."""
    batch = [0, 0, [], []]
    for number in numbers:
        random_ = random.Random(SEED * 1000003 + number)
        one = Sender(random_.choice(servers), random_, number)
        batch[1] += not one.run()
        batch[0] += 1
        batch[2] += one.accepted
        batch[3] += one.unanswered
        if batch[0] == BATCH:
            yield batch
            batch = [0, 0, [], []]
    yield batch


class Trouble:
    """What happens on the way, one thing at a time."""

    def __init__(self):
        self.random = random.Random(SEED)
        self.done = collections.Counter()

    def something(self):
        """At a random server."""
        server = self.random.choice(servers)
        what = self.random.choice((self.kill, self.kill, self.renew,
                                   self.user, self.switch))
        what(server)

    def kill(self, server):
        """One process of a connection, but not the listener."""
        pids = children(server.process.pid)
        pids += [child for pid in pids for child in children(pid)]
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.random.choice(pids), signal.SIGKILL)
                self.done["kills"] += 1

    def renew(self, server):
        """As certbot's hooks do: both files are replaced, one by one."""
        pair = certificate(self.random.choice(("ec", "rsa")))
        for name, text, secret in (
                ("servercert.pem", pair.certificate_text(), False),
                ("serverkey.pem", pair.key_text(), True)):
            server.write(name + ".new", text, secret=secret)
            os.rename(server.path(name + ".new"), server.path(name))
        self.done["renewals"] += 1

    def user(self, server):
        """Some other user's password; or the file is built anew."""
        if self.random.random() < 0.5:
            server.passwd(*WEAKER, "set", ANN,
                          stdin=str(self.random.random()))
        else:
            server.passwd("build")
        self.done["user changes"] += 1

    def switch(self, server):
        """Another content of some control file."""
        name = self.random.choice(list(SWITCHES))
        path = server.path(name)
        place.write(path + ".new", self.random.choice(SWITCHES[name]))
        os.rename(path + ".new", path)
        self.done["control files"] += 1


def sizes():
    """Of the files of the state directory. Those of places are empty, and at
    most 256."""
    found = {name: os.stat(os.path.join(state, name)).st_size
             for name in os.listdir(state)}
    return {name: size for name, size in found.items()
            if size or not name.startswith("places.")}


def look():
    """What must stay as it is."""
    return [server.resident() for server in servers], sizes()


def flat(first, last):
    """Has nothing grown?"""
    for server, before, after in zip(servers, first[0], last[0]):
        what = f"listener {servers.index(server) + 1}"
        ok(after[0] - before[0] < GROWTH, f"{what}: memory is flat",
           before, after)
        ok(after[1] <= before[1], f"{what}: descriptors are flat",
           before, after)
    is_(last[1], first[1], "the state files have their size")


def compare(tallied, accepted, unanswered):
    """What was queued beside what was accepted."""
    times = collections.Counter(tallied)
    twice = [name for name, count in times.items() if count > 1]
    lost = [name for name in accepted if name not in times]
    extra = set(times) - set(accepted) - set(unanswered)
    ok(not lost, f"{len(accepted)} accepted, all are queued", lost[:10])
    ok(not twice, "none is queued twice", twice[:10])
    ok(not extra, f"{len(set(times) - set(accepted))} more are queued, which "
       "were sent whole and got no answer", sorted(extra)[:10])
    return len(lost) + len(twice) + len(extra)


total, disturbed, differences = 0, 0, 0
accepted, unanswered, trouble = [], [], Trouble()
with case("soak"), Daemon("DUNNO") as daemon:
    state = os.path.join(place.home("state"), "state")
    os.mkdir(state)
    shared = place.home("tally")
    tally = os.path.join(shared, "tally")
    place.write(tally, "", 0o666)
    for path in (state, shared):
        os.chmod(path, 0o777)
    daemon.requests = daemon.raw = collections.deque(maxlen=10)
    servers = [Soaked(tally, state, env={
        "POLICYSOCKET": f"{daemon.where} rcpt end"}),
               Soaked(tally, state, smtps=True),
               Soaked(tally, state, proxied=False)]
    first = None
    for batch in spread(work, list(range(COUNT)), WORKERS):
        total += batch[0]
        disturbed += batch[1]
        accepted += batch[2]
        unanswered += batch[3]
        trouble.something()
        if first is None and total >= min(COUNT / 10, 1000):
            first = look()
    for number, server in enumerate(servers, 1):
        is_(server.wait_idle(3), [], f"listener {number}: no process is left")
    flat(first, look())
    with open(tally, encoding="ascii") as file:
        differences = compare(file.read().split(), accepted, unanswered)
    died = sum("reason=session-died" in line for server in servers
               for line in server.log_reader.lines())
    ok(died <= trouble.done["kills"], f"{died} sessions died of "
       f"{trouble.done['kills']} kills")
    ok(disturbed < total / 20 + 20, f"{disturbed} sessions were disturbed by "
       f"{dict(trouble.done)}")
    all_tried(total, COUNT)
    for server in servers:
        server.stop()
done_with(f"soak: seed {SEED}, {total} sessions, {len(accepted)} messages, "
          f"{sum(trouble.done.values())} disturbances, {differences} "
          "differences")
