#!/usr/bin/env python3
"""PIPELINING (RFC 2920): order of replies, and what may not be pipelined."""
import base64
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

def replies(c, *expected):
    """The replies in this order."""
    for start in expected:
        starts(c.reply(), start, "in order: " + start)


with case("a group"), Server() as server:
    for mode in ("one segment", "one octet a segment"):
        with case(mode), server.client() as c:
            text = ("EHLO x\r\nMAIL FROM:<a@example.org>\r\n"
                    "RCPT TO:<b@example.com>\r\nRCPT TO:<b@example.net>\r\n"
                    "RCPT TO:<c@example.com>\r\nNOOP\r\nDATA\r\n")
            if mode == "one segment":
                c.send(text)
            else:
                c.send_bytewise(text)
            replies(c, "250-mx", "250 2.1.0", "250 2.1.5", "550 5.7.1",
                    "250 2.1.5", "250 2.0.0", "354 ")
            c.send("x\r\n.\r\nMAIL FROM:<d@example.org>\r\n"
                   "RCPT TO:<e@example.com>\r\nRSET\r\nQUIT\r\n")
            replies(c, "250 2.0.0 ok", "250 2.1.0", "250 2.1.5", "250 2.0.0",
                    "221 2.0.0")
            c.ends(mode)
    is_([m.recipients for m in server.messages()],
        [["b@example.com", "c@example.com"]] * 2, "what was queued")

with case("DATA with the text behind it"), Server() as server:
    for text in ("x\r\n.\r\n", "\r\n", ".\r\n", "x"):
        with server.client() as c:
            c.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n"
                   "DATA\r\n" + text)
            c.expect("250 2.1.0")
            c.expect("250 2.1.5")
            starts(c.reply(), "503 5.5.1",
                   f"DATA and {text!r} in one segment")
            c.ends(f"DATA and {text!r} in one segment")
    is_(server.wait_idle(5), [], "nothing is left")
    is_(server.messages(), [], "nothing is queued")
    is_(len(server.wait_log("message refused .*reason=errors$", 4)), 4,
        "logged with what has ended the connection")
    ok("reason=reset" not in server.log(), "and not as the client's RSET")

with case("DATA refused, with a line behind it"), Server() as server:
    with server.client() as c:
        c.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n"
               "DATA\r\nRSET\r\nNOOP\r\n")
        c.expect("250 2.1.0")
        c.expect("550 5.7.1")
        got = c.reply()
        like(got, "^(554|503) 5.5.1", "DATA without a valid recipient")
    is_(server.messages(), [], "nothing is queued")

with case("STARTTLS"), Server(certificate="ec",
                              users={"joe@example.com": "x"}) as server:
    for behind in ("NOOP\r\n", "RSET\r\n", "N", "\r\n", "EHLO x\r\n",
                   "MAIL FROM:<a@example.org>\r\n", "AUTH PLAIN =\r\n",
                   "\x16\x03\x01\x02\x00\x01"):
        with server.client() as c:
            c.hello()
            c.send("STARTTLS\r\n" + behind)
            starts(c.reply(), "503 5.5.1",
                   f"STARTTLS and {behind!r} in one segment")
            c.ends(f"STARTTLS and {behind!r}")
    with server.client() as c:
        c.send("EHLO x\r\nNOOP\r\nSTARTTLS\r\n")
        replies(c, "250-mx", "250 2.0.0", "220 2.0.0")
        c.wrap()
        c.talk(("NOOP", "250 2.0.0", "replies before STARTTLS are sent "
                "before 220; under TLS all is in step"))

with case("AUTH"), Server(users={"joe@example.com": "secret"}) as server:
    good = base64.b64encode(b"\0joe@example.com\0secret").decode()
    with server.client() as c:
        c.send(f"AUTH PLAIN {good}\r\nMAIL FROM:<a@example.org>\r\n"
               "RCPT TO:<x@elsewhere.example>\r\nNOOP\r\n")
        replies(c, "235 2.7.0", "250 2.1.0", "250 2.1.5", "250 2.0.0")
    with server.client() as c:
        c.send(f"AUTH PLAIN\r\n{good}\r\nNOOP\r\n")
        replies(c, "334 ", "235 2.7.0", "250 2.0.0")
    with server.client() as c:
        c.send("AUTH PLAIN\r\nNOOP\r\nNOOP\r\n")
        got = [str(c.reply()) for _ in range(3)]
        starts(got[0], "334", "AUTH PLAIN without initial response")
        like(got[1], "^(501|535) 5", "the next line is the response")
        starts(got[2], "250 2.0.0", "and the one behind it a command")

done()
