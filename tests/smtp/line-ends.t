#!/usr/bin/env python3
"""Lines that do not end in CR LF, NUL, and lines that are too long."""
import base64
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

BAD = (
    (b"NOOP\n", "bare LF"),
    (b"NO\rOP\r\n", "bare CR in the middle"),
    (b"NOOP\r\r\n", "CR CR LF"),
    (b"\rNOOP\r\n", "CR first"),
    (b"NO\0OP\r\n", "NUL in the middle"),
    (b"NOOP\0\r\n", "NUL at the end"),
    (b"\0\r\n", "NUL alone"),
    (b"NOOP \0 \r\n", "NUL in an argument"),
    (b"\n", "LF alone"),
    (b"MAIL FROM:<a@example.org>\n", "MAIL with a bare LF"),
    (b"QUUX\n", "an unknown verb with a bare LF"),
    (b"x" * 3000 + b"\n", "a long line with a bare LF"),
)

with Server() as server:
    for text, what in BAD:
        with case(what), server.client() as c:
            c.send(text + b"NOOP\r\n")
            starts(c.reply(), "500 5.5.2 lines must end in CR LF", what)
            c.ends(what)
    with case("split"), server.client() as c:
        for part in (b"NO", b"OP\r", b"\nNOOP", b"\r\n"):
            c.send(part)
            c.drained()
        starts(c.reply(), "250 2.0.0", "a CR LF in two segments: first")
        starts(c.reply(), "250 2.0.0", "a CR LF in two segments: second")
    server.wait_log(r" end .*reason=line-ends", len(BAD))

with case("lengths"), Server(users={"joe@example.com": "s"}) as server:
    for length, reply in ((4095, "250 2.0.0"), (4096, "250 2.0.0"),
                          (4097, "500 5.5.2"), (5000, "500 5.5.2"),
                          (100000, "500 5.5.2")):
        with server.client() as c:
            line = b"NOOP " + b"x" * (length - 7) + b"\r\n"
            c.send(line + b"NOOP\r\n")
            starts(c.reply(), reply, f"a command line of {length} octets")
            starts(c.reply(), "250 2.0.0", "the next one is in step")
    for verb in ("MAIL FROM:<", "QUUX ", "VRFY "):
        with server.client() as c:
            c.send(verb + "x" * 4096 + "\r\nNOOP\r\n")
            starts(c.reply(), "500 5.5.2", f"too long after {verb}")
            starts(c.reply(), "250 2.0.0", "the next one is in step")
    response = base64.b64encode(
        b"\0joe@example.com\0" + b"p" * 8800).decode()
    for length, reply in ((12287, "5(01|35) "), (12288, "5(01|35) "),
                          (12289, "500 5.5.6"), (20000, "500 5.5.6")):
        with server.client() as c:
            c.send("AUTH PLAIN " + "A" * (length - 13) + "\r\nNOOP\r\n")
            like(c.reply(), "^" + reply, f"an AUTH line of {length} octets")
            starts(c.reply(), "250 2.0.0", "the next one is in step")
        with server.client() as c:
            c.must(("AUTH PLAIN", "334"))
            c.send("A" * (length - 2) + "\r\nNOOP\r\n")
            like(c.reply(), "^" + reply, f"a response of {length} octets")
            starts(c.reply(), "250 2.0.0",
                   "then the exchange is over, and the next in step")
    with server.client() as c:
        c.must(("AUTH PLAIN", "334"))
        c.send("AAAA\nNOOP\r\n")
        starts(c.reply(), "500 5.5.2", "a response with a bare LF")
        c.ends("a response with a bare LF")

done()
