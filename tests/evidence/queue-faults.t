#!/usr/bin/env python3
"""Each system call of queue-sendmail and queue-qmqp fails once with each error
that it may have, is interrupted, or does but one octet of its work.

It exits 0 if and only if the message was handed over, once and whole; else
with a code by which the client tries again, unless who was asked has refused
for good, and it says why. Nothing is left beside.
SIZE=check (the default) tries some, SIZE=full (make faults) all. SEED is which.
"""
import os
import random
import signal
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_inject as inject  # noqa: E402
from support import place  # noqa: E402
from support.extra_alone import done_with  # noqa: E402
from support.extra_qmqp import Qmqp, Way, letter, refusing  # noqa: E402
from support.extra_sendmail import Run, envelope  # noqa: E402

MOST = 150 if os.environ.get("SIZE", "check") == "check" else None
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
LATE = 40  # seconds: it hangs
MESSAGE = b"Received: x\nSubject: y\n\n.\nz\n" + b"A line of text.\n" * 20
WHO = ("joe@example.com", "ann@example.org", "bob@example.net")
WHOLE = letter(MESSAGE, *(who.encode() for who in WHO))
# Names a file of its own when it has read everything.
SENDMAIL = """#!/bin/sh
made=$(mktemp "$OUT/part.XXXXXX") || exit 75
cat >"$made" || exit 75
printf '%s\\0' "$@" >"$made.arguments"
mv "$made" "$OUT/whole.${made##*.}"
[ "$EXIT" = 0 ] || echo no such user >&2
exit "$EXIT"
"""


class Home:
    """Where a run may write, and what it left there."""

    def __init__(self):
        self.path = place.home("queue")
        for name in (".", "spool", "out", "control"):
            os.makedirs(self.file(name), exist_ok=True)
            os.chmod(self.file(name), 0o777)
        self.env = {"TMPDIR": self.file("spool"), "PATH": os.environ["PATH"]}

    def file(self, *names):
        """Its path."""
        return os.path.join(self.path, *names)

    def clear(self):
        """For the next."""
        for name in os.listdir(self.file("out")):
            os.unlink(self.file("out", name))


class Sendmail(Home):
    """queue-sendmail, and a sendmail that exits so."""

    program = "queue-sendmail"

    def __init__(self, code):
        super().__init__()
        place.write(self.file("sendmail"), SENDMAIL, 0o755)
        self.env.update(SENDMAIL=self.file("sendmail"), OUT=self.file("out"),
                        EXIT=str(code))
        self.takes = code == 0

    def handed_over(self):
        """Whole messages with their whole envelope; what else there is."""
        good, odd = 0, []
        names = [name for name in os.listdir(self.file("out"))
                 if name.startswith("whole.")]
        if len(names) > 1:
            odd.append(names)
        for name in names:
            with open(self.file("out", name), "rb") as file:
                text = file.read()
            with open(self.file("out", name.replace("whole.", "part.") +
                                ".arguments"), encoding="ascii") as file:
                words = file.read().split("\0")
            right = text == MESSAGE and all(who in words for who in WHO)
            good += right and self.takes
            if not right:
                odd.append((text, words))
        return good, odd


class Servers(Home):
    """queue-qmqp, and servers that go these ways; None: nobody listens."""

    program = "queue-qmqp"

    def __init__(self, *ways):
        super().__init__()
        self.servers, names = [], []
        for way in ways:
            if way is None:
                bound, name = refusing()
                self.bound = bound
                names.append(name)
            else:
                self.servers.append(Qmqp(way))
                names.append(self.servers[-1].name)
        place.write(self.file("control", "qmqpservers"),
                    "".join(name + "\n" for name in names))
        self.env.update(CONTROLDIR=self.file("control"), QMQPORDER="list",
                        QMQPTIMEOUT="10")

    def clear(self):
        super().clear()
        for server in self.servers:
            server.accepted.clear()
            server.refused.clear()

    def handed_over(self):
        """Letters that were taken; those that are not the message."""
        for server in self.servers:
            server.settle()
        taken = [octets for server in self.servers
                 for octets in server.accepted]
        seen = taken + [octets for server in self.servers
                        for octets in server.refused]
        return len(taken), [octets for octets in seen if octets != WHOLE]


