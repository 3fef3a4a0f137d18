#!/usr/bin/env python3
"""smtpd-report: what it says needs attention, and what it does not."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import DAY, label, report

HOUR, DAYS = 3600, 86400


def log(*lines):
    """A log of (time, line)."""
    return "".join(f"{label(t)} {text}\n" for t, text in sorted(lines))


def said(*lines):
    """The lines below the title."""
    text = report(stdin=log(*lines))
    return re.search(r"\nNeeds attention\n-+\n(.*?)\n\n", text, re.S)[1]


def event(when, text, address="192.0.2.1", pid=1):
    """A line."""
    return when, f"smtpd-auth: {pid} {address} {text}"


def tls(when, text, address="192.0.2.1", pid=1):
    """The same on a connection with TLS."""
    return (event(when, "connect port=587", address, pid),
            event(when, "tls ok version=TLSv1.2 cipher=X", address, pid),
            event(when + 1, text, address, pid))


def sent(when, user, recipients):
    """A message."""
    return event(when, f"message ok id=1 user={user} from=x to=y "
                 f"rcpts={recipients} size=1 qp=1")


with case("nothing"):
    is_(said(), "Nothing.", "an empty log")
    is_(said(*(line for i in range(4) for line in tls(
        DAY + i, "auth ok user=joe mech=PLAIN", f"198.51.{i}.1", i))),
        "Nothing.", "four networks on one day")
    is_(said(*(line for i in range(9) for line in tls(
        DAY + i * DAYS, "auth ok user=joe mech=PLAIN", f"198.51.{i}.1", i))),
        "Nothing.", "nine on as many days")
    is_(said(*(line for i in range(9) for line in tls(
        DAY + i, "auth ok user=joe mech=PLAIN", f"198.51.100.{i}", i))),
        "Nothing.", "one network of nine addresses")
    is_(said(*(event(DAY + i, "auth fail user=joe mech=PLAIN reason=password")
               for i in range(19))), "Nothing.", "19 failures of one login")
    is_(said(*(sent(DAY + i * HOUR, "joe", 500) for i in range(30))),
        "Nothing.", "a lot, but always")
    is_(said(*(sent(DAY + i * HOUR, "joe", 1) for i in range(20)),
             sent(DAY + 21 * HOUR, "joe", 49)), "Nothing.",
        "little in one hour, and less before")
    is_(said(sent(DAY, "joe", 500)), "Nothing.",
        "a lot, and nothing is known of before")

with case("networks"):
    is_(said(*(line for i in range(5) for line in tls(
        DAY + i, "auth ok user=joe mech=PLAIN", f"198.51.{i}.1", i))),
        "! joe: logged in from 5 networks on one day", "of IPv4")
    is_(said(*(line for i in range(6) for line in tls(
        DAY + i, "auth ok user=joe mech=PLAIN", f"2001:db8:{i + 1}:5::1", i))),
        "! joe: logged in from 6 networks on one day", "of IPv6")

with case("far more than before"):
    like(said(*(sent(DAY + i * HOUR, "joe", 3) for i in range(5)),
              *(sent(DAY + 6 * HOUR + i, "joe", 20) for i in range(10))),
         r"^! joe: began to send far more than before: 200 recipients in the "
         r"hour from 2026-11-27 06:00, usually 3$", "an hour")
    like(said(*(sent(DAY + i * DAYS, "joe", 3) for i in range(5)),
              *(sent(DAY + 5 * DAYS + i * HOUR, "joe", 10) for i in range(20))),
         r"^! joe: began to send far more than before: 200 recipients on the "
         r"day from 2026-12-02 00:00, usually 3$", "a day")
    like(said(event(DAY, "connect port=25"),
              sent(DAY + 2 * DAYS, "joe", 300)),
         r"^! joe: began to send far more .* 300 recipients .*, usually 0$",
         "after days of silence")

with case("guessers"):
    like(said(*(event(DAY + i, "auth fail user=joe mech=PLAIN reason=password")
                for i in range(20))),
         r"^! 192\.0\.2\.1: 20 failed logins, always the same name, last "
         r"2026-11-27 00:00$", "one name, often")
    like(said(*(event(DAY, f"auth fail user=u{i} mech=PLAIN reason=unknown")
                for i in range(5))),
         r"^! 192\.0\.2\.1: 5 failed logins as 5 names", "some names")
    like(said(*(event(DAY, f"auth fail user=u{i} mech=PLAIN reason=unknown")
                for i in range(5)),
              *tls(DAY + 9, "auth ok user=bob mech=PLAIN")),
         r"^! 192\.0\.2\.1: 5 failed logins as 5 names, last .*; then it got "
         r"in, as bob$", "and in")
    text = said(*(event(DAY, f"auth fail user=u{i} mech=X reason=unknown",
                        f"192.0.2.{k}") for i in range(5) for k in range(100)))
    is_(len(re.findall("^! 192", text, re.M)), 6, "a few of many are named")
    like(text, r"\n! and 94 more of this kind$", "and the others counted")

with case("what the service says of itself"):
    is_(said(event(DAY, "config fail file=control/servercert.pem "
                   "reason=not\\x20yet\\x20valid"),
             *(event(DAY, "config fail file=control/me reason=gone"),) * 3,
             event(DAY, "end seconds=1.0 messages=0 reason=session-died"),
             event(DAY, "log lost=1200"),
             event(DAY, "message temp id=1 exit=53"),
             event(DAY, "auth temp mech=PLAIN reason=backend"),
             event(DAY, "rcpt refused rcpt=x reason=limit user=joe limit=50")),
        "! control/servercert.pem: not yet valid (config fail, 1 line)\n"
        "! control/me: gone (config fail, 3 lines)\n"
        "! 1 connection ended as none should (see: ends)\n"
        "! 1,200 lines of the log were lost: their logger did not read\n"
        "! 1 message could not be taken, and was put off\n"
        "! 1 login could not be checked\n"
        "! joe: 1 recipient over relaylimits, which allows 50 a day",
        "in the order of what presses")
    is_(said(event(DAY, "connect port=25"),
             event(DAY + 1, "auth ok user=joe mech=PLAIN")),
        "! 1 login without TLS, unless a helper did it", "a login in clear")
    is_(said(event(DAY, "connect port=25 proxy=192.0.2.9"),
             event(DAY + 1, "auth ok user=joe mech=PLAIN")),
        "Nothing.", "through a balancer nobody knows")

done()
