#!/usr/bin/env python3
"""smtpd-report -m and -u: what became of one message of a real server, and
all that one login did."""
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import DAY, Connections, label, report

USERS = {"joe@example.com": "secret", "ann@example.com": "secret"}


def lines_of(text):
    """The lines of the log, without mark and time."""
    return re.findall(r"^[> ] (?:\(no time\)|[-0-9]{10} [:0-9]{8})  (.*)$",
                      text, re.M)


with case("a real server"), Server(users=USERS, certificate="ec") as server:
    for user in USERS:
        with server.client() as c:
            c.hello()
            c.starttls()
            c.hello()
            c.login("PLAIN", user, "wrong")
            c.login("PLAIN", user, "secret")
            c.message(f"Message-ID: <{user}>\r\n\r\nx\r\n", user,
                      "c@example.net")
            c.command("QUIT")
            c.rest()
        ok(server.wait_log(rf"end seconds=\S+ messages=1 reason=quit"),
           "the connection ended")
    log = server.log()
    joe = [line[12:] for line in log.splitlines() if line.startswith(
        "smtpd-auth: " + re.search(r"(\d+) \S+ message ok .*user=joe",
                                   log)[1] + " ")]
    found = re.search(r"message ok id=(\S+) user=joe@example\.com .* "
                      r"qp=(\d+) msgid=(\S+)", log)
    is_(len(joe), 6, "connect, tls, two of auth, message, end")
    for what in (found[1], found[2], found[3], f"<{found[3]}>",
                 "Joe@Example.com"):
        text = report("-m", what, stdin=log)
        is_(lines_of(text), joe, f"-m {what}: the connection's lines in order")
        like(text, rf"(?m)^> .* message ok id={found[1]} ", "it is marked")
        is_(len(re.findall("^> ", text, re.M)), 1, "it alone")
        ok(f"grep -F ' qp {found[2]} ' " in text and
           f"grep -F 'message-id=<{found[3]}>' " in text and
           f"grep -F 'id={found[3]}' " in text, "what to search for")
    like(report("-m", "127.0.0.1", stdin=log), r"(?s)^connection.*\nconnection",
         "-m with an address of the network: its connections")
    like(report("-m", "nobody@example.com", stdin=log),
         r"^nothing found of nobody@example\.com\n$", "nothing")
    text = report("-u", "joe@example.com", stdin=log)
    is_(lines_of(text.split("\n\n")[0]), joe, "-u: all that he did")
    like(text, r"\nMessages +1  1 recipient\n", "counted alone")
    like(text, r"\nFailed logins +1\n", "his failure, too")
    ok("ann@" not in text, "nobody else")

with case("a busy log"):
    made = Connections()
    for i in range(300):
        made.connection(DAY + i / 10, "192.0.2.1", f"auth ok user=u{i} mech=X",
                        made.message(f"u{i}", number=4000 + i))
    # Its end was lost, and the process id comes again.
    made.put(DAY + 50, 5, "192.0.2.5", "connect port=25")
    made.put(DAY + 51, 5, "192.0.2.5", made.message("lost", number=9))
    made.put(DAY + 60, 5, "192.0.2.5", "connect port=25")
    made.put(DAY + 61, 5, "192.0.2.5", made.message("later", number=8))
    # More lines than are kept.
    made.put(DAY + 70, 6, "192.0.2.6", "connect port=25")
    for i in range(400):
        made.put(DAY + 70 + i / 100, 6, "192.0.2.6",
                 f"rcpt refused rcpt=x{i}@example.net reason=relay")
    made.put(DAY + 75, 6, "192.0.2.6", made.message("many", number=7))
    made.put(DAY + 76, 6, "192.0.2.6", "end seconds=6.0 messages=1 "
             "reason=quit")
    log = "".join(f"{label(t)} {line}\n" for t, line in made.sorted())
    text = report("-m", "u150", stdin=log)
    is_(len(lines_of(text)), 5, "one connection among many")
    text = report("-m", "lost", stdin=log)
    is_(len(lines_of(text)), 2, "a lost end ends at the next connect")
    text = report("-m", "many", stdin=log)
    found = re.search(r"\n  \((\d+) lines more\)\n> .* message ok .*\n"
                      r"  .* end .*\n", text)
    ok(found, "a long one keeps its begin, the message and the end", text)
    is_(len(lines_of(text)) + int(found[1]), 403, "and says what is left out")

done()
