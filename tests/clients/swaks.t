#!/usr/bin/env python3
"""swaks: PLAIN and LOGIN, in clear and under TLS."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_clients import (  # noqa: E402
    JOE, MESSAGE, PASSWORD, RECIPIENT, SENDER, WRONG, arrived, need, nothing,
    run)

need("swaks")
USERS = {JOE: PASSWORD}


def swaks(server, *more, password=PASSWORD):
    """One run."""
    return run(["swaks", "--server", "127.0.0.1", "--port",
                str(server.port), "--helo", "client.example.org", "--from",
                SENDER, "--to", RECIPIENT, "--auth-user", JOE,
                "--auth-password", password, "--data",
                MESSAGE.rstrip("\n"), *more])


has_tls = "TLS supported" in run(["swaks", "--support"])[1]
for args, options, word, what in (
        ([], [], "ESMTPA", "in clear"),
        ([], ["--tls"], "ESMTPSA", "--tls"),
        (["-s"], ["--tls-on-connect"], "ESMTPSA", "--tls-on-connect")):
    if options and not has_tls:
        skip(what, "this swaks has no TLS")
        continue
    env = {"FORCETLS": "1" if options else "0"}
    with case(what), Server(users=USERS, certificate="ec", args=args,
                            env=env) as server:
        for mechanism in ("PLAIN", "LOGIN"):
            here = f"{what}, {mechanism}"
            with case(here):
                code, output = swaks(server, "--auth", mechanism, *options)
                ok(code == 0, f"{here}: exit 0", output)
                arrived(server, here, mechanism, word)
                code, output = swaks(server, "--auth", mechanism, *options,
                                     password=WRONG)
                nothing(server, here + ", wrong", code, output)
                code, output = swaks(
                    server, "--auth", mechanism, "--pipeline", *options)
                arrived(server, here + ", --pipeline", mechanism, word)
with case("in clear"), Server(users=USERS, certificate="ec",
                              env={"FORCETLS": "1"}) as server:
    code, output = swaks(server, "--auth", "PLAIN")
    nothing(server, "FORCETLS=1 in clear", code, output, None)

done()
