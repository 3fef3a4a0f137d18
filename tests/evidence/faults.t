#!/usr/bin/env python3
"""Each system call of each process of a connection fails once with each error
that it may have, is interrupted, or does but one octet of its work.

No crash, no hang, no wrong reply, no message lost or doubled, and a line in
the log wherever the client sees that something went wrong.
SIZE=check (the default) tries some, SIZE=full (make faults) all of them.
SEED is which. ONLY, a regular expression, says in which sessions.
"""
import collections
import errno
import os
import random
import re
import socket
import ssl
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_inject as inject  # noqa: E402
from support import place  # noqa: E402
from support.extra_alone import (  # noqa: E402
    Alone, Link, done_with, spread)
from support.extra_dovecot import Fake  # noqa: E402
from support.extra_namespace import own_devices  # noqa: E402
from support.extra_policy import Daemon  # noqa: E402
from support.extra_process import queue_script  # noqa: E402
from support.extra_played import (  # noqa: E402
    ANSWER, BDAT, BEGIN, DATA, EHLO, ENVELOPE, FROM, GREETING, JOE, MESSAGE,
    OUTSIDE, PROXIED, QUIT, RELAY, TEXT, TLS, TO, USERS, V1, Dot,
    Player, Session, exchange)

LATE = 3  # seconds: 2 are promised
SIZE = os.environ.get("SIZE", "check")
MOST = 240 if SIZE == "check" else None
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
ONLY = os.environ.get("ONLY", "")
ELSEWHERE = b"RCPT TO:<x@example.net>\r\n"
OWN = f"MAIL FROM:<{JOE}>\r\n".encode()
LIMITS = {"TIMEOUTSMTPD": "10", "TIMEOUTQUEUE": "10"}
STARTTLS = (b"STARTTLS\r\n", ["220"])
UNSENT = {(inject.NUMBERS["sendmsg"], time, errno.ENOBUFS)
          for time in range(1, 10)}
WRONG = exchange("SCRAM-SHA-256", "wrong")
PROMPT = "CONT\t1\tVXNlcm5hbWU6\n"
HOOK_SAYS = "hook done"
# Of a write that was cut short: errno is another call's.
NO_REASON = "recipients reason=No\\x20such\\x20file"


class State(Alone):
    """With limits that need a state directory, which is new each time."""

    def connect(self, before=(), **env):
        path = os.path.join(self.record_directory, f"state.{self.number + 1}")
        os.mkdir(path)
        os.chmod(path, 0o777)
        return super().connect(before, STATEDIR=path, CONNLIMIT="2",
                               TCPREMOTEIP="192.0.2.1", **env)


class Maildir(Alone):
    """With our own queue program, whose calls fail, too."""

    def connect(self, before=(), **env):
        path = os.path.join(self.record_directory, str(self.number + 1), "M")
        return super().connect(before, QUEUE_MAILDIR=path, **env)


class Renewed(Alone):
    """The certificate is always young, so that one process looks at it."""

    def connect(self, before=(), **env):
        for name in ("servercert.pem", "serverkey.pem"):
            os.chmod(self.path(name), os.stat(self.path(name)).st_mode)
        return super().connect(before, **env)


class Asking(Alone):
    """With a policy daemon."""

    def __init__(self, **options):
        self.daemon = Daemon("DUNNO")
        self.daemon.__enter__()
        super().__init__(**options)

    def connect(self, before=(), **env):
        return super().connect(
            before, POLICYSOCKET=f"{self.daemon.where} rcpt end", **env)

    def stop(self):
        super().stop()
        self.daemon.stop()


class Backed(Alone):
    """With a Dovecot that says these things, one an AUTH or CONT."""

    def __init__(self, answers=(), **options):
        self.fake = Fake(answers=answers)
        super().__init__(**options)

    def connect(self, before=(), **env):
        return super().connect(before, AUTHSOCKET=self.fake.socket, **env)

    def stop(self):
        super().stop()
        self.fake.close()


class Hooked(State):
    """A state directory, and a hook for who is over his limit."""

    def connect(self, before=(), **env):
        os.chmod(self.path("limithook"), 0o755)
        return super().connect(before, **env)


class Logged(Link):
    """Its log is what syslogd gets."""

    def __init__(self, home, words, env):
        self.syslog = home.syslog
        super().__init__(home, words, env)

    def read_log(self):
        """Nobody is there to send more. On descriptor 2 is nothing."""
        lines = [super().read_log()]
        while True:
            try:
                lines.append(self.syslog.recv(65536).decode())
            except BlockingIOError:
                return "".join(line.removeprefix("<22>") + "\n"
                               for line in lines if line)


