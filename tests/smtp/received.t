#!/usr/bin/env python3
"""The Received line: form, protocol words, and nothing to be forged."""
import email.utils
import re
import time
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

USERS = {"joe@example.com": "secret"}
FORM = (r"^Received: from (\S+) \((\S+) \[(\S+)\]\)\s+"
        r"by mx\.example\.org with ([A-Z0-9]+) id (\S+); (.*)$")
AUTHENTICATED = (r"^Received: from (\S+) \(authenticated\)\s+"
                 r"by mx\.example\.org with ([A-Z0-9]+) id (\S+); (.*)$")

with case("form"), Server() as server, server.client() as c:
    c.hello("client.example.org")
    c.message("Subject: x\r\n\r\ny\r\n")
    m = server.messages()[0]
    like(m.received, FORM, "the form")
    match = re.match(FORM, m.received)
    is_(match[1], "client.example.org", "HELO")
    is_(match[3], "127.0.0.1", "the client's address")
    stamp = email.utils.parsedate_to_datetime(match[6])
    ok(abs(stamp.timestamp() - time.time()) < 30, "the date is now", match[6])
    server.wait_log(r"message ok id=" + re.escape(match[5]) + " ")
    ok(True, "the id is the log's")
    is_(m.body, b"Subject: x\n\ny\n", "one field, on top")
    ok(all(len(line) < 998 for line in m.message.split(b"\n")),
       "no line over 998 octets")

WORDS = (  # what is said, TLS, AUTH, SMTPUTF8, the word
    (None, False, False, False, "SMTP"),
    ("HELO x", False, False, False, "SMTP"),
    ("EHLO x", False, False, False, "ESMTP"),
    ("EHLO x", True, False, False, "ESMTPS"),
    ("EHLO x", False, True, False, "ESMTPA"),
    ("EHLO x", True, True, False, "ESMTPSA"),
    (None, False, True, False, "SMTP"),
    ("EHLO x", False, False, True, "UTF8SMTP"),
    ("EHLO x", True, False, True, "UTF8SMTPS"),
    ("EHLO x", False, True, True, "UTF8SMTPA"),
    ("EHLO x", True, True, True, "UTF8SMTPSA"),
)
with Server(users=USERS, certificate="ec") as server:
    for hello, tls, auth, utf8, word in WORDS:
        what = (f"{hello or 'no EHLO'}{', TLS' * tls}{', AUTH' * auth}"
                f"{', SMTPUTF8' * utf8}: {word}")
        with case(what), server.client() as c:
            if tls:
                c.hello()
                c.starttls()
            if hello:
                c.must((hello, "250"))
            if auth:
                starts(c.login("PLAIN", "joe@example.com", "secret"), "235",
                       what + ": login")
            c.must(("MAIL FROM:<a@example.org>" + " SMTPUTF8" * utf8, "250"),
                   ("RCPT TO:<b@example.com>", "250"), ("DATA", "354"),
                   (".", "250"))
            m = server.messages()[-1]
            like(m.received, rf" with {word} id ", what)
            if auth:
                like(m.received, AUTHENTICATED, what + ": the form")
                ok("joe" not in m.received and "127.0.0.1" not in m.received,
                   what + ": neither login nor address", m.received)
    with case("STARTTLS forgets EHLO"), server.client() as c:
        c.hello()
        c.starttls()
        c.message("\r\n")
        like(server.messages()[-1].received, r"^Received: from unknown .* "
             r"with SMTPS? ", "EHLO before STARTTLS is forgotten")
    with case("two messages"), server.client() as c:
        c.must(("EHLO first.example", "250"))
        c.message("\r\n")
        c.must(("HELO second.example", "250"))
        c.message("\r\n")
        one, two = server.messages()[-2:]
        like(one.received, r"^Received: from first\.example .* with ESMTP ",
             "the first message's EHLO")
        like(two.received, r"^Received: from second\.example .* with SMTP ",
             "the second message's HELO")
        ids = [re.search(r" id (\S+);", m.received)[1] for m in (one, two)]
        ok(ids[0] != ids[1], "each message has its own id", ids)

