#!/usr/bin/env python3
"""The AUTH dialogue: base64, long lines, where it is allowed, pipelining."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import Scram, b64  # noqa: E402

JOE = "joe@example.com"
PLAIN = b64(f"\0{JOE}\0secret")
WRONG = b64(f"\0{JOE}\0wrong")
OK = "235 2.7.0 ok, go ahead"
BASE64 = "501 5.5.2 malformed authentication response"
LONG = "500 5.5.6 authentication exchange line too long"
LIMIT = 12288

BAD = (("!", "a character that is none"),
       ("YQ", "padding missing"),
       ("YQ=", "half the padding"),
       ("YQ===", "too much padding"),
       ("=YQ=", "padding in front"),
       ("YQ==YQ==", "padding within"),
       ("YR==", "bits behind the end are not zero"),
       ("YWJ", "one letter missing"),
       ("Y", "one letter"),
       ("====", "padding alone"),
       ("==", "two signs of equality"),
       ("YW Jj", "a blank within"),
       ("YW\tJj", "a tab within"),
       ("YW-_", "the alphabet of URLs"),
       ("YWJj\u00e9", "an 8-bit character"))

with case("base64"), Server(users={JOE: "secret"}) as server:
    for text, what in BAD:
        with case(what), server.client() as c:
            is_(c.command("AUTH PLAIN " + text), BASE64,
                f"initial response: {what}")
            c.must(("AUTH PLAIN", "334"))
            is_(c.command(text), BASE64, f"response: {what}")
            c.must(("AUTH LOGIN", "334"))
            is_(c.command(text), BASE64, f"LOGIN's name: {what}")
            c.must(("AUTH LOGIN " + b64(JOE), "334"))
            is_(c.command(text), BASE64, f"LOGIN's password: {what}")
            c.must(("AUTH SCRAM-SHA-256", "334"))
            is_(c.command(text), BASE64, f"SCRAM: {what}")
            is_(c.command("AUTH PLAIN " + PLAIN), OK,
                f"{what}: counts as no failure")
    # Not one of them was the client's word that it gives up.
    is_(len(server.wait_log("auth refused mech=[A-Z0-9-]+ reason=syntax$",
                            5 * len(BAD))), 5 * len(BAD),
        "each is logged as auth refused")
    ok("auth cancel" not in server.log(), "and none as auth cancel")
    with server.client() as c:
        c.must(("AUTH PLAIN", "334"))
        is_(c.command("="), BASE64, "= is no response but an initial one")
    for line, what in (
            ("AUTH PLAIN {} ", "a blank at the end"),
            ("AUTH PLAIN  {}", "two before the response: Windows Mail"),
            ("AUTH  PLAIN {}", "two before the mechanism"),
            ("AUTH\tPLAIN\t{}\t", "tabs"),
            ("auth \t  plain\t \t {} \t  ", "all of it")):
        with case(what), server.client() as c:
            is_(c.command(line.format(PLAIN)), OK, what)
    for line in ("AUTH PLAIN  ", "AUTH\tPLAIN", "AUTH  PLAIN\t"):
        with case(line), server.client() as c:
            c.must((line, "334 "))
            is_(c.command(PLAIN), OK, f"{line!r}: no initial response")
    with server.client() as c:
        c.must(("AUTH  LOGIN \t " + b64(JOE) + " ", "334 UGFzc3dvcmQ6"))
        is_(c.command(b64("secret")), OK, "LOGIN's name behind blanks")
    for text, what in ((PLAIN + "\t", "a tab behind it"),
                       (PLAIN + " ", "a blank behind it"),
                       (" " + PLAIN, "a blank in front"),
                       (f"{b64(JOE)} {b64('secret')}", "user and password")):
        with case(what), Server(users={JOE: "secret"}) as other, \
                other.client() as c:
            for line in ("AUTH PLAIN", "AUTH LOGIN"):
                c.must((line, "334"))
                is_(c.command(text), BASE64, f"{line}, response: {what}")
            is_(len(other.wait_log("auth refused mech=.* reason=syntax$", 2)),
                2, f"response, {what}: logged as refused")
            ok("auth cancel" not in other.log(), f"{what}: not as cancelled")
    with server.client() as c:
        got = c.command(f"AUTH PLAIN {PLAIN} {PLAIN}")
        starts(got, "501 ", "two initial responses")

with case("long lines"), Server(users={JOE: "secret"}) as server:
    for length, start in ((LIMIT, None), (LIMIT + 1, LONG),
                          (LIMIT + 4, LONG), (65536, LONG), (200000, LONG)):
        with case(f"AUTH line of {length}"), server.client() as c:
            head = "AUTH\tPLAIN\t" if length % 2 else "AUTH PLAIN "
            c.send(head + "A" * (length - len(head) - 2) + "\r\n")
            got = c.reply()
            if start is None:
                ok(got.code in (501, 535), f"AUTH line of {length}: too "
                   "long for a password, not for a line", got)
            else:
                is_(got, start, f"AUTH line of {length}")
            is_(c.command("AUTH PLAIN " + PLAIN), OK,
                f"AUTH line of {length}: then a login succeeds")
        for lines in (("AUTH PLAIN",), ("AUTH LOGIN",),
                      ("AUTH LOGIN " + b64(JOE),), ("AUTH SCRAM-SHA-256",),
                      ("AUTH SCRAM-SHA-1 " + b64(
                          Scram("SCRAM-SHA-1", JOE, "x").first),)):
            what = f"{lines[0][:16]}, response of {length}"
            with case(what), server.client() as c:
                c.must(*((line, "334 ") for line in lines))
                c.send("A" * (length - 2) + "\r\n")
                got = c.reply()
                if start is not None:
                    is_(got, start, what)
                elif got.code == 334:  # LOGIN: its name, even so long
                    got = c.command(b64("x"))
                if start is None:
                    ok(got.code in (501, 535), what, got)
                is_(c.command("AUTH PLAIN " + PLAIN), OK,
                    what + ": then a login succeeds")
    with server.client() as c:
        c.send("AUTH PLAIN " + "A" * 20000)
        c.drained()
        c.send("A" * 20000 + f"\r\nAUTH PLAIN {PLAIN}\r\n")
        is_((c.reply(), c.reply()), (LONG, OK),
            "a long line in pieces, and one behind it")

with case("where AUTH is allowed"), Server(users={JOE: "secret"}) as server:
    with server.client() as c:
        starts(c.command("AUTH"), "501 5.5.4", "AUTH without a mechanism")
        starts(c.command("AUTH "), "501 5.5.4", "AUTH and a blank")
        starts(c.command("AUTH\t "), "501 5.5.4", "AUTH, a tab and a blank")
        for name in ("NTLM", "CRAM-MD5", "GSSAPI", "X" * 300, "PLAI",
                     "PLAINX", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512",
                     "EXTERNAL"):
            starts(c.command("AUTH " + name), "504 5.5.4",
                   f"AUTH {name[:30]}: not offered")
        starts(c.command("AUTH NTLM " + PLAIN), "504 5.5.4",
               "not offered, with an initial response")
    with server.client() as c:
        is_(c.command("AUTH PLAIN " + PLAIN), OK, "without EHLO")
        starts(c.command("AUTH PLAIN " + PLAIN), "503 5.5.1", "twice")
        starts(c.command("AUTH LOGIN"), "503 5.5.1", "twice, another one")
        starts(c.command("AUTH NTLM"), "503 5.5.1", "twice, unknown")
        c.hello()
        c.must(("RSET", "250"), ("HELO x.example.org", "250"))
        starts(c.command("AUTH PLAIN " + PLAIN), "503 5.5.1",
               "after EHLO, RSET and HELO")
        starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
               "which did not end the login")
    with server.client() as c:
        c.hello()
        c.must(("MAIL FROM:<a@example.org>", "250"))
        starts(c.command("AUTH PLAIN " + PLAIN), "503 5.5.1", "after MAIL")
        c.must(("RCPT TO:<b@example.com>", "250"))
        starts(c.command("AUTH PLAIN"), "503 5.5.1", "after RCPT")
        c.must(("RSET", "250"))
        is_(c.command("AUTH PLAIN " + PLAIN), OK, "after RSET")
    with server.client() as c:
        c.hello()
        c.must(("MAIL FROM:<a@example.org>", "250"),
               ("RCPT TO:<b@example.com>", "250"))
        c.send("BDAT 3\r\nabc")
        c.expect("250")
        starts(c.command("AUTH PLAIN " + PLAIN), "503 5.5.1",
               "among BDAT chunks")

with case("pipelining"), Server(users={JOE: "secret"}) as server:
    with server.client() as c:
        c.hello()
        c.send(f"AUTH PLAIN {PLAIN}\r\nMAIL FROM:<{JOE}>\r\n"
               "RCPT TO:<x@example.net>\r\nNOOP\r\nDATA\r\n")
        codes = [c.reply()[:3] for _ in range(5)]
        is_(codes, ["235", "250", "250", "250", "354"],
            "commands behind AUTH PLAIN x, in order")
        c.send("\r\n.\r\n")
        starts(c.reply(), "250 ", "and the message is taken")
        is_(server.messages()[0].env.get("SMTPAUTHUSER"), JOE,
            "under the login")
    with server.client() as c:
        c.hello()
        c.send(f"AUTH PLAIN {WRONG}\r\nMAIL FROM:<{JOE}>\r\n"
               "RCPT TO:<x@example.net>\r\nNOOP\r\n")
        codes = [c.reply()[:3] for _ in range(4)]
        is_(codes, ["535", "250", "550", "250"],
            "behind a failed AUTH nobody may relay")
    with server.client() as c:
        c.send(f"AUTH LOGIN\r\n{b64(JOE)}\r\n{b64('secret')}\r\nNOOP\r\n")
        is_([c.reply()[:3] for _ in range(4)], ["334", "334", "235", "250"],
            "a whole LOGIN in one segment")
    with server.client() as c:
        c.send("AUTH LOGIN\r\nNOOP\r\nMAIL FROM:<a@example.org>\r\n")
        replies = [c.reply() for _ in range(2)]
        ok(replies[0].startswith("334 "), "AUTH LOGIN and commands behind",
           replies)
        ok(not any(r.startswith("250 2.0.0") for r in replies),
           "what follows 334 is a response, never a command", replies)
    with server.client() as c:
        c.send("AUTH PLAIN\r\n*\r\nAUTH LOGIN\r\n*\r\nNOOP\r\n")
        is_([c.reply()[:3] for _ in range(5)],
            ["334", "501", "334", "501", "250"], "cancelled, pipelined")
    with server.client() as c:
        c.send_bytewise(f"AUTH PLAIN\r\n{PLAIN}\r\n")
        is_([c.reply()[:3] for _ in range(2)], ["334", "235"],
            "octet by octet")
    for ending, what in (("\n", "a bare LF"), ("\r\r\n", "CR CR LF")):
        with case(what), server.client() as c:
            c.must(("AUTH PLAIN", "334"))
            c.send(PLAIN + ending)
            is_(c.reply(), "500 5.5.2 lines must end in CR LF",
                f"a response that ends in {what}")
            c.ends(f"a response that ends in {what}")

with case("disconnected"), Server(users={JOE: "secret"}) as server:
    for lines in (("AUTH PLAIN",), ("AUTH LOGIN",),
                  ("AUTH LOGIN " + b64(JOE),),
                  ("AUTH SCRAM-SHA-256 " + b64(
                      Scram("SCRAM-SHA-256", JOE, "secret").first),)):
        for how in ("close", "reset"):
            with case(f"{how} in {lines[0][:20]}"):
                c = server.client()
                c.must(*((line, "334 ") for line in lines))
                c.send(PLAIN[:5])
                getattr(c, how)()
                is_(server.wait_idle(2), [],
                    f"{how} in {lines[0][:20]}: all are gone in 2 s")

done()
