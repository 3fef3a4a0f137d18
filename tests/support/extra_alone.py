"""Connections one by one, each with a log, a record directory and a launcher
of its own: this process, which every orphan of the connection comes to. So
it is known when the last process of a connection is gone, and which line was
logged and which message queued by which connection.
"""
import contextlib
import ctypes
import fcntl
import itertools
import multiprocessing
import multiprocessing.connection
import os
import select
import shutil
import signal
import socket
import struct
import time

from . import place
from .client import DEADLINE
from .extra_launcher import Direct
from .patience import Patience
from .record import records
from .server import shown
from .tap import diag, done, ok, skip

# MINUTES, SIGINT or SIGTERM end a long run early, which then says how far it
# came. A second signal ends it at once.
END = time.monotonic() + 60 * float(os.environ.get("MINUTES", "inf"))
SUBREAPER = 36  # prctl(2)
CONTROL, READ, WRITE = 7, 5, 4  # descriptors of UCSPI-TLS


def reap_orphans():
    """From now on they come to this process, which waits by signal."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})


def children(pid):
    """Process ids, dead ones too."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children",
                  encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def above(fd):
    """The same descriptor, where no number is wanted for another."""
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 30)
    os.close(fd)
    return high


class Outcome:
    """What is known of a connection when all of it is gone."""

    def __init__(self, status, log, found, left):
        self.status, self.log = status, log
        self.records, self.left = found, left

    @property
    def recorded(self):
        """Whole messages."""
        return [record for record in self.records if record.complete]

    def events(self, word):
        """How many lines are of this event."""
        return sum(f" {word}" in line for line in self.log.splitlines())


class Alone(Direct):
    """A home; each connect() is one connection. For one thread.

    outside  the launcher begins TLS (UCSPI-TLS), which is not even TLS here:
             after it was asked it passes clear text in two pipes
    before   words in front of smtpd-auth
    """

    def __init__(self, outside=False, before=(), **options):
        super().__init__(**options)
        self.outside, self.before, self.number = outside, list(before), 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.words = self.command()

    def stop(self):
        """The home stays until the test ends."""
        super().stop()
        self.listener.close()

    def connect(self, before=(), **env):
        """A new connection's Link."""
        return Link(self, [*before, *self.before, *self.words], env)


