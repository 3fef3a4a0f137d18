#!/usr/bin/env python3
"""INSTALL: what it tells to type on the first day, typed as it stands there on
a host with daemontools and without a mail system or certbot. README's lines
stand in INSTALL, too."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, connect, fresh, install, started, text)
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
os.rmdir("/service")  # where Debian's daemontools looks is:
os.makedirs("/etc/service")
if os.path.lexists("/usr/sbin/sendmail"):
    os.unlink("/usr/sbin/sendmail")
PASSWORD = "a long password"
INSTALL = text(os.path.join(TOP, "INSTALL"))
# Those that fetch something, and those that never end.
NOT_TYPED = ("apt-get ", "git ", "make ", "tail -f", "dpkg-buildpackage")


def commands(number):
    """The command lines of a section, those of several lines as one."""
    section = re.search(rf"(?ms)^{number}\. .*?\n(.*?)(?=^\d+\. |^[A-Z]{{5}})",
                        INSTALL)[1]
    lines = re.findall(r"(?m)^    (\S(?:.*\\\n)*.*)$", section)
    return [line.replace("\\\n", " ") for line in lines]


def words(line):
    """Without blanks that differ."""
    return " ".join(line.split())


def type_(line, statuses=(0,)):
    """Types it; the password when it asks. What it said."""
    # At a terminal curl asks; here the password is given in the line.
    line = line.replace("--user joe@example.com ",
                        f"--user 'joe@example.com:{PASSWORD}' ")
    # The tree stays as it is.
    line = line.replace("> report.html", "> /dev/null")
    ran = subprocess.run(line, shell=True, cwd=TOP, input=PASSWORD + "\n",
                         text=True, check=False, capture_output=True,
                         timeout=120)
    ok(ran.returncode in statuses, f"{words(line)}: exit {ran.returncode}",
       ran.stdout + ran.stderr)
    return ran.stdout + ran.stderr


def failures(said):
    """What smtpd-check says FAIL of, but the certificate of its own make."""
    return [line for line in said.splitlines()
            if line.startswith("FAIL") and "certificate:" not in line]


def serving(port):
    """Does it greet?"""
    connect(port, greet=False).close()


def supervised(port):
    """The process of the service."""
    said = subprocess.run(["svstat", f"/etc/service/{port}"], check=True,
                          capture_output=True, text=True).stdout
    found = re.search(r"up \(pid (\d+)\)", said)
    return found and found[1]


fresh(names=(), queue=False)
first = [line for line in commands(1)
         if not line.startswith(NOT_TYPED) and
         re.match(r"[a-z-]+ ", line) and not re.search(r"\bIN SRV\b", line)]
curl = [line for line in first if line.startswith("curl ")]
is_(len(curl), 2, "INSTALL has curl's line, and that for a certificate of our "
    "own")
ok(len(first) > 7, f"INSTALL's first day has {len(first)} lines to type")
queue = [line for line in commands(5) if not line.startswith("/")]
is_(len(queue), 3, "INSTALL has the lines for queue-maildir")

with case("the first day"), started(["svscan", "/etc/service"]):
    for line in first:
        if line.startswith("curl "):
            continue
        said = type_(line, (0, 1) if line.startswith("smtpd-check") else (0,))
        if line.startswith("ln -s"):
            for number in (587, 465):
                serving(number)
        if "-t " in line:
            like(said, "FAIL message: .*451 4.3.0", "without a mail system")
        elif " -l " in line:
            is_(failures(said), [], f"nothing else is wrong: {words(line)}")
            like(said, "(?m)^ok +login: joe@example.com by SCRAM-SHA-256",
                 "and Joe can log in")
    for line in queue:
        type_(line)
    before = supervised(587)
    type_("svc -t /etc/service/587")
    wait_for(lambda: supervised(587) not in (None, before), "the restart")
    serving(587)
    type_(curl[0], (60,))  # not trusted, as INSTALL says
    type_(curl[1])
    box = "/var/spool/demo/Maildir/new"
    is_(len(os.listdir(box)), 1, "the message lies in the Maildir")
    log = wait_for(lambda: re.search(
        " message ok (.|\n)*", text(f"{DIR}/587/log/main/current")),
        "message ok in the log")
    ok(log, "and in the log")

# Section 2's accounts are those that -c makes.
for line in commands(2):
    if line.startswith("useradd"):
        type_("userdel " + line.split()[-1])
        type_(line)

# Section 6's last column and smtpd-auth-conf(8) stop a service alike.
rows = re.search(r"(?ms)^    daemontools .*?(?=\n\n)", INSTALL)[0]
column = " ".join(line[48:].strip() for line in rows.splitlines())
manual = re.search(r"(?ms)^daemontools  svc.*?(?=^\.Ed)", text(
    os.path.join(TOP, "man/smtpd-auth-conf.8")))[0].replace("\\e\n", "")
typed = [words(re.sub(r"^(\w+ {2,})", "", line))
         for line in re.split(r"[;\n]", manual) if line.strip()]
ok(len(typed) > 14, f"the manual has {len(typed)} lines to rotate and stop")
for line in typed:
    ok(line in words(column), f"INSTALL has the manual's line: {line}", column)

# README is the short form of it.
inst = words(INSTALL)
readme = text(os.path.join(TOP, "README.md"))
typed = [line for line in re.findall(r"(?m)^    (\S.*)$", readme)
         if not line.startswith(("make run", "make check", "apt-get install",
                                 "dpkg-buildpackage"))]
ok(len(typed) > 4, f"README has {len(typed)} lines")
for line in typed:
    ok(words(line) in inst, f"README's line stands in INSTALL: {line}")
ok(HOST in inst, "with the same name")
done()
