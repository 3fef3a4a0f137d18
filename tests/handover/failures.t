#!/usr/bin/env python3
"""Queue programs that do not do their work: nothing counts as queued."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import gone, queue_script, wait_for  # noqa: E402

BODY = b"Subject: x\r\n\r\n" + b"y" * 1000 + b"\r\n"
LARGE = (b"z" * 1022 + b"\r\n") * 5120  # 5 MB
# The second message on the connection is told by its sender.
READ = "cat >/dev/null; cat <&1 >/dev/null; "
ROWS = (  # the program, the reply, what; with the message of which size
    ("exit 0", "451 4.3.0 ", "exit 0 without reading", BODY),
    ("exit 0", "451 4.3.0 ", "exit 0 without reading 5 MB", LARGE),
    ("exit 0", "451 4.3.0 ", "exit 0 without reading nothing", b""),
    ("head -c 200 >/dev/null; exit 0", "451 4.3.0 ", "reads a part", BODY),
    ("dd bs=100 count=1 of=/dev/null 2>/dev/null; cat <&1 >/dev/null; exit 0",
     "451 4.3.0 ", "reads a part, and the envelope", BODY),
    ("cat >/dev/null; exit 0", "451 4.3.0 ", "does not read the envelope",
     BODY),
    ("cat >/dev/null; dd bs=5 count=1 <&1 >/dev/null 2>&1; exit 0",
     "451 4.3.0 ", "reads a part of the envelope", BODY),
    ("cat >/dev/null; exec 1>&-; exit 0", "451 4.3.0 ",
     "closes the envelope", BODY),
    ("exec 0<&-; cat <&1 >/dev/null; exit 0", "451 4.3.0 ",
     "closes the message at once", BODY),
    ("exec 0<&-; exit 31", "554 5.3.0 ", "closes the message, exit 31",
     LARGE),
    ("exit 31", "554 5.3.0 ", "exit 31 at once", BODY),
    ("exit 31", "554 5.3.0 ", "exit 31 at once, 5 MB", LARGE),
    ("dd bs=4096 count=500 2>/dev/null >/dev/null; exit 31", "554 5.3.0 ",
     "exit 31 in the middle of 5 MB", LARGE),
    ("exit 11", "554 5.1.3 ", "exit 11 at once", BODY),
    ("dd bs=4096 count=9 2>/dev/null >/dev/null; printf D5.7.1\\ spam >&6; "
     "exit 82", "554 5.7.1 spam", "own words in the middle", LARGE),
    ("exit 53", "451 4.3.0 ", "exit 53 at once", LARGE),
    ("kill -9 $$", "451 4.3.0 ", "killed at once", LARGE),
    ("sleep 0.4; " + READ + "exit 0", "250 2.0.0 ", "starts late", LARGE),
    (READ + "sleep 0.4; exit 0", "250 2.0.0 ", "ends late", BODY),
    ("dd bs=4096 2>/dev/null | (sleep 0.3; cat >/dev/null); "
     "cat <&1 >/dev/null; exit 0", "250 2.0.0 ", "reads slowly", LARGE),
    (READ + "head -c 300000 /dev/zero | tr '\\0' x >&2; exit 0",
     "250 2.0.0 ", "talks much on 2", BODY),
    (READ + "head -c 300000 /dev/zero | tr '\\0' x >&6; exit 0",
     "250 2.0.0 ", "talks much on ERROR_FD", BODY),
    ("head -c 300000 /dev/zero | tr '\\0' x >&6; " + READ + "exit 0",
     "250 2.0.0 ", "talks much before it reads", LARGE),
    (READ + "echo x >&1; exit 0", "250 2.0.0 ",
     "writes on 1, which is the envelope's read end", BODY),
)


def row(item):
    """One program; twice on a connection, by DATA and by BDAT."""
    script, start, what, body = item
    with case(what), Server(env={"QMAILQUEUE": queue_script(script)},
                            ) as server:
        with server.client() as c:
            starts(c.message(body), start, what)
            c.envelope()
            c.send(b"BDAT %d LAST\r\n" % len(body) + body)
            starts(c.reply(), start, what + ", by BDAT")
            starts(c.message(body), start, what + ", once more")
            is_(c.command("QUIT")[:3], "221", what + ": goes on")
        is_(server.wait_idle(3), [], what + ": no process is left")
        is_("message ok" in server.log(), start[0] == "2",
            what + ": logged as queued?")


parallel(row, ROWS, 4)


def unusable(what, path, reason):
    """A program that can't be run at all."""
    with case(what), Server(env={"QMAILQUEUE": path}) as server:
        with server.client() as c:
            c.envelope()
            starts(c.command("DATA"), "451 4.3.0 ", what)
            like(server.wait_log("config fail .*")[0][0],
                 f"file={path} reason=.*{reason}", what + ": logged")
            c.command("RSET")
            c.envelope()
            c.send(b"BDAT 3 LAST\r\nx\r\n")
            starts(c.reply(), "451 4.3.0 ", what + ", by BDAT")
            starts(c.command("NOOP"), "250 ", what + ": in step")
        is_(server.wait_idle(3), [], what + ": no process is left")


