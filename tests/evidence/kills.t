#!/usr/bin/env python3
"""Each process of a connection is killed at random moments of recorded
sessions: some microseconds after some octet.

What was answered by 250 is queued, nothing is without its end, the log tells
of exactly what is queued, and nothing is left: no process, and no place among
the connections of an address.
SIZE=check (the default) kills some, SIZE=full (make kills) 5,000.
SEED is which and when.
"""
import collections
import contextlib
import os
import random
import re
import signal
import ssl
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_alone import (  # noqa: E402
    Alone, all_tried, children, done_with, is_over, spread)
from support.extra_played import SESSIONS, Player  # noqa: E402

COUNT = {"check": 120, "full": 5000}[os.environ.get("SIZE", "check")]
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
# Two of what reads the PROXY header before there is a session.
ENDS = r" end | connect refused |reason=its\\x20reader\\x20died"
LATE = 3  # seconds: 2 are promised
KEEPER, SESSION, AUTHENTICATOR, PROGRAM = VICTIMS = (
    "keeper", "session", "authenticator", "queue program")
APPEARS = 0.05  # seconds in which it is looked for
WITH_LOGIN = [number for number, session in enumerate(SESSIONS)
              if "users" in session.needs]


def command(pid):
    """What a process calls itself."""
    with contextlib.suppress(OSError), \
            open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()
    return ""


def find(link, victim):
    """Its process id, or None while it is not there."""
    if victim == KEEPER:
        return link.pid
    below = children(link.pid)
    programs = [pid for pid in below if command(pid) == "record"]
    ours = [pid for pid in below if pid not in programs]
    found = {SESSION: ours[:1], AUTHENTICATOR: ours[1:], PROGRAM: programs}
    return found[victim][0] if found[victim] else None


class Killer(Player):
    """Kills in place of the cut, and goes on."""

    def __init__(self, link, cut, victim, delay):
        super().__init__(link, cut)
        self.victim, self.delay, self.killed = victim, delay, False

    def cut(self):
        end = time.monotonic() + APPEARS
        while (pid := find(self.link, self.victim)) is None:
            if time.monotonic() > end:
                return
        # As short as the work of the server: this is no wait for anything.
        end = time.monotonic() + self.delay
        while time.monotonic() < end:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed = True


class Limited(Alone):
    """One connection at a time from an address."""

    def connect(self, before=(), **env):
        return super().connect(before, STATEDIR=self.state, CONNLIMIT="1",
                               TCPREMOTEIP="192.0.2.1", **env)


def make(session):
    """Its home."""
    state = place.home("state")
    os.chmod(state, 0o777)
    home = Limited(**session.needs)
    home.state = state
    return home


def faults(player, outcome):
    """What is not as it must be."""
    got, ends = len(outcome.recorded), len(player.ends)
    logged = outcome.events("message ok")
    if outcome.left:
        yield f"left: {outcome.left}"
    if got > ends:
        yield f"{got} queued, {ends} were sent whole"
    if got < player.acknowledged:
        yield f"{got} queued, {player.acknowledged} answered by 250"
    if player.victim != KEEPER and logged < player.acknowledged:
        yield f"{logged} logged, {player.acknowledged} answered by 250"
    if logged > got or logged < got and player.victim not in (KEEPER, PROGRAM):
        yield f"{got} queued, {logged} logged"
    if "reason=connections" in outcome.log:
        yield "the connection before has kept its place"
    if player.victim != KEEPER and len(re.findall(ENDS, outcome.log)) != 1:
        yield "its end is not one line"
    if "reason=channel" in outcome.log:
        yield "a death is taken for an attack"
    if outcome.status != -signal.SIGKILL and outcome.status not in (0, 111):
        yield f"exit status {outcome.status}"


def work(jobs):
    """(victim, was it killed, what was wrong) of each."""
    homes = {}
    for number, cut, victim, delay in jobs:
        session = SESSIONS[number]
        if number not in homes:
            homes[number] = make(session)
        link = homes[number].connect()
        player = Killer(link, cut, victim, delay)
        wrong = []
        try:
            player.play(session)
        except (ConnectionError, ssl.SSLError):
            pass
        except TimeoutError:
            wrong.append("no reply")
        link.close()
        outcome = link.wait(LATE)
        link.forget()
        wrong += faults(player, outcome)
        yield victim, player.killed, wrong and [
            f"{session.name}, {victim}, {delay * 1e6:.0f} us after {cut} "
            "octets: " + "; ".join(wrong), *player.replies, outcome.log]
    for home in homes.values():
        home.stop()


def whole(numbers):
    """(number, after how many octets a reply is waited for)."""
    for number in numbers:
        home = Alone(**SESSIONS[number].needs)
        link = home.connect()
        player = Player(link)
        player.play(SESSIONS[number])
        link.close()
        link.wait(LATE)
        home.stop()
        yield number, player.waits, player.ends


def moments(waits, ends):
    """Endless: session, octet, victim, seconds."""
    while True:
        victim = random.choice(VICTIMS)
        number = random.choice(
            WITH_LOGIN if victim == AUTHENTICATOR else list(waits))
        steps = waits[number]
        if victim == AUTHENTICATOR:
            cut = random.choice(steps[2:5])
        elif victim == PROGRAM:
            cut = random.choice([at for at in steps if at > steps[1]])
        else:
            # Most is done where the client has said all that it wants.
            cut = random.choice([random.randrange(steps[-1] + 1),
                                 random.choice(steps),
                                 random.choice(ends[number])])
        yield number, cut, victim, min(random.expovariate(1000), 0.02)


if not ROOT:
    skip_all("only root kills processes of other accounts")
killed, missed = collections.Counter(), 0
differing = []
with case("kills"):
    random.seed(SEED)
    waits, ends = {}, {}
    for number, *rest in spread(whole, list(range(len(SESSIONS))), 2):
        waits[number], ends[number] = rest
    source = moments(waits, ends)
    while sum(killed.values()) < COUNT and missed < 5 * COUNT and \
            not is_over():
        jobs = [next(source) for _ in range(
            max(40, COUNT - sum(killed.values())))]
        for victim, hit, wrong in spread(work, jobs, 4):
            killed[victim] += hit
            missed += not hit
            if wrong:
                differing.append(wrong)
    total = sum(killed.values())
    for victim in VICTIMS:
        ok(killed[victim] > total / 20, f"{victim}: {killed[victim]} killed")
    ok(not differing, f"{total} killed, nothing is lost, left or queued "
       "without its end", *sum(differing[:5], []))
    all_tried(min(total, COUNT), COUNT)
done_with(f"kills: seed {SEED}, {sum(killed.values())} kills, "
          f"{len(differing)} differences")
