"""Postfix as if it were installed and set up to relay all to a Sink: what
queue-sendmail and queue-qmqp are put in front of. See extra_sendmail.private.
"""
import glob
import os
import signal
import subprocess

from .extra_sendmail import Sink, append, directory, private, write

SPOOL = "/var/spool/postfix"
LOG = "/var/log/postfix.log"
POSTDROP = 4712
ENVIRONMENT = {"PATH": os.environ["PATH"],
               "LD_LIBRARY_PATH": "/usr/lib/postfix"}
MAIN = f"""
compatibility_level = 3.6
myhostname = mx.example.org
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
queue_minfree = 0
maillog_file = {LOG}
"""
MASTER = """
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
postlog  unix-dgram n - n -     1 postlogd
"""
PICKUP = """
pickup   unix n - n 60    1 pickup
showq    unix n - n -     - showq
"""


class Postfix:
    """It runs from here on, with lines of main.cf and master.cf besides."""

    def __init__(self, settings="", services=""):
        private("postfix", {"postfix": 4711, "postdrop": POSTDROP})
        self.sink = Sink()
        write("/etc/postfix/main.cf", MAIN + settings +
              f"relayhost = [127.0.0.1]:{self.sink.port}\n")
        write("/etc/postfix/master.cf", MASTER + services)
        for name in ("active", "bounce", "corrupt", "defer", "deferred",
                     "flush", "hold", "incoming", "private", "saved", "trace"):
            directory(os.path.join(SPOOL, name), 0o700, "postfix", "root")
        directory(SPOOL, 0o755)
        directory(SPOOL + "/pid", 0o755)
        directory(SPOOL + "/maildrop", 0o1730, "postfix", "postdrop")
        directory(SPOOL + "/public", 0o2710, "postfix", "postdrop")
        directory("/var/lib/postfix", 0o755, "postfix", "postfix")
        for program in ("postdrop", "postqueue"):
            os.chown("/usr/sbin/" + program, 0, POSTDROP)
            os.chmod("/usr/sbin/" + program, 0o2755)
        self.master = subprocess.Popen(
            ["/usr/lib/postfix/sbin/master", "-d"], start_new_session=True,
            env=ENVIRONMENT, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.master.pid, signal.SIGTERM)
        self.master.wait()

    @staticmethod
    def waiting():
        """Messages in the queue; those whose file is not executable were not
        written to the end, and do not count for Postfix."""
        return sum(os.path.isfile(name) and os.access(name, os.X_OK)
                   for folder in ("maildrop", "incoming", "active",
                                  "deferred", "corrupt")
                   for name in glob.glob(f"{SPOOL}/{folder}/**",
                                         recursive=True))

    @staticmethod
    def setting(line):
        """One more; who is started from now on has it."""
        append("/etc/postfix/main.cf", line + "\n")
