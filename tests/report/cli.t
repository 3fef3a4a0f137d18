#!/usr/bin/env python3
"""smtpd-report: options, exit codes, and how wide its text is."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import DAY, Connections, day, label, report

PROGRAM = os.path.join(TOP, "smtpd-report")
LOG = "".join(f"{label(t)} {text}\n" for t, text in day())

with case("usage"):
    like(report("-h"), r"^usage: smtpd-report \[-f html\|text\|prometheus\]",
         "-h")
    like(report("-V"), r"^smtpd-report \d", "-V")
    for arguments, why in (
            (("-x",), "unknown option or missing argument"),
            (("-f",), "unknown option or missing argument"),
            (("-f", "pdf"), "-f wants html, text or prometheus"),
            (("--since", "soon"), "that is no time"),
            (("--until", ""), "that is no time"),
            (("--until", "2026-11-31"), "that is no time"),
            (("-u", ""), "an argument is empty"),
            (("-u", "a", "-m", "b"), "-u and -m don't go together")):
        is_(report(*arguments, status=100),
            f"smtpd-report: fatal: {why}; see -h\n", f"{arguments}: 100")
    like(report("/nowhere/at/all", status=111), r"^smtpd-report: fatal: unable "
         r"to read /nowhere/at/all: No such file or directory\n$", "no log: 111")
    with open("/dev/full", "w", encoding="ascii") as full:
        is_(subprocess.run([PROGRAM], input="", text=True, stdout=full,
                           check=False).returncode, 111,
            "an output that takes nothing: 111")
    ok(report("-", stdin=LOG) == report(stdin=LOG), "- is standard input")
    with case("options behind a log"):
        like(report("-", "-f", "html", stdin=LOG), "^<!doctype html>", "count")

with case("closed descriptors"):
    for fd in (0, 1, 2):
        with open(os.devnull, "rb") as null:
            ended = subprocess.run(
                ["/bin/sh", "-c", f'exec "$0" {fd}>&-', PROGRAM], stdin=null,
                check=False, capture_output=True)
        is_(ended.returncode, 0, f"{fd}: it goes on")

with case("times"):
    two = "2026-11-27 10:00"
    since = report("--since", two, stdin=LOG)
    until = report("--until", two, stdin=LOG)
    like(since, r"^smtpd-auth: 2026-11-27 10:00 to 2026-11-27 23:54",
         "--since: from then on")
    like(until, r"^smtpd-auth: 2026-11-27 00:00 to 2026-11-27 09:59",
         "--until: up to then")
    counts = [int(re.search(r"\nMessages +([\d,]+)", text)[1].replace(",", ""))
              for text in (since, until, report(stdin=LOG))]
    is_(counts[0] + counts[1], counts[2], "each line is in one of them")
    like(report("--since", "now", stdin=LOG), r"^smtpd-auth: no line with a ",
         "what is older")
    like(report("--since", "1000000d", stdin=LOG, status=100), "no time",
         "a number beyond sense")
    bare = "smtpd-auth: 1 192.0.2.1 connect port=25\n"
    like(report(stdin=bare), r"\nConnections +1\n", "a line without a time")
    like(report("--since", "9d", stdin=bare), r"\nConnections +0\n",
         "is in no span of time")

with case("width"):
    made = Connections()
    for name in ("x" * 120, "漢字" * 20, "a"):
        made.connection(DAY, "192.0.2.1", made.message(name), tls=None)
    text = "".join(f"{label(t)} {line}\n" for t, line in made.sorted())
    for columns in (60, 80, 120, 300):
        shown = report(stdin=text, env={"COLUMNS": str(columns)})
        rows = shown[shown.index("\nLargest senders"):].splitlines()[3:7]
        widths = {len(row) + sum(c > "\u2fff" for c in row) for row in rows}
        ok(max(widths) <= columns, f"{columns} columns", widths, rows)
        ok(not any(re.search(r" $", row) for row in shown.splitlines()),
           f"{columns}: no blank at an end")
    like(shown, "x{120}", "a wide terminal shows a whole name")
    shown = report(stdin=text, env={"COLUMNS": "60"})
    like(shown, "x{20,}~", "a narrow one shows that it is cut")
    ok("Last seen" not in shown, "and has fewer columns")

with case("a terminal"):
    parent, child = os.openpty()
    import fcntl
    import struct
    import termios
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
    with subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=child,
                          text=True) as process:
        os.close(child)
        process.stdin.write(LOG)
        process.stdin.close()
        data = b""
        try:
            while chunk := os.read(parent, 65536):
                data += chunk
        except OSError:
            pass  # Linux says so at the end
    widest = max(len(row) for row in data.decode().splitlines())
    ok(100 < widest <= 150, "its own width counts", widest)

done()
