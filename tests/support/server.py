"""The server under test, behind a real tcpserver, with a home of its own."""
import concurrent.futures
import os
import pwd
import re
import select
import shutil
import signal
import subprocess
import threading

from . import place
from .certificate import certificate as make_certificate
from .client import DEADLINE, Client
from .patience import Patience
from .record import records

ROOT = os.geteuid() == 0
ACCOUNT = "nobody"
CONTROL = {"me": "mx.example.org\n", "rcpthosts": "example.com\n"}


def shown(pid):
    """A process as a failure names it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return " ".join(file.read().split()[:5])
    except OSError:
        return f"{pid} (gone since)"


def parallel(function, items, threads=8):
    """function of each item, several at a time; the results in order."""
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


class Log(threading.Thread):
    """Reads the server's descriptor 2; tests wait for lines of it."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        self.file = open(path, "wb", buffering=0)
        self.data = b""
        self.news = threading.Condition()

    def run(self):
        poll = select.poll()
        poll.register(self.read_fd, select.POLLIN)
        while poll.poll():
            if not self.pull():
                return

    def pull(self):
        """Takes what is there; False when nobody can write any more."""
        with self.news:
            while self.read_fd != -1:
                try:
                    data = os.read(self.read_fd, 65536)
                except BlockingIOError:
                    return True
                if not data:
                    return False
                self.file.write(data)
                self.data += data
                self.news.notify_all()
            return False

    def close(self):
        """The server is gone; the text stays."""
        self.join(1)
        with self.news:
            os.close(self.read_fd)
            self.file.close()
            self.read_fd = -1

    def text(self):
        """All of it so far: what was written before is in it."""
        self.pull()
        return self.data.decode("utf-8", "backslashreplace")

    def wait(self, pattern, count, deadline):
        """Waits until the pattern was found count times; the matches."""
        def found():
            return list(re.finditer(pattern, self.text(), re.M))
        patience = Patience(deadline)
        with self.news:
            while len(found()) < count:
                left = patience.left()
                if left == 0:
                    raise AssertionError(
                        f"not logged: {pattern!r} x {count} in\n{self.text()}")
                self.news.wait(left)
            return found()


