#!/usr/bin/env python3
"""What is missing for another machine or another release is said in one line,
and nothing counts as passed that did not run."""
import os
import pwd
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import (  # noqa: E402
    ACCOUNT, ROOT, TOP, case, done, home, is_, like, ok, skip)

NOWHERE = "http://127.0.0.1:1/debian"
COUNTS = r"(?m)^[0-9]+ passed, [0-9]+ failed$"


def bare():
    """A PATH on which all is found but what these tests are about."""
    place = home("bin")
    for directory in os.environ["PATH"].split(":") + ["/usr/sbin", "/sbin"]:
        for name in os.listdir(directory) if os.path.isdir(directory) else []:
            link = os.path.join(place, name)
            if not os.path.lexists(link) and not re.match(
                    "(.*-linux-gnu-gcc|qemu-system-.*|cpio|debootstrap"
                    "|apt-get)$", name):
                os.symlink(os.path.join(directory, name), link)
    return place


BARE = bare()


def path(*names):
    """One on which these are found, too; none of them does anything."""
    place = home("more")
    for name in names:
        os.symlink("/bin/false", os.path.join(place, name))
    return place + ":" + BARE


def run(*words, found=(), **how):
    """Its end."""
    return subprocess.run(
        words, cwd=tree, check=False, text=True, stdin=subprocess.DEVNULL,
        capture_output=True,
        env={"PATH": path(*found), "HOME": "/nonexistent", "MIRROR": NOWHERE},
        **how)


def says(ended, status, line, what):
    """That line, and no other."""
    is_((ended.returncode, ended.stdout, ended.stderr), (status, "",
                                                         line + "\n"), what)


# A tree of its own, in which nothing was fetched.
tree = home("tree")
subprocess.run([os.path.join(TOP, "tests", "copy-tree"), tree], check=True)

with case("another machine"):
    for machine, triple, emulator in (
            ("arm64", "aarch64-linux-gnu", "qemu-system-aarch64"),
            ("riscv64", "riscv64-linux-gnu", "qemu-system-riscv64")):
        tools = (triple + "-gcc", emulator, "cpio")
        for i, missing in enumerate(tools):
            says(run("tests/cross/run", machine, found=tools[:i]), 111,
                 f"tests/cross/run: {machine} is NOT TESTED: no {missing}: "
                 f"./deps {machine}", f"{machine} without {missing}")
        says(run("tests/cross/run", machine, found=tools), 111,
             f"tests/cross/run: {machine} is NOT TESTED: nothing of its Debian "
             f"below build/{machine}: ./deps {machine}",
             f"{machine} of which nothing was fetched")

with case("release-check"):
    is_(run("tests/release-check", "arm46").returncode, 100, "no such part")
    if ROOT:
        says(run("tests/release-check"), 111,
             "release-check: no debootstrap (./deps release); "
             "NOTHING WAS TESTED", "without debootstrap")
        says(run("tests/release-check", user=ACCOUNT, extra_groups=[],
                 group=pwd.getpwnam(ACCOUNT).pw_gid), 111,
             "release-check: root is needed; NOTHING WAS TESTED",
             "without root")
    else:
        says(run("tests/release-check"), 111,
             "release-check: root is needed; NOTHING WAS TESTED",
             "without root")

# No mirror, no compiler, and nothing that could install one.
if ROOT:
    parts = ("bookworm-musl", "trixie-package", "arm64", "riscv64")
    with case("no mirror"):
        ended = run("tests/release-check", *parts, found=["debootstrap"])
        is_(ended.returncode, 1, "the status is not 0")
        table = ended.stdout.split("\n\n")[-1].splitlines()
        is_([line.split()[0] for line in table], ["part", *parts],
            "the table has each part")
        for line in table[1:]:
            like(line, r"^\S+ +NOT RUN: \S.*\S$", "did not run, and why")
        ok(not re.search(COUNTS, ended.stdout), "nothing is counted")
else:
    skip("no mirror", "needs root")

done()
