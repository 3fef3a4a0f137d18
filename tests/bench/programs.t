#!/usr/bin/env python3
"""The benchmark's programs are built and do what is asked of them: the limit
and the isolation alone, with either kind of key, beside smtpd-auth; single
steps. What it measures here is worth nothing."""
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402

if os.geteuid() != 0:
    skip_all("needs root")
if not os.path.exists("/usr/include/sodium.h"):
    skip_all("needs libsodium-dev: ./deps bench")
HERE = place.base()
BENCH = os.path.join(HERE, "bench")


def run(program, *arguments):
    return subprocess.run(
        [os.path.join(TOP, "bench", program), *arguments], text=True,
        env=dict(os.environ, BUILD=HERE), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)


with case("built"):
    made = run("build")
    ok(made.returncode == 0, "bench/build", made.stdout)

with case("each side in a TLS session"):
    ran = run("run", "--quick", "--only", "tls-message", "--sides",
                "limit,isolation,smtpd-auth", "--build", BENCH)
    ok(ran.returncode == 0, "no side failed", ran.stdout)
    for kind in "EC", "RSA":
        for clients in "1", "20":
            row = rf"\| TLS \({kind} key\), {clients} at once +\| isolation +\|"
            like(ran.stdout, rf"(?s).*{row} +[1-9]", f"{kind}, {clients}: "
                 "the isolation is in the table")

with case("the chart"):
    sys.path.insert(0, os.path.join(TOP, "bench"))
    import report  # noqa: E402
    results = report.Results()
    for side, cpu in (("limit", 100), ("before", 150), ("smtpd-auth", 140)):
        results.add(("message", None, 1), side, {"cpu": cpu})
    drawn = report.chart(results)
    for word in (*report.COLOURS, "1.40"):
        ok(f">{word}<" in drawn, f"the chart says {word}", drawn)

with case("the arithmetic by itself"):
    ran = run("run", "--only", "steps", "--build", BENCH)
    ok(ran.returncode == 0, "no operation failed", ran.stdout)
    for what in ("X25519, any point: libsodium",
                 "RSA 2048 signature: ours, nettle",
                 "a password against 16384 iterations: ours, nettle"):
        ok(what in ran.stdout, what, ran.stdout)

done()
