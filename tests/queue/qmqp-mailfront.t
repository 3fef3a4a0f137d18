#!/usr/bin/env python3
"""queue-qmqp in front of mailfront, whose queue program is queue-maildir; and
in front of a tcpserver that lets nobody in."""
import os
import pwd
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import ROOT, case, done, home, is_, like, ok, skip_all  # noqa: E402
from support import place  # noqa: E402
from support.extra_qmqp import Site  # noqa: E402
from support.extra_sendmail import envelope, text  # noqa: E402

PEER = os.path.join(place.TOP, "build", "peers", "mailfront")
if not os.path.exists(PEER + "/.complete"):
    skip_all("mailfront is not unpacked: ./deps check")
# Where nobody, whom it runs as, may reach it.
PEER = shutil.copytree(PEER, home("peer") + "/mailfront", symlinks=True)


class Mailfront:
    """One behind a tcpserver, with a Maildir."""

    def __init__(self, *words, rules=(), env=None):
        self.maildir = os.path.join(home("maildir"), "Maildir")
        account = ()
        if ROOT:
            user = pwd.getpwnam("nobody")
            account = ("-u", str(user.pw_uid), "-g", str(user.pw_gid))
            os.chown(os.path.dirname(self.maildir), user.pw_uid, user.pw_gid)
        self.process = subprocess.Popen(
            ["tcpserver", "-1RHl0", *rules, *account, "127.0.0.1", "0",
             PEER + "/usr/sbin/mailfront", *words],
            env={"PATH": os.environ["PATH"],
                 "LD_LIBRARY_PATH": PEER + "/usr/lib:" + PEER +
                 "/usr/lib/x86_64-linux-gnu",
                 "MODULE_PATH": PEER + "/usr/lib/mailfront", "PROTO": "TCP",
                 "QMAILQUEUE": place.installed("queue-maildir"),
                 "QUEUE_MAILDIR": self.maildir, "QMAILHOME": "/",
                 **(env or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        self.name = f"127.0.0.1:{int(self.process.stdout.readline())}"

    def taken(self):
        """The messages in its Maildir."""
        found = []
        if os.path.isdir(self.maildir + "/new"):
            for name in os.listdir(self.maildir + "/new"):
                with open(f"{self.maildir}/new/{name}", "rb") as file:
                    found.append(file.read())
        return found

    def stop(self):
        """At the end."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def queue(through, *recipients, body="one\n.\n", **how):
    """One message through it."""
    return through.queue(text("x", body).encode(), envelope(
        "joe@example.com", *(recipients or ("ann@example.net",))), **how)


SERVERS = []


def mailfront(*words, **how):
    """One, stopped at the end."""
    SERVERS.append(Mailfront(*words, **how))
    return SERVERS[-1]


try:
    with case("a message"):
        server = mailfront("qmqp", "qmail", "accept")
        got = queue(Site(server), "ann@example.net", "bob@example.org")
        is_((got.code, got.custom), (0, b""), "is taken")
        like(got.log, rf"\Aqueue-qmqp: {server.name}: answer=K\S[^\n]*\n\Z",
             "one line")
        message, = server.taken()
        ok(message.startswith(b"Return-Path: <joe@example.com>\nDelivered-To: "
                              b"ann@example.net\nDelivered-To: bob@example.org"
                              b"\n"), "the envelope arrives", message)
        ok(message.endswith(text("x", "one\n.\n").encode()), "the message",
           message)
        body = ("x" * 70 + "\n") * 50000
        is_(queue(Site(server), *(f"u{n}@example.net" for n in range(1000)),
                  body=body).code, 0, "3.5 MB for 1000 recipients")
        ok(any(len(message) > len(body) for message in server.taken()),
           "arrive")
        is_(len(server.taken()), 2, "both once")
    with case("an answer of its queue program"):
        refuse = os.path.join(home("program"), "refuse")
        place.write(refuse, "#!/bin/sh\ncat >/dev/null\ncat <&1 >/dev/null\n"
                    "exit $(cat " + refuse + ".exit)\n", 0o755)
        other = mailfront("qmqp", "qmail", "accept",
                          env={"QMAILQUEUE": refuse})
        for code, letter in ((31, b"D"), (71, b"Z"), (53, b"Z")):
            place.write(refuse + ".exit", str(code))
            got = queue(Site(other, server))
            is_((got.code, got.custom[:1]), (82, letter),
                f"exit {code} there: {got.custom}")
        is_(len(server.taken()), 2, "no other server is asked")
    with case("no rule accepts us"):
        closed = mailfront("qmqp", "qmail")
        got = queue(Site(closed, server))
        is_((got.code, len(server.taken())), (0, 3), "the next one has it")
        like(got.log, rf"\Aqueue-qmqp: {closed.name}: answer=D[^\n]*"
             r"not configured to accept", "and the log says who does not")
        got = queue(Site(closed))
        is_((got.code, got.custom[:6], closed.taken()), (82, b"Z4.3.5", []),
            "no bounce where there is none")
    with case("tcpserver lets nobody in"):
        rules = os.path.join(home("rules"), "rules.cdb")
        subprocess.run(["tcprules", rules, rules + ".new"], input=":deny\n",
                       text=True, check=True)
        os.chmod(rules, 0o644)
        shut = mailfront("qmqp", "qmail", "accept", rules=("-x", rules))
        for size, count in ((3, 20), (6000000, 2)):
            before = len(server.taken())
            codes = [queue(Site(shut, server), body="x\n" * size).code
                     for _ in range(count)]
            # The close may come behind the comma of a small one.
            is_((set(codes) <= {0, 74 if size == 3 else 0}, shut.taken(),
                 len(server.taken()) - before), (True, [], codes.count(0)),
                f"{size} lines: the next one has it, or nobody: {codes}")
finally:
    for one in SERVERS:
        one.stop()
done()
