#!/usr/bin/env python3
"""A processor without instructions for hashes: nettle's portable code gives
the same results, and logins work in the jail, whichever it has chosen."""
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

SECRET = os.path.join(TOP, os.environ.get("BUILD", "build/musl"), "unit",
                      "secret")
JOE = "joe@example.com"
PLAIN_CODE = {"NETTLE_FAT_OVERRIDE": "none"}


def run(env):
    return subprocess.run([SECRET], env={**os.environ, **env,
                                         "NETTLE_FAT_VERBOSE": "1"},
                          capture_output=True, text=True)


with case("the unit test of secrets"):
    bare, own = run(PLAIN_CODE), run({})
    ok(bare.returncode == 0, "passes without the instructions", bare.stdout)
    if "libnettle:" not in own.stderr:
        skip("the choice", "nettle has one code for all processors here")
    else:
        ok("not using sha_ni" in bare.stderr or "sha_ni" not in own.stderr,
           "nettle went without", bare.stderr)

for env, what in ((PLAIN_CODE, "without"), ({}, "with what there is")):
    with case(f"logins {what}"), Server(users={JOE: "secret"},
                                        env=env) as server:
        for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-1"):
            with server.client() as c:
                c.hello()
                is_(c.login(mechanism, JOE, "secret"),
                    "235 2.7.0 ok, go ahead", mechanism)
            with server.client() as c:
                c.hello()
                starts(c.login(mechanism, JOE, "wrong"), "535 5.7.8",
                       f"{mechanism}, wrong")

done()
