#!/usr/bin/env python3
"""smtpd-report reads every form that loggers give our log: the same lines must
come out as the same report, but for the names of logs and hosts."""
import gzip
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import (DAY, bsd, day, iso, label,
                                  multilog, report)

PEERS = os.path.join(TOP, "build/peers")
LINES = day()
TEXTS = "".join(text + "\n" for _, text in LINES)
WHERE = home("logs")


def path(*names):
    """A path of this test's own."""
    return os.path.join(WHERE, *names)


def write(name, text):
    """A file of it."""
    with open(path(name), "w", encoding="utf-8") as file:
        file.write(text)
    return path(name)


def body(text):
    """A report without what the log's name and kind say."""
    return text.split("\nServices and hosts\n", maxsplit=1)[0]


multilog(LINES, path("587/log/main"), (1000, 2000))
WANTED = body(report(path("587/log/main")))
TIMELESS = body(report(stdin=TEXTS))

with case("multilog"):
    like(WANTED, r"\nMessages  +1,729  4,537 recipients\n", "the messages")
    like(WANTED, r"\nFailed logins  +780\n", "the failed logins")
    like(WANTED, r"^smtpd-auth: 2026-11-27 00:00 to 2026-11-27 23:54, times "
         r"in UTC \(UTC\+0000\)\n", "the time it is about, and the zone")
    is_(body(report(path("587"))), WANTED, "a service directory has its log")
    like(report(path("587")), r"\nServices and hosts\n.*\n.*\n587 +7,557 ",
         "and its name")
    is_(body(report(path("587/log/main/current"),
                    *(path("587/log/main", name) for name in
                      os.listdir(path("587/log/main")) if name[0] == "@"))),
        WANTED, "files in any order are one log")

with case("CR LF"):
    name = path("crlf")
    with open(name, "w", encoding="utf-8", newline="\r\n") as file:
        file.writelines(f"{label(t)} {text}\n" for t, text in LINES)
    is_(body(report(name)), WANTED, "what a Windows program has copied")

with case("no label"):
    like(TIMELESS, r"^smtpd-auth: no line with a time\n.*", "no time at all")
    like(TIMELESS, r"\nMessages  +1,729 ", "all is counted all the same")

HEADS = {
    "RFC 3164": lambda t: bsd(t) + " mx ",
    "ISO of rsyslog": lambda t: iso(t, 2) + " mx ",
    "journalctl -o short-iso":
        lambda t: re.sub(r"\..*", "+0000", iso(t)) + " mx ",
    "svlogd -tt": lambda t: iso(t)[:25].replace("T", "_") + " ",
    "svlogd -ttt": lambda t: iso(t)[:25] + " ",
    "s6-log T": lambda t: iso(t)[:26].replace("T", " ") + "000  ",
    "s6-log t T": lambda t: label(t) + " " +
        iso(t)[:26].replace("T", " ") + "000  ",
}
for what, head in HEADS.items():
    with case(what):
        name = write(re.sub(r"\W", "", what), "".join(
            head(t) + text + "\n" for t, text in LINES))
        os.utime(name, (DAY + 90000, DAY + 90000))
        is_(body(report(name)), WANTED, f"{what}: the same report")
        with open(name, encoding="utf-8") as file:
            if "RFC" not in what:
                is_(body(report(stdin=file.read())), WANTED,
                    f"{what}: on standard input")

with case("the journal's program and process"):
    for tag in ("smtpd-auth[77]: ", "smtpd-auth[77]: smtpd-auth: ",
                "tcpserver[5]: smtpd-auth: "):
        is_(body(report(stdin="".join(
            f"{iso(t)} mx {tag}{text[12:]}\n" for t, text in LINES))),
            WANTED, f"{tag.strip()}: the same report")
    is_(body(report(stdin="-- Boot 1 --\n" + "".join(
        f"{iso(t)} mx smtpd-auth: {text[12:]}\n" for t, text in LINES))),
        WANTED, "lines of the journal itself are none of ours")

