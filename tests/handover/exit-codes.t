#!/usr/bin/env python3
"""Every exit code and every deadly signal of a queue program as a reply."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import queue_script  # noqa: E402

# The sender's local part says what to do: e31 exits 31, s9 dies of signal 9.
DO = r"""exec 5<&1
cat >/dev/null
what=$(tr '\0' '\n' <&5 | sed -n '1s/^F\([es][0-9]*\)@.*/\1/p')
case $what in
e*) exit ${what#e} ;;
s*) kill -${what#s} $$; sleep 1; exit 0 ;;
esac
exit 99
"""
WORDS = {  # what qmail's own table says
    11: "envelope address too long for qq", 31: "permanently rejected",
    51: "qq out of memory", 52: "qq timeout", 53: "write error or disk full",
    54: "qq read error", 55: "read configuration", 56: "network connection",
    61: "home directory", 62: "creating files in queue",
    63: "creating files in queue", 64: "creating files in queue",
    65: "creating files in queue", 66: "creating files in queue",
    71: "temporarily rejected", 72: "timed out", 73: "rejected",
    74: "communication with mail server failed", 81: "qq internal bug",
    91: "qq internal bug", 115: "envelope address too long for qq"}
IGNORED = (17, 18, 23, 28)  # SIGCHLD, CONT, URG, WINCH do not kill
STOPPING = (19, 20, 21, 22)


def expected(code):
    """DESIGN's table of exit codes."""
    if code == 0:
        return "250 2.0.0 ok "
    if code in (11, 115):
        return "554 5.1.3 "
    if code == 31:
        return "554 5.3.0 "
    if 11 <= code <= 40:
        return "554 5.0.0 "
    return "451 4.3.0 "


def send(c, sender, verb):
    """One message by DATA or BDAT; the last reply."""
    c.envelope(sender)
    if verb == "DATA":
        c.must(("DATA", "354"))
        c.send("Subject: x\r\n\r\ny\r\n.\r\n")
    else:
        c.send("BDAT 17 LAST\r\nSubject: x\r\n\r\ny\r\n")
    return c.reply()


def some_codes(job):
    """Several messages on one connection: it must go on after each."""
    server, verb, codes = job
    with case(f"exit codes {codes}, {verb}"), server.client() as c:
        c.hello()
        for code in codes:
            reply = send(c, f"e{code}@example.org", verb)
            starts(reply, expected(code), f"exit {code}, {verb}")
            if code in WORDS:
                like(reply, WORDS[code], f"exit {code}, {verb}: words")
            ok(len(reply.split("\n")) == 1, f"exit {code}, {verb}: one line")


with Server(env={"QMAILQUEUE": queue_script(DO)}) as server:
    jobs = [(server, verb, range(first, first + 16))
            for first in range(0, 256, 16) for verb in ("DATA", "BDAT")]
    parallel(some_codes, jobs, 6)
    with case("log of the exits"):
        server.wait_log(r"message (temp|refused) .*exit=\d+", 510)
        server.wait_log(r"message ok ", 2)
        ok("exit=0" not in server.log(), "an exit of 0 is not logged")
        for code, event in ((31, "refused"), (52, "temp"), (255, "temp")):
            like(server.log(), rf"message {event} .*exit={code}\b",
                 f"exit {code} is logged as {event}")

    def some_signals(signals):
        """Each signal that kills is 451."""
        with case(f"signals {signals}"), server.client() as c:
            for number in signals:
                starts(send(c, f"s{number}@example.org", "DATA"),
                       "451 4.3.0 ", f"signal {number}")
                server.wait_log(rf"message temp .*signal={number}\b")
    deadly = [n for n in range(1, 32) if n not in IGNORED + STOPPING]
    parallel(some_signals, [deadly[:14], deadly[14:]], 2)
    is_(server.wait_idle(3), [], "no process is left")

with case("stopped"), Server(env={"QMAILQUEUE": queue_script(DO),
                                  "TIMEOUTQUEUE": "1"}) as server:
    with server.client() as c:
        starts(send(c, "s19@example.org", "DATA"), "451 4.3.0 ",
               "a stopped one is over its time")
        starts(send(c, "e0@example.org", "DATA"), "250 ", "and then goes on")

done()