class Logging(Alone):
    """With a /dev/log that this process alone sees."""

    def __init__(self, **options):
        own_devices()
        self.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.syslog.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.syslog.bind("/dev/log")
        self.syslog.setblocking(False)
        os.chmod("/dev/log", 0o666)
        super().__init__(**options)

    def connect(self, before=(), **env):
        return Logged(self, [*before, *self.before, *self.words],
                      {**env, "LOG": "syslog"})

    def stop(self):
        super().stop()
        self.syslog.close()
        os.unlink("/dev/log")


def password_program():
    """A checkpassword program."""
    return queue_script("""password=$(tr '\\0' '\\n' <&3 | sed -n 2p)
        test "$password" = secret && exec "$@"
        exit 1\n""", name="checkpassword")


SESSIONS = (
    Session("DATA", GREETING, EHLO, *MESSAGE, QUIT),
    Session("queue-maildir", GREETING, EHLO, *MESSAGE, QUIT, kind=Maildir,
            env={"QMAILQUEUE": place.installed("queue-maildir")}),
    Session("AUTH PLAIN", GREETING, EHLO, (exchange("PLAIN")[0], ["235"]),
            *RELAY, QUIT, users=USERS),
    Session("a wrong password", GREETING, EHLO,
            (exchange("PLAIN", "wrong")[0], ["535"]), (FROM, ["250"]),
            (ELSEWHERE, ["550"]), QUIT, users=USERS),
    Session("SCRAM-SHA-256", GREETING, EHLO, (BEGIN, ["334"]),
            (ANSWER, ["334"]), (b"\r\n", ["235"]), *RELAY, QUIT, users=USERS),
    Session("a wrong proof", GREETING, EHLO, (WRONG[0], ["334"]),
            (WRONG[1], ["535"]), (FROM, ["250"]), (ELSEWHERE, ["550"]), QUIT,
            users=USERS),
    Session("STARTTLS", GREETING, EHLO, STARTTLS, (TLS, []), EHLO, *BDAT,
            QUIT, certificate="ec", kind=Renewed),
    Session("TLS from the first octet", (TLS, []), GREETING, EHLO, *MESSAGE,
            QUIT, certificate="rsa", args=["-s"], kind=Renewed),
    Session("PROXY", (V1, ["220"]), EHLO, *BDAT, QUIT, env=PROXIED),
    Session("UCSPI-TLS", GREETING, EHLO, STARTTLS, (OUTSIDE, []), EHLO,
            *MESSAGE, QUIT, outside=True),
    Session("recipients that are refused", GREETING, EHLO, *ENVELOPE,
            (b"RCPT TO:<no-such@example.com>\r\n", ["550"]),
            (b"RCPT TO:<listed@example.com>\r\n", ["550"]),
            (ELSEWHERE, ["550"]),
            (b"RSET\r\n", ["250"]),
            (b"MAIL FROM:<bad@bad.example>\r\n", ["553"]), *MESSAGE, QUIT,
            env={"RCPTCHECK": place.stub("judge"), "JUDGE_NOBODY": "100"},
            control={"badmailfrom": "@bad.example\n",
                     "validrcptto": "-listed@example.com\n"}),
    Session("state directory", GREETING, EHLO,
            (exchange("PLAIN", "wrong")[0], ["535"]),
            (exchange("PLAIN")[0], ["235"]), *RELAY, QUIT, kind=State,
            users=USERS, control={"relaylimits": f"{JOE}:100000\n"}),
    Session("policy daemon", GREETING, EHLO, *MESSAGE, *MESSAGE, QUIT,
            kind=Asking),
    Session("AUTH LOGIN", GREETING, EHLO, (b"AUTH LOGIN\r\n", ["334"]),
            (b"am9lQGV4YW1wbGUuY29t\r\n", ["334"]),
            (b"c2VjcmV0\r\n", ["235"]), (OWN, ["250"]), *RELAY[1:], QUIT,
            users=USERS, env={"SENDERCHECK": "1"}),
    Session("checkpassword", GREETING, EHLO,
            (exchange("PLAIN", "exit 1")[0], ["535"]),
            (exchange("PLAIN")[0], ["235"]), *RELAY, QUIT,
            args=[password_program(), "/bin/true"]),
    Session("Dovecot", GREETING, EHLO, (b"AUTH LOGIN\r\n", ["334"]),
            (b"am9lQGV4YW1wbGUuY29t\r\n", ["334"]),
            (b"c2VjcmV0\r\n", ["235"]), *RELAY, QUIT, kind=Backed,
            answers=[PROMPT, PROMPT, f"OK\t1\tuser={JOE}\n"]),
    Session("Dovecot says no", GREETING, EHLO,
            (exchange("PLAIN", "wrong")[0], ["535"]), (FROM, ["250"]),
            (ELSEWHERE, ["550"]), QUIT, kind=Backed,
            answers=[f"FAIL\t1\tuser={JOE}\n"]),
    Session("syslog", GREETING, EHLO,
            (exchange("PLAIN", "wrong")[0], ["535"]),
            (exchange("PLAIN")[0], ["235"]), *RELAY, QUIT, users=USERS,
            kind=Logging),
    Session("limithook", GREETING, EHLO, (exchange("PLAIN")[0], ["235"]),
            (OWN, ["250"]), (TO, ["250"]), (ELSEWHERE, ["450"]),
            DATA, (Dot(TEXT + b".\r\n"), ["250"]), QUIT, kind=Hooked,
            users=USERS, control={
                "relaylimits": f"{JOE}:1\n",
                "limithook": f"#!/bin/sh\necho {HOOK_SAYS} $1 $2\n"}),
    Session("GREETDELAY", GREETING, EHLO, *MESSAGE, QUIT,
            env={"GREETDELAY": "1"}),
)


