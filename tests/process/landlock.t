#!/usr/bin/env python3
"""Landlock that a kernel lacks or a container's filter refuses: the jail is
entered without it. Once there is a ruleset, nothing may fail."""
import errno
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_process import Family  # noqa: E402

JOE = "joe@example.com"
# Of <asm/unistd.h>, the same on every architecture.
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446


def denying(number, error):
    """A launcher: this system call fails for what it starts."""
    return [place.stub("denied"), str(number), str(error)]


class Denied(Server):
    """One system call of it fails."""

    launcher = ()

    def command(self):
        return [*self.launcher, *super().command()]


def served(error, root):
    """The first of Landlock's calls alone fails so: all goes on."""
    what = f"no Landlock, {errno.errorcode[error]}, root={root}"
    Denied.launcher = denying(LANDLOCK_CREATE_RULESET, error)
    with Denied(users={JOE: "secret"}, certificate="ec", root=root) as server:
        with server.client() as c:
            c.hello()
            session = Family(server, c).session.status()
            is_((session["NoNewPrivs"], session["Seccomp"]), ("1", "2"),
                f"{what}: the rest of the jail holds")
            c.starttls()
            c.hello()
            starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235",
                   f"{what}: a login")
            starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
                   "250 2.0.0", f"{what}: a message")
        server.wait_log(" end ")
        ok("config fail" not in server.log(), f"{what}: not logged",
           server.log())


def refused(number, error, root):
    """Anything else is a failed step."""
    what = f"system call {number}: {errno.errorcode[error]}, root={root}"
    Denied.launcher = denying(number, error)
    with Denied(root=root) as server:
        with server.client(greet=False) as c:
            is_(c.reply(), "421 4.3.0 service not available", f"{what}: 421")
            c.ends(what)
        server.wait_log(r"config fail file=\S+ reason=landlock$")
        is_(server.wait_idle(2), [], f"{what}: nothing is left")


for as_root in sorted({ROOT, False}):
    for number in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
        with case("served"):
            served(number, as_root)
    for call, number in ((LANDLOCK_CREATE_RULESET, errno.EINVAL),
                         (LANDLOCK_CREATE_RULESET, errno.ENOMEM),
                         (LANDLOCK_RESTRICT_SELF, errno.EPERM),
                         (LANDLOCK_RESTRICT_SELF, errno.ENOSYS)):
        with case("refused"):
            refused(call, number, as_root)

done()