unusable("missing", "/nonexistent/queue", "No")
unusable("not executable", queue_script("exit 0\n", mode=0o644), "ermission")
unusable("a directory", home(), "ermission")
with case("mended"):
    path = os.path.join(home(), "queue")
    with Server(env={"QMAILQUEUE": path}) as server, server.client() as c:
        c.envelope()
        starts(c.command("DATA"), "451 4.3.0 ", "mended: missing at first")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + READ + "exit 0\n")
        os.chmod(path, 0o755)
        c.command("RSET")
        starts(c.message(), "250 2.0.0 ", "mended: works at once")

HANGS = (  # the program, what
    ("sleep 1000 & sleep 1000", "reads nothing", BODY),
    (READ + "sleep 1000 & (sleep 1000 & sleep 1000) & sleep 1000", "reads all",
     BODY),
    ("cat >/dev/null; sleep 1000", "does not read the envelope", BODY),
    ("trap '' TERM INT HUP; " + READ + "while :; do sleep 1000; done",
     "is deaf", BODY),
    ("sleep 1000", "with 5 MB in front of it", LARGE),
    # Both wait for the other: the envelope follows the whole message.
    ("exec 0<&-; cat <&1 >/dev/null; exit 0", "closes 5 MB at once", LARGE),
    ("dd bs=100 count=3 of=/dev/null 2>/dev/null; cat <&1 >/dev/null",
     "reads a part of 5 MB, and the envelope", LARGE),
)


def hang(item):
    """timeoutqueue ends it and all of its group."""
    script, what, body = item
    what = "hangs: " + what
    path = queue_script(f'echo $$ >>"$RECORD_DIR/pids"\n{script}\n')
    with case(what), Server(env={"QMAILQUEUE": path,
                                 "TIMEOUTQUEUE": "1"}) as server:
        with server.client() as c:
            watch = Stopwatch()
            starts(c.message(body), "451 4.3.0 ", what)
            took(watch, 0.9, 4, what + ": after timeoutqueue")
            with open(server.record_directory + "/pids",
                      encoding="ascii") as file:
                group = int(file.read().split()[0])
            # The keeper and the session are still there.
            wait_for(lambda: len(server.processes()) == 2,
                     "the end of the group", 3)
            is_(len(server.processes()), 2,
                what + ": its children are gone, too")
            is_(gone([group], 1), [], what + ": it is gone")
            like(server.wait_log("message temp .*")[0][0],
                 r"exit=(timeout|0)\b", what + ": logged")
            starts(c.command("NOOP"), "250 ", what + ": goes on")


parallel(hang, HANGS, 4)

done()
