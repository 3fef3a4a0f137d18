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
    Sink, checks_of_arrival, checks_of_killed, checks_of_many,
    checks_of_nothing, checks_of_server, directory, envelope, private, queue,
    text, write)

SOCKET = "/run/smtpd.sock"
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
directory("/var/spool/smtpd/offline", 0o770, "root", "opensmtpq")
daemon = None


def start():
    """The daemon, which ends when a sendmail is killed that talks with it:
    anew."""
    global daemon
    stop()
    daemon = subprocess.Popen(["/usr/sbin/smtpd", "-d"],
                              stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(SOCKET), "the socket")


def stop():
    """It and all its processes."""
    if daemon:
        daemon.terminate()
        daemon.wait()
    if os.path.exists(SOCKET):
        os.unlink(SOCKET)


def waiting():
    """Messages in the queue."""
    return len(glob.glob("/var/spool/smtpd/queue/*/*") +
               glob.glob("/var/spool/smtpd/incoming/*/*"))


try:
    start()
    checks_of_arrival(sink, quoted=False)
    checks_of_many(sink, 900)
    checks_of_server(sink)
    checks_of_nothing(sink, waiting)
    with case("OpenSMTPD says no"):
        recipients = [f"user{n}@example.net" for n in range(2000)]
        got = queue(text("no"), envelope("joe@example.com", *recipients))
        is_((got.code, got.custom), (71, b""), "too many: for now")
        like(got.log, "Too many recipients", "and logged")
        is_(sink.found("no"), [], "nothing is sent")
    checks_of_killed(sink, start)
    with case("no daemon"):
        stop()
        got = queue(text("offline"), envelope("joe@example.com", "a@b.example"))
        is_((got.code, got.custom), (71, b""),
            "for now, says OpenSMTPD, though it keeps the message")
        start()
        is_(len(sink.expect("offline")), 1, "and sends it later")
finally:
    stop()
done()