def plain(log):
    """The lines without what differs from one connection to the next."""
    return collections.Counter(re.sub(
        r"^smtpd-auth: \d+ | (id|seconds|qp|msgid|port|size)=\S+", "", line)
        for line in log.splitlines())


class Persistent(Player):
    """Goes on after another reply than the recorded, as a client would."""

    def __init__(self, link):
        super().__init__(link)
        self.wrong, self.differs, self.logged_in = [], False, False
        self.unanswered = 0

    def all(self, steps):
        """Plays them; what is not clean is in wrong and differs."""
        at = 0
        while at is not None and at < len(steps):
            at = self.next(steps, at)

    def next(self, steps, at):
        """One step; the number of the next, None at the end."""
        count, ends = len(self.replies), len(self.ends)
        try:
            good = self.step(*steps[at])
        except (ConnectionError, ssl.SSLError):
            good = False
        got = self.replies[count:]
        self.judge(steps[at], got)
        if good:
            return at + 1
        # Whether a client that has said QUIT hears 221 is nobody's matter.
        self.differs |= steps[at] != QUIT or bool(got)
        # A session that cannot read what the keeper says knows no outcome:
        # 421 says that as much as silence does (RFC 1047).
        if len(self.ends) > ends and (
                not got or got[-1].startswith("421 4.3.2")):
            self.unanswered += 1
        if not got or got[-1].startswith("421"):
            return None
        return self.after(steps, at)

    def judge(self, step, got):
        """Yes in place of a no is wrong."""
        for start, reply in zip(step[1], got):
            if start[0] in "45" and reply[:1] in "23":
                self.wrong.append(f"{step[0]!r}: {reply}")
            if step[0] == ELSEWHERE and reply[:1] == "2" and \
                    not self.logged_in:
                self.wrong.append(f"relays without a login: {reply}")
            self.logged_in |= reply.startswith("235")

    @staticmethod
    def after(steps, at):
        """Where a client goes on that heard no: at MAIL, else QUIT."""
        for number in range(at + 1, len(steps)):
            if steps[number][0] in (FROM, QUIT[0]):
                return number
        return None