class Server:
    """A running server.

    control   name: text of files in the control directory, over the default
              me = mx.example.org, rcpthosts = example.com; None removes; a
              name may hold "/"
    env       environment, over FORCETLS=0 and REQUIREAUTH=0; None removes
    late_env  environment set behind tcpserver, which sets or removes TCP*
    record    what the recording queue program does: {"EXIT": 31}, see
              tests/stub/record.c
    users     login: password, or login: (password, option of smtpd-passwd..)
    certificate  "ec", "rsa", ...: servercert.pem and serverkey.pem
    args      further options and arguments of smtpd-auth
    root      start it as root (default where the test is); else the account
    """

    def __init__(self, control=None, env=None, args=(), root=ROOT, users=None,
                 certificate=None, record=None, late_env=None,
                 connections=200):
        self.root = root and ROOT
        if root and not ROOT:
            raise AssertionError("root needed")
        self.home = place.home("server")
        self.control_directory = os.path.join(self.home, "control")
        self.record_directory = os.path.join(self.home, "record")
        self.empty = os.path.join(self.home, "empty")
        for path in (self.control_directory, self.record_directory,
                     self.empty):
            os.mkdir(path)
        os.chmod(self.control_directory, 0o755)
        os.chmod(self.record_directory, 0o777)
        os.chmod(self.empty, 0o555)
        self.log_reader = Log(os.path.join(self.home, "log"))
        self.process = None
        self.port = None
        for name, text in {**CONTROL, **(control or {})}.items():
            if text is not None:
                self.write(name, text)
        if certificate:
            pair = make_certificate(certificate)
            self.write("servercert.pem", pair.certificate_text())
            self.write("serverkey.pem", pair.key_text(), secret=True)
        for login, password in (users or {}).items():
            options = ()
            if not isinstance(password, str):
                password, *options = password
            self.passwd(*options, "set", login, stdin=password)
        self.env = {
            "PATH": os.environ["PATH"],
            "CONTROLDIR": self.control_directory,
            "QMAILQUEUE": place.record_program(),
            "RECORD_DIR": self.record_directory,
            "FORCETLS": "0",
            "REQUIREAUTH": "0",
            **{"RECORD_" + k: str(v) for k, v in (record or {}).items()},
            **(env or {})}
        self.env = {k: v for k, v in self.env.items() if v is not None}
        self.late_env = late_env or {}
        self.args = list(args)
        self.connections = connections
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    # The home.

    def path(self, name):
        """Of a control file."""
        return os.path.join(self.control_directory, name)

    def write(self, name, text, mode=None, secret=False):
        """A control file; the server reads it at the next connection."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if mode is None:
            mode = 0o600 if secret and self.root else 0o644
        place.write(path, text, mode)

    def passwd(self, *arguments, stdin="", check=True):
        """Runs smtpd-passwd on this server's user file."""
        path = self.path("authusers")
        done = subprocess.run(
            [place.program("smtpd-passwd"), "-f", path, *arguments],
            input=stdin, text=True, capture_output=True, check=False,
            errors="surrogateescape",
            env={"PATH": os.environ["PATH"],
                 "CONTROLDIR": self.control_directory})
        if check and done.returncode != 0:
            raise AssertionError(f"smtpd-passwd {arguments}: exit "
                                 f"{done.returncode}: {done.stderr}")
        if not self.root:
            for name in (path, path + ".cdb"):
                if os.path.exists(name):
                    os.chmod(name, 0o644)
        return done

    # The process.

    def command(self):
        """smtpd-auth with its options, behind whatever launches it."""
        words = [place.installed("smtpd-auth")]
        if self.root:
            words += ["-u", ACCOUNT, "-j", self.empty]
        if self.late_env:
            words = ["env", *(f"{k}={v}" for k, v in self.late_env.items()),
                     *words]
        return words + self.args

    def start(self):
        """Starts tcpserver on a free port of 127.0.0.1."""
        words = [shutil.which("tcpserver"), "-1", "-HR", "-l0",
                 "-c", str(self.connections), "-b", "200"]
        if ROOT and not self.root:
            account = pwd.getpwnam(ACCOUNT)
            words += ["-u", str(account.pw_uid), "-g", str(account.pw_gid)]
        words += ["127.0.0.1", "0", *self.command()]
        if not self.log_reader.is_alive():
            self.log_reader.start()
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log_reader.write_fd, env=self.env, cwd="/",
            start_new_session=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("tcpserver: " + self.log())
        self.port = int(line)

    def restart(self):
        """Once more, with its env and command() of now, and another log."""
        self.stop()
        self.log_reader = type(self.log_reader)(
            os.path.join(self.home, "log2"))
        self.start()

    def stop(self):
        """Ends tcpserver and every process it started."""
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.stdout.close()
        os.close(self.log_reader.write_fd)
        self.log_reader.close()
        self.process = None

    def processes(self):
        """What runs below tcpserver, orphans too: its session's others."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit() or int(name) == self.process.pid:
                continue
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            # State, parent, process group, session.
            if int(fields[3]) == self.process.pid and fields[0] != b"Z":
                found.append(int(name))
        return found

    def wait_idle(self, deadline=DEADLINE):
        """Waits until no connection's process is left; those that are."""
        patience = Patience(deadline)
        while True:
            left = self.processes()
            time_left = patience.left()
            if not left or time_left == 0:
                return [shown(pid) for pid in left]
            try:
                gone = os.pidfd_open(left[0])
            except ProcessLookupError:
                continue
            poll = select.poll()
            poll.register(gone, select.POLLIN)
            poll.poll(time_left * 1000)
            os.close(gone)

    # What can be seen.

    def client(self, **options):
        """A connection: see Client."""
        return Client(self.port, **options)

    def login(self, mechanism, user, password="secret"):
        """One login on a connection of its own; the reply."""
        with self.client() as c:
            return c.login(mechanism, user, password)

    def log(self):
        """What was logged so far."""
        return self.log_reader.text()

    def wait_log(self, pattern, count=1, deadline=DEADLINE):
        """Waits for a line; the match objects."""
        return self.log_reader.wait(pattern, count, deadline)

    def records(self):
        """Every run of the queue program that has written its files."""
        return records(self.record_directory)

    def messages(self):
        """Those that were given a whole envelope, oldest first."""
        return [record for record in self.records() if record.complete]

    def forget(self):
        """Removes all records."""
        for record in self.records():
            shutil.rmtree(record.path, ignore_errors=True)
