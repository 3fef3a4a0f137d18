#!/usr/bin/env python3
"""Recorded sessions, ended at each octet of the wire by FIN, RST or a half
close. A message is queued if and only if its end was sent, nothing is left of
the connection, and its end is one line of the log.

SIZE=check (the default) tries the end of each command and each 150th octet,
SIZE=full (make disconnects) all. SEED is which of them, and their order.
"""
import collections
import os
import random
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_alone import (  # noqa: E402
    Alone, all_tried, done_with, spread)
from support.extra_played import SESSIONS, Cut, Player  # noqa: E402

STEP = {"check": 150, "full": 1}[os.environ.get("SIZE", "check")]
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
WAYS = "half", "FIN", "RST"
LATE = 2  # seconds: promised
ENDS = "client", "quit"


def play(home, session, cut, way):
    """One connection; (player, outcome)."""
    link = home.connect()
    player = Player(link, cut)
    try:
        player.play(session)
    except Cut:
        pass
    if way == "half":
        link.half()
        player.rest()
    getattr(link, "reset" if way == "RST" else "close")()
    outcome = link.wait(LATE)
    link.forget()
    return player, outcome


def reasons(outcome):
    """Of the lines that say how it ended."""
    return [line.rpartition("=")[2] for line in outcome.log.splitlines()
            if " end " in line or " connect refused " in line]


def is_over(session, player, outcome):
    """One line says so; none where a balancer only looked."""
    found = reasons(outcome)
    if session.needs.get("env") and player.sent < 2:
        return found in ([], ["none"], ["short"])
    if session.needs.get("env") and found == ["short"]:
        return True
    return len(found) == 1 and found[0] in ENDS


def faults(session, player, outcome, way):
    """What is not as it must be."""
    got, ends = len(outcome.recorded), len(player.ends)
    if outcome.left:
        yield f"left: {outcome.left}"
    if got > ends:
        yield f"{got} queued, {ends} were sent whole"
    # Unread replies make a RST of a FIN, and then nobody need read on.
    if got < ends and (way == "half" or way == "FIN" and not session.pipelined):
        yield f"{got} queued of {ends} that were sent whole"
    if got < player.acknowledged:
        yield f"{got} queued, {player.acknowledged} answered by 250"
    if outcome.events("message ok") != got:
        yield f"{got} queued, logged: {outcome.events('message ok')}"
    if not is_over(session, player, outcome):
        yield "its end is not one line"
    if outcome.status != 0:
        yield f"exit status {outcome.status}"


def work(jobs):
    """(session's number, way, what was wrong) of each."""
    homes = {}
    for number, cut, way in jobs:
        session = SESSIONS[number]
        if number not in homes:
            homes[number] = Alone(**session.needs)
        player, outcome = play(homes[number], session, cut, way)
        wrong = list(faults(session, player, outcome, way))
        yield number, way, wrong and [
            f"after {cut} octets: " + "; ".join(wrong), outcome.log]
    for home in homes.values():
        home.stop()


def whole(numbers):
    """Each session played to its end: (number, octets, what was wrong);
    octets is after how many of them a reply was waited for."""
    for number in numbers:
        session = SESSIONS[number]
        home = Alone(**session.needs)
        link = home.connect()
        player = Player(link)
        went = player.play(session)
        link.close()
        outcome = link.wait(LATE)
        good = went and len(outcome.recorded) == len(player.ends) > 0
        home.stop()
        yield number, player.waits, None if good else [
            repr(player.replies), outcome.log]


tried, differing = collections.Counter(), collections.defaultdict(list)
waits = {}
with case("disconnects"):
    for number, octets, wrong in spread(whole, list(range(len(SESSIONS))), 2):
        waits[number] = octets
        ok(not wrong, f"{SESSIONS[number].name}: {octets[-1]} octets, is queued",
           *wrong or ())
    random.seed(SEED)
    first = random.randrange(STEP)
    positions = [(number, cut, way) for number, octets in waits.items()
                 for cut in {*range(first, octets[-1], STEP), *octets}
                 for way in WAYS]
    random.shuffle(positions)
    for number, way, wrong in spread(work, positions,
                                     int(os.environ.get("WORKERS", "4"))):
        tried[number, way] += 1
        if wrong:
            differing[number, way].append(wrong)
    for (number, way), count in sorted(tried.items()):
        wrong = differing[number, way]
        ok(not wrong, f"{SESSIONS[number].name}, {way}: {count} positions",
           *sum(wrong[:3], []))
    all_tried(sum(tried.values()), len(positions))
done_with(f"disconnects: seed {SEED}, {sum(tried.values())} positions, "
          f"{sum(map(len, differing.values()))} differences")
