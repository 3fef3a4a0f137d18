#!/usr/bin/env python3
"""Queue programs that mean it badly: a message counts as queued if and only if
its end had come and the program took every octet and exited 0. No reply is
another's, nothing hangs beyond its deadline, no line of the log is forged."""
import itertools
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_attempts import Servers, Tally, sweep  # noqa: E402
from support.extra_process import gone, wait_for  # noqa: E402

SMALL = b"Subject: x\r\n\r\ny\r\n"
LARGE = b"Subject: x\r\n\r\n" + (b"z" * 998 + b"\r\n") * 500
FORGERY = r"smtpd-auth: 1 192.0.2.1 auth ok user=root mech=PLAIN"
# What it reads, and is that all?
READS = (
    ("nothing", "", False),
    ("a part", "head -c 100 >/dev/null", False),
    ("the message", "cat >/dev/null", False),
    ("the envelope, not the message", "exec <&-; cat <&1 >/dev/null", False),
    ("a part of the envelope",
     "cat >/dev/null; head -c 3 <&1 >/dev/null", False),
    ("all", "cat >/dev/null; cat <&1 >/dev/null", True),
)
# What it does besides.
DEEDS = (
    ("nothing more", ""),
    ("much on 2", "yes queue | head -c 300000 >&2"),
    ("much on ERROR_FD", "head -c 300000 /dev/zero >&6"),
    ("a child that lives on", "$STAY >/dev/null 2>&1 6>&- &"),
    ("a child that holds all", "$STAY &"),
    ("signals to its group", "trap '' TERM HUP; kill -TERM 0; kill -HUP 0"),
    ("a group of its own", "setsid $STAY <&- >&- 2>&- 6>&- &"),
    ("writing where it should read", "(echo x >&0; echo x >&1) 2>/dev/null"),
    ("a full disk", "(echo x >/dev/full) 2>/dev/null"),
)
# How it ends: the reply where it was all, and where it was not.
BROKEN = "451 4.3.0 "
ENDS = (
    ("0", "exit 0", "250 2.0.0 ok ", BROKEN),
    ("31", "exit 31", "554 5.3.0", "554 5.3.0"),
    ("255", "exit 255", BROKEN, BROKEN),
    ("by signal 9", "kill -9 $$", BROKEN, BROKEN),
    ("by signal 11", "kill -SEGV $$", BROKEN, BROKEN),
)
# Its own words: only a fitting first octet and one clean line of them count.
WORDS = (
    (r"D", "554 5."), (r"Z", "451 4."), (r"Dno", "554 5."),
    (r"D250 2.0.0 ok", "554 5."), (r"D5.7.1 no\r\n250 ok", "554 5.7.1 no"),
    (r"D4.2.2 no", "554 5."), (r"Z5.1.1 no", "451 4."), (r"", BROKEN),
    (r"K", BROKEN), (r"\0D", BROKEN), (r"D\0\0\0", "554 5."),
    (r"D5.7.1 \377\376\033[2J", "554 5.7.1"), (r"\nD", BROKEN),
    (r"D(#5.7.1)", "554 5.7.1"), (r"Dx (#5.7.1) (#4.4.4)", "554 5.7.1"),
    (r"D5.7.1\t\t tab", "554 5.7.1"), (r"Z\r\n.\r\n", "451 4."),
    ("D" + r"\n" + FORGERY, "554 5."), ("D" + "y" * 5000, "554 5."),
    ("Z" + "%s%n" * 50, "451 4."),
)
tally = Tally("hostile queue program")
THREADS = 4
servers = Servers(tally, "queue")
numbers = itertools.count()


class World(Server):
    """A server whose queue program is what a file says."""

    def __init__(self, **options):
        self.folder = place.home("deed")
        program = os.path.join(self.folder, "queue")
        # No other process has these arguments.
        self.stay = f"sleep 900.{os.getpid()}{next(numbers)}"
        place.write(program, f"#!/bin/sh\nSTAY='{self.stay}'\n"
                    f". {self.folder}/deed\n", 0o755)
        super().__init__(env={"QMAILQUEUE": program, "TIMEOUTQUEUE": "3"},
                         **options)

    def deed(self, text):
        """From the next message on."""
        place.write(os.path.join(self.folder, "deed"), text + "\n")


def send(client, body, chunks):
    """A message; its reply."""
    if not chunks:
        return client.message(body)
    client.envelope()
    client.send(b"BDAT %d LAST\r\n" % len(body) + body)
    return client.reply()


