"""For the tests of smtpd-check: a host of its own to look at (a directory
that it is chrooted into), and the table of what it can complain about."""
import ctypes
import os
import re
import struct
import subprocess

from . import place, tap
from .certificate import certificate
from .server import ACCOUNT, ROOT

_WORDS = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
_ROW = re.compile(r"\[([A-Z0-9_]+)\] = \{(true|false),\s*" + _WORDS + r",\s*" +
                  _WORDS + r",\s*(NULL|" + _WORDS + r")\}")


def _text(words):
    """A C string in one or more pieces."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', words)).replace(
        "\\\\", "\\").replace('\\"', '"')


def _pattern(text):
    return ".*".join(re.escape(part) for part in text.split("%"))


def table():
    """name: pattern of the line, of every row of check/findings.c."""
    with open(os.path.join(place.TOP, "check", "findings.c"),
              encoding="utf-8") as file:
        source = file.read()
    found = {}
    for row in _ROW.finditer(source):
        name, fatal, what, text, cure = row.group(1, 2, 3, 4, 5)
        line = f"{'FAIL' if fatal == 'true' else 'warn'} "
        line += re.escape(_text(what)) + ": " + _pattern(_text(text))
        line += r"( \([^()]*(\([^()]*\))?[^()]*\))?"
        if cure != "NULL":
            line += "; cure: " + _pattern(_text(cure))
        found[name] = re.compile(line)
    tap.is_(len(found), len(re.findall(r"^\t\[", source, re.M)),
            "every row of the table was understood")
    return found


TABLE = table()
HEARD = set()


class Output:
    """What one run printed. .lines, .status, .errors"""

    def __init__(self, done):
        self.status = done.returncode
        self.errors = done.stderr
        self.lines = done.stdout.splitlines()
        self.text = done.stdout
        HEARD.update(name for name in TABLE for line in self.lines
                     if TABLE[name].fullmatch(line))

    def find(self, name):
        """The line of this row of the table, or ""."""
        for line in self.lines:
            if TABLE[name].fullmatch(line):
                return line
        return ""

    def cure(self, name):
        """The command behind a FAIL."""
        return self.find(name).partition("; cure: ")[2]


def all_heard(start, *others):
    """One check a row: a test has provoked it. others: not these."""
    for name in TABLE:
        if start(name) and name not in others:
            tap.ok(name in HEARD, f"{name} was provoked")


def run(*arguments, stdin="", **more):
    """smtpd-check on this host."""
    more.setdefault("env", {"PATH": os.environ["PATH"]})
    return Output(subprocess.run(
        [place.installed("smtpd-check"), *arguments], input=stdin, text=True,
        capture_output=True, check=False, timeout=300, **more))


def deny(call, error):
    """From here on this system call fails (seccomp(2))."""
    # Load the number; is it the one? then error, else allow.
    program = b"".join(struct.pack("HBBI", *row) for row in (
        (0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x50000 | error),
        (0x06, 0, 0, 0x7fff0000)))
    text = ctypes.create_string_buffer(program, len(program))
    filter_ = ctypes.create_string_buffer(struct.pack(
        "HxxxxxxP", 4, ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def drop(right):
    """What is exec'ed from here on has not this right (capabilities(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(24, right, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


