#!/usr/bin/env python3
"""tests/prove: what is fuzzed is proved, or the list says why not.

Frama-C itself is make prove's business: this reads files alone."""
import glob
import os
import re
import sys
sys.path.insert(0, sys.path[0])
from support import TOP, done, is_, ok  # noqa: E402

os.chdir(TOP)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def includes(path, ending):
    """Files of the tree that it includes with double quotes."""
    return re.findall(rf'^#include "(.*\.{ending})"', text_of(path), re.M)


def parsers(path):
    """The C files whose headers a fuzz target includes, through ours too."""
    found = set()
    for header in includes(path, "h"):
        if header.startswith("tests/"):
            found |= parsers(header)
        elif os.path.exists(header[:-1] + "c"):
            found.add(header[:-1] + "c")
    return found


def proved(path):
    """The C files that a driver names, or includes."""
    said = re.sub(r"\n \*(?!/) *", " ", text_of(path))
    named = re.findall(r"^/\* prove: (.*?)\s+\*/$", said, re.M)
    return set(" ".join(named).split()) | set(includes(path, "c"))


def table(path):
    """Its lines, cut at |."""
    return [line.split("|") for line in text_of(path).splitlines()
            if line and not line.startswith("#")]


drivers = sorted(glob.glob("tests/prove/*.c"))
covered = set().union(*map(proved, drivers))
targets = sorted(glob.glob("tests/fuzz/*.c"))
# Every mechanism reads what a client says; auth's target feeds them all.
wanted = set(glob.glob("sasl/*.c")).union(*map(parsers, targets))
reasons = table("tests/prove/not-proved")
excused = {row[0] for row in reasons}

ok(len(drivers) > 20 and len(targets) > 10, "there are drivers and targets")
for name in sorted(wanted):
    ok(name in covered or name in excused,
       f"{name} has a driver, or stands in not-proved")
is_(sorted(excused & covered), [], "what stands in not-proved has no driver")
is_(sorted(excused - wanted), [], "and is fuzzed, or is a mechanism")
ok(all(len(row) == 2 and len(row[1]) > 20 for row in reasons),
   "each line of not-proved has a reason")
is_(sorted(name for name in covered if not os.path.exists(name)), [],
    "what a driver names is there")
names = {os.path.basename(path)[:-2] for path in drivers} | {"*"}
alarms = table("tests/prove/alarms")
ok(all(len(row) == 3 and len(row[2]) > 5 and row[0] in names
       for row in alarms), "each alarm is a driver's and has an argument")
done()
