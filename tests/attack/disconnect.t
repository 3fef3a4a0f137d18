#!/usr/bin/env python3
"""A client that is gone at any octet of a session, by FIN or by RST.

The message is queued if and only if its final dot, or the last octet of the
last chunk, was sent; two seconds later no process is left.
"""
import queue
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

ENVELOPE = (("EHLO x\r\n", "250"), ("MAIL FROM:<a@example.org>\r\n", "250"),
            ("RCPT TO:<b@example.com>\r\n", "250"))
DATA = ENVELOPE + (
    ("DATA\r\n", "354"), ("Subject: t\r\n\r\ny\r\n..z\r\n.\r\n", "250"),
    ("QUIT\r\n", "221"))
BDAT = ENVELOPE + (
    ("BDAT 14\r\nSubject: t\r\n\r\n", "250"),
    ("BDAT 3 LAST\r\ny\r\n", "250"), ("QUIT\r\n", "221"))
VARIANTS = (  # name, steps, TLS
    ("DATA", DATA, False), ("BDAT", BDAT, False), ("DATA in TLS", DATA, True))


def walk(c, steps, cut):
    """Sends cut octets of the session, waiting for replies in between."""
    for text, start in steps:
        if cut < len(text):
            c.send(text[:cut])
            return
        c.send(text)
        cut -= len(text)
        if cut == 0:
            return
        c.expect(start)


def run(job):
    """One session; (queued as it should be, what is left)."""
    name, steps, tls, pipelined, cut, how = job
    server = servers.get()
    try:
        server.forget()
        c = server.client()
        if tls:
            c.starttls()
        if pipelined:
            c.send("".join(text for text, _ in steps)[:cut])
        else:
            walk(c, steps, cut)
        if how == "FIN":
            c.shutdown()
            try:
                c.rest()
            except ConnectionResetError:
                pass  # it need not read what it does not need
            c.close()
        else:
            c.drained()
            c.reset()
        left = server.wait_idle(2)
        return len(server.messages()), left
    except Exception as error:  # pylint: disable=broad-except
        return repr(error), []
    finally:
        servers.put(server)


def jobs():
    """Each octet of each variant, FIN and RST."""
    for name, steps, tls in VARIANTS:
        for how in ("FIN", "RST"):
            if tls and how == "RST":
                continue  # the same code as in clear text
            for cut in range(sum(len(text) for text, _ in steps) + 1):
                yield name, steps, tls, False, cut, how
    for cut in range(sum(len(text) for text, _ in BDAT) + 1):
        yield "BDAT in one segment", BDAT, False, True, cut, "FIN"


THREADS = 6
servers = queue.Queue()
with case("disconnect"):
    for _ in range(THREADS):
        servers.put(Server(certificate="ec"))
    work = list(jobs())
    for job, (count, left) in zip(work, parallel(run, work, THREADS)):
        name, steps, _, _, cut, how = job
        end = sum(len(text) for text, _ in steps[:-1])
        expected = int(cut >= end)
        ok(count == expected and not left,
           f"{name}, {how} after {cut} octets of {end}: "
           f"{'queued' if expected else 'not queued'}, nothing left",
           f"queued: {count}, left: {left}")
    for _ in range(THREADS):
        servers.get().stop()

# The envelope of a session that was cut stays unfinished, so that the queue
# program can tell; and what it did not get was not completed for it.
with case("unfinished"), Server() as server:
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("Subject: half\r\n\r\nof it\r\n")
        c.drained()
    is_(server.wait_idle(2), [], "cut in DATA: nothing is left")
    found = server.records()
    is_(len(found), 1, "the queue program saw its end")
    ok(not found[0].complete and b"\0\0" not in found[0].envelope,
       "the envelope is unfinished", found[0].envelope)

# A queue program that does not go by itself is made to.
with case("a queue program that hangs"), Server(
        record={"NOREAD": "1", "SLEEP": "600"}) as server:
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("x\r\n")
        c.drained()
    is_(server.wait_idle(2), [], "hanging queue program: gone in 2 seconds")
    is_(server.messages(), [], "nothing is queued")
with case("gone after the dot"), Server(
        record={"SLEEP": "1"}) as server:
    with server.client() as c:
        c.envelope()
        c.must(("DATA", "354"))
        c.send("x\r\n.\r\n")
        c.drained()
        server_end = "reset"
        c.reset()
    server.wait_log(r"message ok id=")
    is_(len(server.messages()), 1, f"{server_end} after the final dot: the "
        "queue program is waited for")

done()
