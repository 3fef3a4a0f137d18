#!/usr/bin/env python3
"""curl: STARTTLS, TLS from the first byte, every mechanism it has."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_clients import (  # noqa: E402
    JOE, NAME, PASSWORD, RECIPIENT, SENDER, WRONG, arrived, authority,
    message_file, need, nothing, run)

need("curl")
USERS = {JOE: PASSWORD}
FILE = message_file()


def curl(server, scheme="smtp", password=PASSWORD, mechanism=None, more=()):
    """One run: exit code, output with the dialogue."""
    words = ["curl", "-sS", "-v", "--max-time", "30", "--cacert",
             authority(), "--resolve", f"{NAME}:{server.port}:127.0.0.1",
             f"{scheme}://{NAME}:{server.port}/client.example.org",
             "--mail-from", SENDER, "--mail-rcpt", RECIPIENT,
             "--upload-file", FILE, *more]
    if password is not None:
        words += ["--user", f"{JOE}:{password}"]
    if mechanism:
        words += ["--login-options", "AUTH=" + mechanism]
    return run(words)


for args, scheme, more, what in (
        ([], "smtp", ["--ssl-reqd"], "STARTTLS"),
        (["-s"], "smtps", [], "smtps://")):
    with case(what), Server(users=USERS, certificate="ec", args=args,
                            env={"FORCETLS": "1"}) as server:
        version = run(["curl", "--version"])[1]
        for mechanism in ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256"):
            if mechanism.startswith("SCRAM") and "GSASL" not in version:
                skip(f"{what}, {mechanism}", "this curl has no GNU SASL")
                continue
            here = f"{what}, {mechanism}"
            with case(here):
                code, output = curl(server, scheme, PASSWORD, mechanism, more)
                is_(code, 0, f"{here}: exit 0")
                arrived(server, here, mechanism, "ESMTPSA")
                code, output = curl(server, scheme, WRONG, mechanism, more)
                nothing(server, here + ", wrong password", code, output)
                is_(code, 67, f"{here}: login denied is what curl says")
        with case(what + ", its own choice"):
            code, output = curl(server, scheme, more=more)
            is_(code, 0, f"{what}, its own choice: exit 0")
            arrived(server, what + ", its own choice", None, "ESMTPSA")
            code, output = curl(server, scheme, WRONG, more=more)
            nothing(server, what + ", its own choice, wrong", code, output)
        with case(what + ", no login"):
            code, output = curl(server, scheme, None, more=more)
            nothing(server, what + ", no login", code, output, "550")
        with case(what + ", no initial response"):
            code, output = curl(server, scheme, PASSWORD, "PLAIN",
                                [*more, "--sasl-ir"])
            arrived(server, what + ", --sasl-ir", "PLAIN")

with case("in clear"), Server(users=USERS, certificate="ec",
                              env={"FORCETLS": "1"}) as server:
    # curl goes on without a login where none is offered: nothing relays.
    code, output = curl(server)
    nothing(server, "FORCETLS=1, without --ssl", code, output, None)
    ok("AUTH PLAIN" not in output and "AUTH LOGIN" not in output,
       "and the password was not sent")
with case("FORCETLS=0"), Server(users=USERS) as server:
    code, output = curl(server)
    arrived(server, "in clear where that is allowed", None, "ESMTPA")

with case("another name"), Server(users=USERS, certificate="ec",
                                  env={"FORCETLS": "1"}) as server:
    words = ["curl", "-sS", "--max-time", "30", "--ssl-reqd", "--cacert",
             authority(), f"smtp://127.0.0.1:{server.port}", "--mail-from",
             SENDER, "--mail-rcpt", RECIPIENT, "--upload-file", FILE,
             "--user", f"{JOE}:{PASSWORD}"]
    code, output = run(words)
    is_(code, 60, "a name that is not in the certificate: curl goes away")
    is_(server.messages(), [], "and nothing arrived")
    is_(server.wait_idle(3), [], "and nobody stays")

done()
