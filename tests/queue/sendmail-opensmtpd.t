#!/usr/bin/env python3
"""queue-sendmail in front of OpenSMTPD's sendmail."""
import glob
import os
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import case, done, is_, like  # noqa: E402
from support.extra_process import wait_for  # noqa: E402
from support.extra_sendmail import (  # noqa: E402
    Sink, checks_of_arrival, checks_of_many, checks_of_nothing,
    checks_of_server, directory, envelope, private, queue, text, write)

CONF = """
listen on socket
action "out" relay host smtp://127.0.0.1:{port}
match from any for any action "out"
"""

private("opensmtpd", {"opensmtpd": 4711, "opensmtpq": 4712})
sink = Sink()
write("/etc/smtpd.conf", CONF.format(port=sink.port))
write("/etc/mailname", "mx.example.org\n")
directory("/var/spool/smtpd", 0o711)
for path in ("/run/opensmtpd", "/var/empty", "/var/lib/opensmtpd/empty"):
    directory(path, 0o711)
shutil.chown("/usr/sbin/smtpctl", "root", "opensmtpq")
os.chmod("/usr/sbin/smtpctl", 0o2755)
daemon = subprocess.Popen(["/usr/sbin/smtpd", "-d"])


def waiting():
    """Messages in the queue."""
    return len(glob.glob("/var/spool/smtpd/queue/*/*") +
               glob.glob("/var/spool/smtpd/incoming/*/*"))


try:
    wait_for(lambda: os.path.exists("/run/smtpd.sock"), "the socket")
    checks_of_arrival(sink, quoted=False)
    checks_of_many(sink, 900)
    checks_of_server(sink)
    checks_of_nothing(sink, waiting)
    with case("OpenSMTPD says no"):
        recipients = [f"user{n}@example.net" for n in range(2000)]
        got = queue(text("no"), envelope("joe@example.com", *recipients))
        is_((got.code, got.custom), (71, b""), "too many: for now")
        like(got.log, "Too many recipients", "and logged")
        is_(sink.wait("no"), [], "nothing is sent")
finally:
    daemon.terminate()
    daemon.wait()
done()
