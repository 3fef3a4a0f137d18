#!/usr/bin/env python3
"""msmtp: STARTTLS and TLS from the first byte, every mechanism it has."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_clients import (  # noqa: E402
    JOE, MSMTP_WORD, PASSWORD, WRONG, arrived, msmtp, need, nothing, run)

need("msmtp")
USERS = {JOE: PASSWORD}
VERSION = tuple(map(int, re.search(
    r"version (\d+)\.(\d+)\.(\d+)", run(["msmtp", "--version"])[1]).groups()))
METHODS = run(["msmtp", "--version"])[1].split(
    "Supported authentication methods:")[-1].split("\n\n")[0].split()


def fails_by_itself(output, logged):
    """SCRAM in TLS, of those that are newer than Debian 12's: before a word
    of it was sent."""
    return VERSION > (1, 8, 23) and "GNU SASL: Error" in output and \
        " auth " not in logged


for args, what in (([], "STARTTLS"), (["-s"], "TLS from the first byte")):
    with case(what), Server(users=USERS, certificate="ec", args=args,
                            env={"FORCETLS": "1"}) as server:
        for method in ("plain", "login", "scram-sha-1", "scram-sha-256",
                       "on"):
            here = f"{what}, auth {method}"
            if method != "on" and method not in METHODS:
                skip(here, "this msmtp has it not")
                continue
            with case(here):
                before = len(server.log())
                code, output = msmtp(server, method, starttls=not args)
                if fails_by_itself(output, server.log()[before:]):
                    skip(here, "this msmtp fails by itself: docs/clients.md")
                    continue
                ok(code == 0, f"{here}: exit 0", output)
                arrived(server, here,
                        None if method == "on" else method.upper(),
                        MSMTP_WORD)
                code, output = msmtp(server, method, WRONG, not args)
                nothing(server, here + ", wrong", code, output)
                is_(code, 77, f"{here}: EX_NOPERM is what msmtp says")
with case("in clear"), Server(users=USERS) as server:
    for method in ("scram-sha-1", "scram-sha-256"):
        if method not in METHODS:
            skip(f"in clear, {method}", "this msmtp has it not")
            continue
        code, output = msmtp(server, method, tls=False)
        ok(code == 0, f"in clear, {method}: exit 0", output)
        arrived(server, f"in clear, {method}", method.upper(), MSMTP_WORD.replace("SA", "A"))

done()
