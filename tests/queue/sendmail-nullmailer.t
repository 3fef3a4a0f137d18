#!/usr/bin/env python3
"""queue-sendmail in front of nullmailer's sendmail."""
import os
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like  # noqa: E402
from support.extra_sendmail import (  # noqa: E402
    Sink, checks_of_arrival, checks_of_many, checks_of_nothing,
    checks_of_server, directory, envelope, private, queue, text, write)

SPOOL = "/var/spool/nullmailer"

private("nullmailer", {})
sink = Sink()
write("/etc/nullmailer/remotes", f"127.0.0.1 smtp --port={sink.port}\n")
write("/etc/nullmailer/me", "mx.example.org\n")
write("/etc/mailname", "mx.example.org\n")
for name in ("queue", "tmp", "failed"):
    directory(os.path.join(SPOOL, name), 0o700, "mail")
os.mkfifo(SPOOL + "/trigger")
os.chmod(SPOOL + "/trigger", 0o622)
shutil.chown(SPOOL + "/trigger", "mail", "mail")
shutil.chown("/usr/sbin/nullmailer-queue", "mail", "root")
os.chmod("/usr/sbin/nullmailer-queue", 0o4755)
sender = subprocess.Popen(["/usr/sbin/nullmailer-send"], user="mail",
                          group="mail", extra_groups=[], cwd=SPOOL,
                          stdout=subprocess.DEVNULL)


def waiting():
    """Messages in the queue."""
    return len(os.listdir(SPOOL + "/queue") + os.listdir(SPOOL + "/tmp"))


try:
    checks_of_arrival(sink, quoted=False)
    checks_of_many(sink)
    checks_of_server(sink)
    checks_of_nothing(sink, waiting)
    with case("nullmailer says no"):
        os.chmod("/usr/sbin/nullmailer-queue", 0o755)
        got = queue(text("no"), envelope("joe@example.com", "a@example.net"))
        is_((got.code, got.custom), (71, b""), "not set up: for now")
        like(got.log, "exit 1", "and logged")
        is_((waiting(), sink.wait("no")), (0, []), "nothing is queued")
finally:
    sender.terminate()
    sender.wait()
done()
