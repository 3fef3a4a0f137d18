#!/usr/bin/env python3
"""queue-sendmail in front of Postfix's sendmail."""
import glob
import os
import re
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like, ok  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_sendmail import (  # noqa: E402
    Sink, checks_of_arrival, checks_of_killed, checks_of_many,
    checks_of_nothing, checks_of_server, checks_of_utf8, directory, envelope,
    private, queue, text, write)

SPOOL = "/var/spool/postfix"
MAIN = """
compatibility_level = 3.6
myhostname = mx.example.org
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
relayhost = [127.0.0.1]:{port}
smtp_host_lookup = native
queue_minfree = 0
allow_min_user = yes
maillog_file = /var/log/postfix.log
"""
MASTER = """
pickup   unix n - n 60    1 pickup
cleanup  unix n - n -     0 cleanup
qmgr     unix n - n 300   1 qmgr
rewrite  unix - - n -     - trivial-rewrite
bounce   unix - - n -     0 bounce
defer    unix - - n -     0 bounce
trace    unix - - n -     0 bounce
proxymap unix - - n -     - proxymap
smtp     unix - - n -     - smtp
error    unix - - n -     - error
retry    unix - - n -     - error
discard  unix - - n -     - discard
showq    unix n - n -     - showq
postlog  unix-dgram n - n -     1 postlogd
"""

private("postfix", {"postfix": 4711, "postdrop": 4712})
sink = Sink()
write("/etc/postfix/main.cf", MAIN.format(port=sink.port))
write("/etc/postfix/master.cf", MASTER)
for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush",
             "hold", "incoming", "private", "saved", "trace"):
    directory(os.path.join(SPOOL, name), 0o700, "postfix", "root")
directory(SPOOL, 0o755)
directory(SPOOL + "/pid", 0o755)
directory(SPOOL + "/maildrop", 0o1730, "postfix", "postdrop")
directory(SPOOL + "/public", 0o2710, "postfix", "postdrop")
directory("/var/lib/postfix", 0o755, "postfix", "postfix")
for program in ("postdrop", "postqueue"):
    os.chown("/usr/sbin/" + program, 0, 4712)
    os.chmod("/usr/sbin/" + program, 0o2755)
master = subprocess.Popen(
    ["/usr/lib/postfix/sbin/master", "-d"], start_new_session=True,
    env={"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": "/usr/lib/postfix"},
    stdin=subprocess.DEVNULL)


def waiting():
    """Messages in the queue; those whose file is not executable were not
    written to the end, and do not count for Postfix."""
    return sum(os.path.isfile(name) and os.access(name, os.X_OK)
               for folder in ("maildrop", "incoming", "active", "deferred",
                              "corrupt")
               for name in glob.glob(f"{SPOOL}/{folder}/**", recursive=True))


try:
    wait_for(lambda: os.path.exists(SPOOL + "/public/pickup"), "pickup")
    checks_of_arrival(sink, quoted=True)
    checks_of_utf8(sink)
    checks_of_many(sink)
    msgid = checks_of_server(sink)
    with case("who is this qp"):
        # As docs/symptoms.md has it: msgid=, the queue id, what became of it.
        def log_lines(pattern):
            """Lines of Postfix's log; the match objects."""
            with open("/var/log/postfix.log", encoding="utf-8") as file:
                return list(re.finditer(f"(?m)^.*{pattern}.*$", file.read()))

        found = log_lines(
            rf"postfix/cleanup\S* (\w+): message-id=<{re.escape(msgid)}>")
        if is_(len(found), 1, "msgid= is a message-id of Postfix's log"):
            number = found[0][1]
            like(log_lines(f" {number}: uid=")[0][0], "postfix/pickup",
                 "its queue id: the account of queue-sendmail")
            wait_for(lambda: log_lines(f" {number}: to=<ann@example.net>"),
                     "the delivery in the log")
            like(log_lines(f" {number}: to=<ann@example.net>")[0][0],
                 "status=sent", "and what became of it")
    checks_of_nothing(sink, waiting)
    checks_of_killed(sink)
    with case("the header"):
        # -G: mail of another host's is not rewritten here.
        got = queue(text("header").replace("joe@example.com", "joe"),
                    envelope("joe@example.com", "ann@example.net"))
        is_((got.code, sink.expect("header")[0].header("From")), (0, "joe"),
            "stays as it is")
    with case("softlimit"):
        got = queue(text("small"), envelope("joe@example.com", "a@b.example"),
                    prefix=("softlimit", "-m", "8000000"))
        is_(got.code, 0, "under softlimit -m 8000000")
        is_(len(sink.expect("small")), 1, "too")
    with case("8-bit by name"):
        ok("BODY=8BITMIME" in sink.found("8-bit")[0].mail,
           "BODY arrives", sink.found("8-bit")[0].mail)
    with case("Postfix says no"):
        joe = envelope("joe@example.com", "ann@example.net")
        with open("/etc/postfix/main.cf", "a", encoding="utf-8") as file:
            file.write("message_size_limit = 2000\n")
        got = queue(text("no", "x\n" * 2000), joe)
        is_((got.code, got.custom), (71, b""), "too large: Postfix's is 75")
        like(got.log, "message file too big", "and the log says why")
        with open("/etc/postfix/main.cf", "a", encoding="utf-8") as file:
            file.write("authorized_submit_users = !nobody, static:all\n")
        got = queue(text("no"), joe)
        is_((got.code, got.custom), (71, b""), "the account may not: for now")
        like(got.log, "not allowed to submit", "and the log says why")
        write("/etc/postfix/main.cf", "")
        wait_for(lambda: waiting() == 0, "an empty queue")
        is_(sink.found("no"), [], "nothing is sent")
finally:
    os.killpg(master.pid, signal.SIGTERM)
    master.wait()
done()
