#!/usr/bin/env python3
"""BDAT (RFC 3030): the announced octets are consumed whatever the reply."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

def chunk(c, data, last=False, count=None):
    """Sends a chunk, returns the reply."""
    data = data if isinstance(data, bytes) else data.encode()
    size = len(data) if count is None else count
    c.send(b"BDAT %d%s\r\n" % (size, b" LAST" if last else b"") + data)
    return c.reply()


with case("chunks"), Server() as server:
    def one(what, chunks, expected):
        """A message of these chunks, the last one is LAST."""
        with case(what), server.client() as c:
            c.hello()
            c.envelope()
            for i, data in enumerate(chunks):
                last = i == len(chunks) - 1
                starts(chunk(c, data, last),
                       "250 2.0.0 ok " if last else "250 2.",
                       f"{what}: chunk {i + 1} of {len(chunks)}")
            is_(server.messages()[-1].body, expected, what + ": as queued")
            c.talk(("NOOP", "250 2.0.0", what + ": still in step"))

    one("one chunk", ["a\r\nb\r\n"], b"a\nb\n")
    one("two chunks", ["a\r\n", "b\r\n"], b"a\nb\n")
    one("an empty last chunk", ["a\r\n", ""], b"a\n")
    one("an empty message", [""], b"")
    one("empty chunks", ["", "", "a\r\n", "", ""], b"a\n")
    one("CR and LF in two chunks", ["a\r", "\nb\r\n"], b"a\nb\n")
    one("no line end at the end", ["a\r\nb"], b"a\nb\n")
    one("no line end before an empty last chunk", ["a\r\nb", ""], b"a\nb\n")
    one("dots are text", [".\r\n", "..\r\n.", "\r\n"], b".\n..\n.\n")
    one("an end of DATA is text", ["a\r\n.\r\nMAIL FROM:<x@y>\r\n"],
        b"a\n.\nMAIL FROM:<x@y>\n")
    one("8-bit", [bytes(range(128, 256)) + b"\r\n"],
        bytes(range(128, 256)) + b"\n")
    one("one octet a chunk", list("a\r\n.\r\nb\r\n"), b"a\n.\nb\n")
    one("a big one", ["x" * 998 + "\r\n"] * 3 + [("y" * 62 + "\r\n") * 40000],
        (b"x" * 998 + b"\n") * 3 + (b"y" * 62 + b"\n") * 40000)

with case("in one write"), Server() as server, server.client() as c:
    c.hello()
    c.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
           "BDAT 3\r\na\r\nBDAT 5 LAST\r\nQUIT\r"
           "MAIL FROM:<c@example.org>\r\nRCPT TO:<d@example.com>\r\n"
           "bdat 6 last\r\nQUIT\r\nQUIT\r\n")
    c.expect("250 2.1.0")
    c.expect("250 2.1.5")
    starts(c.reply(), "250 2.", "pipelined: first chunk")
    like(c.reply(), "^554 5.6.0", "pipelined: a CR as the last octet")
    c.ends("pipelined: a violation")
with case("in one write"), Server() as server, server.client() as c:
    c.hello()
    c.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
           "BDAT 3\r\na\r\nBDAT 6 LAST\r\nQUIT\r\n"
           "MAIL FROM:<c@example.org>\r\nRCPT TO:<d@example.com>\r\n"
           "bdat 6 last\r\nQUIT\r\nQUIT\r\n")
    for start in ("250 2.1.0", "250 2.1.5", "250 2.", "250 2.0.0 ok",
                  "250 2.1.0", "250 2.1.5", "250 2.0.0 ok", "221 2.0.0"):
        starts(c.reply(), start, "two messages in one write: " + start)
    c.ends("two messages in one write")
    is_([m.body for m in server.messages()], [b"a\nQUIT\n", b"QUIT\n"],
        "two messages in one write: as queued")

with case("sequence"), Server() as server:
    with server.client() as c:
        c.hello()
        starts(chunk(c, "NOOP\r\n"), "503 5.5.1", "BDAT before MAIL")
        c.talk(("NOOP", "250 2.0.0", "its octets were consumed"),
               ("RSET", "250 2.0.0"))
        c.must(("MAIL FROM:<a@example.org>", "250"))
        starts(chunk(c, "QUIT\r\n", True), "554 5.5.1",
               "BDAT without recipients")
        c.talk(("NOOP", "250 2.0.0", "its octets were consumed"))
        starts(chunk(c, "QUIT\r\n"), "503 5.5.1", "the chunk after it")
        for verb in ("RSET", "EHLO x", "HELO x"):
            c.must((verb, "250"))
            c.envelope()
            starts(chunk(c, "a\r\n"), "250 2.", verb + " makes an end of it")
            c.must((verb, "250"))
            starts(chunk(c, "QUIT\r\n"), "503 5.5.1",
                   verb + " between chunks: the message is gone")
            c.must(("RSET", "250"))
        c.envelope()
        starts(chunk(c, "a\r\n"), "250 2.", "a first chunk")
        c.talk(("DATA", "503 5.5.1", "DATA after BDAT"),
               ("MAIL FROM:<a@example.org>", "503 5.5.1",
                "MAIL between chunks"),
               ("RCPT TO:<c@example.com>", "503 5.5.1",
                "RCPT between chunks"),
               ("NOOP", "250 2.0.0", "NOOP between chunks"))
        starts(chunk(c, "b\r\n", True), "250 2.0.0 ok",
               "and the message can still be ended")
        is_([m.body for m in server.messages()], [b"a\nb\n"],
            "one message was queued")

with case("blanks and tabs"), Server() as server, server.client() as c:
    for line in ("BDAT  3 LAST", "BDAT 3  LAST", "BDAT 3 LAST ",
                 "BDAT 3 LAST \t ", "BDAT\t3\tLAST", "BDAT \t 3\t  last\t"):
        c.envelope()
        c.send(line + "\r\na\r\n")
        starts(c.reply(), "250 2.0.0 ok", f"blanks: {line!r}")
    c.envelope()
    for line in ("BDAT 3 ", "BDAT\t3", "BDAT  3\t"):
        c.send(line + "\r\na\r\n")
        starts(c.reply(), "250 2.0.0 3 octets", f"blanks: {line!r}")
    c.talk(("BDAT 0  LAST", "250 2.0.0 ok", "blanks: the last chunk"))
    is_([m.body for m in server.messages()], [b"a\n"] * 6 + [b"a\na\na\n"],
        "blanks: as queued")

with case("count"):
    for count in ("", "x", "-1", "+1", "0x10", "1.5", "1 FIRST", "1 LAST x",
                  "1 LA ST", "\t", "1LAST", "1 1", "LAST",
                  "9223372036854775808", "18446744073709551616",
                  "99999999999999999999999999"):
        with Server() as server, server.client() as c:
            c.hello()
            c.envelope()
            c.send(f"BDAT {count}\r\nNOOP\r\n")
            starts(c.reply(), "501 5.5.4", f"BDAT {count or '(nothing)'}")
            c.ends(f"BDAT {count or '(nothing)'}")
            is_(server.wait_idle(5), [], f"BDAT {count}: nothing is left")
            is_(server.messages(), [], f"BDAT {count}: nothing is queued")
    with Server() as server, server.client() as c:
        c.hello()
        c.envelope()
        c.send("BDAT 9223372036854775807 LAST\r\nabc")
        c.drained()
        c.shutdown()
        c.ends("2^63-1 octets announced, three sent")
        is_(server.wait_idle(5), [], "2^63-1: nothing is left")
        is_(server.messages(), [], "2^63-1: nothing is queued")

with case("too big"), Server(env={"DATABYTES": "1000"}) as server:
    with server.client() as c:
        c.hello()
        for sizes in ((1000,), (500, 500), (999, 0)):
            c.envelope()
            for i, size in enumerate(sizes):
                last = i == len(sizes) - 1
                data = "x" * (size - 2) + "\r\n" if size else ""
                got = chunk(c, data, last)
            starts(got, "250 2.0.0 ok", f"chunks of {sizes}: within limit")
        server.forget()
        c.envelope()
        starts(chunk(c, "x" * 998 + "\r\n"), "250 2.", "up to the limit")
        starts(chunk(c, "RSET\r\n"), "552 5.3.4", "the chunk that passes it")
        starts(chunk(c, "QUIT\r\n"), "503 5.5.1", "the chunk after that")
        starts(chunk(c, "QUIT\r\n", True), "503 5.5.1", "and the last one")
        c.talk(("MAIL FROM:<a@example.org>", "503 5.5.1",
                "MAIL after a failed chunk"),
               ("DATA", "503 5.5.1", "DATA after a failed chunk"),
               ("RSET", "250 2.0.0"))
        is_(server.messages(), [], "nothing was queued")
        c.envelope()
        starts(chunk(c, "x" * 5000, True), "552 5.3.4",
               "one chunk that is too big")
        c.talk(("RSET", "250 2.0.0"))
        starts(c.message("fine\r\n"), "250 2.0.0", "then a message by DATA")
        is_([m.body for m in server.messages()], [b"fine\n"],
            "that one is queued")

    for what, cut in (("in one piece", False), ("cut before it", True)):
        with server.client() as c:
            c.hello()
            c.envelope()
            c.send(b"BDAT 1502\r\n" + b"x" * 1500)
            if cut:
                c.drained()
            c.send(b"\nx")
            starts(c.reply(), "554 5.6.0", f"too big, and a bare LF: {what}")
            c.ends(f"too big, and a bare LF: {what}")

with case("64 MiB"), Server() as server:
    for count, closed in ((67108864, False), (67108865, True)):
        with server.client() as c:
            c.hello()
            c.send(f"BDAT {count}\r\n")
            if closed:
                starts(c.reply(), "503 5.5.1",
                       f"a refused chunk of {count}: reply at once")
                c.ends(f"a refused chunk of {count}")
            else:
                block = b"x" * 1048576
                for _ in range(64):
                    c.send(block)
                starts(c.reply(), "503 5.5.1",
                       f"a refused chunk of {count} is consumed")
                c.talk(("NOOP", "250 2.0.0", "and the connection goes on"))

# A command that came with the chunk before it, and its own chunk over it.
with case("chunks over their commands"), Server() as server:
    with server.client() as c:
        c.envelope()
        c.send("BDAT 20\r\n")
        c.drained()
        c.send("x" * 18 + "\r\n" + "BDAT 110\r\n" + "y" * 100)
        c.expect("250 2.0.0 20 ")
        c.drained()
        c.send("z" * 8 + "\r\n" + "BDAT 0 LAST\r\nNOOP\r\nNOOP\r\n")
        starts(c.reply(), "250 2.0.0 110 ", "a chunk over its command")
        starts(c.reply(), "250 2.0.0 ok", "the last one is read as it came")
        for _ in range(2):
            starts(c.reply(), "250 2.0.0", "and what follows it")
    is_(server.messages()[0].body,
        b"x" * 18 + b"\n" + b"y" * 100 + b"z" * 8 + b"\n",
        "chunks over their commands: as it was sent")

done()