class Host:
    """A host where all is well: the service 587, users, a certificate that
    its roots know, a queue program. Change it, then check()."""

    RUN = """#!/bin/sh
exec 2>&1
exec envdir ./env \\
\ttcpserver -v -HR -l0 -c 200 -x tcp.cdb 0 587 \\
\tsmtpd-auth -u nobody
"""
    SERVICE = "etc/smtpd-auth/587"
    CONTROL = "etc/smtpd-auth/control"

    def __init__(self, users=True, certificate_days=90):
        self.root = place.home("host")
        for path in ("etc/ssl/certs", self.CONTROL, self.SERVICE + "/env",
                     "var/qmail/bin", "var/empty", "tmp", "usr/sbin"):
            os.makedirs(self.path(path))
        os.chmod(self.path("var/empty"), 0o555)
        os.chmod(self.path("tmp"), 0o1777)
        place.install(place.program("smtpd-check"), self.path("smtpd-check"))
        self.write("etc/passwd", "root:x:0:0::/:/bin/sh\n"
                   "nobody:x:65534:65534::/:/bin/false\n")
        self.write("etc/hosts", "127.0.0.1 localhost\n"
                   "127.0.0.1 mail.example.com\n")
        # For a build with glibc; musl knows hosts and DNS alone.
        self.write("etc/nsswitch.conf", "hosts: files dns\n")
        self.write("etc/host.conf", "multi on\n")
        self.write("etc/resolv.conf", "nameserver 127.0.0.1\n"
                   "options timeout:1 attempts:1\n")
        self.write("var/qmail/bin/qmail-queue", "#!/bin/sh\nexit 0\n", 0o755)
        self.write(self.SERVICE + "/run", self.RUN, 0o755)
        self.control("me", "mail.example.com\n")
        pair = certificate("ec", "mail.example.com", days=certificate_days)
        self.control("servercert.pem", pair.certificate_text())
        self.control("serverkey.pem", pair.key_text(), 0o600)
        # Self-signed, and trusted: it is among the roots.
        self.write("etc/ssl/certs/ca-certificates.crt",
                   pair.certificate_text())
        if users:
            self.passwd("set", "joe@example.com")

    def path(self, name):
        """Outside of the chroot."""
        return os.path.join(self.root, name.lstrip("/"))

    def write(self, name, text, mode=0o644):
        """A file; text None removes it."""
        path = self.path(name)
        if text is None:
            os.unlink(path)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        place.write(path, text, mode)

    def control(self, name, text, mode=0o644):
        """A control file."""
        self.write(f"{self.CONTROL}/{name}", text, mode)

    def env(self, name, text):
        """A file of the service's env/."""
        self.write(f"{self.SERVICE}/env/{name}", text)

    def run_script(self, old, new):
        """Changes a piece of the run script."""
        path = self.path(self.SERVICE + "/run")
        with open(path, encoding="ascii") as file:
            text = file.read()
        assert old in text
        self.write(self.SERVICE + "/run", text.replace(old, new), 0o755)

    def passwd(self, *arguments, stdin="secret\n"):
        """smtpd-passwd on this host's user file."""
        subprocess.run([place.program("smtpd-passwd"), "-f",
                        self.path(self.CONTROL + "/authusers"), *arguments],
                       input=stdin, text=True, check=True,
                       stdout=subprocess.DEVNULL)

    def check(self, *arguments, stdin="", account=None, env=None,
              denied=None, dropped=()):
        """Runs it inside, by default on the service. denied: a number of a
        system call and the error that it has, as a container's filter;
        dropped: numbers of rights that are taken from root."""
        def enter():
            os.chroot(self.root)
            os.chdir("/")
            if account is not None:
                os.setgroups([])
                os.setgid(account)
                os.setuid(account)
            for right in dropped:
                drop(right)
            if denied is not None:
                deny(*denied)
        return Output(subprocess.run(
            ["/smtpd-check", *(arguments or ["/" + self.SERVICE])],
            input=stdin, text=True, capture_output=True, check=False,
            timeout=300, env=env or {"PATH": "/usr/bin:/bin"},
            preexec_fn=enter))

    def cure(self, command):
        """Does what a cure says, outside: paths get the root in front."""
        def outside(path):
            return re.sub(r"(?<![\w./])/(?=(etc|var|srv)/)",
                          self.root + "/", path)
        # What is only written down is a path inside.
        link = re.compile(r"((?:ln -sf?|echo) \S+ )")
        done = "".join(part if link.fullmatch(part) else outside(part)
                       for part in link.split(command))
        return subprocess.run(
            ["sh", "-c", done], cwd="/", text=True, check=False,
            input="secret\n", capture_output=True, env={
                "PATH": place.TOP + ":" + os.environ["PATH"]})


def provokes(name, host, where=None, says="", cured=True, **options):
    """The host makes smtpd-check print this row; with cured, the command it
    names is typed, and then the row is gone. Returns the output."""
    output = host.check(**options)
    line = output.find(name)
    fatal = TABLE[name].pattern.startswith("FAIL")
    tap.ok(line != "", f"{name}: {line[:110]}", output.text, output.errors)
    if line == "":
        return output
    tap.ok((f"({where})" in line if where else True) and says in line,
           f"{name}: names {where} {says}", line)
    if fatal:
        tap.is_(output.status, 1, f"{name}: exit 1")
    if fatal and cured:
        done = host.cure(output.cure(name))
        again = host.check(**options)
        tap.ok(done.returncode == 0 and again.find(name) == "",
               f"{name}: cured by {output.cure(name)[:90]}",
               str(done), again.text)
    return output


__all__ = ["ACCOUNT", "HEARD", "Host", "Output", "ROOT", "TABLE", "all_heard",
           "provokes", "run"]
