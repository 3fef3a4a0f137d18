#!/usr/bin/env python3
"""smtpd-report on large logs: its memory does not grow with them, and the
names that occur most come out although there are more than it remembers."""
import os
import re
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import label, DAY

PEAK = 64 * 1024  # kB: buffers, tables, and room for a C library
MANY = 400000


def lines(count):
    """Failed logins: every second one from an address that never comes again,
    and one of a hundred from one that does."""
    for i in range(count):
        when = label(DAY + i * 10)
        address = f"198.{i >> 16}.{i >> 8 & 255}.{i & 255}"
        if i % 100 == 7:
            address = "203.0.113.9"
        yield (f"{when} smtpd-auth: {i} {address} auth fail user=n{i} "
               f"mech=PLAIN reason=unknown\n")
        if i % 50 == 3:
            yield (f"{when} smtpd-auth: {i} {address} message ok id={i} "
                   f"user=heavy@example.com from=x to=y rcpts=1 size={i} "
                   f"qp={i}\n")


def run(count, *arguments):
    """(what it printed, its peak of memory in kB)"""
    into, out = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(into[0], 0)
        os.dup2(out[1], 1)
        for fd in into + out:
            os.close(fd)
        os.execve(os.path.join(TOP, "smtpd-report"),
                  ["smtpd-report", *arguments],
                  {"TZ": "UTC", "COLUMNS": "100"})
    os.close(into[0])
    os.close(out[1])
    said = []

    def read():
        with open(out[0], encoding="utf-8") as file:
            said.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    with open(into[1], "w", encoding="ascii") as file:
        file.writelines(lines(count))
    reader.join()
    _, status, usage = os.wait4(child, 0)
    is_(status, 0, f"{arguments}: exit 0")
    return said[0], usage.ru_maxrss


with case("names without end"):
    text, small = run(1000)
    text, large = run(MANY)
    ok(large < PEAK, "memory stays small", f"{small} kB, then {large} kB")
    like(text, r"\nheavy@example\.com +8,000 +8,000 ", "the one sender is exact")
    like(text, r"\n203\.0\.113\.9 +4,000 ", "so is the one guesser")
    like(text, rf"\nFailed logins +{MANY:,}\n", "and what is counted in all")
    like(text, r"more names than are remembered", "it says what may be missing")
    like(text, r"\n2026-11-27 00:00 .*(\n2\d{3}-.*){10,}", "the time it covers")
    ok(len(re.findall(r"^2\d{3}-\d\d-\d\d \d\d:\d\d ", text, re.M)) <= 62,
       "in no more bars than a page has room for")

with case("connections that never end"):
    text, peak = run(MANY, "-m", "203.0.113.9")
    ok(peak < PEAK + 32 * 1024, "-m: memory stays small", f"{peak} kB")

done()
