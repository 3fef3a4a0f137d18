#!/usr/bin/env python3
"""A checkpassword program that means it badly: it lets somebody in if and only
if it has read all of descriptor 3 and exited 0; what it says reaches neither
client nor log as ours, nothing hangs, nothing of it is left."""
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_attempts import (  # noqa: E402
    Servers, Tally, relays, sweep)
from support.extra_auth import b64  # noqa: E402

JOE = "joe@example.com"
PLAIN = "AUTH PLAIN " + b64(f"\0{JOE}\0secret")
IN, NO, BROKEN = "235 2.7.0", "535 5.7.8", "454 4.7.0"
READS = (  # what it reads of descriptor 3, and is that all?
    ("nothing", "", False), ("a part", "head -c 5 <&3 >/dev/null", False),
    ("all", "cat <&3 >/dev/null", True))
DEEDS = (
    ("nothing more", ""), ("much on 1", "yes program | head -c 80000"),
    ("much on 2", "yes program | head -c 80000 >&2"),
    ("a reply on 1", "printf '235 2.7.0 ok\\r\\n'"),
    ("writing on 3", "(echo x >&3) 2>/dev/null"),
    ("closing all", "exec 3<&-"),
    ("a child that lives on", "$STAY <&- >/dev/null 2>&1 3<&- &"),
    ("a child that holds all", "$STAY &"),
    ("signals to its group", "trap '' TERM HUP; kill -TERM 0; kill -HUP 0"),
    ("a session of its own", "setsid $STAY <&- >&- 2>&- 3<&- &"))
ENDS = (
    ("0", "exit 0", IN), ("1", "exit 1", NO), ("2", "exit 2", BROKEN),
    ("111", "exit 111", BROKEN), ("signal 9", "kill -9 $$", BROKEN))
tally = Tally("hostile checkpassword")
THREADS = 4
servers = Servers(tally, "program")


class World(Server):
    """A server whose program does what a file says."""

    def __init__(self, number):
        folder = place.home("deed")
        program = os.path.join(folder, "checkpassword")
        self.file = os.path.join(folder, "deed")
        # No other process has these arguments.
        self.stay = f"sleep 901.{os.getpid()}{number}"
        place.write(program, f"#!/bin/sh\nSTAY='{self.stay}'\n"
                    f". {self.file}\n", 0o755)
        super().__init__(args=[program, "/bin/true"],
                         env={"AUTHMECHS": "PLAIN"})


def attempt(row):
    """One login, and what the connection may do then."""
    what, text, start = row
    with servers.attempt(what) as turn:
        world = turn.server
        place.write(world.file, text + "\n")
        with world.client() as c:
            reply = c.command(PLAIN)
            if not reply.startswith(start):
                turn.wins.append(f"answered {reply}")
            if relays(c) != (reply.code == 235):
                turn.wins.append("it relays")
            c.must(("QUIT", "221"))
        if "$STAY" in text:
            sweep(world, world.stay)
        turn.end()
        said = re.findall(r"(?m)^smtpd-auth: \d+ \S+ auth (\w+)", turn.text())
        if said != [{235: "ok", 535: "fail"}.get(reply.code, "temp")]:
            turn.wins.append(f"logged as {said}")
        turn.result = str(reply.code)


def rows():
    """All combinations. What is not read makes 0 no success."""
    for read, reading, whole in READS:
        for deed, doing in DEEDS:
            for end, ending, start in ENDS:
                yield (f"reads {read}, {deed}, ends by {end}",
                       f"{reading}\n{doing}\n{ending}",
                       BROKEN if start == IN and not whole else start)


with case("hostile checkpassword"):
    for number in range(THREADS):
        servers.put(World(number))
    parallel(attempt, rows(), THREADS)
    servers.close()
tally.check(100)
done()
