#!/usr/bin/env python3
"""After a minute a message comes at 100 octets a second, over all its chunks
and the pauses between them. Takes as long."""
import select
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

LOW, HIGH = 58, 90  # seconds; the machine may be busy
ENOUGH = 70         # of who is fast enough
TIMEOUT = b"421 4.4.2 timeout\r\n"


def trickle(c, piece, pause):
    """Sends the piece again and again; seconds until the server has enough,
    and its last words."""
    start = time.monotonic()
    data = b""
    while time.monotonic() - start < HIGH and not data.endswith(TIMEOUT):
        try:
            c.send(piece)
            select.select([], [], [], pause)  # which is what is tested
            if select.select([c.sock], [], [], 0)[0]:
                more = c.sock.recv(65536)
                data = (data + more)[-100:]
                if not more:
                    break
        except OSError as error:
            data += repr(error).encode()
            break
    return time.monotonic() - start, data


def begin(server, line, reply):
    """A message that has begun."""
    c = server.client()
    c.envelope()
    if line:
        c.must((line, reply))
    return c


def slow(server, what, line, piece, pause):
    """One that is slower than allowed."""
    with begin(server, line, "354") as c:
        seconds, data = trickle(c, piece, pause)
    ok(data.endswith(TIMEOUT), f"{what}: 421 4.4.2", data)
    ok(LOW < seconds < HIGH, f"{what}: after a minute", f"{seconds:.1f} s")


def steady(server, what, line, piece, end):
    """One that is as fast as it must be."""
    with begin(server, line, "354") as c:
        start = time.monotonic()
        while time.monotonic() - start < ENOUGH:
            c.send(piece)
            if not line:
                c.expect("250 2.0.0 ")
            select.select([], [], [], 0.5)
        c.send(end)
        starts(c.reply(), "250 2.0.0 ok", f"{what}: is taken")


with case("slow"), Server() as server:
    parallel(lambda row: row[0](server, *row[1:]), (
        (slow, "DATA, two octets a second", "DATA", b"x", 0.5),
        (slow, "chunks of an octet", None, b"BDAT 1\r\nx", 0.25),
        (slow, "one chunk, two octets a second", None, b"BDAT 1000000\r\nx",
         0.5),
        (slow, "a chunk, and NOOP every second", None,
         b"BDAT 1\r\nx" + b"NOOP\r\n", 1),
        (steady, "DATA, 200 octets a second", "DATA", b"x" * 98 + b"\r\n",
         b".\r\n"),
        (steady, "chunks, 200 octets a second", None,
         b"BDAT 100\r\n" + b"x" * 98 + b"\r\n", b"BDAT 0 LAST\r\n")))
    is_(server.wait_idle(5), [], "nothing is left")
    is_(len(server.messages()), 2, "two were fast enough")

done()
