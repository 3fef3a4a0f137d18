"""Launchers other than tcpserver: what stands on 0, 1 and 2 is the test's."""
import contextlib
import os
import random
import select
import shutil
import socket
import subprocess

from . import place
from .client import DEADLINE, Client
from .extra_process import below
from .patience import Patience
from .server import Server, shown

SYSLOG = "/dev/log"
_PORTS = []


def full_pipe():
    """One into which nothing more goes: read end, write end."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, b"-" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(write_fd, True)
    return read_fd, write_fd


class Direct(Server):
    """A home without a listener; run() starts one smtpd-auth."""

    def start(self):
        """Nothing listens."""
        self.log_reader.start()
        self.started = []

    def run(self, stdin, stdout, stderr=None, launcher=(), **env):
        """One connection's process on these descriptors."""
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*launcher, *self.command()], stdin=stdin, stdout=stdout,
            stderr=self.log_reader.write_fd if stderr is None else stderr,
            env={**self.env, **env}, cwd="/", start_new_session=True)
        self.started.append(process)
        return process

    def members(self):
        """Every process of what was started that still lives."""
        return below(*(process.pid for process in self.started))

    def left(self, deadline=3):
        """Those that are left after so many seconds."""
        patience = Patience(deadline)
        while self.members() and patience.left() > 0:
            select.select([], [], [], 0.01)
        return [shown(pid) for pid in self.members()]

    def stop(self):
        """Ends what was started."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for pid in self.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        os.close(self.log_reader.write_fd)
        self.log_reader.close()


class Connected(Client):
    """A client on a socket, or on what looks like one."""

    def __init__(self, sock, greet=True):  # pylint: disable=W0231
        self.sock, self.buffer, self.deadline = sock, b"", DEADLINE
        sock.settimeout(DEADLINE)
        self.greeting = self.expect("220 ") if greet else None


class Pipes:
    """Two descriptors with the methods of a socket that Client uses."""

    def __init__(self, read_fd, write_fd):
        self.read_fd, self.write_fd = read_fd, write_fd

    def settimeout(self, _):
        """The deadline is recv's own."""

    def recv(self, count):
        """Octets, or TimeoutError; the end of a terminal is an end."""
        if not select.select([self.read_fd], [], [], DEADLINE)[0]:
            raise TimeoutError("nothing comes")
        try:
            return os.read(self.read_fd, count)
        except OSError:
            return b""

    def sendall(self, data):
        """All of it."""
        while data:
            data = data[os.write(self.write_fd, data):]

    def close(self):
        """Both; more than once."""
        for fd in {self.read_fd, self.write_fd} - {-1}:
            os.close(fd)
        self.read_fd = self.write_fd = -1


class Syslog:
    """A socket where syslogd's would be."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(SYSLOG)
        os.chmod(SYSLOG, 0o666)
        self.lines = []

    def wait(self, words, deadline=DEADLINE):
        """The first line with these words."""
        patience = Patience(deadline)
        while True:
            for line in self.lines:
                if all(word in line for word in words):
                    return line
            self.socket.settimeout(patience.left() or 0.01)
            try:
                self.lines.append(self.socket.recv(65536).decode())
            except TimeoutError:
                if patience.left() > 0:
                    continue
                raise AssertionError(f"not in the syslog: {words} in\n" +
                                     "\n".join(self.lines)) from None


@contextlib.contextmanager
def syslog():
    """A Syslog, or None where there is one already, or no right to make it.

    Only one test at a time may stand in for syslogd: an abstract address is
    the lock, and who has it may take as long as a test may.
    """
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    while True:
        try:
            lock.bind("\0smtpd-auth-tests-syslog")
            break
        except OSError:
            select.select([], [], [], 0.05)
    stand_in = None
    try:
        if not os.path.lexists(SYSLOG):
            stand_in = Syslog()
    except OSError:
        pass
    try:
        yield stand_in
    finally:
        if stand_in:
            stand_in.socket.close()
            os.unlink(SYSLOG)
        lock.close()


def copy_of_tree():
    """The sources and what is built of them, where make may do its work."""
    source = os.environ.get("TEST_PROGRAMS", place.TOP)
    copy = os.path.join(place.home("copy"), "tree")

    def left_out(path, names):
        """Of build/ what make builds here, and no other system's root."""
        if path == os.path.join(source, "build"):
            return set(names) - {"musl", "glibc"}
        return {".git", "run"} if path == source else set()

    shutil.copytree(source, copy, symlinks=True, ignore=left_out)
    return copy


def free_port(host="127.0.0.1"):
    """One that nothing listens on, and no other test is given meanwhile.

    Below what the kernel gives to those who ask for any; the lock is held as
    long as this process lives.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in random.sample(range(20000, 32000), 1000):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0smtpd-auth-tests-port-{port}")
            with socket.socket(family) as sock:
                sock.bind((host, port))
        except OSError:
            lock.close()
            continue
        _PORTS.append(lock)
        return port
    raise AssertionError("no port is free")


def connect(port, greet=True, deadline=DEADLINE, host="127.0.0.1"):
    """A client, as soon as something listens."""
    patience = Patience(deadline)
    while True:
        try:
            return Client(port, greet=greet, host=host)
        except ConnectionRefusedError:
            if patience.left() == 0:
                raise
            select.select([], [], [], 0.05)
