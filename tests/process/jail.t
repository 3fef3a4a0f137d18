#!/usr/bin/env python3
"""A jail that cannot be entered: 421, never less jail."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

if not ROOT:
    skip_all("the jail's steps that can fail need root")


def refused(what, args, file, **options):
    """421, one log line, no process left."""
    with case(what), Server(args=args, **options) as server:
        with server.client(greet=False) as c:
            is_(c.reply(), "421 4.3.0 service not available",
                what + ": 421")
            c.ends(what)
        found = server.wait_log(r"^smtpd-auth: \d+ 127\.0\.0\.1 config fail "
                                r"file=(\S+) reason=(\S+)$")
        is_(len(found), 1, what + ": one line")
        like(found[0][1], file, what + ": names what failed")
        ok("220 " not in server.log(), what + ": no greeting")
        is_(server.wait_idle(2), [], what + ": nothing is left")


refused("no such directory", ["-j", "/nonexistent"], "jail|nonexistent")
with case("a file"):
    path = os.path.join(home(), "file")
    with open(path, "w", encoding="ascii"):
        pass
    refused("-j is a file", ["-j", path], "jail|file")
refused("no such account", ["-u", "no-such-account"], "no-such-account")
refused("root as the account", ["-u", "root"], "root")
refused("no account by default", ["-u", "qmaild-absent"], "qmaild-absent")

# TLS from the first byte: the client could not read a 421 in the clear.
with case("-s"), Server(args=["-s", "-j", "/nonexistent"],
                        certificate="ec") as server:
    with server.client(greet=False) as c:
        try:
            octets = c.rest()
        except ConnectionResetError:
            octets = b""
        ok(b"421" not in octets, "-s: no clear 421", octets)
    server.wait_log("config fail")

# The keeper as an account that is missing writes no file and queues nothing.
with case("again"), Server() as server:
    with server.client() as c:
        starts(c.message(), "250 2.0.0", "with a sound set-up mail goes on")

done()
