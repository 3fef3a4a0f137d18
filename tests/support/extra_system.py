"""A Debian of the test's own, of those below build/containers, which
`./deps containers` makes: a layer above it takes what the test changes; and
systemd booted in it."""
import contextlib
import ctypes
import glob
import os
import subprocess
import sys

from . import place, tap
from .client import Client
from .extra_process import Process, wait_for

BELOW = os.path.join(place.TOP, "build", "containers")
MARK = "SMTPD_AUTH_TEST_SYSTEM"
UNSHARE = ["unshare", "--mount", "--propagation", "private", "--net", "--pid",
           "--fork", "--kill-child", "--mount-proc", "--"]
CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
         "LC_ALL": "C.UTF-8", "HOME": "/root",
         "DEBIAN_FRONTEND": "noninteractive"}


def submission(port, address, name):
    """A client, behind EHLO under TLS: from the first octet on 465."""
    c = Client(port, host=address, greet=port != 465)
    if port == 465:
        c.wrap(name=name)
        c.expect("220 ")
    c.hello()
    if port != 465:
        c.starttls(name=name)
        c.hello()
    return c


def enter(network=False):
    """The test begins anew in name spaces of its own, where the loopback is
    all there is of a network (network: the host's), or is skipped."""
    if os.environ.pop(MARK, None):
        if not network:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    if os.geteuid() != 0:
        tap.skip_all("needs root")
    if not os.path.exists(BELOW + "/.complete"):
        tap.skip_all("there is no Debian to run: ./deps containers")
    words = [word for word in UNSHARE if not network or word != "--net"]
    if subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/mnt"],
                      check=False, capture_output=True).returncode:
        tap.skip_all("needs name spaces of mounts, network and processes")
    os.environ[MARK] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


def alone():
    """From here on the loopback is all there is of a network."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000):  # CLONE_NEWNET
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def layer(*lower, upper=None):
    """The root directory: these directories, the first on top, and above them
    one that is gone with the test, or upper, which stays."""
    room = place.home("layer")
    if upper is None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none",
                        room], check=True)
    work = upper + ".work" if upper else room + "/work"
    upper = upper or room + "/upper"
    for path in (upper, work, room + "/root"):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, 0o755)
    subprocess.run(
        ["mount", "-t", "overlay", "-o", f"lowerdir={':'.join(lower)},"
         f"upperdir={upper},workdir={work}", "none", room + "/root"],
        check=True)
    return room + "/root"


def install(root):
    """What is in the tree, by its Makefile."""
    kind = os.path.basename(os.environ.get("BUILD", "build/musl"))
    subprocess.run(["make", "-C", place.TOP, "-s", "install",
                    "LIBC=" + kind, "DESTDIR=" + root], check=True,
                   stdout=subprocess.DEVNULL)


def _hierarchy(name):
    """systemd wants cgroup2 to be all there is; we are in one of our own."""
    subprocess.run(["umount", "--recursive", "--lazy", "/sys/fs/cgroup"],
                   check=False, stderr=subprocess.DEVNULL)
    if subprocess.run(["mount", "-t", "cgroup2", "none", "/sys/fs/cgroup"],
                      check=False, capture_output=True).returncode:
        tap.skip_all("no cgroup2 in this kernel, or not for us")
    own = f"/sys/fs/cgroup/{name}"
    os.makedirs(own + "/test", exist_ok=True)
    with open(own + "/test/cgroup.procs", "w", encoding="ascii") as file:
        file.write("0")
    return own


class Booted:
    """systemd as process 1 of a container, by the systemd-nspawn that lies in
    its own tree. The network is the test's."""

    def __init__(self, root):
        self.root = root
        self.cgroup = _hierarchy(os.path.basename(place.base()))
        # For systemd-nspawn's own, and out of the host's.
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        self.console = place.home("console") + "/console"
        self.process = self.leader = None

    def start(self):
        """Boots; comes back when all units have started."""
        library = glob.glob(self.root + "/usr/lib/*-linux-gnu")[0]
        loader = glob.glob(self.root + "/lib*/ld-linux-*.so.*")[0]
        with open(self.console, "ab") as file:
            self.process = subprocess.Popen(
                [loader, "--library-path", f"{library}:{library}/systemd",
                 self.root + "/usr/bin/systemd-nspawn", "--boot",
                 "--directory=" + self.root, "--machine=smtpd-auth-test",
                 "--register=no", "--keep-unit", "--link-journal=no",
                 "--resolv-conf=off", "--timezone=off", "--console=pipe"],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=CLEAN)
        self.leader = wait_for(self._leader, "process 1 of the container")
        wait_for(self._answers, "systemd to answer")
        return self.run("systemctl is-system-running --wait",
                        check=False).stdout.strip()

    def _leader(self):
        if self.process.poll() is not None:
            raise AssertionError("systemd-nspawn: " + self.said())
        for child in Process(self.process.pid).children():
            with contextlib.suppress(OSError):
                if child.status()["Name"] == "systemd":
                    return child
        return None

    def _answers(self):
        return self.run("busctl --quiet call org.freedesktop.systemd1 "
                        "/org/freedesktop/systemd1 "
                        "org.freedesktop.DBus.Peer Ping",
                        check=False).returncode == 0

    def said(self):
        """On its console."""
        with open(self.console, encoding="utf-8", errors="replace") as file:
            return file.read()

    def run(self, line, check=True, **options):
        """Types a line of shell inside, as root."""
        done = subprocess.run(
            ["nsenter", f"--target={self.leader.pid}", "--mount", "--uts",
             "--ipc", "--pid", "--cgroup", "--root", "--wd", "/bin/sh", "-c",
             line], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, check=False, env=CLEAN, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{line}: {done.stdout}")
        return done

    def ended(self):
        """Waits for systemd-nspawn; its exit status."""
        return self.process.wait()

    def stop(self):
        """Whatever it does."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        with open("/sys/fs/cgroup/cgroup.procs", "w",
                  encoding="ascii") as file:
            file.write("0")  # out of what is to be removed
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(path)
