#!/usr/bin/env python3
"""What a file offers, somebody takes: each function and each table that is
not static is used by another file, be it a unit test."""
import glob
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

# musl/ answers to the names that archives of another C library want.
ROOMS = ("session keeper auth sasl users queue-handoff queue control lib "
         "passwd check conf client proxy report").split()
BUILD = os.environ.get("BUILD") or "build/musl"
if not os.path.isdir(os.path.join(TOP, BUILD, "tests/unit")):
    skip_all(f"no unit tests are built in {BUILD}")


def files(pattern):
    return sorted(glob.glob(pattern, root_dir=TOP))


offers, takes = {}, set()
for path in sum((files(f"{room}/*.c") for room in ROOMS),
                files("*.c") + files("tests/unit/*.c")):
    made = os.path.join(TOP, BUILD, path[:-2] + ".o")
    lines = subprocess.run(["nm", made], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    symbols = [line.split()[-2:] for line in lines]
    takes.update(name for kind, name in symbols if kind == "U")
    if not path.startswith("tests/"):
        offers[path] = {name for kind, name in symbols if kind.isupper()
                        and kind != "U"} - {"main"}

for path, names in offers.items():
    is_(sorted(names - takes), [], f"{path}: what it offers is used")
done()