class Result:
    """Of one connection in which something failed."""

    def __init__(self, home, session, fault):
        self.trace_path = os.path.join(home.home, "trace")
        self.session = session
        link = home.connect(inject.words(self.trace_path, fault))
        link.sock.settimeout(40)
        self.player = Persistent(link)
        self.hung = None
        try:
            self.player.all(session.steps)
        except TimeoutError:
            self.hung = "no reply"
        link.close()
        self.outcome = link.wait(LATE)
        self.trace = inject.Trace(self.trace_path)
        self.queued = self.count(link)
        self.spoiled = [name for name in self.in_tmp(link)]
        link.forget()

    def log_failed(self):
        """Was it a line of the log that could not be written?"""
        if self.session.kind is Logging:
            return self.trace.hit is not None and \
                self.trace.hit[0] == "1" and \
                inject.NAMES[int(self.trace.hit[1])] in (
                    "socket", "connect", "sendto")
        return self.trace.was_on("write", 2)

    def count(self, link):
        """Messages that were queued."""
        if self.session.kind is Maildir:
            path = os.path.join(link.directory, "M", "new")
            return len(os.listdir(path)) if os.path.isdir(path) else 0
        return len(self.outcome.recorded)

    def in_tmp(self, link):
        """Files that queue-maildir left."""
        path = os.path.join(link.directory, "M", "tmp")
        return os.listdir(path) if os.path.isdir(path) else []

    def faults(self, usual):
        """What is not as it must be."""
        player, outcome = self.player, self.outcome
        log_failed = self.log_failed()
        # Without counters mail goes on, and a line says so.
        if not (self.session.name == "limithook" and
                "/recipients reason=" in outcome.log):
            yield from player.wrong
        if self.hung:
            yield self.hung
        if outcome.left:
            yield f"left: {outcome.left}"
        if self.trace.crashed:
            yield f"died: {self.trace.crashed}"
        if not player.acknowledged <= self.queued <= \
                player.acknowledged + player.unanswered:
            yield f"{self.queued} queued, {player.acknowledged} answered by " \
                f"250, {player.unanswered} without an answer"
        if outcome.events("message ok") != self.queued and not log_failed:
            yield f"{self.queued} queued, logged otherwise"
        if player.differs and plain(outcome.log) == usual and not log_failed:
            yield "the client sees it, the log says nothing"
        if not player.differs and \
                outcome.events("message ok") != usual_ok(usual) and \
                not log_failed:
            yield "the log says what the client does not see"
        missing = usual - plain(outcome.log)
        if log_failed and " end " in outcome.log and missing and \
                " log lost=" not in outcome.log:
            yield f"missing in the log, and it does not say so: {missing}"
        if NO_REASON in outcome.log:
            yield "a reason that is none"
        if self.session.name == "limithook" and not log_failed and \
                not player.differs and HOOK_SAYS not in outcome.log and \
                " config fail " not in outcome.log:
            yield "the hook has not run, and nothing says so"
        if self.spoiled and inject.NAMES[int(self.trace.hit[1])] != "unlinkat":
            yield f"left in tmp: {self.spoiled}"


def usual_ok(usual):
    """Messages of the session as it is recorded."""
    return sum(count for line, count in usual.items() if "message ok" in line)


def make(session):
    """Its home."""
    env = {**LIMITS, **session.needs.get("env", {})}
    return session.kind(**{**session.needs, "env": env})


def look(numbers):
    """Each session without a fault: (number, faults, what is wrong)."""
    for number in numbers:
        session = SESSIONS[number]
        home = make(session)
        one = Result(home, session, inject.NONE)
        usual = plain(one.outcome.log)
        wrong = list(one.faults(usual))
        if one.player.differs:
            wrong.append(f"it does not go so: {one.player.replies}")
        found = list(one.trace.faults(session.kind is Maildir))
        home.stop()
        yield number, found, usual, wrong, one.outcome.log


def work(jobs):
    """(session's number, fault, was it met, what was wrong) of each."""
    homes = {}
    for number, fault, usual in jobs:
        session = SESSIONS[number]
        if number not in homes:
            homes[number] = make(session)
        one = Result(homes[number], session, fault)
        wrong = list(one.faults(usual))
        yield number, one.trace.hit is not None, one.player.differs, \
            wrong and [inject.shown(fault) + ": " + "; ".join(wrong),
                       " | ".join(one.player.replies), one.outcome.log]
    for home in homes.values():
        home.stop()


if not ROOT or not inject.POSSIBLE:
    skip_all("ptrace into jails: root, on x86-64")
place.stub("inject")
random.seed(SEED)
figures = 0, 0
with case("faults"):
    jobs = []
    for number, found, usual, wrong, log in spread(
            look, [number for number, session in enumerate(SESSIONS)
                   if re.search(ONLY, session.name)], 2):
        ok(not wrong, f"{SESSIONS[number].name}: {len(found)} faults are "
           "possible", *wrong, log)
        jobs += ((number, fault, usual) for fault in found)
    random.shuffle(jobs)
    # First what a fault was found with: an answer that cannot be sent.
    jobs.sort(key=lambda job: job[1][1:] not in UNSENT)
    jobs = jobs[:MOST]
    figures = inject.try_all(work, jobs, [s.name for s in SESSIONS],
                             "seen by the client")
done_with(f"faults: seed {SEED}, {figures[0]} injections, "
          f"{figures[1]} differences")
