#!/usr/bin/env python3
"""Memory stays flat whatever comes."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

BLOCK = b"x" * 1048576
# KiB: a client that fills 64 of them gets this once, at a time that depends
# on which of the two is quicker (session/stream.h).
LARGE_BUFFER = 320


def memory(server):
    """Private memory of all processes of the connection, in KiB."""
    total = 0
    for pid in server.processes():
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            text = file.read()
        if "Name:\trecord" not in text:
            total += int(re.search(r"^RssAnon:\s+(\d+)", text, re.M)[1])
    return total


def flat(what, server, c, megabytes, start=b"", block=BLOCK):
    """Sends that much; what the first megabyte took must be enough."""
    c.send(start + block)
    c.drained()
    before = memory(server)
    ok(before > 0, what + ": the processes are seen")
    for _ in range(megabytes):
        c.send(block)
    c.drained()
    after = memory(server)
    ok(after - before <= LARGE_BUFFER + 64,
       f"{what}: {megabytes} MB more take no memory",
       f"{before} KiB, then {after} KiB")
    ok(after < 4096, f"{what}: less than 4 MB in all", f"{after} KiB")


with Server(users={"joe@example.com": "secret"}) as server:
    for what, start in (("a line without an end", b""),
                        ("NOOP without an end", b"NOOP "),
                        ("EHLO without an end", b"EHLO "),
                        ("MAIL without an end", b"MAIL FROM:<"),
                        ("AUTH without an end", b"AUTH PLAIN ")):
        with case(what), server.client() as c:
            flat(what, server, c, 64, start)
            c.send("\r\nNOOP\r\n")
            like(c.reply(), "^500 5", what + ": 500 in the end")
            starts(c.reply(), "250 2.0.0", what + ": then in step again")
    with case("a response without an end"), server.client() as c:
        c.must(("AUTH PLAIN", "334"))
        flat("a response without an end", server, c, 64)
        c.send("\r\n")
        starts(c.reply(), "500 5.5.6", "a response without an end: 500")
    with case("a message in one line"), server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        flat("a message in one line", server, c, 32)
        c.send("\r\n.\r\n")
        starts(c.reply(), "250 2.0.0", "a message in one line is taken")
        server.forget()
    with case("a header without an end"), server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        flat("a header without an end", server, c, 32,
             block=b"X: y\r\n" * 174762)
        c.send("\r\n.\r\n")
        starts(c.reply(), "250 2.0.0", "a header without an end is taken")
        server.forget()
    with case("a chunk"), server.client() as c:
        c.envelope()
        c.send("BDAT 34603008\r\n")
        flat("a chunk", server, c, 32)
        starts(c.reply(), "250 2.", "a chunk is taken")
    with case("refused"), server.client() as c:
        c.send("BDAT 34603008\r\n")
        flat("a refused chunk", server, c, 32)
        starts(c.reply(), "503 5.5.1", "a refused chunk is consumed")

with case("envelopes"), Server(env={"MAXRCPT": "0"}) as server:
    with server.client() as c:
        sizes = []
        for _ in range(4):
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.send("RCPT TO:<b@example.com>\r\n" * 10000)
            for _ in range(10000):
                c.expect("250 2.1.5")
            sizes.append(memory(server))
            c.must(("DATA", "354"), (".", "250"))
        ok(sizes[3] - sizes[0] <= 64,
           "10000 recipients, four messages: memory is used again", sizes)

# The session accepts what is sure to fit, and asks about the rest: a path with
# our own address has another length in the keeper's envelope.
with case("a large envelope"), Server(
        env={"MAXRCPT": "0"},
        control={"localiphost": "a.long.name.example.com\n",
                 "rcpthosts": "example.com\n.example.com\n"}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        long = "x" * 880 + "@example.com"
        mine = "y@[127.0.0.1]"
        taken = []
        for path in [mine] * 50 + [long] * 5000:
            got = c.command(f"RCPT TO:<{path}>")
            if got.code != 250:
                break
            taken.append(path)
        starts(got, "452 4.5.3 ", "4 MB of recipients: 452")
        size = sum(len(path) + 2 for path in taken) + 50 * 12
        ok((4 << 20) - 4096 < size <= 4 << 20, "after 4 MB", size)
        got = c.command(f"RCPT TO:<{mine}>")
        starts(got, "250", "a short one fits")
        while got.code == 250:
            taken.append(mine)
            got = c.command(f"RCPT TO:<{mine}>")
        starts(got, "452 4.5.3 ", "until that is too long, too")
        ok(memory(server) < 3 * 4096, "memory has its limit", memory(server))
        c.must(("DATA", "354"))
        starts(c.command("x\r\n."), "250 2.0.0", "and the message is taken")
        is_(len(server.messages()[0].recipients), len(taken),
            "to all that were accepted")
        starts(c.message(), "250 2.0.0", "and another one")

done()
