"""Balancers that speak the PROXY protocol, unpacked and not installed."""
import glob
import os
import re
import socket
import subprocess

from . import place
from .client import DEADLINE
from .extra_launcher import connect, free_port
from .extra_process import wait_for

PEERS = os.path.join(place.TOP, "build", "peers")


def why_not(*packages):
    """Why they cannot be run here; None: they can."""
    for package in packages:
        if not os.path.exists(os.path.join(PEERS, package, ".complete")):
            return f"{package} is not unpacked: deps check"
    return None


def documented():
    """The configuration of haproxy in docs/running.md."""
    with open(os.path.join(place.TOP, "docs/running.md"),
              encoding="utf-8") as file:
        return re.search(r"^```haproxy\n(.*?)^```", file.read(),
                         re.M | re.S)[1]


class Balancer:
    """One of them, in the foreground, with a configuration of the test's.

    {home} in it is a directory of its own, {port}, {port2} ports where it
    listens.
    """

    package = program = None

    def __init__(self, text, **names):
        self.home = place.home(self.package)
        os.chmod(self.home, 0o777)
        self.port, self.port2 = free_port(), free_port()
        for name, value in {"home": self.home, "port": self.port,
                            "port2": self.port2, **names}.items():
            text = text.replace("{" + name + "}", str(value))
        self.config = os.path.join(self.home, "config")
        place.write(self.config, text)
        self.output = open(self.home + "/output", "wb")
        top = os.path.join(PEERS, self.package)
        libraries = glob.glob(top + "/usr/lib/*-linux-*") + \
            glob.glob(top + "/lib/*-linux-*")
        self.process = subprocess.Popen(
            [top + self.program, *self.arguments()], cwd=self.home,
            env={"PATH": os.environ["PATH"],
                 "LD_LIBRARY_PATH": ":".join(libraries)},
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True)
        wait_for(self.listens, f"{self.package} listens: {self.said()}")

    def arguments(self):
        """On its command line."""
        raise NotImplementedError

    def listens(self):
        """Has it begun? Without a connection, which it would pass on."""
        if self.process.poll() is not None:
            raise AssertionError(f"{self.package}: {self.said()}")
        with open("/proc/net/tcp", encoding="ascii") as file:
            return re.search(rf"^ *\d+: 0100007F:{self.port:04X} \S+ 0A ",
                             file.read(), re.M)

    def said(self):
        """What it wrote."""
        with open(self.home + "/output", encoding="utf-8",
                  errors="replace") as file:
            return file.read()

    def client(self, **options):
        """A connection through it."""
        return connect(self.port, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()


class Haproxy(Balancer):
    """haproxy -db."""
    package, program = "haproxy", "/usr/sbin/haproxy"

    def arguments(self):
        return ["-db", "-f", self.config]

    def listens(self):
        """On its admin socket, too, if it is to have one."""
        with open(self.config, encoding="utf-8") as file:
            asked = "admin.sock" in file.read()
        return super().listens() and (
            not asked or os.path.exists(self.home + "/admin.sock"))

    def ask(self, line):
        """A command on its admin socket; the answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.home + "/admin.sock")
            sock.sendall(line.encode() + b"\n")
            sock.shutdown(socket.SHUT_WR)
            data = b""
            while more := sock.recv(65536):
                data += more
        return data.decode().strip()


class Nginx(Balancer):
    """nginx with its stream module; {modules} is where that is."""
    package, program = "nginx", "/usr/sbin/nginx"

    def __init__(self, text, **names):
        super().__init__(text, modules=os.path.join(
            PEERS, "libnginx-mod-stream/usr/lib/nginx/modules"), **names)

    def arguments(self):
        return ["-p", self.home, "-e", "stderr", "-c", self.config]


class Stunnel(Balancer):
    """stunnel4."""
    package, program = "stunnel4", "/usr/bin/stunnel4"

    def arguments(self):
        return [self.config]
