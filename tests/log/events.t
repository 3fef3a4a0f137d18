#!/usr/bin/env python3
"""Every event of the log, with its keys."""
import base64
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

USERS = {"joe@example.com": "secret", "off@example.com": "secret"}
PREFIX = r"^smtpd-auth: \d+ 127\.0\.0\.1 "


def logged(server, pattern, what):
    """Waits for the line."""
    with case(what):
        ok(server.wait_log(PREFIX + pattern), what)


with case("a message"), Server(users=USERS, certificate="ec") as server:
    with server.client() as c:
        logged(server, rf"connect port={server.port}$", "connect")
        c.hello()
        c.starttls()
        logged(server, r"tls ok version=TLSv1\.2 cipher=ECDHE_\S+ "
               r"sni=mx\.example\.org$", "tls ok")
        c.hello()
        c.login("SCRAM-SHA-256", "joe@example.com", "secret")
        logged(server, r"auth ok user=joe@example\.com mech=SCRAM-SHA-256",
               "auth ok")
        body = "Subject: x\r\n\r\n..\r\nyz\r\n"
        reply = c.message(body, "joe@example.com", "c@example.net",
                          "d@example.net")
        qp = reply.split()[-1]
        size = len(body) - 1
        logged(server, rf"message ok id=\S+ user=joe@example\.com "
               rf"from=joe@example\.com to=c@example\.net rcpts=2 "
               rf"size={size} qp={qp}$", "message ok")
        m = server.messages()[0]
        is_(str(m.pid), qp, "qp is the queue program's process id")
        c.message("x\r\n", "", "c@example.net")
        logged(server, r"message ok id=\S+ user=joe@example\.com from= "
               r"to=c@example\.net rcpts=1 size=3 qp=\d+$",
               "a null sender is an empty value")
        c.command("QUIT")
    logged(server, r"end seconds=\d+\.\d messages=2 reason=quit$",
           "end reason=quit")
    pids = set(re.findall(r"^smtpd-auth: (\d+) ", server.log(), re.M))
    is_(len(pids), 1, "all lines of a connection bear one process id")

with case("tls fail"), Server(certificate="ec") as server:
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.send("GET / HTTP/1.1\r\n\r\n" * 10)
        c.rest()
    logged(server, r"tls fail reason=\S+", "tls fail")

with case("auth"), Server(users=USERS) as server:
    server.passwd("disable", "off@example.com")
    for user, password, reason in (
            ("joe@example.com", "wrong", "password"),
            ("nobody@example.com", "wrong", "unknown"),
            ("off@example.com", "secret", "disabled")):
        with server.client() as c:
            starts(c.login("PLAIN", user, password), "535 5.7.8",
                   f"{reason}: 535")
        logged(server, rf"auth fail user={re.escape(user)} mech=PLAIN "
               rf"reason={reason}", f"auth fail reason={reason}")
    with server.client() as c:
        c.must(("AUTH PLAIN", "334"))
        c.talk(("*", "501 5.7.0", "cancelled"),
               ("AUTH CRAM-MD5", "504 5.5.4", "not offered"))
    logged(server, r"auth cancel .*mech=PLAIN", "auth cancel")
    logged(server, r"auth refused .*reason=not-offered",
           "auth refused reason=not-offered")
    with server.client() as c:
        for _ in range(3):
            starts(c.login("PLAIN", "joe@example.com", "wrong"), "535",
                   "three failures")
        starts(c.reply(), "421 4.7.0", "after the third 421")
        c.ends("after the third")
    logged(server, r"end seconds=\S+ messages=0 reason=auth$",
           "end reason=auth")

with case("no-tls"), Server(users=USERS, env={"FORCETLS": "1"}) as server:
    with server.client() as c:
        c.talk(("AUTH PLAIN " + base64.b64encode(
            b"\0joe@example.com\0secret").decode(), "538 5.7.11",
            "FORCETLS=1: AUTH in clear"))
    logged(server, r"auth refused .*reason=no-tls",
           "auth refused reason=no-tls")
    ok("secret" not in server.log(), "the password is not logged")

with case("refused"), Server(control={
        "badmailfrom": "@evil.example\n",
        "badrcptto": "trap@example.com\n",
        "maxrcpt": "1\n"}) as server:
    with server.client() as c:
        c.talk(("MAIL FROM:<x@evil.example>", "553 5.7.1", "badmailfrom"))
        logged(server, r"sender refused .*x@evil\.example",
               "sender refused")
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("RCPT TO:<x@example.net>", "550 5.7.1", "relay"),
               ("RCPT TO:<trap@example.com>", "553 5.7.1", "bad"),
               ("RCPT TO:<b@example.com>", "250 2.1.5", "good"),
               ("RCPT TO:<c@example.com>", "452 4.5.3", "limit"))
    logged(server, r"rcpt refused rcpt=x@example\.net reason=relay$",
           "rcpt refused reason=relay")
    logged(server, r"rcpt refused rcpt=trap@example\.com reason=bad$",
           "rcpt refused reason=bad")
    logged(server, r"rcpt refused rcpt=c@example\.com reason=limit$",
           "rcpt refused reason=limit")
    logged(server, r"end seconds=\S+ messages=0 reason=client$",
           "end reason=client")

for code, reply, event in ((31, "554 5.3.0", "refused"),
                           (11, "554 5.1.3", "refused"),
                           (53, "451 4.3.0", "temp")):
    with case("exit"), Server(record={"EXIT": code}) as server:
        with server.client() as c:
            starts(c.message(), reply, f"exit {code}: {reply}")
        logged(server, rf"message {event} id=\S+ .*exit={code}$",
               f"message {event} exit={code}")

with case("line ends"), Server() as server:
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("x\ny\r\n.\r\n")
        starts(c.reply(), "554 5.6.0", "a bare LF in DATA")
    logged(server, r"message refused id=\S+ .*reason=line-ends$",
           "message refused reason=line-ends")
    logged(server, r"end seconds=\S+ messages=0 reason=line-ends$",
           "end reason=line-ends")
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("half a message")
        c.drained()
    logged(server, r"end seconds=\S+ messages=0 reason=client$",
           "end reason=client in DATA")

def cut_short(what, reason, env, *last):
    """An open message ends with the connection, for the same reason."""
    with case(what), Server(**env) as server, server.client() as c:
        c.envelope()
        c.send("BDAT 3\r\nx\r\n")
        c.expect("250 ")
        for line in last:
            c.send(line)
        c.rest()
        logged(server, rf"message refused id=\S+ .*reason={reason}$",
               f"{what}: message refused reason={reason}")
        logged(server, rf"end seconds=\S+ messages=0 reason={reason}$",
               f"{what}: end reason={reason}")


cut_short("QUIT in a message", "quit", {}, "QUIT\r\n")
cut_short("errors in a message", "errors", {}, *["QUUX\r\n"] * 20)
cut_short("silence in a message", "timeout",
          {"control": {"timeoutsmtpd": "1\n"}})
cut_short("silence, and the queue program has gone", "timeout",
          {"control": {"timeoutsmtpd": "1\n"}, "record": {"EXIT": 31}})

with case("SNI"), Server(certificate="rsa") as server:
    with server.client() as c:
        c.must(("STARTTLS", "220"))
        c.wrap(name="other.example.org")
        logged(server, r"tls ok .*cipher=ECDHE_RSA_\S+ "
               r"sni=other\.example\.org$", "tls ok with another name")

done()
