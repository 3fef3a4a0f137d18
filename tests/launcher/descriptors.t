#!/usr/bin/env python3
"""What 0, 1 and 2 may be: sockets, pipes, a terminal; where the log goes."""
import os
import pty
import socket
import sys
import tty
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import (  # noqa: E402
    Connected, Direct, Pipes, syslog)

JOE = "joe@example.com"
SET_UP = {"users": {JOE: "secret"}, "certificate": "ec"}


def whole(what, server, c, tls=True):
    """A session with TLS, a failed and a good login, and a message."""
    c.hello()
    if tls:
        c.starttls()
        c.hello()
    starts(c.login("PLAIN", JOE, "wrong"), "535", what + ": 535")
    starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235", what + ": 235")
    starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
           "250 2.0.0", what + ": 250")
    is_(server.messages()[-1].body, b"Subject: x\n\n", what + ": queued")
    starts(c.command("QUIT"), "221", what + ": 221")


def ends(what, server, process, code=0):
    """One exit status for the launcher; nothing stays."""
    is_(process.wait(60), code, f"{what}: exit {code}")
    is_(server.left(), [], f"{what}: no process is left")


def pair():
    """Ours and the server's end."""
    return socket.socketpair()


class Recorded(Server):
    """Behind recordio, which puts pipes on 0 and 1."""

    def command(self):
        return ["recordio", *super().command()]


with case("recordio"), Recorded(**SET_UP) as server:
    with server.client() as c:
        whole("recordio", server, c, tls=False)
        c.ends("recordio")
    like(server.log(), r"(?m)^\d+ > 250 2\.0\.0 ok", "recordio records")
    ok(server.wait_log("message ok "), "recordio: and we log")
    is_(server.wait_idle(3), [], "recordio: no process is left")
    with server.client() as c:
        c.hello()
        c.starttls()
        starts(c.message(), "250 ", "recordio: in TLS")
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("half")
        c.drained()
        c.close()
        is_(server.wait_idle(3), [], "recordio: all go with the client")

for env in ({}, {"PROTO": "TCP", "TCPREMOTEIP": "192.0.2.7"}):
    what = "one socket" + (" with TCPREMOTEIP" if env else "")
    with case(what), Direct(**SET_UP) as server:
        ours, theirs = pair()
        process = server.run(theirs, theirs, **env)
        theirs.close()
        with Connected(ours) as c:
            whole(what, server, c)
        ends(what, server, process)
        like(server.log(), rf" {env.get('TCPREMOTEIP', 'unknown')} "
             "auth ok", what + ": logged")

with case("TCP without a launcher's words"), Direct(**SET_UP) as server:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    process = server.run(theirs, theirs)
    theirs.close()
    with Connected(ours) as c:
        whole("TCP", server, c)
    ends("TCP", server, process)
    like(server.log(), " 127.0.0.1 auth ok", "TCP: the address is asked for")

with case("two pipes"), Direct(**SET_UP) as server:
    to_server, from_server = os.pipe(), os.pipe()
    process = server.run(to_server[0], from_server[1])
    os.close(to_server[0])
    os.close(from_server[1])
    with Connected(Pipes(from_server[0], to_server[1])) as c:
        whole("two pipes", server, c, tls=False)
    ends("two pipes", server, process)

with case("two pipes, the client goes"), Direct(**SET_UP) as server:
    to_server, from_server = os.pipe(), os.pipe()
    process = server.run(to_server[0], from_server[1])
    os.close(to_server[0])
    os.close(from_server[1])
    pipes = Pipes(from_server[0], to_server[1])
    c = Connected(pipes)
    c.envelope()
    c.must(("DATA", "354"))
    c.send("half a message\r\n")
    pipes.close()
    ends("two pipes, the client goes", server, process)
    is_(server.messages(), [], "two pipes, the client goes: nothing queued")

