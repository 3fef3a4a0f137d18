#!/usr/bin/env python3
"""A connection that waits holds few pages of its own: what every command
writes to lies together."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family  # noqa: E402

JOE = "joe@example.com"
PAGE = 4096
# Pages of keeper and session, half of one that both have. The stack begins at
# a random place: a few more or less. (glibc itself has ten.)
GLIBC = os.path.basename(os.environ.get("BUILD", "")) == "glibc"
CLEAR = 24 if GLIBC else 11
TLS = 36 if GLIBC else 21

if not ROOT:
    skip_all("only root sees which process is whose session")


def own_pages(process):
    """Of no file, in pages."""
    with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file if ":" in line)
    return int(rows["Pss_Anon"].split()[0]) * 1024 / PAGE


def few(server, c, most, what):
    family = Family(server, c)
    pages = own_pages(family.keeper) + own_pages(family.session)
    ok(pages <= most, f"{what}: at most {most} pages", f"it is {pages}")


with case("idle connections"), Server(
        users={JOE: "secret"}, certificate="ec") as server:
    with server.client() as c:
        c.hello()
        few(server, c, CLEAR, "in the clear")
        c.starttls()
        c.hello()
        few(server, c, TLS, "under TLS")

done()
