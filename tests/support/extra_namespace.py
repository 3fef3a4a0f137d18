"""A mount namespace of the test's own: what it installs, nobody else sees."""
import os
import subprocess
import sys

from .server import ROOT
from .tap import skip_all

MARK = "TEST_NAMESPACE"
UNSHARE = ["unshare", "--mount", "--propagation", "private", "--"]


def enter():
    """The test begins anew in a namespace, or is skipped."""
    if not ROOT:
        skip_all("needs root")
    if os.environ.pop(MARK, None):
        return
    if subprocess.run(UNSHARE + ["mount", "-t", "tmpfs", "tmpfs", "/mnt"],
                      capture_output=True, check=False).returncode:
        skip_all("no mount namespace can be made here")
    os.environ[MARK] = "1"
    os.execvp("unshare", UNSHARE + [sys.executable, *sys.argv])


def mount(*arguments):
    """mount(8); a failure is one of the test."""
    subprocess.run(["mount", *arguments], check=True)


def lay_over(target, room, lower=None):
    """An overlay on target, with lower above it if there is one. What is
    changed goes into room, a tmpfs: the path of it is returned."""
    upper, work = (os.path.join(room, kind + target.replace("/", "-"))
                   for kind in ("upper", "work"))
    os.mkdir(upper)
    os.mkdir(work)
    os.chmod(upper, 0o755)
    layers = target
    if lower and os.path.isdir(lower):
        layers = f"{lower}:{target}"
    mount("-t", "overlay", "-o",
          f"lowerdir={layers},upperdir={upper},workdir={work}", "overlay",
          target)
    return upper