with case("TLS outside"), Server(
        late_env={"SSL_PROTOCOL": "TLSv1.3"}) as server:
    with server.client() as c:
        c.hello()
        c.message("\r\n")
        like(server.messages()[0].received, " with ESMTPS id ",
             "SSL_PROTOCOL of the launcher: ESMTPS")

with case("RECEIVEDAUTH"), Server(
        users=USERS, env={"RECEIVEDAUTH": "1"}) as server:
    with server.client() as c:
        c.hello("client.example.org")
        c.login("PLAIN", "joe@example.com", "secret")
        c.message("\r\n")
        got = server.messages()[0].received
        like(got, r"^Received: from client\.example\.org \(\S+ "
             r"\[127\.0\.0\.1\]\)", "RECEIVEDAUTH=1: the address")
        like(got, r"joe@example\.com", "RECEIVEDAUTH=1: the login")

with case("the launcher's words"), Server(late_env={
        "TCPREMOTEHOST": "host.example.net",
        "TCPREMOTEIP": "192.0.2.77"}) as server, server.client() as c:
    c.hello("x.example")
    c.message("\r\n")
    like(server.messages()[0].received,
         r"^Received: from x\.example \(host\.example\.net "
         r"\[192\.0\.2\.77\]\)", "TCPREMOTEHOST and TCPREMOTEIP")
with case("mapped address"), Server(late_env={
        "TCPREMOTEIP": "::ffff:192.0.2.78"}) as server:
    with server.client() as c:
        c.message("\r\n")
        like(server.messages()[0].received, r"\[192\.0\.2\.78\]",
             "::ffff:192.0.2.78 is 192.0.2.78")

HOSTILE = (
    b"x) by evil.example (y", b"x [192.0.2.66]) by evil.example (y",
    b"a\tb", b"a;b", b'a"b\\c', b"a(b)c<d>e", b"\xc3\xbc.example",
    b"\xff\xfe", b"a\x01b\x7fc", b"x" * 2000, b"%n%s", b"<script>",
    b"x by evil.example with ESMTP id 1; Sat, 1 Jan 2000 00:00:00 +0000",
)
SAFE = r"[A-Za-z0-9.\-_:@+=/\[\]?]{1,300}"


def sound(field, what):
    """One field, whose parentheses and words are ours."""
    like(field, rf"^Received: from {SAFE} \({SAFE} {SAFE}\)\s+by "
         r"mx\.example\.org with [A-Z]+ id \S+; [A-Z][a-z]{2}, \d{1,2} "
         r"[A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$", what)


with Server() as server:
    for name in HOSTILE:
        what = f"EHLO {name[:60]!r}"
        with case(what), server.client() as c:
            c.must((b"EHLO " + name, "250"))
            c.message("\r\n")
            m = server.messages()[-1]
            sound(m.received, what)
            is_(m.body, b"\n", what + ": no second field")
for variable in ("TCPREMOTEHOST", "TCPREMOTEINFO", "TCPREMOTEIP"):
    for value in ("x) by evil (y", "a\nX-Injected: yes", "x" * 3000,
                  "\u00fc;"):
        what = f"{variable}={value[:30]!r}"
        with case(what), Server(late_env={variable: value}) as server:
            with server.client() as c:
                c.message("\r\n")
                m = server.messages()[0]
                sound(m.received, what)
                is_(m.body, b"\n", what + ": no second field")

# A first line that begins with a blank would continue our line.
with Server() as server:
    for text in (" by evil; x\r\n", "\tby evil\r\nSubject: x\r\n\r\ny\r\n"):
        what = f"first line {text[:8]!r}"
        with case(what), server.client() as c:
            c.message(text)
            m = server.messages()[-1]
            sound(m.received, what)
            is_(m.body, b"\n" + text.replace("\r\n", "\n").encode(),
                what + ": has no part in it")

done()
