#!/usr/bin/env python3
"""make install, with PREFIX and DESTDIR: what it puts where; make uninstall
takes it away again."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import copy_of_tree  # noqa: E402

COPY = copy_of_tree()
# The programs that are tested, and not a new build of them.
MAKE = ["make", "-C", COPY]
if os.environ.get("BUILD"):
    MAKE.append("LIBC=" + os.path.basename(os.environ["BUILD"]))


def tree(top):
    """Path below it: mode."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, top)] = os.stat(path).st_mode
    return found


def install(*variables):
    """Below a new directory."""
    place = home("install")
    done_ = subprocess.run(
        [*MAKE, "install", "DESTDIR=" + place, *variables], capture_output=True,
        text=True, check=False)
    is_(done_.returncode, 0, f"make install {variables}: exit 0")
    if done_.returncode:
        diag(done_.stderr)
    return place, tree(place)


with open(os.path.join(TOP, "Makefile"), encoding="ascii") as file:
    programs = re.search(r"^PROGRAMS = (.*)", file.read(), re.M)[1].split()
pages = os.listdir(os.path.join(TOP, "man"))

with case("default"):
    place, found = install()
    for name in programs:
        path = "usr/local/bin/" + name
        is_(oct(found.get(path, 0)), "0o100755", path)
        run = subprocess.run([os.path.join(place, path), "-V"], check=False,
                             capture_output=True, text=True)
        like(run.stdout + str(run.returncode), rf"^{name} \d\S*\n0$",
             f"{name} -V")
        ok(b"/lib64/ld-linux" not in open(os.path.join(place, path),
                                          "rb").read(),
           f"{name} is static")
    for page in pages:
        path = f"usr/local/share/man/man{page[-1]}/{page}"
        is_(oct(found.get(path, 0)), "0o100644", path)
    is_(oct(found.get("var/empty", 0)), "0o40555", "var/empty")
    if ROOT:
        owner = os.stat(os.path.join(place, "var/empty"))
        is_((owner.st_uid, owner.st_gid), (0, 0), "var/empty is root's")
    is_(os.listdir(os.path.join(place, "var/empty")), [], "and empty")
    others = [path for path, mode in found.items()
              if not os.path.isdir(os.path.join(place, path)) and
              not path.startswith("usr/local/share/man/") and
              os.path.basename(path) not in programs]
    is_(others, [], "nothing else")
    again = tree(place)
    program = os.path.join(place, "usr/local/bin/smtpd-auth")
    with open(program, "rb") as running:
        subprocess.run([*MAKE, "install", "DESTDIR=" + place], check=True,
                       capture_output=True)
        is_(tree(place), again, "a second time is the same")
        ok(not os.path.samestat(os.fstat(running.fileno()), os.stat(program)),
           "a program that runs is replaced, not written over")

with case("uninstall"):
    kept = os.path.join(place, "usr/local/bin/other")
    with open(kept, "w", encoding="ascii"):
        pass
    for what in ("takes all away", "has nothing to do a second time"):
        gone = subprocess.run([*MAKE, "uninstall", "DESTDIR=" + place],
                              capture_output=True, text=True, check=False)
        is_(gone.returncode, 0, f"make uninstall {what}: exit 0")
        is_([path for path in tree(place)
             if os.path.isfile(os.path.join(place, path))],
            ["usr/local/bin/other"], f"make uninstall {what}, and no more")
    ok(os.path.isdir(place + "/var/empty"), "/var/empty stays")

with case("PREFIX"):
    place, found = install("PREFIX=/opt/smtpd")
    for name in programs:
        ok("opt/smtpd/bin/" + name in found, f"PREFIX: {name}")
    ok("opt/smtpd/share/man/man8/smtpd-auth.8" in found, "PREFIX: man pages")
    ok("usr" not in found, "PREFIX: nothing elsewhere", sorted(found))

done()
