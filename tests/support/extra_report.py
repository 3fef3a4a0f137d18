#!/usr/bin/env python3
"""For the tests of smtpd-report: logs as the program writes them, in the forms
that loggers give them. A program, too:

  tests/support/extra_report.py DIRECTORY    a multilog directory of one day
"""
import datetime
import os
import random
import subprocess
import sys

DAY = 1795737600  # 2026-11-27 00:00 UTC
TAI = 0x400000000000000a
MECHANISMS = ("PLAIN",) * 6 + ("LOGIN",) * 2 + ("SCRAM-SHA-256",) * 3
USERS = ["sales@example.com", "newsletter@example.com", "joe@example.com",
         "ann@example.com", "scanner", "bob@example.org", "kim@example.org",
         "m\\xC3\\xBCller@example.com", "ops@example.net", "lee@example.net"]
NAMES = ("admin", "info", "test", "root", "office", "webmaster", "support",
         "postmaster", "scan", "guest", "contact", "noreply")
BUSY = (1, 1, 1, 1, 1, 2, 4, 8, 14, 16, 15, 14, 11, 13, 15, 14, 12, 10, 7, 5,
        4, 3, 2, 1)


def label(seconds):
    """The label of multilog's t."""
    whole = int(seconds)
    return "@%016x%08x" % (TAI + whole, int((seconds - whole) * 1e9) // 1000
                           * 1000)


def iso(seconds, offset=0):
    """A time as syslog has it, so many hours east."""
    zone = datetime.timezone(datetime.timedelta(hours=offset))
    return datetime.datetime.fromtimestamp(seconds, zone).isoformat(
        timespec="microseconds")


def bsd(seconds):
    """A time of RFC 3164, in UTC."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.strftime("%b ") + "%2d" % when.day + when.strftime(" %H:%M:%S")


def multilog(lines, path, finished=()):
    """A log directory; finished: how many lines of each @*.s."""
    os.makedirs(path, exist_ok=True)
    rest = list(lines)
    for count in finished:
        part, rest = rest[:count], rest[count:]
        with open(os.path.join(path, label(part[-1][0]) + ".s"), "w",
                  encoding="utf-8") as file:
            file.writelines(f"{label(t)} {text}\n" for t, text in part)
    with open(os.path.join(path, "current"), "w", encoding="utf-8") as file:
        file.writelines(f"{label(t)} {text}\n" for t, text in rest)
    return path


class Connections:
    """Connections, and what each writes."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.pid = 1000
        self.lines = []

    def put(self, when, pid, address, text):
        """One line."""
        self.lines.append((when, f"smtpd-auth: {pid} {address} {text}"))

    def connection(self, when, address, *events, tls="TLSv1.2", port=587,
                   reason="quit"):
        """Connect, TLS, the events, the end. Returns its pid."""
        self.pid += self.random.randrange(1, 9)
        pid, start = self.pid, when
        self.put(when, pid, address, f"connect port={port}")
        if tls:
            when += .05
            self.put(when, pid, address, f"tls ok version={tls} cipher="
                     "ECDHE_ECDSA_AES128_GCM_SHA256 sni=mail.example.com")
        for event in events:
            when += self.random.uniform(.02, .4)
            self.put(when, pid, address, event)
        when += self.random.uniform(.01, .2)
        sent = sum(event.startswith("message ok") for event in events)
        self.put(when, pid, address, f"end seconds={when - start:.1f} "
                 f"messages={sent} reason={reason}")
        return pid

    def message(self, user, recipients=1, size=None, number=None):
        """The event of a message that was taken."""
        number = number or self.random.randrange(10 ** 9)
        size = size or int(self.random.lognormvariate(9.5, 1.8))
        return (f"message ok id={number:x} user={user} from={user} "
                f"to=c{number % 97}@example.net rcpts={recipients} "
                f"size={size} qp={number % 30000 + 300} "
                f"msgid={number:x}@mail.example.com")

    def login(self, user):
        """The event of a login that was right."""
        return f"auth ok user={user} mech={self.random.choice(MECHANISMS)}"

    def sorted(self):
        """(time, line) in the order of time."""
        return sorted(self.lines, key=lambda line: line[0])


def people(made, start):
    """A day of those who may."""
    for hour, busy in enumerate(BUSY):
        for _ in range(busy * 6):
            pick = made.random
            user = pick.choices(USERS, [1 / (i + 1) for i in
                                        range(len(USERS))])[0]
            place = sum(map(ord, user)) % 200
            address = f"203.0.{place}.{pick.randrange(1, 30)}"
            made.connection(
                start + hour * 3600 + pick.uniform(0, 3600), address,
                made.login(user),
                *(made.message(user, pick.choice((1, 1, 1, 2, 5)))
                  for _ in range(pick.choice((1, 1, 1, 2, 3)))),
                port=pick.choice((587, 587, 465)),
                reason=pick.choice(("quit", "quit", "quit", "client")))


def guessers(made, start):
    """And of those who may not."""
    for i in range(260):
        pick = made.random
        address = f"192.0.2.{pick.choice((7, 7, 7, 44, 91, i % 250 + 1))}"
        made.connection(
            start + pick.triangular(0, 86400, 11000), address,
            *(f"auth fail user={pick.choice(NAMES)} mech=LOGIN "
              f"reason={pick.choice(('unknown', 'unknown', 'password'))}"
              for _ in range(3)), reason="auth")


def day(seed=1, start=DAY):
    """(time, line) of a day as a small site has it."""
    made = Connections(seed)
    people(made, start)
    guessers(made, start)
    for i in range(7):  # a stolen password
        made.connection(
            start + 50000 + 900 * i, f"198.51.{100 + i}.9",
            made.login("ann@example.com"),
            *(made.message("ann@example.com", 40) for _ in range(4)))
    for i in range(9):
        made.connection(start + 30000 + 977 * i, "203.0.77.3",
                        "rcpt refused rcpt=x@example.net reason=relay")
    made.connection(start + 40000, "203.0.77.4", "config fail file="
                    "control/servercert.pem reason=expired")
    return made.sorted()


def report(*arguments, stdin=None, env=None, status=0):
    """Runs it; what it printed."""
    from support.place import program
    done = subprocess.run(
        [program("smtpd-report"), *arguments], input=stdin or "", text=True,
        encoding="utf-8", capture_output=True, check=False,
        env={"TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "100",
             **(env or {})})
    if done.returncode != status:
        raise AssertionError(f"exit {done.returncode}: {done.stderr}")
    return done.stdout if status == 0 else done.stderr


if __name__ == "__main__":
    multilog(day(), sys.argv[1], (1000, 1000))
