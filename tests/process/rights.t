#!/usr/bin/env python3
"""Rights and system calls that a container takes away: 421 and a line that
says which, or mail all the same."""
import errno
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_namespace import MAPPED  # noqa: E402
from support.extra_process import queue_script  # noqa: E402

if not ROOT:
    skip_all("only root has rights to lose")

JOE = "joe@example.com"
# Of <asm/unistd.h>, the same on every architecture.
PIDFD_OPEN, CLOSE_RANGE, AFTER_5_9 = 434, 436, 440


class Without(Server):
    """Started by a launcher that takes something away."""

    def __init__(self, launcher, **options):
        self.launcher = launcher
        super().__init__(**options)

    def command(self):
        return [*self.launcher, *super().command()]


def refused(what, launcher, line, **options):
    """421, a line that says why, nothing left."""
    with case(what), Without(launcher, **options) as server:
        with server.client(greet=False) as c:
            is_(c.reply(), "421 4.3.0 service not available", what + ": 421")
            c.ends(what)
        server.wait_log(r"config fail " + line + "$")
        is_(server.wait_idle(2), [], what + ": nothing is left")


def served(what, launcher, **options):
    """A login and a message."""
    with case(what), Without(launcher, users={JOE: "secret"},
                             **options) as server, server.client() as c:
        c.hello()
        starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235",
               what + ": a login")
        starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
               "250 2.0.0", what + ": a message")


def missing(right):
    """A launcher: the bounding set lacks it, as --cap-drop leaves it."""
    return ["setpriv", "--bounding-set", "-" + right, "--"]


for name in ("sys_chroot", "setuid", "setgid", "kill"):
    word = f"CAP_{name.upper()}"
    refused(f"{word} is missing", missing(name),
            rf"file=\S+ reason=\S*{word}\\x20is\\x20missing",
            users={JOE: "secret"})
# No AUTH: the keeper does not want the right for itself.
refused("CAP_SYS_CHROOT is missing, no AUTH", missing("sys_chroot"),
        r"file=\S+ reason=\S*CAP_SYS_CHROOT\\x20is\\x20missing")
served("all others are missing",
       ["setpriv", "--bounding-set",
        "-all,+sys_chroot,+setuid,+setgid,+kill", "--"])

if subprocess.run(["unshare", "-Ur", "true"], check=False).returncode:
    skip("user namespaces", "none can be made here")
else:
    refused("one uid in a user namespace", ["unshare", "-Ur"],
            r"file=\S+ reason=\S*(mapped|setgroups|uid_map)\S*",
            users={JOE: "secret"})
    refused("uids that are not mapped", ["sh", "-c", MAPPED, "sh"],
            r"file=\S+ reason=uid_map", users={JOE: "secret"})
    served("mapped uids", ["sh", "-c", MAPPED, "sh"], args=["-U", "1000"])

# Linux 5.9 has no call of a higher number: no Landlock among others.
for as_root in (True, False):
    served(f"the calls of Linux 5.9, root={as_root}",
           [place.stub("denied"), f"{AFTER_5_9}+", str(errno.ENOSYS)],
           root=as_root)

for number in (errno.ENOSYS, errno.EPERM):
    for as_root in (True, False):
        refused(f"close_range: {errno.errorcode[number]}, root={as_root}",
                [place.stub("denied"), str(CLOSE_RANGE), str(number)],
                r"file=close_range reason=\S+", root=as_root)

# Mail waits for its queue program by a pidfd.
for number in (errno.ENOSYS, errno.EPERM):
    what = f"pidfd_open: {errno.errorcode[number]}"
    with case(what), Without([place.stub("denied"), str(PIDFD_OPEN),
                              str(number)]) as server, server.client() as c:
        c.hello()
        c.must(("MAIL FROM:<x@example.net>", "250"),
               ("RCPT TO:<joe@example.com>", "250"))
        starts(c.command("DATA"), "451 4.3.0", what + ": 451")
        server.wait_log(r"config fail file=\S+ reason=\S+$")

# The queue program of the other tests looks into /proc.
if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
    skip("no /proc, hidepid=2", "no mount namespace can be made here")
    done()
served("no /proc", ["unshare", "--mount", "--", "sh", "-c",
                    'mount -t tmpfs none /proc && exec "$@"', "sh"],
       env={"QMAILQUEUE": queue_script("cat >/dev/null; cat <&1 >/dev/null")})
served("hidepid=2", ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                     "--", "sh", "-c",
                     'mount -t proc -o hidepid=2 proc /proc && exec "$@"',
                     "sh"])

done()