def attempt(item):
    """One program; a message small or large, by DATA or BDAT."""
    what, text, body, chunks, start = item
    with servers.attempt(what) as turn:
        world = turn.server
        world.deed(text)
        with world.client() as c:
            reply = send(c, body, chunks)
            if not reply.startswith(start):
                turn.wins.append(f"answered {reply}")
            if not re.fullmatch(r"[\x20-\x7e\t]{1,420}", reply):
                turn.wins.append(f"no clean line: {reply!r}")
            if c.command("NOOP").code != 250:
                turn.wins.append("out of step")
            c.must(("QUIT", "221"))
        if "$STAY" in text:
            sweep(world, world.stay)
        turn.end()
        said = re.findall(r" message (\w+) ", turn.text())
        if said != ["ok" if start[0] == "2" else "refused" if start[0] == "5"
                    else "temp"]:
            turn.wins.append(f"logged as {said}")
        turn.result = str(reply.code)


def rows():
    """All combinations, each by one of the four ways to send it."""
    number = 0
    for read, reading, whole in READS:
        for deed, doing in DEEDS:
            for end, ending, good, bad in ENDS:
                number += 1
                if read.startswith("the envelope") and number % 5:
                    continue  # each waits until timeoutqueue is over
                yield (f"reads {read}, {deed}, ends {end}",
                       f"{reading}\n{doing}\n{ending}",
                       LARGE if number % 2 else SMALL, number % 3 == 0,
                       good if whole else bad)
    for text, start in WORDS:
        for number in range(2):
            yield (f"says {text[:20]}",
                   "cat >/dev/null; cat <&1 >/dev/null\n"
                   f"printf '{text.replace('%', '%%')}' >&6\nexit 82",
                   SMALL, number == 1, start)


HANGS = (  # what, the program: its deadline ends it
    ("never reads", "sleep 300"),
    ("reads and never ends", "cat >/dev/null; cat <&1 >/dev/null; sleep 300"),
    ("is deaf", "trap '' TERM HUP INT; cat >/dev/null; while :; do sleep 300;"
     " done"),
    ("stops itself", "cat >/dev/null; kill -STOP $$"),
    ("writes for ever on 2",
     "cat >/dev/null; cat <&1 >/dev/null; exec cat /dev/zero >/dev/null"),
    ("writes for ever on ERROR_FD",
     "cat >/dev/null; cat <&1 >/dev/null; exec cat /dev/zero >&6"),
)


def hang(item):
    """451 once timeoutqueue is over, and nothing is left of it."""
    what, text = item
    with case(what), World() as world, world.client() as c:
        world.deed(text)
        watch = Stopwatch()
        reply = c.message(SMALL)
        took(watch, 2.9, 12, f"{what}: after timeoutqueue")
        c.must(("QUIT", "221"))
        is_(world.wait_idle(12), [], f"{what}: nothing is left")
        tally.count(what, str(reply.code), [] if reply.startswith(BROKEN)
                    and " message ok " not in world.log() else [str(reply)])


def murder(item):
    """It is the account, as the keeper is, and may kill it: there is no reply,
    so the client has its message still, and no other connection is touched."""
    what, text = item
    with case(what), World(root=ROOT) as world, world.client() as other, \
            world.client() as c:
        world.deed(text)
        c.envelope()
        try:
            c.send("DATA\r\n")
            if c.reply().code == 354:
                c.send(SMALL + b".\r\n")
            got = c.rest()
        except ConnectionError:
            got = b""
        tally.count(what, "no reply", [] if not got.startswith(b"2") and
                    other.command("NOOP").code == 250 and
                    " message ok " not in world.log() else [repr(got)])
        other.must(("QUIT", "221"))
        is_(gone(world.processes(), 12), [], f"{what}: nothing is left")


def cut(item):
    """The end has not come: whatever it says, nothing is queued."""
    what, text, how = item
    with case(what), World() as world:
        world.deed(text)
        c = world.client()
        c.envelope()
        c.must(("DATA", "354"))
        c.send(SMALL)
        c.drained()
        (c.reset if how == "RST" else c.close)()
        world.wait_log(r" end .*reason=")
        wait_for(lambda: not world.processes(), "its end")
        tally.count(what, "not queued", ["queued"] if " message ok " in
                    world.log() else [])


with case("hostile queue programs"):
    for _ in range(THREADS):
        servers.put(World())
    parallel(attempt, rows(), THREADS)
    servers.close()
parallel(hang, HANGS, 3)
parallel(murder, [
    (f"kills its parent, {how}", f"{read}\nkill -9 $PPID\n{end}")
    for how, read in (("at once", ""), ("in the message", "head -c 20 >&2"),
                      ("behind it", "cat >/dev/null"))
    for end in ("exit 0", "exit 31")], 3)
parallel(cut, [
    (f"cut by {how}: {what}", text, how) for how in ("FIN", "RST")
    for what, text in (
        ("it exits 0 at once", "exit 0"),
        ("it exits 0 when it sees an end", "cat >/dev/null; exit 0"),
        ("it reads all it gets", "cat >/dev/null; cat <&1 >/dev/null; exit 0"),
        ("it waits", "cat >/dev/null; sleep 300"))], 3)
tally.check(100)
done()