with case("a terminal"), Direct(env={"RELAYCLIENT": ""}) as server:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    process = server.run(theirs, theirs)
    os.close(theirs)
    pipes = Pipes(ours, ours)
    c = Connected(pipes)
    for line, start in (("HELO x", "250"), ("MAIL FROM:<a@example.org>",
                        "250"), ("RCPT TO:<b@example.net>", "250"),
                        ("DATA", "354")):
        c.send(line + "\n")
        starts(c.reply(), start, f"a terminal: {line} and LF")
    c.send("Subject: typed\n\nhello\n..\n.\n")
    starts(c.reply(), "250 2.0.0", "a terminal: LF ends lines of a message")
    is_(server.messages()[0].body, b"Subject: typed\n\nhello\n.\n",
        "a terminal: as it was typed")
    c.send("QUIT\n")
    starts(c.reply(), "221", "a terminal: QUIT")
    ends("a terminal", server, process)
    pipes.close()

with case("LF is for terminals only"), Direct() as server:
    ours, theirs = pair()
    process = server.run(theirs, theirs)
    theirs.close()
    with Connected(ours) as c:
        c.send("NOOP\n")
        starts(c.reply(), "500 5.5.2 lines must end", "LF from a socket")

CLIENT_IS_2 = (  # what, does 2 stay open, is it the client
    ("2 is the client", True, True),
    ("2 is closed", False, False),
)
BROKEN = {"control": {"me": None}}
with syslog() as log:
    for what, open_, client in CLIENT_IS_2:
        launcher = () if open_ else ("sh", "-c", 'exec "$@" 2>&-', "sh")
        with case(what), Direct(**SET_UP) as server:
            ours, theirs = pair()
            process = server.run(theirs, theirs, launcher=launcher,
                                 stderr=theirs if client else None)
            theirs.close()
            with Connected(ours) as c:
                whole(what, server, c)
                c.ends(what)
            ends(what, server, process)
            record = server.messages()[0]
            is_(record.descriptors[2], "/dev/null",
                f"{what}: the queue program's 2 is /dev/null")
            is_(sorted(record.descriptors), [0, 1, 2, 6],
                f"{what}: and there is no other")
            is_(server.log(), "", f"{what}: nothing where 2 was")
            if log:
                ok(log.wait([f" {process.pid} ", "auth ok"]),
                   f"{what}: auth ok is in the syslog")
                like(log.wait([f" {process.pid} ", "message ok"]),
                     r"^<2[0-3]>", f"{what}: facility mail")
                log.wait([f" {process.pid} ", "end "])
            else:
                skip(what + ": syslog", "there is a syslog already")
        with case(what + ", broken"), Direct(**BROKEN) as server:
            ours, theirs = pair()
            process = server.run(theirs, theirs, launcher=launcher,
                                 stderr=theirs if client else None)
            theirs.close()
            with Connected(ours, greet=False) as c:
                is_(c.rest(), b"421 4.3.0 service not available\r\n",
                    f"{what}, control broken: only SMTP")
            ends(what + ", control broken", server, process, 111)
            if log:
                ok(log.wait([f" {process.pid} ", "config fail"]),
                   f"{what}, control broken: in the syslog")
    with case("LOG=syslog"), Direct(**SET_UP) as server:
        ours, theirs = pair()
        process = server.run(theirs, theirs, LOG="syslog")
        theirs.close()
        with Connected(ours) as c:
            whole("LOG=syslog", server, c)
        ends("LOG=syslog", server, process)
        is_(server.log(), "", "LOG=syslog: nothing on 2")
        if log:
            ok(log.wait([f" {process.pid} ", "message ok"]),
               "LOG=syslog: in the syslog")
        else:
            skip("LOG=syslog", "there is a syslog already")

with case("descriptors left open by the launcher"), Direct() as server:
    ours, theirs = pair()
    process = server.run(theirs, theirs, launcher=(
        "sh", "-c", 'exec 7</dev/null 9>/dev/null; exec "$@"', "sh"))
    theirs.close()
    with Connected(ours) as c:
        starts(c.message(), "250 ", "open descriptors: a message")
    is_(sorted(server.messages()[0].descriptors), [0, 1, 2, 6],
        "open descriptors: none reaches the queue program")
    ends("open descriptors", server, process)

done()
