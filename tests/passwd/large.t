#!/usr/bin/env python3
"""Many users: memory that does not grow with them, a lookup that costs the
same, and progress on a terminal, only there."""
import os
import pty
import re
import select
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_auth import scram_secret  # noqa: E402

PROGRAM = place.program("smtpd-passwd")
MANY = 300000
FEW = 3000
ENOUGH = 1500   # KB that may lie between the two
SECRET = (scram_secret("SCRAM-SHA-256", "secret") +
          ":::smtp_secret_scram-sha-1=" + scram_secret("SCRAM-SHA-1", "secret"))


def users(count, name, secret=SECRET):
    """A user file of so many."""
    path = os.path.join(place.home(), name)
    with open(path, "w", encoding="ascii") as file:
        file.write("# smtpd-key " + "A" * 43 + "=\n")
        for start in range(0, count, 10000):
            file.write("".join(
                f"user{n:07}@example.com:{secret}\n"
                for n in range(start, min(start + 10000, count))))
    return path


def run(path, *arguments, stdin=b""):
    """Exit status and KB of memory at its largest."""
    read, write = os.pipe()
    os.write(write, stdin)
    os.close(write)
    process = subprocess.Popen([PROGRAM, "-f", path, *arguments], stdin=read,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    os.close(read)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_maxrss


def preads(path, user):
    """How often the cdb is read to check one password."""
    ran = subprocess.run(
        ["strace", "-e", "trace=pread64", PROGRAM, "-f", path, "check", user],
        input=b"secret", capture_output=True, check=False)
    is_(ran.returncode, 0, f"{user} is found")
    return ran.stderr.count(b"pread64(")


few, many = users(FEW, "few"), users(MANY, "many")
with case("memory"):
    LAST = f"user{FEW - 1:07}@example.com"
    for arguments, stdin in ((("build",), b""),
                             (("-i", "4096", "set", "new@example.com"), b"x"),
                             (("disable", "new@example.com"), b""),
                             (("sender", LAST, "a@b"), b""),
                             (("del", "new@example.com"), b""),
                             (("list",), b""), (("export", "dovecot"), b"")):
        small, large = run(few, *arguments, stdin=stdin), \
            run(many, *arguments, stdin=stdin)
        is_((small[0], large[0]), (0, 0), f"{arguments}: done")
        ok(large[1] < small[1] + ENOUGH,
           f"{arguments}: 100 times the users, no more memory",
           f"{small[1]} KB, {large[1]} KB")

with case("a lookup"):
    names = [f"user{n * 71:07}@example.com" for n in range(20)]
    among_few = sum(preads(few, name) for name in names)
    among_many = sum(preads(many, name) for name in names)
    ok(among_many <= 1.5 * among_few,
       f"as many reads among {MANY} as among {FEW}",
       f"{among_many} and {among_few} for {len(names)} users")
    # One that is not there, too.
    is_(run(many, "check", "nobody@example.com", stdin=b"x")[0], 1,
        "nobody is not found")

with case("duplicates among many"):
    with open(many, "a", encoding="ascii") as file:
        file.write("USER0000007@example.com:{PLAIN}x\n")
    ran = subprocess.run([PROGRAM, "-f", many, "build"], check=False,
                         capture_output=True, text=True)
    ok(ran.returncode == 111 and
       f"many:{MANY + 2}: duplicate login, first on line 9\n" in ran.stderr,
       "build names both lines", ran)
    ran = subprocess.run([PROGRAM, "-f", many, "del", LAST], check=False,
                         capture_output=True, text=True)
    ok(ran.returncode == 0 and ran.stderr.count("duplicate login") == 1,
       "del leaves the second one out, said once", ran)
    is_(run(many, "check", "user0000007@example.com", stdin=b"secret")[0], 0,
        "the first one counts")


def slowly(call, number=1):
    """That call takes more than the half second without words."""
    return ["strace", "-qq", "-o", os.devnull, "-e", "trace=" + call,
            "-e", f"inject={call}:delay_enter=600000:when={number}"]


def on_terminal(*arguments, before=()):
    """What a terminal shows, and the exit status."""
    master, slave = pty.openpty()
    shown = b""
    process = subprocess.Popen([*before, PROGRAM, *arguments], stdin=slave,
                               stdout=slave, stderr=slave)
    os.close(slave)
    while select.select([master], [], [])[0]:
        try:
            more = os.read(master, 65536)
        except OSError:
            break  # EIO: nobody has the other end any more
        shown += more
    os.close(master)
    return shown.decode(), process.wait()


with case("progress"):
    home = place.home()
    clear = os.path.join(home, "authuser")
    place.write(clear, "".join(f"u{n}:secret\n" for n in range(24)))
    file = os.path.join(home, "authusers")
    shown, status = on_terminal("-f", file, "-i", "10000", "import",
                                "sqmail", clear, before=slowly("getrandom", 9))
    is_(status, 0, "an import on a terminal")
    like(shown, r"\rimporting: \d+ %\r", "tells how far it is")
    ok(re.search(r"\r +\r.*24 users imported", shown, re.S),
       "and wipes that before the report", shown)
    shown, status = on_terminal("-f", users(MANY, "again"), "build",
                                before=slowly("pwrite64"))
    like(shown, r"\rcompiling: \d+ %\r", "so does a build")
    ok(status == 0 and re.search(rf"\r +\r{MANY} users", shown),
       "and wipes it", shown)
    for _ in range(100):
        watch = Stopwatch()
        shown, status = on_terminal("-f", few, "build")
        if watch.clock() < 0.4:
            break
    ok(status == 0 and "%" not in shown and watch.clock() < 0.4,
       "what is short is done in silence", shown, watch.clock())
    ran = subprocess.run([PROGRAM, "-f", users(MANY, "piped"), "build"],
                         capture_output=True, text=True, check=True)
    ok("%" not in ran.stdout + ran.stderr and "\r" not in ran.stderr,
       "without a terminal there is none", ran)

done()
