#!/usr/bin/env python3
"""What a plain connection costs, counted: system calls by strace, pages that
are touched for the first time by the kernel's own account. Counts do not drift
as times do: what is more here is more on every connection of every site.
docs/performance.md says what each is spent on."""
import base64
import os
import shutil
import socket
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.sasl import plain  # noqa: E402

JOE = "joe@example.com"
CONNECTION, LOGIN, MESSAGE = range(3)
NAMES = ("EHLO and QUIT", "a login", "a message")
# System calls of keeper, session and authenticator, with some room for where
# the account stands in /etc/passwd.
CALLS = {CONNECTION: (72, 34), MESSAGE: (138, 75, 40)}
# Page faults of all of them, the fewest of several runs: the stack begins at a
# random place. Kernels differ by a few.
FAULTS = {CONNECTION: 16, LOGIN: 33}
RUNS = 12

if not ROOT:
    skip_all("the layers of the jail are root's alone")
if os.path.basename(os.environ.get("BUILD", "")) == "glibc":
    skip_all("glibc's own start costs more")


def say(client, line, code):
    client.write(line + b"\r\n" if line else b"")
    while True:
        reply = client.readline()
        if not reply.startswith(code):
            raise AssertionError((line, reply))
        if reply[3:4] == b" ":
            return


def converse(client, what):
    say(client, b"", b"220")
    say(client, b"EHLO client.example", b"250")
    if what >= LOGIN:
        response = base64.b64encode(next(plain(JOE, "secret")))
        say(client, b"AUTH PLAIN " + response, b"235")
    if what == MESSAGE:
        say(client, b"MAIL FROM:<" + JOE.encode() + b">", b"250")
        say(client, b"RCPT TO:<ann@example.org>", b"250")
        say(client, b"DATA", b"354")
        say(client, b"Subject: x\r\n\r\n" + 30 * (60 * b"x" + b"\r\n") + b".",
            b"250")
    say(client, b"QUIT", b"221")
    if client.read() != b"":
        raise AssertionError("more after QUIT")


def connected():
    """Both ends of a connection over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        return ours, listener.accept()[0]


def run(server, what, log, before=()):
    """One connection, as tcpserver starts it; its page faults."""
    ours, its = connected()
    environment = {**server.env, "PROTO": "TCP", "TCPLOCALIP": "127.0.0.1",
                   "TCPLOCALPORT": "587", "TCPREMOTEIP": "127.0.0.1",
                   "TCPREMOTEPORT": "1234"}
    with ours, open(log, "ab") as out:
        with its:
            program = subprocess.Popen(
                [*before, *server.command()], env=environment, stdin=its,
                stdout=its, stderr=out)
        ours.settimeout(120)
        with ours.makefile("rwb", buffering=0) as client:
            converse(client, what)
    _, status, usage = os.wait4(program.pid, 0)
    program.returncode = status
    if status != 0:
        raise AssertionError(status)
    return usage.ru_minflt


def calls(trace):
    """Names of the calls of each process, in the order of their birth."""
    found = {}
    with open(trace, encoding="latin-1") as file:
        for line in file:
            pid, _, call = line.strip().partition(" ")
            if "resumed>" not in call and "(" in call:
                found.setdefault(pid, []).append(call.partition("(")[0])
    return list(found.values())


def fewest_calls(server, what, log):
    """Of several runs: a process that wakes once more polls once more."""
    runs = []
    for number in range(RUNS):
        trace = os.path.join(home("trace"), f"calls{number}")
        run(server, what, log, ("strace", "-f", "-o", trace))
        runs.append(calls(trace))
    return [min(one, key=len) for one in zip(*runs)]


with case("a plain connection"), Server() as server:
    server.write("authusers", f"{JOE}:{{PLAIN}}secret\n")
    server.passwd("build")
    log = os.path.join(home("log"), "log")
    for what, most in FAULTS.items():
        fewest = min(run(server, what, log) for _ in range(RUNS))
        ok(fewest <= most, f"{NAMES[what]}: at most {most} page faults",
           f"it is {fewest}")
    if not shutil.which("strace"):
        skip("system calls", "no strace")
        CALLS = {}
    for what, limits in CALLS.items():
        for name, one, most in zip(("keeper", "session", "authenticator"),
                                   fewest_calls(server, what, log), limits):
            ok(len(one) <= most, f"{NAMES[what]}: {name}: at most {most} "
               "system calls", [f"it is {len(one)}", *one])

done()
