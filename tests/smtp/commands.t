#!/usr/bin/env python3
"""Every verb but MAIL, RCPT, DATA, BDAT and AUTH; sequences; web browsers."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

with case("simple verbs"), Server() as server:
    with server.client() as c:
        c.talk(("NOOP", "250 2.0.0"),
               ("NOOP with words", "250 2.0.0"),
               ("noop", "250 2.0.0", "noop in lower case"),
               ("RSET", "250 2.0.0"),
               ("HELP", "214 2.0.0"),
               ("VRFY joe", "252 2.1.5"),
               ("QUUX", "502 5.5.1", "an unknown verb"),
               ("EXPN list", "502 5.5.1"),
               ("NOOPX", "502 5.5.1", "a longer word is another verb"),
               ("", "502 5.5.1", "an empty line"),
               (" NOOP", "502 5.5.1", "a blank before the verb"),
               ("MAIL", "501 5.1.7", "MAIL without FROM"),
               ("STARTTLS", "454 4.7.0", "STARTTLS without a certificate"),
               ("RCPT TO:<a@example.com>", "503 5.5.1", "RCPT before MAIL"),
               ("DATA", "503 5.5.1", "DATA before MAIL"),
               ("DATA now", "501 5.5.4", "with an argument: that is told"),
               ("RSET now", "501 5.5.4"),
               ("QUIT now", "501 5.5.4"),
               ("BDAT 0", "503 5.5.1", "BDAT before MAIL"))
    with server.client() as c:
        c.talk(("QUIT", "221 2.0.0", "QUIT"))
        c.ends("QUIT")

with case("sequences"), Server() as server, server.client() as c:
    c.talk(("MAIL FROM:<a@example.org>", "250 2.1.0",
            "MAIL without EHLO or HELO is taken"),
           ("MAIL FROM:<b@example.org>", "503 5.5.1", "a second MAIL"),
           ("DATA now", "501 5.5.4", "with an argument: that is told"),
           ("DATA", "554 5.5.1", "DATA without a recipient"),
           ("RCPT TO:<c@example.com>", "250 2.1.5"),
           ("RSET", "250 2.0.0"),
           ("RCPT TO:<c@example.com>", "503 5.5.1", "RSET forgets MAIL"),
           ("MAIL FROM:<a@example.org>", "250 2.1.0"),
           ("EHLO x", "250-"),
           ("RCPT TO:<c@example.com>", "503 5.5.1", "EHLO forgets MAIL"),
           ("MAIL FROM:<a@example.org>", "250 2.1.0"),
           ("HELO x", "250 "),
           ("RCPT TO:<c@example.com>", "503 5.5.1", "HELO forgets MAIL"),
           ("MAIL FROM:<a@example.org>", "250 2.1.0"),
           ("RCPT TO:<c@example.net>", "550 5.7.1"),
           ("DATA", "554 5.5.1", "DATA with only refused recipients"),
           ("RCPT TO:<c@example.com>", "250 2.1.5",
            "the transaction lives on after 554"),
           ("NOOP", "250 2.0.0"),
           ("VRFY c", "252 2.1.5"),
           ("HELP", "214 2.0.0"),
           ("DATA now", "501 5.5.4", "DATA with an argument"),
           ("DATA", "354 go ahead", "NOOP, VRFY, HELP leave it alone"))
    c.send("Subject: x\r\n\r\ny\r\n.\r\n")
    like(c.reply(), r"^250 2\.0\.0 ok \d+ qp \d+$", "250 names time and qp")
    c.talk(("DATA", "503 5.5.1", "a message ends its transaction"))
    is_([(m.sender, m.recipients) for m in server.messages()],
        [("a@example.org", ["c@example.com"])], "what was queued")

with case("arguments"), Server(certificate="ec") as server:
    with server.client() as c:
        c.hello()
        c.talk(("STARTTLS now", "501 5.5.4", "STARTTLS with an argument"),
               ("MAIL FROM:<a@example.org>", "250 "),
               ("STARTTLS now", "501 5.5.4",
                "with an argument in a transaction: the argument is told"),
               ("AUTH", "503 5.5.1",
                "AUTH alone in a transaction: the transaction is told"),
               ("STARTTLS", "503 5.5.1", "STARTTLS in a transaction"),
               ("RSET", "250 "))
        c.starttls()
        c.talk(("STARTTLS", "503 5.5.1", "STARTTLS under TLS"),
               ("STARTTLS now", "501 5.5.4", "the argument is told first"))

for number, verb in enumerate((
        "GET / HTTP/1.1", "POST /x HTTP/1.1", "PUT / HTTP/1.0",
        "HEAD / HTTP/1.1", "OPTIONS * HTTP/1.1",
        "PRI * HTTP/2.0", "PROPFIND / HTTP/1.1",
        "CONNECT mx.example.org:25 HTTP/1.1", "Host: mx.example.org",
        "User-Agent: browser")):
    with case(verb), Server() as server, server.client() as c:
        c.send(verb + "\r\nHost: mx.example.org\r\n\r\nEHLO x\r\n"
               "MAIL FROM:<a@example.org>\r\n")
        got = c.rest()
        ok(b"250" not in got, verb + ": what follows is not executed", got)
        ok(b"Host" not in got and b"browser" not in got and b"/" not in got,
           verb + ": nothing is echoed", got)
        is_(got.count(b"\r\n"), 1, verb + ": one last reply")

with case("closing"), Server() as server:
    # A plain close would answer what is still on its way with a reset, and a
    # client that is writing would not come to read the reply. Whether it is
    # still writing then is chance: five times.
    for _ in range(5):
        with server.client() as c:
            c.send("GET / HTTP/1.1\r\n")
            like(c.reply(), r"^[45]\d\d ", "the last reply")
            try:
                for _ in range(400):
                    c.send("X-Y: 0123456789\r\n" * 120)
                got = c.rest()
            except OSError as error:
                got = repr(error)
            is_(got, b"", "800 kB behind it are taken, no reset")
    with server.client() as c:
        c.send("QUIT\r\n" + "NOOP\r\n" * 4000)
        like(c.rest().decode(), r"^221 2\.0\.0[^\n]*\n$",
             "so is QUIT's, and nothing behind it is executed")
    with server.client() as c:
        c.send("QUIT\r\n")
        c.expect("221")
        is_(server.wait_idle(4), [],
            "a client that never closes is left after two seconds")

done()
