#!/usr/bin/env python3
"""smtpd-report on logs that a real logger turns while it reads: no line twice,
and none left out of those that were there before it began."""
import os
import re
import shutil
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import multilog, report

PEERS = os.path.join(TOP, "build/peers")
LIBRARIES = ":".join(f"{PEERS}/s6/{lib}/x86_64-linux-gnu"
                     for lib in ("usr/lib", "lib"))
LINE = "smtpd-auth: 1 192.0.2.1 auth ok user=u{} mech=PLAIN\n"


def logins(text):
    """How many it counted."""
    return int(re.search(r"\nLogins +([\d,]+)", text)[1].replace(",", ""))


def turning(what, command, *arguments):
    """Reports, again and again, on what the logger writes meanwhile."""
    if not command or not os.path.exists(command):
        skip(what, "it is not here: ./deps check")
        return
    directory = home("log")
    with subprocess.Popen(
            [command, *arguments, directory], stdin=subprocess.PIPE, text=True,
            env={**os.environ, "LD_LIBRARY_PATH": LIBRARIES}) as logger:
        written, stop = [0], threading.Event()

        def write():
            while not stop.is_set() and written[0] < 10 ** 6:
                logger.stdin.write("".join(
                    LINE.format(written[0] + i) for i in range(100)))
                written[0] += 100
            logger.stdin.close()

        writer = threading.Thread(target=write)
        writer.start()
        before = 0
        while not os.path.exists(f"{directory}/current"):
            pass
        turns = len(os.listdir(directory))
        for _ in range(20):
            seen = logins(report(directory))
            if seen < before:
                break
            before = seen
        ok(seen >= before, f"{what}: never less than before", seen, before)
        stop.set()
        writer.join()
    ok(len(os.listdir(directory)) > turns + 1, f"{what}: it turned meanwhile")
    ok(before <= written[0], f"{what}: no line twice", before, written[0])
    is_(logins(report(directory)), written[0], f"{what}: at last all of them")


with case("multilog"):
    turning("multilog", shutil.which("multilog"), "t", "s32768", "n100000")
with case("s6-log"):
    turning("s6-log", f"{PEERS}/s6/usr/bin/s6-log", "t", "n100000", "s32768")

with case("a line that is being written"):
    directory = multilog([(1795737600, LINE.format(i).strip())
                          for i in range(10)], home("log"))
    with open(f"{directory}/current", "a", encoding="ascii") as file:
        file.write("@400000006b08123411111111 smtpd-auth: 1 192.0.2.1 auth ok")
    is_(logins(report(directory)), 10, "is none yet")

with case("a directory without a log"):
    like(report(home("none"), status=111),
         r"fatal: unable to read \S+: neither current nor @\*\.s in it", "is an error")

with case("a logger that finishes a file"):
    directory = multilog([(1795737600 + i, LINE.format(i).strip())
                          for i in range(30)], home("log"), (10, 10))
    names = sorted(name for name in os.listdir(directory) if name[0] == "@")
    os.rename(f"{directory}/{names[1]}", f"{directory}/previous")
    is_(logins(report(directory)), 30, "its previous counts")
    os.link(f"{directory}/previous", f"{directory}/{names[1]}")
    is_(logins(report(directory)), 30, "by two names only once")

with case("a logger that died"):
    directory = multilog([(1795737600 + i, LINE.format(i).strip())
                          for i in range(30)], home("log"), (10, 10))
    names = sorted(name for name in os.listdir(directory) if name[0] == "@")
    os.rename(f"{directory}/{names[1]}", f"{directory}/{names[1][:-1]}u")
    with open(f"{directory}/{names[0]}.old", "w", encoding="ascii") as file:
        file.write(LINE)
    is_(logins(report(directory)), 30, "its @*.u counts, other names don't")
    is_(logins(report("--since", "@1795737615", directory)), 15,
        "--since is exact, whatever files it leaves out")
    is_(logins(report("--until", "@1795737615", directory)), 15, "--until, too")

done()
