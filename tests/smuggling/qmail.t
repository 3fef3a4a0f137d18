#!/usr/bin/env python3
"""Smuggling through us into qmail, and out again. Debian has no qmail:
QMAIL_SOURCE names a directory with that of notqmail, which is built here and
installed in a namespace of the test's own."""
import os
import pwd
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, skip_all  # noqa: E402
from support import place  # noqa: E402
from support.extra_namespace import enter, lay_over, make_room  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_sendmail import Sink, append, write  # noqa: E402
from support.extra_smuggling import smuggle  # noqa: E402

ACCOUNTS = {"alias": "nofiles", "qmaild": "nofiles", "qmaill": "nofiles",
            "qmailp": "nofiles", "qmailq": "qmail", "qmailr": "qmail",
            "qmails": "qmail"}
GROUPS = {"qmail": 4720, "nofiles": 4721}
HOME = "/var/qmail"

if not os.environ.get("QMAIL_SOURCE"):
    skip_all("QMAIL_SOURCE names no source of notqmail")
enter()
room = make_room()
for name in ("etc", "var"):
    lay_over("/" + name, room)
for name, number in GROUPS.items():
    append("/etc/group", f"{name}:x:{number}:\n")
for number, (name, group) in enumerate(ACCOUNTS.items(), 4720):
    append("/etc/passwd",
           f"{name}:x:{number}:{GROUPS[group]}::{HOME}:/bin/false\n")
source = os.path.join(place.home("qmail"), "source")
shutil.copytree(os.environ["QMAIL_SOURCE"], source, symlinks=True)
with open(place.base() + "/qmail.log", "wb") as log:
    subprocess.run(["make", "it", "setup", "check"], cwd=source, check=True,
                   stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
pwd.getpwnam("qmails")
sink = Sink()
for name, text in (("me", "mx.example.org"), ("locals", ""),
                   ("smtproutes", f":127.0.0.1:{sink.port}"),
                   ("concurrencyremote", "20")):
    write(f"{HOME}/control/{name}", text + "\n" if text else "")
with case("qmail"), open(place.base() + "/send.log", "wb") as log:
    # qmail-start wants a logger, which takes its lines.
    sender = subprocess.Popen(
        [HOME + "/bin/qmail-start", "./Mailbox", "cat"], stdout=log,
        stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
        env={"PATH": f"{HOME}/bin:" + os.environ["PATH"]})

    def waiting():
        """Messages in the queue."""
        said = subprocess.run([HOME + "/bin/qmail-qstat"], check=True,
                              capture_output=True, text=True).stdout
        return int(said.split("messages in queue: ")[1].split()[0])

    try:
        wait_for(lambda: waiting() == 0, "a queue")
        smuggle("qmail", HOME + "/bin/qmail-queue", sink, waiting)
    finally:
        os.killpg(sender.pid, signal.SIGTERM)
        sender.wait()
done()