class Link:
    """The client's end, and the processes of the other."""

    def __init__(self, home, words, env):
        home.number += 1
        self.directory = os.path.join(home.record_directory,
                                      str(home.number))
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o777)
        self.sock = socket.create_connection(home.listener.getsockname())
        self.sock.settimeout(DEADLINE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = self.sock
        self.outside = None
        server, _ = home.listener.accept()
        log, theirs = os.pipe()
        self.log = above(log)
        given = [(0, above(os.dup(server.fileno()))), (2, above(theirs))]
        given.append((1, given[0][1]))
        env = {**home.env, "RECORD_DIR": self.directory, "PROTO": "TCP",
               "TCPREMOTEIP": "127.0.0.1", "TCPLOCALIP": "127.0.0.1", **env}
        if home.outside:
            given += self.begin_outside(env)
        self.pid = os.posix_spawn(
            words[0], words, env, setsid=True, setsigmask=[],
            file_actions=[(os.POSIX_SPAWN_DUP2, fd, number)
                          for number, fd in given])
        server.close()
        for fd in {fd for _, fd in given}:
            os.close(fd)

    def begin_outside(self, env):
        """Pipes and control socket of a launcher that will do TLS."""
        ours, theirs = socket.socketpair()
        to_program, from_program = os.pipe(), os.pipe()
        self.outside = (ours, above(to_program[1]), above(from_program[0]))
        env.update(SSLCTLFD=str(CONTROL), SSLREADFD=str(READ),
                   SSLWRITEFD=str(WRITE))
        return [(CONTROL, above(theirs.detach())),
                (READ, above(to_program[0])), (WRITE, above(from_program[1]))]

    def go_outside(self):
        """What the launcher does when it is asked for TLS."""
        control, to_program, from_program = self.outside
        control.settimeout(DEADLINE)
        if control.recv(1) != b"Y":
            raise ConnectionResetError("TLS was not asked for")
        control.sendall(b"SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER=X\0\0")
        self.wire = Pipe(from_program, to_program)
        self.outside = (control,)

    # How it ends.

    def half(self):
        """The client says no more, and reads on."""
        self.wire.shutdown(socket.SHUT_WR)

    def close(self):
        """FIN; of all that is there."""
        self.wire.close()
        self.sock.close()
        for one in self.outside or ():
            if isinstance(one, int):
                os.close(one)
            else:
                one.close()
        self.outside = None

    def reset(self):
        """RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.close()

    def wait(self, deadline):
        """Until the last process is gone; the Outcome."""
        status, patience, left = None, Patience(deadline), []
        while True:
            try:
                pid, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == self.pid:
                status = os.waitstatus_to_exitcode(ended)
            if pid == 0:
                seconds = patience.left()
                if seconds == 0:
                    left = self.end_all()
                    continue
                signal.sigtimedwait({signal.SIGCHLD}, seconds)
        outcome = Outcome(status, self.read_log(), records(self.directory),
                          left)
        return outcome

    def end_all(self):
        """They had their time; what they were."""
        pids = children(os.getpid())
        for pid in pids:
            pids += children(pid)
        found = [shown(pid) for pid in pids]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return found

    def read_log(self):
        """All of it: nobody is there to write more."""
        with open(self.log, "rb") as file:
            return file.read().decode("utf-8", "backslashreplace")

    def forget(self):
        """Its records."""
        shutil.rmtree(self.directory, ignore_errors=True)


class Pipe:
    """Two pipes with the methods of a socket."""

    def __init__(self, read_fd, write_fd):
        self.read_fd, self.write_fd = read_fd, write_fd

    def sendall(self, data):
        """All of it."""
        while data:
            data = data[os.write(self.write_fd, data):]

    def recv(self, count):
        """Octets; TimeoutError when none come."""
        if not select.select([self.read_fd], [], [], DEADLINE)[0]:
            raise TimeoutError("nothing comes")
        return os.read(self.read_fd, count)

    def shutdown(self, _):
        """Of what we write."""
        if self.write_fd != -1:
            os.close(self.write_fd)
        self.write_fd = -1

    def close(self):
        """Both; more than once."""
        self.shutdown(None)
        if self.read_fd != -1:
            os.close(self.read_fd)
        self.read_fd = -1


@contextlib.contextmanager
def ended_by_signals():
    """They end it early here, and in the processes that are made within."""
    ours, before = os.getpid(), {}

    def end(number, _):
        global END
        END = 0
        if os.getpid() != ours:
            return  # a terminal's signals come twice: from ours, too
        signal.signal(number, before[number])
        for process in multiprocessing.active_children():
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_over():
    """Are the minutes over?"""
    return time.monotonic() >= END


def in_time(jobs):
    """Those that are begun before the minutes are over."""
    return itertools.takewhile(lambda _: not is_over(), jobs)


def all_tried(count, wanted):
    """The check; how far it came."""
    if count < wanted and is_over():
        skip("all were tried", f"{count} of {wanted} in the time")
    else:
        ok(count == wanted, "all were tried", f"{count} of {wanted}")


def spread(function, jobs, workers):
    """function(its jobs) in so many processes; the results as they come.

    function is a generator. Each process reaps its own orphans.
    """
    # Made, and in the end removed, by us and not by several of them.
    for make in place.record_program, lambda: place.installed("smtpd-auth"):
        make()

    def work(number, pipe):
        reap_orphans()
        with contextlib.closing(pipe):
            for result in function(in_time(jobs[number::workers])):
                pipe.send(result)

    context = multiprocessing.get_context("fork")
    pipes, processes = [], []
    with ended_by_signals():
        for number in range(workers):
            ours, theirs = context.Pipe(False)
            processes.append(context.Process(target=work,
                                             args=(number, theirs)))
            processes[-1].start()
            theirs.close()
            pipes.append(ours)
        while pipes:
            for pipe in multiprocessing.connection.wait(pipes):
                try:
                    yield pipe.recv()
                except EOFError:
                    pipes.remove(pipe)
    for process in processes:
        process.join()
        if process.exitcode != 0:
            raise AssertionError(f"a worker ended with {process.exitcode}")


def done_with(figure):
    """done(), and last what it all came to."""
    try:
        done()
    finally:
        diag(figure)
