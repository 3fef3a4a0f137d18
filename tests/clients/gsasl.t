#!/usr/bin/env python3
"""gsasl: another implementation's SCRAM, which verifies the server's
signature; in clear and under STARTTLS."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_clients import (  # noqa: E402
    JOE, PASSWORD, WRONG, need, run)

need("gsasl")
USERS = {JOE: PASSWORD}
LOCAL = certificate("ec", "localhost")  # the name that is connected to
CLIENT = run(["gsasl", "--client-mechanisms"])[1].split()


def gsasl(server, mechanism, password=PASSWORD, more=()):
    """One run: it logs in and quits, without a message."""
    return run(["gsasl", "--client", "--smtp", "--no-cb", "--verbose",
                f"--connect=localhost:{server.port}",
                "--mechanism=" + mechanism, "--authentication-id=" + JOE,
                "--password=" + password, "--hostname=localhost",
                "--service=smtp", "--quality-of-protection=qop-auth",
                *more])


for env, more, what in (
        ({"FORCETLS": "0"}, ["--no-starttls"], "in clear"),
        ({"FORCETLS": "1"}, ["--starttls",
                             "--x509-ca-file=" + LOCAL.certificate],
         "STARTTLS")):
    with case(what), Server(users=USERS, env=env, control={
            "servercert.pem": LOCAL.certificate_text() + LOCAL.key_text()
            }) as server:
        for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN", "LOGIN"):
            here = f"{what}, {mechanism}"
            if mechanism not in CLIENT:
                skip(here, "this gsasl has it not")
                continue
            with case(here):
                before = server.log().count(f"mech={mechanism}")
                code, output = gsasl(server, mechanism, more=more)
                ok(code == 0, f"{here}: exit 0", output)
                ok("235 2.7.0" in output, f"{here}: 235", output)
                ok(server.wait_log(f"auth ok user={JOE} mech={mechanism}$"),
                   f"{here}: logged")
                code, output = gsasl(server, mechanism, WRONG, more)
                ok(code != 0, f"{here}, wrong password: fails", output)
                ok("535 5.7.8" in output or "535" in output,
                   f"{here}, wrong password: 535", output)
                ok(server.wait_log(f"auth fail user={JOE} mech={mechanism} "
                                   "reason=password$"),
                   f"{here}, wrong password: logged")
                is_(server.log().count(f"mech={mechanism}") - before, 2,
                    f"{here}: two attempts")
        is_(server.log().count("tls ok") > 0, what == "STARTTLS",
            f"{what}: TLS is {'on' if what == 'STARTTLS' else 'off'}")

done()
