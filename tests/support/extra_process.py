"""Processes seen from outside, through /proc, and queue programs in sh."""
import os
import re
import select
import socket

from . import place
from .client import DEADLINE
from .patience import Patience
from .server import shown


def wait_for(condition, what, deadline=DEADLINE):
    """Until condition() is true; its value. AssertionError when it is late.

    For what the kernel has no event for: states in /proc.
    """
    patience = Patience(deadline)
    while True:
        value = condition()
        if value:
            return value
        if patience.left() == 0:
            raise AssertionError(f"not within {deadline} s: {what}")
        select.select([], [], [], 0.005)


def below(*leaders):
    """Processes that live, of these process groups or sessions."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[0] != b"Z" and {int(fields[2]), int(fields[3])}.intersection(
                leaders):
            found.append(int(name))
    return found


class Process:
    """One process of the server."""

    def __init__(self, pid):
        self.pid = pid

    def _read(self, name):
        with open(f"/proc/{self.pid}/{name}", "rb") as file:
            return file.read()

    def status(self):
        """/proc/PID/status: name: value."""
        pairs = (line.split(":", 1) for line in
                 self._read("status").decode().splitlines())
        return {name: value.strip() for name, value in pairs}

    def alive(self):
        """There, and no zombie."""
        try:
            return self.status()["State"][0] not in "ZX"
        except OSError:
            return False

    def descriptors(self):
        """Number: target."""
        directory = f"/proc/{self.pid}/fd"
        found = {}
        for name in os.listdir(directory):
            try:
                found[int(name)] = os.readlink(f"{directory}/{name}")
            except FileNotFoundError:
                pass
        return found

    def limits(self):
        """Name: (soft, hard)."""
        found = {}
        for line in self._read("limits").decode().splitlines()[1:]:
            words = re.split(r"  +", line.strip())
            found[words[0]] = tuple(words[1:3])
        return found

    def root(self):
        """What "/" is to it."""
        return os.readlink(f"/proc/{self.pid}/root")

    def command(self):
        """Its arguments, NUL between, or what it calls itself."""
        return self._read("cmdline")

    def signal(self, number):
        """Sends it a signal, if it is still there."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def environment(self):
        """Raw."""
        return self._read("environ")

    def children(self):
        """Those that have not been waited for too."""
        with open(f"/proc/{self.pid}/task/{self.pid}/children",
                  encoding="ascii") as file:
            return [Process(int(word)) for word in file.read().split()]

    def fields(self):
        """/proc/PID/stat from the state on: state, parent, group, ..."""
        return self._read("stat").rpartition(b")")[2].split()

    def _memory(self):
        """Each part of its memory that can be read: where, octets."""
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            for line in self._read("maps").decode().splitlines():
                span, mode = line.split()[:2]
                if mode[0] != "r" or "[v" in line:
                    continue
                first, end = (int(part, 16) for part in span.split("-"))
                memory.seek(first)
                yield line, _read_all(memory, end - first)

    def holds(self, needle):
        """Is this in its memory? Returns where, or None."""
        return next((line for line, octets in self._memory()
                     if needle in octets), None)

    def octets(self):
        """All of its memory that can be read: how much."""
        return sum(len(octets) for _, octets in self._memory())

    def resident(self):
        """VmRSS in octets."""
        return int(self.status()["VmRSS"].split()[0]) * 1024


def _read_all(memory, length):
    parts = []
    while length > 0:
        try:
            part = memory.read(min(length, 1 << 20))
        except OSError:
            break
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _socket_inode(sock):
    """The inode of the other end of a TCP connection on this machine."""
    ours, theirs = sock.getsockname(), sock.getpeername()

    def shown(address):
        octets = socket.inet_aton(address[0])[::-1]
        return f"{octets.hex().upper()}:{address[1]:04X}"
    with open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[1:3] == [shown(theirs), shown(ours)]:
                return words[9]
    return None


class Family:
    """Keeper and session of the connection of one client."""

    def __init__(self, server, client):
        self.server = server
        inode = wait_for(lambda: _socket_inode(client.sock), "a socket")
        self.target = f"socket:[{inode}]"
        self.session = wait_for(self._find_session, "a session")
        self.keeper = Process(int(self.session.status()["PPid"]))
        wait_for(self._is_prepared, "a keeper that waits for its session")

    def _is_prepared(self):
        """The session may greet before; on its way the keeper never sleeps
        after it has left the client. Or it is gone."""
        try:
            return (self.target not in self.keeper.descriptors().values() and
                    self.keeper.fields()[0] == b"S")
        except OSError:
            return True

    def _find_session(self):
        for pid in self.server.processes():
            try:
                process = Process(pid)
                if (process.descriptors().get(0) == self.target and
                        process.fields()[1] != str(
                            self.server.process.pid).encode() and
                        self._is_jailed(process)):
                    return process
            except OSError:
                pass
        return None

    @staticmethod
    def _is_jailed(process):
        """It has a filter that its parent has not, who may have a test's."""
        status = process.status()
        parent = Process(int(status["PPid"])).status()
        return int(status["Seccomp_filters"]) > int(parent["Seccomp_filters"])

    def others(self):
        """The keeper's children but the session."""
        try:
            return [child for child in self.keeper.children()
                    if child.pid != self.session.pid and child.alive()]
        except OSError:
            return []

    def other(self):
        """The authenticator, or the queue program, when it is there."""
        return wait_for(self.others, "another child of the keeper")[0]


def gone(pids, deadline):
    """Those of the processes that are still there after so many seconds."""
    def left():
        return [pid for pid in pids if Process(pid).alive()]
    try:
        wait_for(lambda: not left(), "their end", deadline)
    except AssertionError:
        pass
    return [shown(pid) for pid in left()]


def queue_script(text, mode=0o755, name="queue"):
    """A queue program in sh that every account can run; its path."""
    path = os.path.join(place.home("script"), name)
    place.write(path, "#!/bin/sh\n" + text, mode)
    return path
