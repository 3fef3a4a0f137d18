#!/usr/bin/env python3
"""A log that takes nothing: lines are lost and counted, mail is not."""
import errno
import fcntl
import os
import pty
import re
import socket
import subprocess
import sys
import termios
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_launcher import (  # noqa: E402
    Connected, Direct, full_pipe, syslog)

JOE = "joe@example.com"
PATIENCE = 5  # seconds


def emptied(read_fd):
    """What is in it now."""
    os.set_blocking(read_fd, False)
    text = b""
    try:
        while True:
            text += os.read(read_fd, 65536)
    except BlockingIOError:
        return text.lstrip(b"-").decode()


def started(server, **options):
    """A connection's process, and the client."""
    ours, theirs = socket.socketpair()
    process = server.run(theirs, theirs, **options)
    theirs.close()
    return process, Connected(ours)


def converse(what, server, c):
    """A failed login, a good one, a message."""
    c.hello()
    starts(c.login("PLAIN", JOE, "wrong"), "535", f"{what}: 535")
    starts(c.login("PLAIN", JOE, "secret"), "235", f"{what}: 235")
    starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
           "250 2.0.0", f"{what}: a message")
    is_(len(server.messages()), 1, f"{what}: is queued")


def counted(what, process, lines, all_):
    """Those that are there and those that are missing are all of them. (A
    line may follow the reply that the client has seen.)"""
    first = re.fullmatch(rf"smtpd-auth: {process.pid} \S+ log lost=(\d+)",
                         lines[0])
    ok(first, f"{what}: it says that lines are missing", lines)
    is_(int(first[1]) + len(lines) - 1, all_, f"{what}: and how many")
    like(lines[-1], " end .*reason=quit$", f"{what}: to the end")


def ended(what, server, process):
    """With its client, and nothing stays."""
    process.wait(30)
    is_(process.returncode, 0, f"{what}: exit 0")
    is_(server.left(), [], f"{what}: no process is left")


for what, quits in (("a full pipe", True),
                    ("a full pipe, client and launcher gone", False)):
    with case(what), Direct(users={JOE: "secret"}) as server:
        read_fd, write_fd = full_pipe()
        before = fcntl.fcntl(write_fd, fcntl.F_GETFL)
        begin = time.monotonic()
        process, c = started(server, stderr=write_fd)
        with c:
            converse(what, server, c)
            ok(time.monotonic() - begin >= PATIENCE,
               f"{what}: the first line is waited for")
            is_(fcntl.fcntl(write_fd, fcntl.F_GETFL), before,
                f"{what}: its flags are as they were")
            if quits:
                starts(c.command("QUIT"), "221", f"{what}: QUIT")
        ended(what, server, process)
        is_(emptied(read_fd), "", f"{what}: nothing of it is there")
        os.close(read_fd)
        os.close(write_fd)

# Before Linux 6.5 a write to a pipe cannot be told not to wait.
PWRITEV2 = {"x86_64": 328, "aarch64": 287, "riscv64": 287}
if os.uname().machine in PWRITEV2:
    what = "an older kernel"
    with case(what), Direct(users={JOE: "secret"}) as server:
        read_fd, write_fd = full_pipe()
        process, c = started(server, stderr=write_fd, launcher=(
            place.stub("denied"), str(PWRITEV2[os.uname().machine]),
            str(errno.EOPNOTSUPP)))
        with c:
            converse(what, server, c)
            emptied(read_fd)
            starts(c.command("QUIT"), "221", f"{what}: QUIT")
        ended(what, server, process)
        lines = emptied(read_fd).splitlines()
        counted(what, process, lines, 5)
        os.close(read_fd)
        os.close(write_fd)
else:
    skip("an older kernel", "its system calls' numbers are not known here")

with case("it is read again"), Direct(users={JOE: "secret"}) as server:
    what = "it is read again"
    read_fd, write_fd = full_pipe()
    process, c = started(server, stderr=write_fd)
    with c:
        c.hello()
        starts(c.login("PLAIN", JOE, "wrong"), "535", f"{what}: 535")
        emptied(read_fd)
        starts(c.login("PLAIN", JOE, "secret"), "235", f"{what}: 235")
        c.command("QUIT")
    ended(what, server, process)
    lines = emptied(read_fd).splitlines()
    counted(what, process, lines, 4)
    os.close(read_fd)
    os.close(write_fd)

# With O_NONBLOCK, as another process may have set it.
with case("O_NONBLOCK"), Direct(users={JOE: "secret"}) as server:
    read_fd, write_fd = full_pipe()
    os.set_blocking(write_fd, False)
    process, c = started(server, stderr=write_fd)
    with c:
        converse("O_NONBLOCK", server, c)
    ended("O_NONBLOCK", server, process)
    os.close(read_fd)
    os.close(write_fd)

with case("nobody holds its other end"), \
        Direct(users={JOE: "secret"}) as server:
    read_fd, write_fd = os.pipe()
    os.close(read_fd)
    process, c = started(server, stderr=write_fd)
    os.close(write_fd)
    with c:
        converse("nobody holds its other end", server, c)
    ended("nobody holds its other end", server, process)

# A write that blocks although there seemed to be room.
with case("a stopped terminal"), Direct(users={JOE: "secret"}) as server:
    master, slave = pty.openpty()
    termios.tcflow(slave, termios.TCOOFF)
    process, c = started(server, stderr=slave)
    with c:
        converse("a stopped terminal", server, c)
    ended("a stopped terminal", server, process)
    os.close(master)
    os.close(slave)

with case("a full socket"), Direct(users={JOE: "secret"}) as server:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    try:
        while True:
            theirs.send(b"-" * 4096)
    except BlockingIOError:
        theirs.setblocking(True)
    process, c = started(server, stderr=theirs)
    with c:
        converse("a full socket", server, c)
    ended("a full socket", server, process)

with syslog() as log:
    if log:
        with case("a full /dev/log"), \
                Direct(users={JOE: "secret"}) as server:
            what = "a full /dev/log"
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
                other.setblocking(False)
                other.connect("/dev/log")
                try:
                    while True:
                        other.send(b"-")
                except BlockingIOError:
                    pass
            process, c = started(server, LOG="syslog")
            with c:
                converse(what, server, c)
                log.socket.setblocking(False)
                try:
                    while True:
                        log.socket.recv(65536)
                except BlockingIOError:
                    pass
                starts(c.command("QUIT"), "221", f"{what}: QUIT")
            line = log.wait([f" {process.pid} ", "log lost="])
            like(line, r"^<22>smtpd-auth: \d+ \S+ log lost=[34]$",
                 f"{what}: told when it is read again")
            log.wait([f" {process.pid} ", "end "])
            ended(what, server, process)
    else:
        skip("a full /dev/log", "there is a syslog already")

for name in ("queue-maildir", "queue-sendmail"):
    with case(name):
        read_fd, write_fd = full_pipe()
        done_ = subprocess.run(
            [place.program(name)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=write_fd, timeout=60,
            env={"TMPDIR": "/nonexistent"}, check=False)
        ok(done_.returncode > 50,
           f"{name}: it ends, its line unsaid", done_.returncode)
        is_(re.sub("-", "", emptied(read_fd)), "", f"{name}: nothing is said")
        os.close(read_fd)
        os.close(write_fd)

done()
