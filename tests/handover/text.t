#!/usr/bin/env python3
"""A queue program's own words on ERROR_FD."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import queue_script  # noqa: E402

LONG = "long words " * 200
TEMPORARY = "451 4.3.0 "
ROWS = (  # what the program says, the reply, what
    ("Drefused", "554 5.0.0 refused", "D"),
    ("Zlater", "451 4.3.0 later", "Z"),
    ("Xother", TEMPORARY, "X"),
    ("dsmall", TEMPORARY, "a small d"),
    ("", TEMPORARY, "nothing"),
    ("\n", TEMPORARY, "an empty line"),
    ("\nDsecond", TEMPORARY, "a D in the second line"),
    ("D", "554 5.0.0 mail server permanently rejected message", "D alone"),
    ("Z", "451 4.3.0 mail server temporarily rejected message", "Z alone"),
    ("D5.7.1 no", "554 5.7.1 no", "a code in front"),
    ("Z4.7.1 no", "451 4.7.1 no", "a code in front, Z"),
    ("D4.7.1 no", "554 5.0.0 no", "a code that doesn't fit"),
    ("Z5.7.1 no", "451 4.3.0 no", "a code that doesn't fit, Z"),
    ("D2.0.0 ok", "554 5.0.0 ok", "a code of success"),
    ("Dspam (#5.7.1)", "554 5.7.1 spam", "a code at the end"),
    ("Zbusy (#4.3.2)", "451 4.3.2 busy", "a code at the end, Z"),
    ("D(#5.7.1) spam", "554 5.7.1 spam", "a marked code in front"),
    ("Dspam (#4.7.1)", "554 5.0.0 spam", "a marked code that doesn't fit"),
    ("D550 5.7.1 no", "554 5.7.1 no", "a whole reply"),
    ("D554-5.7.1 no", "554 5.7.1 no", "a reply of several lines"),
    ("Done\nD two", "554 5.0.0 one", "several lines"),
    ("Done\r\n250 ok", "554 5.0.0 one", "CR LF"),
    ("Dwith\r250 ok", "554 5.0.0 with", "CR"),
    ("Dtab\there", "554 5.0.0 tab here", "a tab"),
    ("D\033[31mred\a", "554 5.0.0 ?[31mred?", "control characters"),
    ("D\u00fcber", "554 5.0.0 \u00fcber", "UTF-8"),
)


def say(text, code, error_fd=6, octets=None):
    """A program that reads all, says that, exits so."""
    data = octets if octets is not None else text.encode()
    quoted = "".join(f"\\{byte:03o}" for byte in data)
    return queue_script("cat >/dev/null; cat <&1 >/dev/null\n"
                        f"printf '{quoted}' >&{error_fd}\nexit {code}\n")


def once(path, **env):
    """The reply to a message, and to the next on the same connection."""
    with Server(env={"QMAILQUEUE": path, **env}) as server:
        with server.client() as c:
            reply = c.message()
            second = c.message()
            return str(reply), str(second)


def row(item):
    """One text with each of the two exit codes."""
    text, expected, what = item
    for code in (82, 88):
        with case(f"{what}, {code}"):
            reply, second = once(say(text, code))
            if expected == TEMPORARY:
                starts(reply, expected, f"{what}, exit {code}")
            else:
                is_(reply, expected, f"{what}, exit {code}")
            is_(second, reply, f"{what}, exit {code}: the same again")


parallel(row, ROWS, 6)

with case("long"):
    reply, _ = once(say("D" + LONG, 82))
    starts(reply, "554 5.0.0 long words long words", "a long text is said")
    ok(100 < len(reply) <= 420, "a long text is cut", len(reply))
    reply, _ = once(say("Z" + "z" * 70000, 82))
    starts(reply, "451 4.3.0 zzzz", "a text larger than a pipe")
    ok(len(reply) <= 420, "a text larger than a pipe is cut", len(reply))
    reply, _ = once(say("", 82, octets=b"D\377\376x\200"))
    starts(reply, "554 5.0.0 ", "bytes that are no text")
    ok(reply.isascii(), "bytes that are no text do not go out", reply)
    reply, _ = once(say("", 82, octets=b"Dno\0yes"))
    starts(reply, "554 5.0.0 no", "NUL")
    ok("\0" not in reply and "yes" not in reply, "NUL ends the text", reply)

with case("other exits"):
    for code, start in ((31, "554 5.3.0 "), (71, "451 4.3.0 "),
                        (0, "250 2.0.0 ok ")):
        reply, _ = once(say("Dmy own words", code))
        starts(reply, start, f"exit {code}: with a text")
        ok("own words" not in reply, f"exit {code}: the text is not taken",
           reply)


def descriptor(number):
    """ERROR_FD names it."""
    with case(f"ERROR_FD={number}"):
        reply, second = once(say("Dby number", 82, number),
                             ERROR_FD=str(number))
        is_(reply, "554 5.0.0 by number", f"ERROR_FD={number}")
        is_(second, reply, f"ERROR_FD={number}: again")


parallel(descriptor, range(2, 10), 4)

with case("in pieces"):
    path = queue_script("cat >/dev/null; cat <&1 >/dev/null\n"
                        "for word in D5.7.1\\  one\\  two\\  three; do\n"
                        "printf %s \"$word\" >&6; sleep 0.05; done; exit 82\n")
    reply, _ = once(path)
    is_(reply, "554 5.7.1 one two three", "a text in pieces")
    path = queue_script("printf Dbefore >&6; cat >/dev/null; "
                        "cat <&1 >/dev/null; exit 82\n")
    reply, _ = once(path)
    is_(reply, "554 5.0.0 before", "a text before the message was read")
    path = queue_script("exec 6>&-; cat >/dev/null; cat <&1 >/dev/null\n"
                        "exit 82\n")
    reply, _ = once(path)
    starts(reply, "451 4.3.0 ", "ERROR_FD closed without a word")

with case("a child that outlives it"):
    path = queue_script("cat >/dev/null; cat <&1 >/dev/null\n"
                        "(sleep 5; echo late >&6) & printf Dnow >&6; "
                        "exit 82\n")
    reply, _ = once(path)
    is_(reply, "554 5.0.0 now",
        "a child that holds ERROR_FD doesn't hold up the reply")

done()
