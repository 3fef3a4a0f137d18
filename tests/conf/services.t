#!/usr/bin/env python3
"""What smtpd-auth-conf made, started by the real daemontools, runit and s6
as it tells: mail goes through, the log is rotated, the service stops."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, JOE, PASSWORD, add_user, conf, fresh, install, mail, peer,
    put, record_into, running, started, text)
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
SCANNED = "/service"


def command(line):
    """Types it."""
    return subprocess.run(line, shell=True, check=True, capture_output=True,
                          text=True).stdout


def current(port):
    """Its log."""
    return text(f"{DIR}/{port}/log/main/current")


def listening(port):
    """Does something?"""
    try:
        Client(port, greet=False).close()
        return True
    except ConnectionRefusedError:
        return False


def rotate(name, port, line):
    """The log is rotated by the supervisor's command for it."""
    before = current(port)
    command(line)
    directory = f"{DIR}/{port}/log/main"
    old = wait_for(lambda: [n for n in os.listdir(directory)
                            if n.startswith("@")], "an old log")
    wait_for(lambda: before not in current(port), "a new log")
    is_(text(f"{directory}/{old[0]}"), before,
        f"{name}, {port}: the log is rotated")
    is_(len(old), 1, f"{name}, {port}: into one file")


def service(name, scan, alarm, again, stop):
    """One supervisor; {} in what is typed is the service's directory."""
    fresh()
    for link in os.listdir(SCANNED):
        os.unlink(os.path.join(SCANNED, link))
    made = conf("-S", name, HOST)
    is_(made.returncode, 0, name + ": smtpd-auth-conf")
    add_user()
    for port in (587, 465):
        record_into(port)
    put(DIR + "/465/env/IP", "127.0.0.1")
    link = re.search(r"(?m)^  (ln -s .*)$", made.stdout)[1]
    with started([*scan, SCANNED]):
        rescan = re.search(r"(?m)^  (s6-svscanctl .*)$", made.stdout)
        if rescan:
            wait_for(lambda: os.path.exists(SCANNED + "/.s6-svscan/control"),
                     "s6-svscan")
        command(link)
        if rescan:
            command(rescan[1])
        for port in (587, 465):
            mail(f"{name}, {port}", port)
            wait_for(lambda: re.search(" message ok (.|\n)* status: 0/",
                                       current(port)), "the whole log")
            like(current(port), r"(?m)^\S+ smtpd-auth: \d+ 127\.0\.0\.1 "
                 r"auth ok user=joe@example\.com mech=SCRAM-SHA-256",
                 f"{name}, {port}: logged")
            like(current(port), r"(?m)^\S+ tcpserver: ok ",
                 f"{name}, {port}: beside tcpserver's lines")
            rotate(name, port, alarm.format(f"{SCANNED}/{port}/log"))
        with Client(587) as c:
            c.hello()
            starts(c.login("PLAIN", JOE, PASSWORD), "235",
                   f"{name}: this host needs no TLS for AUTH")
        subprocess.run(["smtpd-passwd", "set", "new@example.com"], check=True,
                       input="fresh", text=True, capture_output=True)
        with Client(587) as c:
            c.hello()
            starts(c.login("PLAIN", "new@example.com", "fresh"), "235",
                   f"{name}: a new user without a restart")
        # Another address from the next start on.
        put(DIR + "/587/env/IP", "127.0.0.2")
        command(again.format(SCANNED + "/587"))
        wait_for(lambda: not listening(587), "127.0.0.1 to be free")

        def other():
            try:
                Client(587, host="127.0.0.2").close()
                return True
            except ConnectionRefusedError:
                return False
        ok(wait_for(other, "127.0.0.2"), f"{name}: env/IP is the address")
        for port in (587, 465):
            os.unlink(f"{SCANNED}/{port}")
            command(stop.format(f"{DIR}/{port} {DIR}/{port}/log"))
        wait_for(lambda: not [n for n in running().values()
                              if n in ("tcpserver", "smtpd-auth")],
                 "the end of the service")
        ok(not listening(465), f"{name}: stopped")
        if name != "daemontools":
            wait_for(lambda: not [n for n in running().values() if n in
                                  ("runsv", "s6-supervise")],
                     "the end of its supervisors")


def supervise(name, *words):
    """Runs it with the programs of a package that is only unpacked."""
    libraries = peer(name)
    if libraries is None:
        skip(name, f"{name} is not unpacked: ./deps check")
        return
    os.environ["LD_LIBRARY_PATH"] = libraries
    service(name, *words)
    del os.environ["LD_LIBRARY_PATH"]


with case("daemontools"):
    service("daemontools", ["svscan"], "svc -a {}", "svc -t {}", "svc -dx {}")
with case("runit"):
    supervise("runit", ["runsvdir"], "sv alarm {}",
              "sv restart {}", "sv exit {}")
with case("s6"):
    supervise("s6", ["s6-svscan"], "s6-svc -a {}",
              "s6-svc -t {}",
              "s6-svscanctl -an /service # {}")
done()
