"""The sides of the benchmark: one class a server, all with the same interface.

A side is made with a Work (where it may put files, whom it lets in), and then
started and stopped once for each measurement:

    side = SmtpdAuth(work)
    if side.supports("message", None):
        port = side.start(None)     # 127.0.0.1, accepts connections now
        side.pids()                 # roots of the process tree
        side.stop()

tls is None, "ec" or "rsa"; with a key kind, TLS starts at the first byte.
"""

import base64
import hashlib
import hmac
import os
import shutil
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
SECONDS_TO_START = 20
SECONDS_OF_RENEWAL = 11         # keeper/find_pair.c: a younger pair is one

DEFAULT_ITERATIONS = 16384      # smtpd-passwd(8)

SESSIONS = ("connect", "auth", "message", "pipeline", "scram", "big-data",
            "big-bdat", "idle", "phone")


class Work:
    """Where the sides live: files, the one login, certificates."""

    user = "bench@example.com"
    password = "bench-secret"
    host = "mail.example.com"
    connections = 600       # that a server must take at once
    account = "nobody"      # that an unprivileged server runs as

    def __init__(self, directory, build):
        self.directory = directory
        self.build = build
        self.sink = os.path.join(directory, "sink")
        os.makedirs(directory, mode=0o755, exist_ok=True)
        # A copy, since the account need not be able to reach the clone.
        shutil.copy(os.path.join(build, "sink"), self.sink)

    def certificate(self, kind):
        """(certificate, key) of "ec" or "rsa", PEM; .der lie beside them."""
        certificate = os.path.join(self.directory, kind + "-certificate.pem")
        key = os.path.join(self.directory, kind + "-key.pem")
        if not os.path.exists(key[:-4] + ".der"):
            new = (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
                   if kind == "ec" else ["-newkey", "rsa:2048"])
            quiet = {"check": True, "stderr": subprocess.DEVNULL}
            subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "30",
                            "-subj", "/CN=" + self.host, "-keyout", key,
                            "-out", certificate] + new, **quiet)
            subprocess.run(["openssl", "x509", "-in", certificate, "-outform",
                            "DER", "-out", certificate[:-4] + ".der"], **quiet)
            subprocess.run(["openssl", "pkey", "-in", key, "-outform", "DER",
                            "-out", key[:-4] + ".der"], **quiet)
        return certificate, key


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, alive=lambda: True):
    """Until the port accepts; TimeoutError or RuntimeError if it never does."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            time.sleep(0.1)     # for the process of that connection to go
            return
        except OSError:
            if not alive():
                raise RuntimeError("server ended at its start") from None
            time.sleep(0.02)
    raise TimeoutError("server does not accept connections")


class Side:
    name = "?"
    implicit = True         # TLS at the first byte, where there is a key
    believes = False        # lets in whoever comes, with a fixed challenge
    scenario = ""           # that it is started for

    def __init__(self, work):
        self.work = work

    def supports(self, scenario, tls):
        raise NotImplementedError

    def start(self, tls):
        raise NotImplementedError

    def pids(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def version(self):
        return ""


class Tcpserver(Side):
    """A side that tcpserver starts, a process for each connection."""

    process = None

    def options(self):
        """Of tcpserver, besides the common ones."""
        return []

    def program(self, tls):
        raise NotImplementedError

    def environment(self):
        return {}

    def prepare(self):
        """Files that the program needs."""

    def start(self, tls):
        self.prepare()
        port = free_port()
        environment = {"PATH": os.environ["PATH"]}
        environment.update(self.environment())
        log = os.path.join(self.work.directory, self.name + ".log")
        command = ["tcpserver", "-HR", "-l0",
                   "-c", str(self.work.connections), "-b", "700"]
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                command + self.options() + ["127.0.0.1", str(port)] +
                self.program(tls), env=environment, cwd=self.work.directory,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True)
        wait_for(port, lambda: self.process.poll() is None)
        return port

    def pids(self):
        return [self.process.pid]

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        self.process = None


class Limit(Tcpserver):
    """What no server under tcpserver can beat: a program of fixed replies."""

    name = "limit"
    believes = True

    def supports(self, scenario, tls):
        return scenario in SESSIONS

    def program(self, tls):
        if tls is None:
            return [os.path.join(self.work.build, "canned"), self.work.sink]
        certificate, key = self.work.certificate(tls)
        return [os.path.join(self.work.build, "bear"), tls,
                certificate[:-4] + ".der", key[:-4] + ".der", self.work.sink]


class Isolation(Limit):
    """The same in the processes and jails of smtpd-auth, and no more."""

    name = "isolation"

    def supports(self, scenario, tls):
        return (scenario in SESSIONS and scenario != "scram" and
                os.geteuid() == 0)

    def program(self, tls):
        empty = os.path.join(self.work.directory, "isolation-empty")
        os.makedirs(empty, mode=0o555, exist_ok=True)
        command = super().program(tls) + [empty]
        command[0] = os.path.join(
            self.work.build, "isolated" if tls is None else "isolated_bear")
        return command


def scram_secret(password, iterations=4096):
    """As authusers(5) has it."""
    salt = b"0123456789abcdef"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key",
                                        "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return "{SCRAM-SHA-256}%d,%s" % (iterations, ",".join(
        base64.b64encode(part).decode() for part in (salt, stored, server)))


class SmtpdAuth(Tcpserver):
    """smtpd-auth started as root: every layer of the isolation is on."""

    name = "smtpd-auth"
    users = None    # an authusers.cdb made elsewhere, in place of these
    tree = TOP      # where it was built

    def supports(self, scenario, tls):
        return (scenario in SESSIONS + ("lookup", "phone-starttls")
                and os.geteuid() == 0)

    def file(self, name):
        return os.path.join(self.work.directory, self.name, name)

    def prepare(self):
        control = self.file("control")
        os.makedirs(control, mode=0o755, exist_ok=True)
        os.makedirs(self.file("empty"), mode=0o555, exist_ok=True)
        # One copy for the whole run, where the account reaches it.
        if not os.path.exists(self.file("smtpd-auth")):
            shutil.copy(os.path.join(self.tree, "smtpd-auth"),
                        self.file("smtpd-auth"))
        self.write("me", self.work.host + "\n")
        for name in ("servercert.pem", "serverkey.pem", "authusers.cdb"):
            if os.path.lexists(os.path.join(control, name)):
                os.remove(os.path.join(control, name))
        if self.users is not None:
            os.symlink(self.users, os.path.join(control, "authusers.cdb"))
            return
        self.write("authusers", "%s:%s\n" % (self.work.user, self.secret()))
        subprocess.run([os.path.join(self.tree, "smtpd-passwd"), "-f",
                        os.path.join(control, "authusers"), "build"],
                       check=True, stdout=subprocess.DEVNULL)
        self.own(os.path.join(control, "authusers.cdb"))

    def secret(self):
        """One kind in a file: a verdict waits as long as the costliest."""
        if self.scenario.startswith("phone"):
            return scram_secret(self.work.password, DEFAULT_ITERATIONS)
        if self.scenario == "scram":
            return scram_secret(self.work.password)
        return "{PLAIN}" + self.work.password

    def own(self, path):
        """Of root: the server reads it before it drops its rights."""

    def write(self, name, text):
        with open(self.file("control/" + name), "w") as file:
            file.write(text)

    def link_certificate(self, tls):
        """A pair as sites have it: not of today's renewal, which costs more."""
        for source, name in zip(self.work.certificate(tls),
                                ("servercert.pem", "serverkey.pem")):
            path = self.file(tls + "-" + name)
            if not os.path.exists(path):
                shutil.copy(source, path)
                self.own(path)
            while time.time() < os.stat(path).st_ctime + SECONDS_OF_RENEWAL:
                time.sleep(0.5)
            os.symlink(path, self.file("control/" + name))

    def environment(self):
        return {"CONTROLDIR": self.file("control"),
                "QMAILQUEUE": self.work.sink,
                "REQUIREAUTH": "1", "FORCETLS": "0",
                "AUTHMECHS": "SCRAM-SHA-256 PLAIN"}

    def arguments(self):
        return ["-u", self.work.account, "-j", self.file("empty")]

    def program(self, tls):
        smtps = []
        if tls is not None:
            self.link_certificate(tls)
            smtps = ["-s"] if self.implicit else []
        return [self.file("smtpd-auth")] + smtps + self.arguments()


class Before(SmtpdAuth):
    """Another tree's, so that one run compares two versions."""

    name = "before"

    def __init__(self, work, tree):
        super().__init__(work)
        self.tree = os.path.abspath(tree)


class SmtpdAuthUnprivileged(SmtpdAuth):
    """The classic start: tcpserver -u -g, no uids or chroot of its own."""

    name = "smtpd-auth-unprivileged"

    def account(self):
        import pwd
        return pwd.getpwnam(self.work.account)

    def options(self):
        if os.geteuid() != 0:
            return []
        account = self.account()
        return ["-u", str(account.pw_uid), "-g", str(account.pw_gid)]

    def supports(self, scenario, tls):
        return scenario in SESSIONS + ("lookup", "phone-starttls")

    def own(self, path):
        if os.geteuid() == 0:
            account = self.account()
            os.chown(path, account.pw_uid, account.pw_gid)

    def arguments(self):
        return []