with case("gzip"):
    half = TEXTS.index("\n", len(TEXTS) // 2) + 1
    with open(path("two.gz"), "wb") as file:
        file.write(gzip.compress(TEXTS[:half].encode()) +
                   gzip.compress(TEXTS[half:].encode()))
    is_(body(report(path("two.gz"))), TIMELESS, "a file of two members")
    with open(path("two.gz"), "rb") as file:
        data = file.read()
    done_ = subprocess.run(
        [os.path.join(TOP, "smtpd-report")], input=data, check=False,
        capture_output=True, env={"LC_ALL": "C.UTF-8", "COLUMNS": "100"})
    is_(body(done_.stdout.decode()), TIMELESS, "and on standard input")
    with open(path("cut.gz"), "wb") as file:
        file.write(data[:-1000])
    like(report(path("cut.gz"), status=111),
         r"fatal: unable to read \S+cut\.gz: damaged gzip\n", "a damaged one")

with case("several"):
    first, second = ([line for line in LINES
                      if int(line[1].split()[1]) % 2 == odd] for odd in (0, 1))
    multilog(first, path("465"))
    write("mail.log", "".join(f"{iso(t)} mx2 {text}\n" for t, text in second))
    text = report(path("465"), path("mail.log"))
    is_(body(text), WANTED,
        "half a log here, half of it there: the same report")
    for name, lines in (("465", first), ("mx2", second)):
        like(text, rf"\n{name} +{len(lines):,} ", f"{name} is told apart")

with case("a year that is not there"):
    name = write("year", "Dec 31 23:59:59 mx smtpd-auth: 1 192.0.2.1 connect\n"
                 "Jan  1 00:00:01 mx smtpd-auth: 1 192.0.2.1 end seconds=2.0 "
                 "messages=0 reason=quit\n")
    os.utime(name, (1798761700, 1798761700))  # 2027-01-01
    like(report(name), r"^smtpd-auth: 2026-12-31 23:59 to 2027-01-01 00:00",
         "is that of the file, or the one before")

with case("time zones"):
    name = write("local", "Nov 27 12:30:00 mx smtpd-auth: 1 192.0.2.1 "
                 "connect port=25\n")
    os.utime(name, (DAY + 90000, DAY + 90000))
    text = report(name, env={"TZ": "CET-1"})
    like(text, r"^smtpd-auth: 2026-11-27 12:30 to 2026-11-27 12:30, times in "
         r"CET \(UTC\+0100\)\n", "syslog's times are local")
    like(text, r"local, as here\n", "and the report says that they are")
    text = report(path("587"), env={"TZ": "CET-1"})
    like(text, r"^smtpd-auth: 2026-11-27 01:00 to 2026-11-28 00:54", "tai64n "
         "is UTC, and shown as local")
    like(text, r" UTC\n", "and the report says what the log has")


def written(command, *arguments):
    """What a real logger makes of the lines."""
    directory = home("logger")
    done_ = subprocess.run(
        [command, *arguments, directory], input=TEXTS, text=True, check=False,
        capture_output=True)
    if done_.returncode:
        raise AssertionError(done_.stderr)
    return directory


def counted(text):
    """The numbers that no time touches."""
    return re.findall(r"^(?:Messages|Failed logins|Connections) .*$", text,
                      re.M)[:3]


for logger, arguments in (
        (shutil.which("multilog"), ("t", "s65536", "n100")),
        (f"{PEERS}/runit/usr/bin/svlogd", ("-tt",)),
        (f"{PEERS}/runit/usr/bin/svlogd", ("-t",)),
        (f"{PEERS}/s6/usr/bin/s6-log", ("t", "s65536", "n100")),
        (f"{PEERS}/s6/usr/bin/s6-log", ("T", "s65536", "n100"))):
    what = os.path.basename(logger or "multilog") + " " + arguments[0]
    if not logger or not os.path.exists(logger):
        skip(what, "it is not here: ./deps check")
        continue
    with case(what):
        os.environ["LD_LIBRARY_PATH"] = ":".join(
            f"{PEERS}/s6/{lib}/x86_64-linux-gnu" for lib in
            ("usr/lib", "lib"))
        directory = written(logger, *arguments)
        text = report(directory)
        is_(counted(text), counted(TIMELESS), f"{what}: what it wrote is read")
        ok("no line with a time" not in text, f"{what}: with its times")

done()
