"""A host of its own for a test: name spaces of mounts, network and processes,
and a root directory put together for it. What a program does to /etc, /var,
/service or /usr/local there, and what listens on port 587, is nobody else's.

  enter()              first thing in the test; comes back inside
  enter("postfix")     with a package over it that is unpacked in build/peers
"""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys

from . import place, tap

INSIDE = "SMTPD_AUTH_TEST_WORLD"
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC = 1, 32, 4096, 16384
OWN = ("etc", "var", "run", "service", "root", "tmp", "home", "mnt")
LIBC = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0, options=None):
    """mount(2)."""
    *words, data = [word.encode() if word else None
                    for word in (source, target, kind, options)]
    if LIBC.mount(*words, ctypes.c_ulong(flags), data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def enter(package=None):
    """Runs the test once more, inside; there it puts the root together."""
    if os.environ.get(INSIDE):
        _build(os.path.join(place.TOP, "build", "peers", package)
               if package else None)
        return
    if os.geteuid() != 0:
        tap.skip_all("needs root")
    words = ["unshare", "--mount", "--net", "--pid", "--fork",
             "--kill-child", "--"]
    probe = "mount -t tmpfs none /mnt && mount -t proc proc /proc"
    if subprocess.run([*words, "sh", "-c", probe], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0:
        tap.skip_all("needs name spaces of mounts, network and processes")
    os.environ[INSIDE] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


def _bind(path, new):
    """A file or directory of the host at the same place."""
    target = new + path
    if os.path.isdir(path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="ascii"):
            pass
    mount(path, target, None, MS_BIND | MS_REC)


def _own(name, new, package):
    """/usr/NAME, or with that of the package over it, read-only."""
    os.mkdir(new)
    over = os.path.realpath(f"{package}/usr/{name}") if package else ""
    if os.path.isdir(over):
        mount("none", new, "overlay", MS_RDONLY,
              f"lowerdir={over}:/usr/{name}")
        return
    mount("/usr/" + name, new, None, MS_BIND | MS_REC)
    mount("none", new, None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def _build(package):
    new = "/mnt"
    mount("none", new, "tmpfs")
    for name in OWN:
        os.mkdir(os.path.join(new, name))
    os.chmod(new + "/tmp", 0o1777)
    os.chmod(new + "/root", 0o700)
    subprocess.run(["cp", "-a", "/etc/.", new + "/etc"], check=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        if os.path.islink("/" + name):
            os.symlink(os.readlink("/" + name), new + "/" + name)
        elif os.path.isdir("/" + name):
            _bind("/" + name, new)
    # Programs are links, so that a test can add and remove some.
    os.mkdir(new + "/usr")
    for name in os.listdir("/usr"):
        if name == "local":
            continue
        own = name in ("bin", "sbin")
        target = f"{new}/usr/host-{name}" if own else f"{new}/usr/{name}"
        if os.path.islink("/usr/" + name):
            os.symlink(os.readlink("/usr/" + name), target)
            continue
        _own(name, target, package)
        if own:
            os.mkdir(f"{new}/usr/{name}")
            for program in os.listdir(target):
                os.symlink(f"/usr/host-{name}/{program}",
                           f"{new}/usr/{name}/{program}")
    for name in ("etc", "var"):
        if package and os.path.isdir(f"{package}/{name}"):
            subprocess.run(["cp", "-a", f"{package}/{name}/.",
                            f"{new}/{name}"], check=True)
    os.makedirs(new + "/usr/local/bin")
    os.makedirs(new + "/usr/local/sbin")
    os.makedirs(new + "/var/empty")
    os.chmod(new + "/var/empty", 0o555)
    os.mkdir(new + "/dev")  # with a /dev/log of its own
    for name in ("null", "zero", "full", "random", "urandom", "tty", "pts",
                 "ptmx", "shm"):
        if os.path.exists("/dev/" + name):
            _bind("/dev/" + name, new)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{new}/dev/{name}")
    os.symlink("/proc/self/fd", new + "/dev/fd")
    os.mkdir(new + "/proc")
    mount("proc", new + "/proc", "proc")
    # The tree, the interpreter, and what this run of the tests shares.
    paths = {place.TOP, sys.prefix, sys.base_prefix, place.base(),
             place.shared(), os.path.realpath(place.TOP + "/build/peers")}
    for path in sorted(path for path in paths if os.path.isdir(path)):
        if not os.path.isdir(new + path):
            _bind(path, new)
    directory = os.getcwd()
    os.chroot(new)
    os.chdir(directory if os.path.isdir(directory) else "/")
    os.environ["PATH"] = ("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                          "/sbin:/bin")
    _loopback()
    # A stand-in for syslogd reads only when it is asked.
    with contextlib.suppress(OSError), \
            open("/proc/sys/net/unix/max_dgram_qlen", "w",
                 encoding="ascii") as file:
        file.write("512\n")


def _loopback():
    """Interface lo goes up (SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP)."""
    with socket.socket() as sock:
        request = bytearray(struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(sock, 0x8913, request)
        flags = struct.unpack_from("H", request, 16)[0]
        struct.pack_into("H", request, 16, flags | 1)
        fcntl.ioctl(sock, 0x8914, request)