# Name, what makes the home, the exits of a run without a fault.
KINDS = (
    ("queue-sendmail", lambda: Sendmail(0), {0}),
    ("queue-sendmail, refused", lambda: Sendmail(67), {82}),
    ("queue-sendmail, deferred", lambda: Sendmail(75), {82, 71}),
    ("queue-qmqp", lambda: Servers(Way()), {0}),
    ("queue-qmqp, refused", lambda: Servers(Way(answer=b"Dno")), {82}),
    ("queue-qmqp, the second server", lambda: Servers(None, Way()), {0}),
    ("queue-qmqp, one that does not serve us",
     lambda: Servers(Way(answer=b"Dnot authorized"), Way()), {0}),
)
REFUSED = {"queue-sendmail, refused", "queue-qmqp, refused"}


class Result:
    """Of one run."""

    def __init__(self, home, name, fault):
        home.clear()
        trace = home.file("trace")
        run = Run(env=home.env, program=home.program,
                  prefix=inject.words(trace, fault))
        self.hung = False
        timer = threading.Timer(LATE, self.kill, [run.process.pid])
        timer.start()
        self.end = run.finish(MESSAGE, envelope(*WHO))
        timer.cancel()
        self.name = name
        self.trace = inject.Trace(trace)
        os.unlink(trace)
        self.taken, self.odd = home.handed_over()
        self.left = os.listdir(home.file("spool"))

    def kill(self, pid):
        """Its time is over."""
        self.hung = True
        os.killpg(pid, signal.SIGKILL)

    def is_permanent(self):
        """Would the client give up?"""
        code, text = self.end.code, self.end.custom
        return 11 <= code <= 40 or code == 115 or (
            code == 82 and text.startswith(b"D"))

    def faults(self):
        """What is not as it must be."""
        code = self.end.code
        if self.hung:
            yield "it hangs"
            return
        if self.trace.crashed or code < 0 or code > 127:
            yield f"died: {self.trace.crashed}"
        if self.odd:
            yield f"another message: {self.odd}"
        if self.taken > 1 or (code == 0 and self.taken != 1):
            yield f"handed over {self.taken} times"
        may_be = code == 74 and "may be queued" in self.end.log
        if code != 0 and self.taken and not may_be:
            yield "it was handed over"
        if self.is_permanent() and self.name not in REFUSED:
            yield "for good, by a fault that passes"
        if code == 82 and self.end.custom[:1] not in (b"D", b"Z"):
            yield "82 without a word"
        if code not in (0, 82) and not self.end.log and \
                not self.trace.was_on("write", 2):
            yield "it does not say why"
        if self.left and inject.NAMES[int(self.trace.hit[1])] != "unlink":
            yield f"left beside: {self.left}"


def look(numbers):
    """Each kind without a fault."""
    for number in numbers:
        name, make, codes = KINDS[number]
        home = make()
        one = Result(home, name, inject.NONE)
        wrong = list(one.faults())
        if one.end.code not in codes:
            wrong.append("it does not go so")
        yield number, list(one.trace.faults()), wrong and [*wrong, one.end]


def work(jobs):
    """(kind's number, was it met, did it fail, what was wrong) of each."""
    homes = {}
    for number, fault in jobs:
        name, make, codes = KINDS[number]
        if number not in homes:
            homes[number] = make()
        one = Result(homes[number], name, fault)
        wrong = list(one.faults())
        yield number, one.trace.hit is not None, \
            one.end.code not in codes, wrong and [
                inject.shown(fault) + ": " + "; ".join(wrong), one.end]


if not inject.POSSIBLE:
    skip_all("only on x86-64")
place.stub("inject")
random.seed(SEED)
figures = 0, 0
with case("faults of queue programs"):
    figures = inject.try_found(look, work, [kind[0] for kind in KINDS], MOST,
                               "make it exit otherwise")
done_with(f"queue-faults: seed {SEED}, {figures[0]} injections, "
          f"{figures[1]} differences")
