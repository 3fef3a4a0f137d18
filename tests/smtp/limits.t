#!/usr/bin/env python3
"""Errors, commands without progress, time."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

USERS = {"joe@example.com": "secret"}


def many(c, line, count):
    """Sends a line many times in one go; the replies until the end."""
    c.send((line + "\r\n") * count)
    got = []
    while True:
        reply = c.reply()
        if not reply:
            return got
        got.append(str(reply))


with case("errors"), Server(users=USERS) as server:
    for line, prepare in (("QUUX", ()), ("RCPT TO:<a@example.com>", ()),
                          ("VRFY " + "x" * 5000, ()),
                          ("RCPT TO:<a@example.net>",
                           (("MAIL FROM:<a@example.org>", "250"),)),
                          ("AUTH UNKNOWN", ())):
        with server.client() as c:
            c.must(*prepare)
            got = many(c, line, 30)
            is_(len(got), 21, f"{line[:40]}: 20 errors, then the last word")
            starts(got[-1], "421 4.7.0", f"{line[:40]}: which is 421")
    with server.client() as c:
        c.send(("QUUX\r\nNOOP\r\n") * 19 + "NOOP\r\n")
        got = [c.reply().code for _ in range(39)]
        is_(got, [502, 250] * 19 + [250], "19 errors are borne")
        is_(c.message().code, 250, "a message after 19 errors")
    with server.client() as c:
        starts(c.login("PLAIN", "joe@example.com", "secret"), "235", "login")
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.send("RCPT TO:<nodomain>\r\n" * 60)
        is_({str(c.reply()) for _ in range(60)},
            {"550 5.1.2 recipient address needs a domain"},
            "60 refused recipients of a logged-in client are borne")
        c.must(("RCPT TO:<b@example.com>", "250"), ("DATA", "354"))
        c.talk(("\r\n.", "250 2.0.0", "and the message is taken"))
        got = many(c, "QUUX", 30)
        is_(len(got), 21, "its other errors count")
    server.wait_log(r" end .*reason=errors", 6)
    with server.client() as c:
        starts(c.login("PLAIN", "joe@example.com", "secret"), "235", "login")
        c.must(("MAIL FROM:<a@example.org>", "250"))
        got = many(c, "RCPT TO:<nodomain>", 1200)
        is_(len(got), 1001, "1,000 refused recipients are the last")
        starts(got[-1], "421 4.7.0 too many errors", "then 421")
    server.wait_log(r" end .*reason=errors", 7)

with case("452"), Server(users=USERS, env={"MAXRCPT": "1"}) as server:
    with server.client() as c:
        starts(c.login("PLAIN", "joe@example.com", "secret"), "235", "login")
        c.envelope()
        c.send("RCPT TO:<c@example.com>\r\n" * 1200)
        is_({c.reply().code for _ in range(1200)}, {452},
            "recipients over maxrcpt, logged in: the client comes again")
        c.must(("DATA", "354"))
        c.talk(("\r\n.", "250 2.0.0", "and the message is taken"))

with case("no progress"), Server() as server:
    for line in ("NOOP", "RSET", "VRFY x", "HELP", "EHLO x", "HELO x"):
        with server.client() as c:
            got = many(c, line, 150)
            is_(len(got), 101, f"100 times {line}, then the last word")
            starts(got[-1], "421 4.7.0", f"{line}: which is 421")
    with server.client() as c:
        got = many(c, "MAIL FROM:<a@example.org>\r\nRSET", 150)
        starts(got[-1], "421 4.7.0", "MAIL and RSET for ever: 421")
        ok(len(got) <= 202, "MAIL and RSET: after 200 commands at most",
           len(got))
    with server.client() as c:
        for _ in range(3):
            c.send("NOOP\r\n" * 90)
            is_({c.reply().code for _ in range(90)}, {250}, "90 times NOOP")
            is_(c.message().code, 250, "a message is progress")

with case("empty chunks"), Server() as server:
    with server.client() as c:
        c.envelope()  # MAIL counts, too
        got = many(c, "BDAT 0", 150)
        is_(len(got), 100, "99 chunks of no octet, then the last word")
        starts(got[-1], "421 4.7.0 too many commands", "BDAT 0: which is 421")
    is_(server.wait_idle(5), [], "BDAT 0: nothing is left")
    is_(server.messages(), [], "BDAT 0: nothing is queued")
    with server.client() as c:
        got = many(c, "BDAT 0", 30)
        is_(len(got), 21, "without a transaction they are errors, too")
    with server.client() as c:
        for _ in range(3):
            c.envelope()
            c.send("BDAT 0\r\n" * 90 + "BDAT 2\r\n\r\nBDAT 0 LAST\r\n")
            is_({c.reply().code for _ in range(92)}, {250},
                "90 empty chunks, and a message is progress")
        c.envelope()
        c.send("BDAT 1\r\nx" * 300 + "BDAT 0 LAST\r\n")
        is_({c.reply().code for _ in range(301)}, {250},
            "chunks of an octet are progress")

with case("time"), Server(control={"timeoutsmtpd": "1\n"}) as server:
    def quiet(what, expected, text=""):
        """After this the client says nothing more."""
        with case(what), server.client() as c:
            if text:
                c.send(text)
            watch = Stopwatch()
            got = c.rest().decode()
            watch.stop()
            like(got, expected, what + ": 421 4.4.2")
            took(watch, 0.8, 4, what + ": after a second")

    tail = r"(^|\n)421 4\.4\.2 [^\n]*\n$"
    quiet("silence", r"^421 4\.4\.2 [^\n]*\n$")
    quiet("half a line", r"^421 4\.4\.2 [^\n]*\n$", "NO")
    quiet("silence in a transaction", tail, "MAIL FROM:<a@example.org>\r\n")
    quiet("silence in BDAT", tail, "MAIL FROM:<a@example.org>\r\n"
          "RCPT TO:<b@example.com>\r\nBDAT 10 LAST\r\nabc")
    with case("silence in DATA"), server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("x\r\n")
        like(c.rest().decode(), tail, "silence in DATA: 421 4.4.2")
    is_(server.wait_idle(5), [], "nothing is left")
    is_(server.messages(), [], "nothing is queued")
    server.wait_log(r" end .*reason=timeout", 5)

with case("a client that does not read"), Server(
        control={"timeoutsmtpd": "1\n"}, env={"MAXRCPT": "0"}) as server:
    with server.client(receive_buffer=2048) as c:
        c.send("MAIL FROM:<a@example.org>\r\n")
        line = b"RCPT TO:<b@example.com>\r\n" * 1000
        try:
            while True:
                c.send(line)
        except OSError as error:
            ok(not isinstance(error, TimeoutError),
               "a client that does not read is hung up on", repr(error))
    is_(server.wait_idle(8), [], "nothing is left of it")

with case("timeoutqueue"), Server(
        control={"timeoutqueue": "1\n"}, record={"SLEEP": "600"}) as server:
    with server.client() as c:
        watch = Stopwatch()
        starts(c.message(), "451 4.3.0", "a queue program that hangs")
        took(watch, 0.8, 5, "after timeoutqueue")
        c.talk(("NOOP", "250 2.0.0", "the connection goes on"),
               ("QUIT", "221 2.0.0"))
    is_(server.wait_idle(4), [], "the queue program is killed")
with case("TIMEOUTQUEUE"), Server(
        env={"TIMEOUTQUEUE": "1"}, record={"SLEEP": "600"}) as server:
    with server.client() as c:
        starts(c.message(), "451 4.3.0", "TIMEOUTQUEUE wins over the file")

done()
