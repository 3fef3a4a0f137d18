#!/usr/bin/env python3
"""No AUTH line and no response stays in the session's memory: not as text,
not as base64, in clear or under TLS, good, refused, malformed or too long."""
import base64
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family  # noqa: E402

JOE = "joe@example.com"
PASSWORD = "Zu5ammen-gesetzt-und-lang-genug"
PLAIN = base64.b64encode(f"\0{JOE}\0{PASSWORD}".encode()).decode()
LOGIN = base64.b64encode(PASSWORD.encode()).decode()
LONG = (LOGIN.rstrip("=") * 400)[:13000]

if not ROOT:
    skip_all("only root reads another process's memory")


def needles():
    """Pieces that only a copy of it can hold."""
    found = {PASSWORD[i:i + 10].encode() for i in (0, 8, 16)}
    for text in (PLAIN[20:], LOGIN):
        found.update(text[i:i + 12].encode()
                     for i in range(0, len(text) - 12, 4))
    return found


def search(what, session):
    """One check."""
    is_([(needle, where) for needle in sorted(needles())
         if (where := session.holds(needle))], [], what)


# What is said, and the reply: each in a connection of its own. "[P]" and
# "[L]" are responses; {} a line that the client sends after a 334.
CASES = (
    ("PLAIN", ["AUTH PLAIN [P]"], "235"),
    ("PLAIN later", ["AUTH PLAIN", "[P]"], "235"),
    ("LOGIN", ["AUTH LOGIN", base64.b64encode(JOE.encode()).decode(), "[L]"],
     "235"),
    ("malformed at its end", ["AUTH PLAIN [P]*"], "501"),
    ("malformed later", ["AUTH PLAIN", "[P]*AA"], "501"),
    ("too long", ["AUTH PLAIN [LONG]"], "500 5.5.6"),
    ("too long later", ["AUTH PLAIN", "[LONG]"], "500 5.5.6"),
    ("not offered", ["AUTH XYZZY [P]"], "504"),
    ("no mechanism", ["AUTH [P]"], "504"),
    ("a password as a command", [PASSWORD], "502"),
    ("a response as a command", ["[P]"], "502"),
    ("in a transaction", ["MAIL FROM:<>", "AUTH PLAIN [P]"], "503"),
    ("a second login", ["AUTH PLAIN [P]", "AUTH PLAIN [P]"], "503"),
)


def dialogue(server, what, lines, last, tls, how):
    """One case; what is left after it, after NOOP and after MAIL."""
    with server.client() as c:
        c.hello()
        session = Family(server, c).session
        if tls:
            c.starttls()
            c.hello()
        got = None
        for line in lines:
            line = line.replace("[LONG]", LONG).replace("[P]", PLAIN)
            line = line.replace("[L]", LOGIN) + "\r\n"
            how(c, line)
            got = c.reply()
        starts(got, last, f"{what}: {last}")
        search(f"{what}: after the reply", session)
        c.must(("NOOP", "250"))
        search(f"{what}: after NOOP", session)
        c.command(f"MAIL FROM:<{JOE}>")
        search(f"{what}: after MAIL", session)


def whole(c, line):
    """In one segment."""
    c.send(line)


def halved(c, line):
    """In two reads."""
    c.send(line[:len(line) // 2])
    c.drained()
    c.send(line[len(line) // 2:])


with Server(users={JOE: PASSWORD}, certificate="ec") as server:
    for under_tls in (False, True):
        for manner in (whole, halved):
            for name, said, reply in CASES:
                if under_tls and manner is halved and name != "PLAIN":
                    continue
                where = f"{name}, {'TLS' if under_tls else 'clear'}"
                where += ", in two reads" if manner is halved else ""
                with case(where):
                    dialogue(server, where, said, reply, under_tls, manner)

    # Behind another command in one segment, and behind a message.
    for under_tls in (False, True):
        what = f"pipelined, {'TLS' if under_tls else 'clear'}"
        with case(what), server.client() as c:
            c.hello()
            session = Family(server, c).session
            if under_tls:
                c.starttls()
            c.send(f"EHLO x\r\nAUTH PLAIN {PLAIN}\r\nNOOP\r\n")
            for start in ("250", "235", "250"):
                starts(c.reply(), start, f"{what}: {start}")
            search(what, session)
            c.envelope(JOE)
            c.must(("DATA", "354"))
            c.send(f"x\r\n.\r\nAUTH PLAIN {PLAIN}\r\nNOOP\r\n")
            for start in ("250", "503", "250"):
                starts(c.reply(), start, f"{what}, behind a message: {start}")
            search(f"{what}, behind a message", session)

    # What is thrown away at the end, while the client has not hung up.
    for under_tls in (False, True):
        what = f"at the end, {'TLS' if under_tls else 'clear'}"
        with case(what), server.client() as c:
            c.hello()
            session = Family(server, c).session
            if under_tls:
                c.starttls()
            c.send(f"AUTH PLAIN {PLAIN}\nAUTH PLAIN {PLAIN}\r\n")
            starts(c.reply(), "500 5.5.2", f"{what}: a bare LF")
            if under_tls:
                c.ends(what)
            else:
                c.drained()
            if session.alive():
                try:
                    search(what, session)
                except (FileNotFoundError, ProcessLookupError):
                    pass  # its two seconds are over

done()
