#!/usr/bin/env python3
"""SMTP smuggling: CVE-2023-51764, -51765, -51766, VU#302671, and relatives.

Behind "a" comes a sequence V that some mail server takes for the end of the
message, then another envelope and message. One that breaks RFC 5321 §2.3.8
must be refused, nothing be queued and the connection be closed; a control is
text, and exactly one message comes of it. However the octets are split.
"""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

REFUSED = (
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\n.\r", b"\r.\n", b"\r.\r",
    b"\r.\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n\0.\r\n",
    b"\r\n.\0\r\n", b"\r\n.\r\0\n", b"\r\n.\rX", b"\n\r.\r\n",
    b"\n\r\n.\r\n", b"\r\r\n", b"\n\n", b"\0", b"\r", b"\n",
    b"\r\n.\n\r\n", b"\r\n\r.\r\n", b"\r\n.\r\n"[:-1] + b"\r",
)
CONTROLS = (
    b"\r\n. \r\n", b"\r\n.\t\r\n", b"\r\n..\r\n", b"\x8d\x8a.\x8d\x8a",
    b"\xe2\x80\xa8.\xe2\x80\xa8", b"\x85.\x85", b"\x0b.\x0b", b"\x0c.\x0c",
    b"\r\n.x\r\n", b".\r\n", b"\r\n.\x1a\r\n",
)
HEAD = b"Subject: t\r\n\r\na"
TAIL = (b"MAIL FROM:<x@evil.example>\r\nRCPT TO:<y@example.com>\r\nDATA\r\n"
        b"smuggled\r\n.\r\nQUIT\r\n")


def text_of(body):
    """What the queue gets for a message sent by DATA."""
    lines = body.split(b"\r\n")
    return b"\n".join(x[1:] if x[:1] == b"." else x for x in lines)


def cases():
    """(V, is it refused, DATA or BDAT, how it is cut)."""
    for v in REFUSED + CONTROLS:
        for verb in ("DATA", "BDAT"):
            for how in ("one segment", "bytewise", "TLS",
                        *range(1, len(v))):
                yield v, v in REFUSED, verb, how
        for edge in range(len(v) + 1):
            yield v, v in REFUSED, "BDAT", ("two chunks", edge)


def send(c, before, v, after, how):
    """Cuts inside V as asked; each piece is another read of the server's."""
    if how in ("one segment", "TLS"):
        c.send(before + v + after)
        return
    c.send(before)
    c.drained()
    if how == "bytewise":
        for i in range(len(v)):
            c.send(v[i:i + 1])
            c.drained()
    else:
        c.send(v[:how])
        c.drained()
        c.send(v[how:])
        c.drained()
    c.send(after)


def attack(job):
    """One connection; what came back, as text."""
    number, (v, refused, verb, how) = job
    try:
        with server.client() as c:
            if how == "TLS":
                c.starttls()
            c.hello()
            c.envelope(f"case{number}@example.org")
            if verb == "DATA":
                c.must(("DATA", "354"))
                send(c, HEAD, v, TAIL, how)
            elif isinstance(how, tuple):
                edge = how[1]
                one, two = HEAD + v[:edge], v[edge:] + TAIL
                c.send(b"BDAT %d\r\n" % len(one) + one)
                first = c.reply()
                if first.code == 554:
                    return first + "\n" + c.rest().decode()
                c.send(b"BDAT %d LAST\r\n" % len(two) + two)
            else:
                size = len(HEAD) + len(v) + len(TAIL)
                send(c, b"BDAT %d LAST\r\n" % size + HEAD, v, TAIL, how)
            if not refused:
                first = c.reply()
                c.must(("NOOP", "250") if verb == "BDAT" else
                       ("", "221"))
                return first
            return c.rest().decode()
    except Exception as error:  # pylint: disable=broad-except
        return "exception: " + repr(error)


with Server(certificate="ec") as server:
    jobs = list(enumerate(cases()))
    got = parallel(attack, jobs)
    is_(server.wait_idle(5), [], "no process is left")
    queued = {}
    for m in server.messages():
        queued.setdefault(m.sender, []).append(m)
    for (number, (v, refused, verb, how)), reply in zip(jobs, got):
        cut = f"split at {how}" if isinstance(how, int) else (
            f"two chunks, edge at {how[1]}" if isinstance(how, tuple)
            else how)
        what = f"{v!r} by {verb}, {cut}"
        ours = queued.pop(f"case{number}@example.org", [])
        if refused:
            ok(reply.replace("\r\n", "\n").strip() ==
               "554 5.6.0 bare CR, bare LF or NUL in message" and not ours,
               what + ": refused, closed, nothing queued", reply,
               [m.message for m in ours])
            continue
        body = HEAD + v + TAIL
        expected = body.replace(b"\r\n", b"\n") if verb == "BDAT" else \
            text_of(body[:body.index(b"\r\n.\r\nQUIT") + 2])
        ok(reply.startswith("250 2.0.0 ok ") and len(ours) == 1 and
           ours[0].body == expected, what + ": text, one message", reply,
           [m.body for m in ours], expected)
    is_(list(queued), [], "no message of another sender was queued")

done()
