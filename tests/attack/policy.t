#!/usr/bin/env python3
"""A policy daemon that means it badly: what is no answer defers, what is one
does what it says and no more; no reply and no header line is of its making
beyond its text, nothing hangs beyond policytimeout."""
import re
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Tally, forged  # noqa: E402
from support.extra_policy import CLOSED, Asking, Daemon  # noqa: E402

THERE, BROKEN = "250 2.", "451 4.3.5"
FORGERY = b"x\nsmtpd-auth: 1 192.0.2.1 auth ok user=root"


def action(octets):
    """An answer."""
    return b"action=" + octets + b"\n\n"


def drip(octets, seconds):
    """One octet at a time."""
    def say(_, connection):
        for n in range(len(octets)):
            connection.sendall(octets[n:n + 1])
            time.sleep(seconds)
        return None
    return say


ROWS = [  # what, its answer, the reply
    ("nothing", None, BROKEN), ("a close", (b"", CLOSED), BROKEN),
    ("an octet", b"a", BROKEN), ("an empty line", b"\n", BROKEN),
    ("two empty lines", b"\n\n", BROKEN),
    ("an end and an answer", b"\n" + action(b"DUNNO"), BROKEN),
    ("no action", b"a=b\n\n", BROKEN), ("no =", b"action\n\n", BROKEN),
    ("no value", action(b""), BROKEN), ("blanks", action(b"   "), BROKEN),
    ("a tab", action(b"\t"), BROKEN),
    ("Action", b"Action=REJECT\n\n", BROKEN),
    ("a blank before action", b" action=REJECT\n\n", BROKEN),
    ("a blank behind action", b"action =REJECT\n\n", BROKEN),
    ("two actions", b"action=DUNNO\naction=REJECT\n\n", BROKEN),
    ("two alike", b"action=DUNNO\naction=DUNNO\n\n", BROKEN),
    ("another attribute first", b"x=y\naction=REJECT no\n\n", "554 5.7.1 no"),
    ("one behind it", b"action=REJECT no\nx=y\n\n", "554 5.7.1 no"),
    ("a line without =", b"x\naction=DUNNO\n\n", BROKEN),
    ("a header of HTTP", b"HTTP/1.0 200 OK\r\n\r\n", BROKEN),
    ("NUL in it", action(b"DUN\0NO"), BROKEN),
    ("NUL before it", b"\0" + action(b"DUNNO"), BROKEN),
    ("NUL behind it", action(b"DUNNO\0"), BROKEN),
    ("NUL in another", b"a=\0\n" + action(b"DUNNO"), BROKEN),
    ("a megabyte of NUL", b"\0" * (1 << 20), BROKEN),
    ("a megabyte in a line", b"action=" + b"x" * (1 << 20), BROKEN),
    ("a megabyte of lines", b"a=b\n" * (1 << 18), BROKEN),
    ("8,192 octets", b"a=" + b"x" * 8175 + b"\n" + action(b"DUNNO"), THERE),
    ("8,193 octets", b"a=" + b"x" * 8176 + b"\n" + action(b"DUNNO"), BROKEN),
    ("9,000 octets", b"a=" + b"x" * 9000 + b"\n" + action(b"DUNNO"), BROKEN),
    ("partial, then nothing", b"action=DUNNO", BROKEN),
    ("a line, then nothing", b"action=DUNNO\n", BROKEN),
    ("partial, then a close", (b"action=DUNNO\n", CLOSED), BROKEN),
    ("slowly", drip(action(b"DUNNO"), 0.002), THERE),
    ("too slowly", drip(action(b"DUNNO") * 9, 0.2), BROKEN),
    ("CR LF", b"action=DUNNO\r\n\r\n", BROKEN),
    ("OK", action(b"OK"), THERE), ("DUNNO", action(b"DUNNO"), THERE),
    ("DUNNO and more", action(b"DUNNO reject this"), THERE),
    ("dunno", action(b"dUnNo"), THERE), ("OK in front", action(b" OK"), THERE),
    ("OKAY", action(b"OKAY"), THERE), ("PERMIT", action(b"PERMIT"), THERE),
    ("FILTER", action(b"FILTER smtp:[192.0.2.1]"), THERE),
    ("REDIRECT", action(b"REDIRECT eve@elsewhere.example"), THERE),
    ("BCC", action(b"BCC eve@elsewhere.example"), THERE),
    ("HOLD", action(b"HOLD"), THERE), ("DISCARD", action(b"DISCARD"), THERE),
    ("250", action(b"250 ok"), THERE), ("235", action(b"235 ok"), THERE),
    ("354", action(b"354 go"), THERE), ("220", action(b"220 x"), THERE),
    ("600", action(b"600 x"), THERE), ("55", action(b"55 x"), THERE),
    ("5500", action(b"5500 x"), THERE), ("-550", action(b"-550 x"), THERE),
    ("550", action(b"550"), "550 5.7.1"), ("5x0", action(b"5x0 no"), THERE),
    ("550 and text", action(b"550 5.1.1 no"), "550 5.1.1 no"),
    ("550 with a dash", action(b"550-no"), THERE),
    ("450 with 5.1.1", action(b"450 5.1.1 no"), "450 4."),
    ("550 with 2.0.0", action(b"550 2.0.0 ok"), "550 5."),
    ("a CR", action(b"REJECT a\r250 ok"), "554 5.7.1"),
    ("a reply behind CR", action(b"550 no\r\r250 2.0.0 ok\r"), "550 5.7.1"),
    ("ESC", action(b"REJECT \x1b[2J"), "554 5.7.1"),
    ("8 bits", action(b"REJECT \xff\xfe"), "554 5.7.1"),
    ("7,000 octets", action(b"REJECT " + b"x" * 7000), "554 5.7.1"),
    ("7,000 octets of a verb", action(b"X" * 7000), THERE),
    ("%s%n", action(b"REJECT %s%n%s"), "554 5.7.1 %s%n%s"),
    ("a log line", action(b"REJECT " + FORGERY.replace(b"\n", b"\r")),
     "554 5.7.1"),
    ("a log line as an action", action(FORGERY.replace(b"\n", b"\r")), THERE),
    ("a log line as an attribute", b"y=" + FORGERY + b"\n" + action(b"DUNNO"),
     THERE),
    ("a prompt", action(b"450 4.7.1 334 VXNlcm5hbWU6"), "450 4.7.1"),
    ("DEFER", action(b"DEFER"), "450 4.7.1"),
    ("DEFER_IF_PERMIT", action(b"DEFER_IF_PERMIT"), "450 4.7.1"),
    ("DEFER_IF_REJECT", action(b"DEFER_IF_REJECT x"), THERE),
    ("421", action(b"421 go"), "421 4.7.1"), ("521", action(b"521 go"), "521"),
    ("several answers", action(b"DUNNO") + action(b"REJECT"), THERE),
    ("no, then yes", action(b"REJECT") + action(b"OK"), "554 5.7.1"),
    ("ten thousand answers", action(b"REJECT x") * 10000, None),
    ("its question", b"request=smtpd_access_policy\n\n", BROKEN),
]
# A line that it puts in front: a field, or none.
for what, header, good in (
        ("a field", b"X-A: b", True), ("no colon", b"X-A b", False),
        ("no name", b": b", False), ("a blank in it", b"X A: b", False),
        ("a CR", b"X-A: b\rBcc: c", False), ("8 bits in it", b"X\xff: b",
                                             False),
        ("NUL", b"X-A: \0", None), ("a name alone", b"X-A:", True),
        ("998 octets", b"X: " + b"x" * 995, True),
        ("999 octets", b"X: " + b"x" * 996, False),
        ("From ", b"From eve", False), ("a continuation", b" x", False),
        ("a tab in front", b"\tx: y", None), ("a dot", b".: x", True),
        ("ESC", b"X: \x1b[2J", True)):
    ROWS.append((f"PREPEND {what}", action(b"PREPEND " + header),
                 BROKEN if header.count(b"\0") else THERE))
    ROWS.append((f"prepend {what}", action(b"pRePeNd\t" + header),
                 BROKEN if header.count(b"\0") else THERE))
