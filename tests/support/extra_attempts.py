"""Attempts of somebody hostile: counted by what came of them, and by what was
won that should not have been."""
import contextlib
import os
import queue
import re
import threading

from .extra_process import wait_for
from .patience import Patience
from .tap import diag, is_, ok

ENDED = r"(?m) (?:end .*reason=|connect refused .*reason=)(\S+)"
LINE = re.compile(
    r"smtpd-auth: \d+ [0-9a-f.:]+ (?:connect|tls|auth|sender|rcpt|message|config|"
    r"log|end|trace|[<>])(?: [\x21-\x7e]+)*")


def forged(log, others=None):
    """Lines of it that no keeper writes, nor, by right, others."""
    return [line for line in log.splitlines() if not LINE.fullmatch(line)
            and line != others]


def sweep(server, command):
    """Ends the processes of this command, left behind on purpose, and waits
    until the server has none."""
    words = command.replace(" ", "\0").encode() + b"\0"

    def swept():
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    if file.read() == words:
                        os.kill(int(pid), 9)
            except OSError:
                pass
        return not server.processes()
    wait_for(swept, "an end of what was left behind")


def relays(client):
    """May this connection relay?"""
    client.must(("RSET", "250"), ("MAIL FROM:<a@example.org>", "250"))
    return client.command("RCPT TO:<x@elsewhere.example>").code == 250


class Tally:
    """Attempts by name and by what came of them; what was won."""

    def __init__(self, who):
        self.who, self.results, self.wins = who, {}, []
        self.lock = threading.Lock()

    def count(self, what, result, wins=()):
        """One attempt. wins: what it should not have won."""
        with self.lock:
            self.results[result] = self.results.get(result, 0) + 1
            self.wins += [f"{what}: {win}" for win in wins]

    @contextlib.contextmanager
    def attempt(self, what, server, others=None):
        """A Round, whose result and wins are counted at the end; an attempt
        that raises is a broken one."""
        try:
            turn = Round(server, others)
            yield turn
            self.count(what, turn.result, turn.wins)
        except Exception as error:  # pylint: disable=broad-except
            self.count(what, "broken", [repr(error)])

    def attempts(self):
        """How many there were."""
        return sum(self.results.values())

    def check(self, least):
        """The figure, last."""
        is_(self.wins, [], f"{self.who}: nothing is won")
        ok(self.attempts() >= least, f"{self.who}: at least {least} attempts",
           self.attempts())
        diag(f"{self.who}: {self.attempts()} attempts ("
             + ", ".join(f"{number} {result}" for result, number in
                         sorted(self.results.items()))
             + f"), {len(self.wins)} won")


class Servers:
    """Some servers for a tally, each of which has one attempt at a time.
    others: the lines of a log that are no keeper's, by right."""

    def __init__(self, tally, others=None):
        self.tally, self.others = tally, others
        self.free = queue.Queue()

    def put(self, server):
        """One more."""
        self.free.put(server)

    @contextlib.contextmanager
    def attempt(self, what):
        """As a tally's, on one that is free."""
        server = self.free.get()
        try:
            with self.tally.attempt(what, server, self.others) as turn:
                yield turn
        finally:
            self.free.put(server)

    def close(self):
        """Ends them all, in whose logs no line is forged."""
        while not self.free.empty():
            server = self.free.get()
            is_(server.wait_idle(12), [], "nothing is left")
            is_(forged(server.log(), self.others), [], "no line is forged")
            server.stop()


class Round:
    """One attempt by one connection: what the log has of it, what came of it,
    and what was won."""

    def __init__(self, server, others=None):
        self.result, self.wins = None, []
        server.log()
        self.others = others
        self.server, self.begun = server, len(server.log_reader.data)
        self.runs = len(server.records())

    def end(self, ends=1):
        """Waits for the connection's last line; adds what was won."""
        patience = Patience(30)
        news = self.server.log_reader.news
        with news:
            while len(re.findall(ENDED, self.text())) < ends:
                if patience.left() == 0:
                    self.wins.append("no end is logged: " + self.text())
                    break
                news.wait(patience.left())
        left = self.server.wait_idle(12)
        if left:
            self.wins.append(f"processes are left: {left}")
        self.wins += [f"a line is forged: {line!r}"
                      for line in forged(self.text(), self.others)]

    def text(self):
        """The lines of it."""
        self.server.log_reader.pull()
        return self.server.log_reader.data[self.begun:].decode(
            "utf-8", "backslashreplace")

    def reason(self):
        """Of its end."""
        found = re.findall(ENDED, self.text())
        return found[-1] if found else "none"

    def queued(self):
        """Messages whose envelope was ended since."""
        return [record for record in self.server.records()[self.runs:]
                if record.complete]
