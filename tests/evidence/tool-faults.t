#!/usr/bin/env python3
"""Each system call of smtpd-passwd fails once with each error that it may
have, is interrupted, or does but one octet of its work.

Where it says that all is well, all is done; else it says why, readers find
the old or the new content, the next run is not in its way, and nothing is left
beside.
SIZE=check (the default) tries some, SIZE=full (make faults) all. SEED is which.
"""
import os
import random
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_inject as inject  # noqa: E402
from support import place  # noqa: E402
from support.extra_alone import done_with  # noqa: E402

MOST = 100 if os.environ.get("SIZE", "check") == "check" else None
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
LATE = 40  # seconds: it hangs
JOE, ANN = "joe@example.com", "ann@example.com"
FILES = {"authusers", "authusers.cdb", "authusers.lock"}
# Arguments, standard input, the password that joe has afterwards.
COMMANDS = (
    ("build", ["build"], "", "old"),
    ("set", ["-i", "10000", "set", JOE], "new\n", "new"),
    ("a new user", ["-i", "10000", "set", "bob@example.com"], "new\n", "old"),
    ("disable", ["disable", JOE], "", None),
)


def passwd(directory, *arguments, stdin="", before=()):
    """Runs it in this home."""
    return subprocess.run(
        [*before, place.program("smtpd-passwd"), "-f",
         os.path.join(directory, "authusers"), *arguments],
        input=stdin, text=True, capture_output=True, check=False,
        timeout=LATE, env={"PATH": os.environ["PATH"],
                           "CONTROLDIR": directory})


def prepare():
    """A home with two users; for build, the text is newer."""
    directory = place.home("passwd")
    for user in (JOE, ANN):
        passwd(directory, "-i", "10000", "set", user, stdin="old\n")
    return directory


def knows(directory, user, password):
    """Is this the password that the server would take?"""
    return passwd(directory, "check", user,
                  stdin=password + "\n").returncode == 0


class Result:
    """Of one run."""

    def __init__(self, model, command, fault):
        self.directory = os.path.join(place.home("run"), "control")
        shutil.copytree(model, self.directory)
        trace = os.path.join(os.path.dirname(self.directory), "trace")
        _, arguments, stdin, self.password = command
        if arguments == ["build"]:
            with open(self.path("authusers"), "a", encoding="ascii") as file:
                file.write("late@example.com:{PLAIN}old\n")
        self.before = self.content()
        self.hung, self.done = False, None
        try:
            self.done = passwd(self.directory, *arguments, stdin=stdin,
                               before=inject.words(trace, fault))
        except subprocess.TimeoutExpired:
            self.hung = True
        self.left = set(os.listdir(self.directory)) - FILES
        self.trace = inject.Trace(trace)

    def path(self, name):
        """Of a file."""
        return os.path.join(self.directory, name)

    def content(self):
        """Of both files."""
        found = []
        for name in ("authusers", "authusers.cdb"):
            with open(self.path(name), "rb") as file:
                found.append(file.read())
        return found

    def is_old(self):
        """Is the cdb what it was?"""
        return self.content()[1] == self.before[1]

    def is_new(self):
        """Does it hold what was wanted, and who was there before?"""
        if not knows(self.directory, ANN, "old"):
            return False
        if self.password is None:
            return not knows(self.directory, JOE, "old")
        return knows(self.directory, JOE, self.password)

    def faults(self):
        """What is not as it must be."""
        if self.hung:
            yield "it hangs"
            return
        if self.trace.crashed:
            yield f"died: {self.trace.crashed}"
        failed = self.done.returncode != 0
        if failed and not self.done.stderr.strip():
            yield "it does not say why"
        if not failed and (self.is_old() or not self.is_new()):
            yield "all is well, but nothing was done"
        if not self.is_old() and not self.is_new():
            yield "neither the old nor the new content"
        if self.left and inject.NAMES[int(self.trace.hit[1])] != "unlink":
            yield f"left beside: {self.left}"
        if failed and (again := passwd(self.directory, "build")).returncode:
            yield f"the next run: {again.stderr}"
        if failed and not knows(self.directory, ANN, "old"):
            yield "ann is lost"


def look(numbers):
    """Each command without a fault."""
    model = prepare()
    for number in numbers:
        one = Result(model, COMMANDS[number], inject.NONE)
        yield number, list(one.trace.faults()), list(one.faults()) + (
            [one.done.stderr] if one.done.returncode else [])


def work(jobs):
    """(command's number, was it met, did it fail, what was wrong) of each."""
    model = prepare()
    for number, fault in jobs:
        one = Result(model, COMMANDS[number], fault)
        wrong = list(one.faults())
        yield number, one.trace.hit is not None, \
            one.hung or one.done.returncode != 0, wrong and [
                inject.shown(fault) + ": " + "; ".join(wrong),
                one.hung or one.done.stderr]
        shutil.rmtree(os.path.dirname(one.directory))


if not inject.POSSIBLE:
    skip_all("only on x86-64")
place.stub("inject")
random.seed(SEED)
figures = 0, 0
with case("faults of tools"):
    figures = inject.try_found(look, work, [c[0] for c in COMMANDS], MOST,
                               "make it fail")
done_with(f"tool-faults: seed {SEED}, {figures[0]} injections, "
          f"{figures[1]} differences")
