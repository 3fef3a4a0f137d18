#!/usr/bin/env python3
"""One process of a connection is killed at some point of the protocol.

Nothing is queued but what was answered 250, or had its final dot; nobody is
logged in by it; three seconds later no process is left.
"""
import os
import signal
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_points import (  # noqa: E402
    greeting, half_a_message, in_chunks, in_data, in_exchange, in_tls,
    transaction)
from support.extra_process import Family, wait_for  # noqa: E402

JOE = "joe@example.com"
LATE = 3  # seconds: 2 are promised

if not ROOT:
    skip_all("only root kills processes of other accounts")


def kill(process):
    """At once."""
    os.kill(process.pid, signal.SIGKILL)


def end(c):
    """What the client still reads; a reset is no reply either."""
    try:
        return c.rest()
    except ConnectionResetError:
        return b""


def nothing(what, server, family, c, queued=()):
    """After the death of session or keeper."""
    left = end(c)
    ok(b"\n2" not in b"\n" + left, f"{what}: no word of success", left)
    is_(server.wait_idle(LATE), [], f"{what}: no process is left")
    ok(len(server.messages()) in (queued or (0,)),
       f"{what}: queued {queued or 'nothing'}", len(server.messages()))
    del family


POINTS = (greeting, transaction, in_data, half_a_message, in_chunks,
          in_exchange, in_tls)


def one(victim, point):
    """Kills this one there."""
    what = f"{victim} killed, {point.__name__.replace('_', ' ')}"
    with case(what), Server(users={JOE: "secret"}, certificate="ec") as server:
        with server.client() as c:
            family = Family(server, c)
            point(c)
            kill(getattr(family, victim))
            nothing(what, server, family, c)


parallel(lambda pair: one(*pair),
         [(v, p) for v in ("session", "keeper") for p in POINTS], 4)


def after_the_dot(victim):
    """The program has it all and thinks about it."""
    what = f"{victim} killed after the dot"
    with case(what), Server(record={"SLEEP": 1}) as server:
        with server.client() as c:
            family = Family(server, c)
            in_data(c)
            c.send(".\r\n")
            wait_for(server.messages, "the whole envelope")
            kill(getattr(family, victim))
            nothing(what, server, family, c, (1,))
        if victim == "session":
            server.wait_log("message ok")
            server.wait_log(" end .* reason=session-died$")


for name in ("session", "keeper"):
    after_the_dot(name)


def queue_program(what, point, reply, **record):
    """Its death is 451, and the connection goes on."""
    with case(what), Server(record=record) as server, server.client() as c:
        family = Family(server, c)
        point(c)
        if reply is None:
            c.send(".\r\n")
            wait_for(server.messages, "the whole envelope")
        kill(family.other())
        if reply is not None:
            c.send(reply)
        starts(c.reply(), "451 4.3.0", f"{what}: 451")
        is_(len(server.messages()), 0 if reply is not None else 1,
            f"{what}: what it was given")
        ok("message ok" not in server.log(), f"{what}: not logged as queued")
        c.must(("RSET", "250"), ("MAIL FROM:<a@example.org>", "250"))
        c.command("QUIT")
        is_(server.wait_idle(LATE), [], f"{what}: no process is left")


queue_program("queue program killed, in DATA", in_data, b"x\r\n.\r\n")
queue_program("queue program killed, in a message", half_a_message,
              b"z" * 200000 + b"\r\n.\r\n")
queue_program("queue program killed, after the dot", in_data, None, SLEEP=5)


def authenticator(what, steps, last):
    """Its death is 454, never 235."""
    with case(what), Server(users={JOE: "secret"}) as server:
        with server.client() as c:
            c.hello()
            family = Family(server, c)
            for line in steps:
                c.must((line, "334"))
            kill(family.other())
            wait_for(lambda: not family.others(), "its end")
            starts(c.command(last), "454 4.7.0", f"{what}: 454")
            starts(c.command("MAIL FROM:<a@example.org>"), "250", what)
            starts(c.command("RCPT TO:<x@example.net>"), "550 5.7.1",
                   f"{what}: nobody is logged in")
            c.must(("RSET", "250"))
            starts(c.login("PLAIN", JOE, "secret"), "235",
                   f"{what}: a new exchange works")
            c.command("QUIT")
            is_(server.wait_idle(LATE), [], f"{what}: no process is left")
            ok("auth temp" in server.log(), f"{what}: logged")


authenticator("authenticator killed, asked for the name", ["AUTH LOGIN"],
              "am9lQGV4YW1wbGUuY29t")
authenticator("authenticator killed, asked for the password",
              ["AUTH LOGIN", "am9lQGV4YW1wbGUuY29t"],
              "c2VjcmV0")

done()
