#!/usr/bin/env python3
"""The programs at the top are those of the C library that was asked for last,
though those of another are older than no source."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0])
from support import TOP, case, done, is_, ok, skip_all  # noqa: E402

BUILD = os.environ.get("BUILD") or "build/musl"
LIBC = os.path.basename(BUILD)
if not os.path.exists(os.path.join(TOP, BUILD, "smtpd-auth.map")):
    skip_all("not built here")


def make(*words):
    """What it would print of the libraries' programs, doing nothing."""
    said = subprocess.run(["make", "-n", *words], cwd=TOP, check=True, text=True,
                          capture_output=True).stdout
    return re.findall(r"echo '  link ([\w-]+)'", said)


with case("make"):
    programs = subprocess.run(
        ["make", "-s", "programs"], cwd=TOP, check=True, text=True,
        capture_output=True).stdout.split()
    ok(len(programs) > 5, "there are programs", programs)
    is_(make("LIBC=" + LIBC, "all"), [], "built: nothing is to be linked")
    is_(make("LIBC=" + LIBC, "BUILD=build/none-such", "all"), programs,
        "and of a build that is not there, each")
done()