tally = Tally("hostile policy daemon")
SUBJECT = re.compile(
    rb"(?:[!-9;-~]+:[^\r\n\0]*\n)?Received: [\x20-\x7e]+\n"
    rb"(?:[ \t][\x20-\x7e]+\n)*Subject: x\n\ny\n")


class World(Asking):
    """A server with a daemon of its own."""

    def __init__(self, when, fail):
        self.daemon = Daemon()
        self.daemon.__enter__()
        super().__init__(self.daemon, when, env={
            "POLICYTIMEOUT": "1", "POLICYFAIL": fail})

    def stop(self):
        """Both."""
        super().stop()
        self.daemon.stop()


def expected(start, when, fail):
    """Of what follows from the settings."""
    return THERE if start == BROKEN and fail == "accept" else start


def ask(client, when):
    """The reply to a recipient, or to the end of the message."""
    client.must(("MAIL FROM:<a@example.org>", "250"))
    reply = client.command("RCPT TO:<b@example.com>")
    if reply.code == 250:
        client.must(("DATA", "354"))
        client.send("Subject: x\r\n\r\ny\r\n.\r\n")
        last = client.reply()
        return last if when == "end" else reply
    return reply


def attempt(row):
    """One answer, at RCPT or at the end."""
    what, answer, start, world, when, fail = row
    what = f"{when}, {fail}: {what}"
    with tally.attempt(what, world) as turn:
        world.daemon.answer = answer
        watch = Stopwatch()
        with world.client() as c:
            reply = ask(c, when)
            if watch.exceeds(8):
                turn.wins.append("late")
            wanted = expected(start, when, fail)
            if wanted is not None and not reply.startswith(wanted):
                turn.wins.append(f"answered {reply}")
            if not re.fullmatch(r"[\x20-\x7e]{1,420}", reply):
                turn.wins.append(f"no clean line: {reply!r}")
            if reply[:3] not in ("421", "521"):
                if c.command("NOOP").code != 250:
                    turn.wins.append("out of step")
                c.must(("QUIT", "221"))
        turn.end()
        queued = turn.queued()
        if len(queued) != (reply.code == 250):
            turn.wins.append(f"{len(queued)} queued")
        turn.wins += [f"a header: {r.message}" for r in queued
                      if not SUBJECT.fullmatch(r.message) or
                      r.recipients != ["b@example.com"]]
        turn.result = str(reply.code)
        world.forget()


def one_world(kind):
    """All of them."""
    with World(*kind) as world:
        for row in ROWS:
            attempt((*row, world, *kind))
        is_(forged(world.log()), [], f"{kind}: no line is forged")


with case("hostile policy daemon"):
    parallel(one_world, [(when, fail) for when in ("rcpt", "end")
                         for fail in ("defer", "accept")])
tally.check(100)
done()
