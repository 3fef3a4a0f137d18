"""A mount namespace of the test's own: what it installs, nobody else sees."""
import atexit
import ctypes
import os
import subprocess
import sys

from . import place
from .server import ROOT
from .tap import skip_all

MARK = "TEST_NAMESPACE"
# A user namespace that has as many uids as a rootless engine gives. Root of
# outside writes the map, when there is a process for it.
MAPPED = """exec 3<&0
d=$(mktemp -d) && mkfifo $d/made $d/mapped || exit 111
unshare --user --pid --fork --kill-child sh -c '
    echo >$0/made; read -r x <$0/mapped; exec "$@"' $d "$@" <&3 &
read -r x <$d/made
echo 0 0 65536 >/proc/$!/uid_map
echo 0 0 65536 >/proc/$!/gid_map
echo >$d/mapped
wait; rm -r $d"""
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


def own_devices():
    """This process goes on with a /dev of its own, which has no log yet."""
    new_mounts = 0x20000
    if ctypes.CDLL(None, use_errno=True).unshare(new_mounts) == -1:
        raise OSError(ctypes.get_errno(), "unshare")
    mount("--make-rprivate", "/")
    room = place.home("dev")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", room)
    for name in ("null", "zero", "urandom", "tty"):
        with open(os.path.join(room, name), "wb"):
            pass
        mount("--bind", "/dev/" + name, os.path.join(room, name))
    os.symlink("/proc/self/fd", os.path.join(room, "fd"))
    mount("--move", room, "/dev")


def mount(*arguments):
    """mount(8); a failure is one of the test."""
    subprocess.run(["mount", *arguments], check=True)


def make_room():
    """A tmpfs for what is changed, gone before its directory is removed."""
    room = place.home("overlay")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", room)
    atexit.register(subprocess.run, ["umount", "--lazy", room], check=False)
    return room


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
