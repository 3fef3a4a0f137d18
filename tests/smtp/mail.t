#!/usr/bin/env python3
"""MAIL and RCPT: the grammar of paths, parameters, SMTPUTF8."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

LOCAL = "l" * 64
LONG = "l" * 888 + "@example.org"  # 900 octets
OVER = "l" + LONG
assert len(LONG) == 900

SENDERS = (  # argument of MAIL, start of the reply, sender in the envelope
    ("FROM:<a@example.org>", "250 2.1.0", "a@example.org"),
    ("from:<a@example.org>", "250 2.1.0", "a@example.org"),
    ("FROM:<>", "250 2.1.0", ""),
    ("FROM:<A.B+c@Example.ORG>", "250 2.1.0", "A.B+c@Example.ORG"),
    ("FROM:<a@[192.0.2.1]>", "250 2.1.0", "a@[192.0.2.1]"),
    ("FROM:<a@[IPv6:2001:db8::1]>", "250 2.1.0", "a@[IPv6:2001:db8::1]"),
    ('FROM:<"a b"@example.org>', "250 2.1.0", "a b@example.org"),
    ('FROM:<"a@b"@example.org>', "250 2.1.0", "a@b@example.org"),
    ("FROM:<@r1.example,@r2.example:a@example.org>", "250 2.1.0",
     "a@example.org"),
    (f"FROM:<{LOCAL}@example.org>", "250 2.1.0", LOCAL + "@example.org"),
    ("FROM:<a%b@example.org>", "250 2.1.0", "a%b@example.org"),
    ("FROM:<a@example.org> SIZE=100", "250 2.1.0", "a@example.org"),
    ("FROM:<a@example.org> size=0 body=8bitmime", "250 2.1.0",
     "a@example.org"),
    ("FROM:<a@example.org> BODY=7BIT", "250 2.1.0", "a@example.org"),
    ("FROM:<a@example.org> SIZE=99999999999999999999", "250 2.1.0",
     "a@example.org"),
    ("FROM:<a@example.org> SIZE=999999999999999999999", "501 5.5.4", None),
    ("FROM:<a@example.org> AUTH=<>", "250 2.1.0", "a@example.org"),
    ("FROM:<a@example.org> AUTH=e+3Dmc2@example.org", "250 2.1.0",
     "a@example.org"),
    # What it says matters to nobody, however odd.
    *((f"FROM:<a@example.org> AUTH={value}", "250 2.1.0", "a@example.org")
      for value in ("", "+ZZ", "a+", "a+0D+0ARCPT", "<a@b>", "a=b", "a@@b",
                    "joe@example.com,", "\u00e9", "x" * 3000)),
    # Japanese carriers give such addresses away.
    *((f"FROM:<{local}@example.org>", "250 2.1.0", local + "@example.org")
      for local in (".a", "a.", "a..b", "..a...b..", ".")),
    ("FROM:a..b.@example.org", "250 2.1.0", "a..b.@example.org"),
    ("FROM:<a@example..org>", "501 5.1.7", None),
    ("FROM:<a@.example.org>", "501 5.1.7", None),
    ("\tFROM: \t<a@example.org>\tSIZE=5 \t BODY=7BIT \t", "250 2.1.0",
     "a@example.org"),
    ("FROM:<a@example.org> SMTPUTF8", "250 2.1.0", "a@example.org"),
    ("FROM:<a@example.org> SMTPUTF8=1", "501 5.5.4", None),
    ("FROM:<a@example.org> BODY=BINARYMIME", "555 5.5.4", None),
    ("FROM:<a@example.org> RET=HDRS", "555 5.5.4", None),
    ("FROM:<a@example.org> NOTIFY=NEVER", "555 5.5.4", None),
    ("FROM:<a@example.org> FUTURE", "555 5.5.4", None),
    ("FROM:<a@example.org> BODY=9BIT", "555 5.5.4", None),
    ("FROM:<a@example.org> BODY", "555 5.5.4", None),
    ("FROM:<a@example.org> SIZE=", "501 5.5.4", None),
    ("FROM:<a@example.org> SIZE=-1", "501 5.5.4", None),
    ("FROM:<a@example.org> SIZE=+5", "501 5.5.4", None),
    ("FROM:<a@example.org> SIZE=0x10", "501 5.5.4", None),
    ("FROM:<a@example.org> SIZE=1k", "501 5.5.4", None),
    ("FROM:<a@example.org> AUTH", "501 5.5.4", None),
    ("FROM:<a@example.org> AUTH=a\x01b", "501 5.5.4", None),
    ("FROM:", "501 5.1.7", None),
    ("TO:<a@example.org>", "501 5.1.7", None),
    ("FROM:<a@example.org", "501 5.1.7", None),
    ("FROM:<a@example.org>x", "501 5.1.7", None),
    ("FROM:<a b@example.org>", "501 5.1.7", None),
    ("FROM:<a@exa mple.org>", "501 5.1.7", None),
    ("FROM:<a@example.org<>>", "501 5.1.7", None),
    ("FROM:<a@@example.org>", "501 5.1.7", None),
    ("FROM:<@example.org>", "501 5.1.7", None),
    ("FROM:<a@>", "501 5.1.7", None),
    ('FROM:<"a@example.org>', "501 5.1.7", None),
    ("FROM:<a\x01@example.org>", "501 5.1.7", None),
    ("FROM:<a@example.org\x7f>", "501 5.1.7", None),
    ("FROM:<a@[192.0.2.1>", "501 5.1.7", None),
    ("FROM:<" + OVER + ">", "501 5.1.7", None),
)

RECIPIENTS = (  # argument of RCPT, start of the reply, recipient
    ("TO:<b@example.com>", "250 2.1.5", "b@example.com"),
    ("to:<b@EXAMPLE.com>", "250 2.1.5", "b@EXAMPLE.com"),
    ('TO:<"b c"@example.com>', "250 2.1.5", "b c@example.com"),
    ("TO:<@r.example:b@example.com>", "250 2.1.5", "b@example.com"),
    ("TO:<.b..c.@example.com>", "250 2.1.5", ".b..c.@example.com"),
    ("TO:<>", "501 5.1.3", None),
    ("TO:", "501 5.1.3", None),
    ("FROM:<b@example.com>", "501 5.1.3", None),
    ("TO:<b@example.com", "501 5.1.3", None),
    ("TO:<b@example.com>x", "501 5.1.3", None),
    ("TO:<b c@example.com>", "501 5.1.3", None),
    ("TO:<b\x02@example.com>", "501 5.1.3", None),
    ("TO:<@example.com>", "501 5.1.3", None),
    ("TO:<" + OVER + ">", "501 5.1.3", None),
    ("TO:<b@example.com> NOTIFY=NEVER", "555 5.5.4", None),
    ("TO:<b@example.com> FUTURE=1", "555 5.5.4", None),
)


def short(text):
    return text if len(text) < 70 else text[:60] + f"... {len(text)} octets"


with Server() as server:
    for argument, reply, sender in SENDERS:
        what = "MAIL " + short(argument)
        with case(what), server.client() as c:
            starts(c.command("MAIL " + argument), reply, what + ": " + reply)
            if sender is not None:
                c.must(("RCPT TO:<b@example.com>", "250"), ("DATA", "354"),
                       (".", "250"))
                is_(server.messages()[-1].sender, sender,
                    what + ": sender in the envelope")
    for argument, reply, recipient in RECIPIENTS:
        what = "RCPT " + short(argument)
        with case(what), server.client() as c:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            starts(c.command("RCPT " + argument), reply, what + ": " + reply)
            if recipient is not None:
                c.must(("DATA", "354"), (".", "250"))
                is_(server.messages()[-1].recipients, [recipient],
                    what + ": recipient in the envelope")
    with case("long paths"), server.client() as c:
        c.talk((f"MAIL FROM:<{LONG}>", "250 2.1.0", "a path of 900 octets"))
        c.must(("RCPT TO:<b@example.com>", "250"), ("DATA", "354"),
               (".", "250"))
        is_(server.messages()[-1].sender, LONG, "it reaches the envelope")

UTF8 = "jos\u00e9@b\u00fccher.example"
with case("SMTPUTF8"), Server(env={"RELAYCLIENT": ""}) as server:
    with server.client() as c:
        c.talk((f"MAIL FROM:<{UTF8}>", "553 5.6.7",
                "8-bit sender without SMTPUTF8"),
               (f"MAIL FROM:<{UTF8}> SMTPUTF8", "250 2.1.0",
                "8-bit sender with SMTPUTF8"),
               (f"RCPT TO:<{UTF8}>", "250 2.1.5",
                "8-bit recipient after SMTPUTF8"),
               (b"RCPT TO:<jos\xe9@example.com>", "501 5.1.3",
                "8-bit that is no UTF-8"),
               (b"RCPT TO:<\xc0\xafa@example.com>", "501 5.1.3",
                "overlong UTF-8"))
        c.must(("DATA", "354"), (".", "250"))
        m = server.messages()[-1]
        is_((m.sender, m.recipients), (UTF8, [UTF8]), "envelope in UTF-8")
        c.talk(("MAIL FROM:<a@example.org>", "250 2.1.0"),
               (f"RCPT TO:<{UTF8}>", "553 5.6.7",
                "SMTPUTF8 holds for one message"))
    with server.client() as c:
        c.talk((b"MAIL FROM:<jos\xe9@example.org> SMTPUTF8", "501 5.1.7",
                "8-bit sender that is no UTF-8"))

with case("SMTPUTF8 off"), Server(env={"SMTPUTF8": "0"}) as server:
    with server.client() as c:
        c.talk(("MAIL FROM:<a@example.org> SMTPUTF8", "555 5.5.4",
                "SMTPUTF8=0: the parameter is unknown"),
               ("MAIL FROM:<a@example.org>", "250 2.1.0"))

with case("SIZE"), Server(env={"DATABYTES": "1000"}) as server:
    with server.client() as c:
        for size, reply in (("999", "250"), ("1000", "250"),
                            ("1001", "552 5.3.4"),
                            ("2147483648", "552 5.3.4"),
                            ("4294967296", "552 5.3.4"),
                            ("9223372036854775808", "552 5.3.4"),
                            ("18446744073709551616", "552 5.3.4"),
                            ("9" * 20, "552 5.3.4"), ("0", "250")):
            c.talk((f"MAIL FROM:<a@example.org> SIZE={size}", reply,
                    f"SIZE={size} with databytes 1000"))
            c.must(("RSET", "250"))

done()
