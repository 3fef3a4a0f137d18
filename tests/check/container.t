#!/usr/bin/env python3
"""smtpd-check in a container that takes rights and system calls away: it says
what smtpd-auth will not be served by there."""
import errno
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_smtpd_check import *  # noqa: E402
from support.extra_namespace import MAPPED  # noqa: E402

if not ROOT:
    skip_all("only root has rights to lose")

# Of <linux/capability.h>.
RIGHTS = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7,
          "CAP_SYS_CHROOT": 18}
# Of <asm/unistd.h>, the same on every architecture.
PIDFD_OPEN, CLOSE_RANGE, LANDLOCK_RESTRICT_SELF = 434, 436, 446
host = Host()

with case("all there"):
    output = host.check()
    is_(output.status, 0, "all rights: exit 0")
    ok("ok   jail: can be entered here" in output.lines,
       "all rights: a jail can be entered", output.text)
with case("rights"):
    for right, number in RIGHTS.items():
        output = provokes("HOST_RIGHT", host, says=right + " is missing",
                          cured=False, dropped=(number,))
        is_([name for name in TABLE if name.startswith("HOST_") and
             output.find(name)], ["HOST_RIGHT", "HOST_NOT_RUNNING"],
            f"{right}: and nothing else")
    output = host.check(dropped=tuple(RIGHTS.values()))
    is_(sum(line.startswith("FAIL isolation: root's ")
            for line in output.lines), len(RIGHTS), "each of several")
with case("calls"):
    for number in (errno.EPERM, errno.ENOSYS):
        for row, call in (("HOST_CLOSE_RANGE", CLOSE_RANGE),
                          ("HOST_PIDFD", PIDFD_OPEN),
                          ("HOST_JAIL", LANDLOCK_RESTRICT_SELF)):
            provokes(row, host, cured=False, denied=(call, number),
                     says="landlock" if row == "HOST_JAIL" else "")
with case("not as root"):
    output = host.check(account=65534)
    ok("ok   jail: can be entered here" in output.lines,
       "not as root: what can be tried is tried", output.text)
with case("a user namespace"):
    if subprocess.run(["unshare", "-Ur", "true"], check=False).returncode:
        skip("user namespaces", "none can be made here")
    else:
        words = ["sh", "-c", MAPPED, "sh", "chroot", host.root,
                 "/smtpd-check", "/" + host.SERVICE]
        output = Output(subprocess.run(
            words, stdin=subprocess.DEVNULL, text=True, capture_output=True,
            check=False, timeout=300))
        like(output.find("HOST_JAIL"), r"no jail .*: uid_map; cure: .* uids",
             "uids of the jail are not mapped")
        host.run_script("-u nobody", "-u nobody -U 1000")
        output = Output(subprocess.run(
            words, stdin=subprocess.DEVNULL, text=True, capture_output=True,
            check=False, timeout=300))
        is_(output.find("HOST_JAIL"), "", "-U: they are")
with case("the table"):
    all_heard(lambda name: name in ("HOST_RIGHT", "HOST_JAIL",
                                    "HOST_CLOSE_RANGE", "HOST_PIDFD"))
done()
