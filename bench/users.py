"""User files of many users, for the scenarios lookup and build.

All have the password of the one login, in the clear: nothing is to be hashed.
"""

import os
import subprocess
import time

import sides

AT_ONCE = 100000    # lines


def text(work, count):
    path = os.path.join(work.directory, "users-%d" % count)
    if not os.path.exists(path):
        with open(path, "w") as file:
            for start in range(0, count, AT_ONCE):
                file.write("".join(
                    "user%07d@example.com:{PLAIN}%s\n" % (n, work.password)
                    for n in range(start, min(start + AT_ONCE, count))))
    return path


def compile(path):
    """Seconds, and KB at its largest."""
    # In a process of its own, so that the rusage is this program's alone.
    start = time.monotonic()
    process = subprocess.Popen(
        [os.path.join(sides.TOP, "smtpd-passwd"), "-f", path, "build"],
        stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError("smtpd-passwd build: %d" % process.returncode)
    return {"seconds": time.monotonic() - start,
            "cpu": (used.ru_utime + used.ru_stime) * 1e6,
            "rss": used.ru_maxrss}


def timed_build(work, count):
    return compile(text(work, count))


def make(work, count):
    """The compiled file, readable by the account."""
    path = text(work, count)
    if not os.path.exists(path + ".cdb"):
        compile(path)
        if os.path.getsize(path) > 10 ** 7:
            os.remove(path)
    os.chmod(path + ".cdb", 0o644)
    return path + ".cdb"
