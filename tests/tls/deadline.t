#!/usr/bin/env python3
"""A handshake has 30 seconds, however the client idles. Takes as long."""
import select
import signal
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family  # noqa: E402
from support.extra_tls import client_hello, records  # noqa: E402

LOW, HIGH = 28, 40  # seconds
HELLO = client_hello(name=b"mx.example.org")


def stall(server, starttls, octets, dribble=b""):
    """A Stopwatch until the server closes, and the clear text it sent."""
    with server.client(greet=False, deadline=10 * HIGH) as c:
        watch = Stopwatch()
        if starttls:
            c.expect("220 ")
            c.must(("STARTTLS", "220"))
        c.send(octets)
        if octets == HELLO:
            records(c.sock)
        ready = select.poll()
        ready.register(c.sock, select.POLLIN)
        data = b""
        for i in range(10 * HIGH):
            # The pause is what is tested: nothing, or an octet a second.
            if ready.poll(1000):
                try:
                    data += c.rest()
                except ConnectionResetError:
                    pass
                break
            if i < len(dribble):
                c.send(dribble[i:i + 1])
        watch.stop()
        return watch, data


def stopped(server):
    """The session keeps no deadline: the keeper has its own, 10 s later."""
    with server.client(deadline=10 * HIGH) as c:
        family = Family(server, c)
        c.must(("STARTTLS", "220"))
        watch = Stopwatch()
        family.session.signal(signal.SIGSTOP)
        try:
            c.rest()
        except ConnectionResetError:
            pass
        watch.stop()
        return watch


with case("handshake"), Server(certificate="ec") as explicit, \
        Server(certificate="ec", args=["-s"]) as implicit:
    table = (("STARTTLS, then nothing", explicit, True, b""),
             ("STARTTLS, half a ClientHello", explicit, True, HELLO[:40]),
             ("STARTTLS, nothing after ServerHelloDone", explicit, True,
              HELLO),
             ("STARTTLS, an octet a second", explicit, True, HELLO[:3],
              HELLO[3:]),
             ("-s, nothing", implicit, False, b""),
             ("-s, an octet a second", implicit, False, HELLO[:3],
              HELLO[3:]))
    results = parallel(lambda row: stall(*row[1:]) if row else
                       stopped(explicit) if ROOT else None, (*table, None))
    if ROOT:
        took(results[-1], LOW + 10, HIGH + 20,
             "a session that stands still: killed after 40 seconds")
        explicit.wait_log(r" end .*reason=overdue$")
    else:
        skip("a session that stands still", "needs root to stop it")
    for row, result in zip(table, results):
        watch, data = result
        took(watch, LOW, HIGH, f"{row[0]}: closed after 30 seconds")
        ok(data[:1] in (b"", b"\x15"), f"{row[0]}: without a clear octet",
           data)
    for server, count in ((explicit, 4), (implicit, 2)):
        is_(server.wait_idle(3), [], "nobody stays")
        is_(len(server.wait_log(r" tls fail reason=\S+", count)), count,
            "each is logged")
        is_(len(server.wait_log(r" end .*reason=timeout$", count)), count,
            "as a timeout")

done()
