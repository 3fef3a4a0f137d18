"""QMQP servers that do as a test says, and queue-qmqp in front of them.

A server counts a message only when it has the last comma of it, as those of
others do, and keeps what it got before.
"""
import os
import socket
import struct
import threading

from . import place
from .client import DEADLINE
from .extra_sendmail import Run, envelope
from .patience import Patience

PROGRAM = "queue-qmqp"
RESET = struct.pack("ii", 1, 0)


def netstring(octets):
    """One of them."""
    return b"%d:%s," % (len(octets), octets)


def letter(message, sender, *recipients):
    """What a client sends for it: all of it."""
    return netstring(b"".join(netstring(part) for part in
                              (message, sender, *recipients)))


def parse(octets):
    """The netstrings in it."""
    parts = []
    while octets:
        number, _, rest = octets.partition(b":")
        length = int(number)
        if rest[length:length + 1] != b",":
            raise ValueError("no comma")
        parts.append(rest[:length])
        octets = rest[length + 1:]
    return parts


class Way:
    """What a server does with a connection."""

    def __init__(self, answer=b"Kok", stop=None, early=None, cut=None,
                 reset=False, hold=None, raw=False):
        self.answer = answer if raw else netstring(answer)
        self.refuses = not raw and answer[:1] in (b"D", b"Z")
        self.stop = stop        # octets after which it reads no more
        self.early = early      # what it says then, as it is
        self.cut = cut          # octets of the answer that it sends
        self.reset = reset      # in place of a close
        self.hold = hold        # an Event to wait for, before it goes on


class Qmqp(threading.Thread):
    """A server on 127.0.0.1, or address. Each connection goes the way of
    self.way."""

    def __init__(self, way=None, address="127.0.0.1", port=0):
        super().__init__(daemon=True)
        self.way = way or Way()
        self.address = address
        self.listener = socket.socket(
            socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Small, so that the sender of a large message has to wait.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind((address, port))
        self.listener.listen(50)
        self.port = self.listener.getsockname()[1]
        self.accepted = []      # whole letters
        self.refused = []       # likewise, with a D or Z as answer
        self.connections = 0    # that said something
        self.active = set()     # peers of those that have not ended
        self.ended = set()
        self.news = threading.Condition()
        self.start()

    @property
    def name(self):
        """As it stands in qmqpservers."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return host if self.port == 628 else f"{host}:{self.port}"

    def run(self):
        while True:
            connection, peer = self.listener.accept()
            self.active.add(peer)
            threading.Thread(target=self.serve, daemon=True,
                             args=(connection, peer, self.way)).start()

    def serve(self, connection, peer, way):
        """One connection."""
        with connection:
            try:
                self.talk(connection, way)
            except OSError:
                pass
        with self.news:
            self.active.discard(peer)
            self.ended.add(peer)
            self.news.notify_all()

    def settle(self):
        """Until it has done with all who have come so far."""
        with socket.create_connection((self.address, self.port)) as last:
            name = last.getsockname()
        self.wait(lambda: name in self.ended and not self.active,
                  "the end of all connections")

    def read(self, connection, stop):
        """Octets up to stop, or to the end of the netstring; and is it
        whole?"""
        data, whole = bytearray(), None
        while whole is None or len(data) < whole:
            wanted = min((whole or 1 << 20) - len(data) if whole else 1,
                         (1 << 62) if stop is None else stop - len(data),
                         1 << 16)
            got = connection.recv(wanted) if wanted > 0 else b""
            if not got:
                break
            if not data:
                with self.news:
                    self.connections += 1
                    self.news.notify_all()
            data += got
            if whole is None and got == b":":
                whole = len(data) + int(data[:-1]) + 1
        return bytes(data), whole == len(data)

    def talk(self, connection, way):
        """Reads, answers, ends."""
        data, whole = self.read(connection, way.stop)
        if whole:
            with self.news:
                (self.refused if way.refuses else self.accepted).append(data)
                self.news.notify_all()
        elif way.early:
            connection.sendall(way.early)
        if way.hold:
            way.hold.wait(DEADLINE)
        if whole:
            connection.sendall(way.answer[:way.cut])
        if way.reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def wait(self, condition, what):
        """For what this server knows."""
        patience = Patience(DEADLINE)
        with self.news:
            while not condition():
                left = patience.left()
                if left == 0:
                    raise AssertionError(f"did not come: {what}")
                self.news.wait(left)


class Hole:
    """An address at which a connection is neither taken nor refused."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.name = f"127.0.0.1:{self.port}"
        # The one place that there is.
        self.inside = socket.create_connection(("127.0.0.1", self.port))


def refusing():
    """An address at which nobody listens: bound, so that none else does."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound, "127.0.0.1:%d" % bound.getsockname()[1]


class Site:
    """A control directory with qmqpservers, and runs with it."""

    def __init__(self, *servers, text=None):
        self.path = place.home("control")
        self.spool = place.home("spool")
        os.chmod(self.spool, 0o777)
        self.write(text if text is not None else
                   "".join(server.name + "\n" for server in servers))

    def write(self, text):
        """The list."""
        place.write(os.path.join(self.path, "qmqpservers"), text)

    def start(self, env=None, **how):
        """A run that waits for its message."""
        made = {"CONTROLDIR": self.path, "TMPDIR": self.spool,
                "QMQPORDER": "list", **(env or {})}
        return Run(env={k: v for k, v in made.items() if v is not None},
                   program=PROGRAM, **how)

    def queue(self, message=b"Subject: x\n\ny\n", what=None, env=None, **how):
        """One message through it."""
        if what is None:
            what = envelope("joe@example.com", "ann@example.net")
        return self.start(env, **how).finish(message, what)
