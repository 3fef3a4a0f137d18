#!/usr/bin/env python3
"""Descriptors 0, 1 and 2 that are closed at the start; no /dev/null."""
import itertools
import os
import socket
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_launcher import Connected, Direct, full_pipe  # noqa: E402
from support.extra_process import Process, wait_for  # noqa: E402

JOE = "joe@example.com"
SET_UP = {"users": {JOE: "secret"}, "certificate": "ec"}
NO_NULL = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c",
           'mount -t tmpfs tmpfs /dev && exec "$@"', "sh"]


def closing(numbers):
    """A launcher that closes them."""
    return ["sh", "-c", 'exec "$@" ' + " ".join(f"{n}>&-" for n in numbers),
            "sh"]


def jailed_child(pid):
    """The session of this keeper, once it is in its jail."""
    for child in Process(pid).children():
        if child.status()["Seccomp"] == "2":
            return child
    return None


def lives_on(numbers):
    """A session that waits: what does it hold?"""
    what = f"{numbers} closed"
    with Direct(**SET_UP) as server:
        to_server, from_server = os.pipe(), full_pipe()
        process = server.run(to_server[0], from_server[1],
                             launcher=closing(numbers))
        os.close(to_server[0])
        os.close(from_server[1])
        session = wait_for(lambda: jailed_child(process.pid), "a session")
        # It waits for input, or for room where it could greet.
        held = session.descriptors()
        for number in (0, 1):
            expected = "/dev/null" if number in numbers else "pipe:"
            starts(held[number], expected, f"{what}: what its {number} is")
        is_(sorted(held), [0, 1, 3], f"{what}: it holds 0, 1 and the channel")
        starts(held[3], "socket:", f"{what}: and that is a socket")
        keeper = Process(process.pid).descriptors()
        for number in (0, 1):
            is_(keeper[number], "/dev/null", f"{what}: the keeper's {number}")
        ok(keeper[2] == "/dev/null" if 2 in numbers
           else keeper[2].startswith("pipe:"), f"{what}: the keeper's 2",
           keeper)
        is_(sum("authusers.cdb" in target for target in keeper.values()), 1,
            f"{what}: the user file is open once")
        os.close(to_server[1])
        os.close(from_server[0])
        is_(process.wait(10), 0, f"{what}: it ends with its client")
        is_(server.left(), [], f"{what}: no process is left")
        if 2 not in numbers:
            server.wait_log(" end ")


# 0 alone would be at its end before anybody could look: its output is full.
for chosen in ([1], [0], [1, 2], [0, 2]):
    with case(f"{chosen} closed"):
        lives_on(chosen)

for count in range(1, 4):
    for chosen in itertools.combinations(range(3), count):
        what = f"{chosen} closed, to the end"
        with case(what), Direct(**SET_UP) as server:
            ours, theirs = socket.socketpair()
            process = server.run(theirs, theirs, launcher=closing(chosen))
            theirs.close()
            ours.shutdown(socket.SHUT_WR)
            with Connected(ours, greet=False) as c:
                expected = b"" if 1 in chosen else (
                    b"220 mx.example.org ESMTP\r\n")
                is_(c.rest(), expected, f"{what}: nothing but SMTP")
            is_(process.wait(10), 0, f"{what}: exit 0")
            is_(server.left(), [], f"{what}: no process is left")
            if 2 not in chosen:
                server.wait_log(" end .*reason=client")

if ROOT:
    for chosen in ([], [0], [2]):
        what = f"no /dev/null, {chosen} closed"
        with case(what), Direct(**SET_UP) as server:
            ours, theirs = socket.socketpair()
            process = server.run(theirs, theirs,
                                 launcher=NO_NULL + closing(chosen))
            theirs.close()
            with Connected(ours, greet=False) as c:
                is_(c.rest(), b"421 4.3.0 service not available\r\n",
                    f"{what}: 421 and nothing else")
            is_(process.wait(10), 111, f"{what}: exit 111")
            is_(server.left(), [], f"{what}: no process is left")
            if 2 not in chosen:
                like(server.log(), r"(?m) config fail file=/dev/null "
                     r"reason=No\\x20such", f"{what}: logged")
else:
    skip("no /dev/null", "needs root")

# The tools: the first socket must not become their standard output.
with case("smtpd-check without 0, 1 and 2"), \
        socket.create_server(("127.0.0.1", 0)) as listener:
    heard = []

    def serve():
        """A server that says what a real one does at first."""
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"220 mx.example.org ESMTP\r\n")
            while data := sock.recv(65536):
                heard.append(data)
                sock.sendall(b"221 2.0.0 bye\r\n" if data.startswith(b"QUIT")
                             else b"250 mx.example.org\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    done_ = subprocess.run(
        [*closing([0, 1, 2]), place.program("smtpd-check"),
         "127.0.0.1:%d" % listener.getsockname()[1]], timeout=60, check=False)
    thread.join(30)
    text = b"".join(heard)
    ok(text.startswith(b"EHLO "), "smtpd-check: it talks with the server",
       text)
    ok(b"FAIL" not in text and b"\nok" not in text and b"warn" not in text,
       "smtpd-check: and says nothing else to it", text)

done()
