#!/usr/bin/env python3
"""DATA: dots, line ends, size limit, hops, several messages, big ones."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

BODIES = (  # on the wire without the final dot, what the queue gets, what
    ("", "", "an empty message"),
    ("\r\n", "\n", "one empty line"),
    ("Subject: x\r\n\r\ny\r\n", "Subject: x\n\ny\n", "a plain message"),
    ("..\r\n", ".\n", "a stuffed dot alone"),
    ("..x\r\n", ".x\n", "a stuffed dot"),
    (".x\r\n", "x\n", "a dot not stuffed is taken off"),
    ("...\r\n", "..\n", "two dots"),
    ("x.\r\n.. \r\n..\t\r\n", "x.\n. \n.\t\n", "dots and blanks"),
    ("a\r\n. \r\n.\t\r\n", "a\n \n\t\n", "a dot and a blank are no end"),
    ("a\r\n\r\n\r\nb\r\n", "a\n\n\nb\n", "empty lines"),
    ("\x7f\x1b[31m\x01\x0b\x0c\r\n", "\x7f\x1b[31m\x01\x0b\x0c\n",
     "control characters"),
    ("From x\r\n>From y\r\n", "From x\n>From y\n", "From lines"),
    ("x" * 5000 + "\r\n", "x" * 5000 + "\n", "a line of 5000 octets"),
    ("y" * 300000 + "\r\n", "y" * 300000 + "\n",
     "a line of 300000 octets"),
)

with Server() as server:
    for body, expected, what in BODIES:
        with case(what), server.client() as c:
            starts(c.message(body), "250 2.0.0", what)
            is_(server.messages()[-1].body, expected.encode(),
                what + ": as queued")
    with case("8-bit"), server.client() as c:
        octets = bytes(i for i in range(1, 256) if i not in (10, 13))
        starts(c.message(octets + b"\r\n"), "250 2.0.0", "255 octet values")
        is_(server.messages()[-1].body, octets + b"\n", "byte-exact")
    with case("bytewise"), server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        for byte in b"a\r\n..b\r\n.\r\n":
            c.send(bytes([byte]))
            c.drained()
        starts(c.reply(), "250 2.0.0", "one octet a segment")
        is_(server.messages()[-1].body, b"a\n.b\n", "the same message")
    with case("several messages"), server.client() as c:
        server.forget()
        for i in range(5):
            starts(c.message(f"{i}\r\n", f"s{i}@example.org"), "250 2.0.0",
                   f"message {i + 1} of 5 on a connection")
        is_([(m.sender, m.body) for m in server.messages()],
            [(f"s{i}@example.org", b"%d\n" % i) for i in range(5)],
            "each is itself")
    with case("envelope"), server.client() as c:
        c.message("x\r\n", "", "b@example.com", "c@example.com",
                  "b@example.com")
        is_(server.messages()[-1].envelope,
            b"F\0Tb@example.com\0Tc@example.com\0Tb@example.com\0\0",
            "the envelope as qmail-queue(8) wants it")
    with case("20 MB"), server.client() as c:
        body = (b"0123456789" * 7 + b"\r\n") * 280000
        starts(c.message(body), "250 2.0.0", "a message of 20 MB")
        ok(server.messages()[-1].body == body.replace(b"\r\n", b"\n"),
           "not an octet is lost")

LIMIT = 1000
with case("databytes"), Server(control={"databytes": f"{LIMIT}\n"}) as server:
    with server.client() as c:
        for size in (LIMIT - 1, LIMIT):
            starts(c.message("x" * (size - 2) + "\r\n"), "250 2.0.0",
                   f"{size} octets with databytes {LIMIT}")
        starts(c.message("x" * (LIMIT - 1) + "\r\n"), "552 5.3.4",
               f"{LIMIT + 1} octets: 552, after the final dot")
        starts(c.message("..\r\n" + "x" * (LIMIT - 5) + "\r\n"), "250",
               "a stuffed dot does not count")
        starts(c.message("x\r\n" * (LIMIT // 3) + "x"
                         + "\r\n"), "552 5.3.4", "CR LF counts two octets")
        server.forget()
        c.envelope()
        c.must(("DATA", "354"))
        c.send("y" * 5000 + "\r\n")
        server.wait_log(r"message refused .*reason=size")
        ok(True, "over the limit the queue program is let go at once")
        c.send("y\r\n" * 100000 + ".\r\n")
        starts(c.reply(), "552 5.3.4", "input is thrown away up to the dot")
        c.talk(("DATA", "503 5.5.1", "the transaction is over"),
               ("NOOP", "250 2.0.0", "the connection goes on"))
        is_(server.messages(), [], "nothing was queued")
        starts(c.message("small\r\n"), "250 2.0.0", "the next message")
        is_(len(server.messages()), 1, "that is queued")

with case("overrun"), Server(control={"databytes": "1000\n"}) as server:
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        chunk = b"z" * 1022 + b"\r\n"
        try:
            for _ in range(65):
                c.send(chunk * 1024)
        except OSError:
            pass  # it hung up while we were writing, as it should
        try:
            got = c.reply()
        except OSError as error:
            got = repr(error)
        starts(got, "552 5.3.4", "64 MiB over databytes: 552")
        try:
            c.send(b".\r\nNOOP\r\n")
            got = c.rest()
        except OSError:
            got = b""
        is_(got, b"", "and the connection is closed")

for name in ("Received", "Delivered-To", "RECEIVED", "delivered-to"):
    with case("hops"), Server() as server, server.client() as c:
        line = name + ": x\r\n"
        starts(c.message(line * 99 + "\r\nx\r\n"), "250 2.0.0",
               f"99 {name} lines")
        starts(c.message(line * 100 + "\r\nx\r\n"), "554 5.4.6",
               f"100 {name} lines: looping")
        starts(c.message("\r\n" + line * 200), "250 2.0.0",
               f"200 {name} lines in the body")
        starts(c.message("X-" + line + ("X: y\r\n " + line) * 150 + "\r\n"),
               "250 2.0.0", f"{name} in other and folded lines")
        is_(len(server.messages()), 3, f"{name}: three are queued")

with case("no queue"), Server(
        env={"QMAILQUEUE": "/nonexistent/queue"}) as server:
    with server.client() as c:
        c.envelope()
        c.talk(("DATA", "451 4.3.0", "no queue program: 451, no 354"),
               ("NOOP", "250 2.0.0", "the connection goes on"))
        c.envelope()
        c.send("BDAT 6 LAST\r\nQUIT\r\n")
        starts(c.reply(), "451 4.3.0", "no queue program: BDAT")
        c.talk(("NOOP", "250 2.0.0", "its octets are consumed"))
    server.wait_log(" config fail file=/nonexistent/queue reason=", 2)
    ok(True, "no queue program: logged, by name")

done()
