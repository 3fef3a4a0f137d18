"""Every pattern of line ends and dots around the end of a message, through us
into a mail server and out of it again, to a sink.

Behind "a" comes a pattern over CR, LF, dot and a, then what a smuggler would
want to be taken for another message. What the RFC says of the whole is written
down here once more: a message is what stands before the first CR LF . CR LF
(of BDAT: all), without the dots that its lines begin with; where a CR or an LF
stands alone in it, there is none.
"""
import itertools
import os
import queue
import re

from . import place
from .patience import Patience
from .server import Server, parallel
from .tap import diag, is_, ok

TAIL = (b"MAIL FROM:<smuggler@evil.example>\r\nRCPT TO:<b@example.com>\r\n"
        b"DATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\nQUIT\r\n")
ALONE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")
END = b"\r\n.\r\n"
THREADS = 8
# How long a pattern is, at most; those that are refused at our door, too.
LENGTHS = {"check": (4, 3), "full": (7, 7)}


def size():
    """What was asked for: lengths of what may pass, and of all."""
    return LENGTHS[os.environ.get("SIZE") or "check"]


def patterns():
    """All of them, up to those lengths."""
    passing, every = size()
    for length in range(1, max(passing, every) + 1):
        for octets in itertools.product(b"\r\n.a", repeat=length):
            pattern = bytes(octets)
            if length <= every or not ALONE.search(b"a" + pattern + b"M"):
                yield pattern


def head(verb, pattern):
    """The beginning of the message that has this pattern."""
    return b"Subject: %s-%s\r\n\r\na" % (verb.encode(), pattern.hex().encode())


def content(verb, octets):
    """The lines of the message, or None where there is none."""
    if verb == "DATA":
        end = octets.find(END)
        octets = octets[:end + 2] if end >= 0 else octets
    if ALONE.search(octets):
        return None
    lines = octets.split(b"\r\n")[:-1]
    if verb == "DATA":
        lines = [line[1:] if line[:1] == b"." else line for line in lines]
    return lines[2:]


class Door(Server):
    """Our server in front of this queue program."""

    def __init__(self, program, env=None):
        super().__init__(env={"QMAILQUEUE": program, **(env or {})})


class Run:
    """All patterns by one server."""

    def __init__(self, door, sink):
        self.door, self.sink = door, sink
        self.sent, self.refused, self.wrong = {}, 0, []
        self.news = queue.Queue()

    def one(self, job):
        """A connection; what became of its message."""
        verb, pattern = job
        octets = head(verb, pattern) + pattern + TAIL
        expected = content(verb, octets)
        try:
            with self.door.client() as c:
                c.must(("MAIL FROM:<a@example.org>", "250"),
                       ("RCPT TO:<b@example.com>", "250"))
                if verb == "DATA":
                    c.must(("DATA", "354"))
                    c.send(octets)
                else:
                    c.send(b"BDAT %d LAST\r\n" % len(octets) + octets +
                           b"QUIT\r\n")
                reply = c.reply()
                try:
                    rest = c.rest()
                except ConnectionResetError:
                    rest = b""
        except Exception as error:  # pylint: disable=broad-except
            return job, repr(error)
        if expected is None:
            self.news.put((job, None))
            return job, None if reply.startswith("554 5.6.0") and not rest \
                else f"not refused: {reply} {rest}"
        if not reply.startswith("250 2.0.0"):
            return job, f"not taken: {reply} {rest}"
        self.news.put((job, expected))
        return job, f"two messages: {rest}" if rest.count(b"250 2.0.0 ok") \
            else None

    def all(self):
        """Sends them all."""
        jobs = [(verb, pattern) for pattern in patterns()
                for verb in ("DATA", "BDAT")]
        for job, wrong in parallel(self.one, jobs, THREADS):
            if wrong:
                self.wrong.append(f"{job}: {wrong}")
        while not self.news.empty():
            (verb, pattern), lines = self.news.get()
            if lines is None:
                self.refused += 1
            else:
                self.sent[f"{verb}-{pattern.hex()}"] = lines
        return len(jobs)

    def arrived(self, waiting):
        """Waits until the server has sent all; what is wrong with it."""
        patience = Patience(300)
        while len(self.sink.messages) < len(self.sent) or waiting() > 0:
            if patience.left() == 0:
                self.wrong.append(f"{waiting()} messages stay in its queue")
                break
            with self.sink.news:
                self.sink.news.wait(0.5)
        seen = {}
        for message in self.sink.messages:
            name = message.header("Subject")
            lines = message.data.partition(b"\r\n\r\n")[2].split(b"\r\n")
            if lines[-1] == b"":
                lines.pop()
            seen.setdefault(name, []).append(lines)
            if ALONE.search(message.data):
                self.wrong.append(f"{name}: a line end alone goes out")
            if (message.sender, message.recipients) != (
                    "a@example.org", ["b@example.com"]):
                self.wrong.append(f"{name}: {message.mail} "
                                  f"{message.recipients}")
        for name, lines in self.sent.items():
            if seen.pop(name, []) != [lines]:
                self.wrong.append(f"{name}: another content, or count")
        self.wrong += [f"{name}: nobody sent it" for name in seen]


def smuggle(peer, program, sink, waiting, env=None):
    """Checks and the figure."""
    with Door(place.installed(program) if "/" not in program else program,
              env) as door:
        run = Run(door, sink)
        jobs = run.all()
        run.arrived(waiting)
        is_(door.wait_idle(12), [], f"{peer}: nothing is left")
    is_(run.wrong[:20], [], f"{peer}: no difference")
    is_(len(run.sent) + run.refused, jobs, f"{peer}: all were tried")
    ok(len(run.sent) > 10 and run.refused > 10,
       f"{peer}: some of them messages, some of them none")
    diag(f"smuggling, {peer}: {jobs} patterns, {run.refused} refused, "
         f"{len(run.sent)} messages sent, {len(sink.messages)} arrived, "
         f"{len(sink.messages) - len(run.sent)} more, "
         f"{len(run.wrong)} differences")
