"""For the tests of smtpd-auth-conf: inside extra_world, what a host has
before the program is typed, and the supervisors that start what it made."""
import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess

from . import place, tap
from .certificate import certificate
from .extra_launcher import connect
from .extra_process import wait_for
from .record import records

BIN = "/usr/local/bin"
DIR = "/etc/smtpd-auth"
HOST = "mail.example.com"
JOE, PASSWORD = "joe@example.com", "s3cret"
QUEUE = "/var/qmail/bin/qmail-queue"
RECORDS = "/var/records"
LIVE = "/etc/letsencrypt/live"
PEERS = os.path.join(place.TOP, "build", "peers")
ACCOUNTS = ("qmaild", "qmaill")


def peer(name):
    """Copies the programs of a package that is unpacked below build/peers to
    where they would be installed: the log's account need not reach the clone.
    Where their libraries are (for LD_LIBRARY_PATH), or None when it is not
    unpacked."""
    top = os.path.join(PEERS, name)
    if not os.path.exists(top + "/.complete"):
        return None
    for path in glob.glob(top + "/usr/*bin/*"):
        link = path[len(top):]
        if os.path.lexists(link):
            os.unlink(link)
        shutil.copy2(path, link)
    libraries = f"/usr/local/lib/{name}"
    os.makedirs(libraries, exist_ok=True)
    for path in glob.glob(top + "/**/*.so*", recursive=True):
        if os.path.isfile(path):
            shutil.copy2(path, libraries)
    return libraries


def with_peer(name, run):
    """run(libraries), where the package is unpacked."""
    libraries = peer(name)
    if libraries is None:
        tap.skip(name, f"{name} is not unpacked: ./deps check")
        return
    os.environ["LD_LIBRARY_PATH"] = libraries
    run(libraries)
    del os.environ["LD_LIBRARY_PATH"]


def accounts(*names):
    """Makes them; others of ACCOUNTS are removed."""
    for name in ACCOUNTS:
        subprocess.run(["userdel", name], check=False, capture_output=True)
    for name in names:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell",
                        "/usr/sbin/nologin", name], check=True)


def install():
    """What `make install` does for the programs."""
    for path in glob.glob(place.TOP + "/*"):
        if os.access(path, os.X_OK) and os.path.isfile(path) and \
                not path.endswith("deps"):
            place.install(path, os.path.join(BIN, os.path.basename(path)))


def qmail():
    """The recording program where qmail has its queue program."""
    os.makedirs(os.path.dirname(QUEUE), exist_ok=True)
    place.install(place.record_program(), QUEUE)
    os.makedirs(RECORDS, exist_ok=True)
    os.chmod(RECORDS, 0o777)


def fresh(names=ACCOUNTS, host=True, queue=True):
    """A host with these of our accounts, on which nothing is configured;
    host: its name resolves; queue: it has qmail's."""
    accounts(*names)
    for path in (DIR, "/etc/letsencrypt", "/var/qmail", RECORDS,
                 "/var/lib/smtpd-auth"):
        shutil.rmtree(path, ignore_errors=True)
    if queue:
        qmail()
    with open("/etc/hosts", "w", encoding="ascii") as file:
        file.write("127.0.0.1 localhost\n")
        if host:
            file.write("127.0.0.1 " + HOST + "\n")
    with open("/etc/nsswitch.conf", "w", encoding="ascii") as file:
        file.write("passwd: files\ngroup: files\nhosts: files\n")


def conf(*arguments, path=None, **options):
    """Types smtpd-auth-conf with these arguments."""
    env = {**os.environ, **({"PATH": path} if path else {})}
    return subprocess.run([BIN + "/smtpd-auth-conf", *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False, timeout=300, env=env,
                          **options)


def path_of(*names, without=()):
    """A PATH of exactly these programs, and the usual ones."""
    directory = place.home("path")
    usual = ("sh", "openssl", "getent", "useradd", "userdel", "tcprules",
             "tcpserver", "envdir", "setuidgid", "multilog")
    for name in {*usual, *names} - {*without}:
        os.symlink(shutil.which(name) or "/bin/true",
                   os.path.join(directory, name))
    return directory


def live(host=HOST, kind="ec", number=1, key_mode=0o600):
    """certbot's live/ and archive/ for this name: links to numbered files.
    There are four certificates of a kind."""
    archive = f"/etc/letsencrypt/archive/{host}"
    directory = f"{LIVE}/{host}"
    pair = certificate(kind, host, 30 + number % 4)
    for path in (archive, directory):
        os.makedirs(path, exist_ok=True)
    place.write(f"{archive}/fullchain{number}.pem", pair.certificate_text())
    place.write(f"{archive}/privkey{number}.pem", pair.key_text(),
                key_mode)
    for name in ("privkey", "fullchain"):
        # certbot removes the link and makes another.
        link = f"{directory}/{name}.pem"
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(f"../../archive/{host}/{name}{number}.pem", link)
    return pair


def tree(top):
    """Path below it, as typed in ls: mode, owner, group, what it holds."""
    found = {}
    for directory, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            found[os.path.relpath(path, top)] = (
                oct(status.st_mode), status.st_uid, status.st_gid,
                os.readlink(path) if os.path.islink(path) else
                b"" if os.path.isdir(path) else read(path))
    return found


def read(path):
    """A file as bytes."""
    with open(path, "rb") as file:
        return file.read()


def text(path):
    """A file as text; "" if there is none yet."""
    try:
        return read(path).decode("utf-8", "backslashreplace")
    except FileNotFoundError:
        return ""


def put(path, line):
    """echo line > path"""
    place.write(path, line + "\n")


def add_user():
    """smtpd-passwd set, the password from standard input."""
    subprocess.run([BIN + "/smtpd-passwd", "set", JOE], input=PASSWORD,
                   text=True, check=True, capture_output=True)


def record_into(port):
    """The service's environment tells the recording program where."""
    put(f"{DIR}/{port}/env/RECORD_DIR", RECORDS)


def messages():
    """What the recording program was given whole."""
    return [record for record in records(RECORDS) if record.complete]


def mail(what, port, tls=None, host="127.0.0.1"):
    """A session by AUTH and TLS on this port, and what arrived of it."""
    implicit = port == 465 if tls is None else tls
    connect(port, greet=False, host=host).close()  # it listens
    before = len(messages())
    with place_client(port, implicit, host) as c:
        c.hello()
        if not implicit:
            c.starttls(name=HOST)
            c.hello()
        tap.starts(c.command("MAIL FROM:<joe@example.com>"), "530 5.7.0",
                   f"{what}: nothing without AUTH")
        tap.starts(c.login("SCRAM-SHA-256", JOE, PASSWORD), "235",
                   f"{what}: AUTH")
        tap.starts(c.message(b"Subject: x\r\n\r\n" + what.encode() + b"\r\n",
                             JOE, "x@example.net"), "250 2.0.0",
                   f"{what}: a message is taken")
        tap.starts(c.command("QUIT"), "221", f"{what}: QUIT")
    found = messages()[before:]
    tap.is_([(m.sender, m.recipients) for m in found],
            [(JOE, ["x@example.net"])], f"{what}: it arrives")
    if found:
        tap.ok(found[0].body.endswith(what.encode() + b"\n"),
               f"{what}: whole", found[0].body)
        tap.like(found[0].received, " with ESMTPSA id ",
                 f"{what}: by TLS and AUTH")
        tap.is_(found[0].status["Uid"].split()[0],
                account_uid("qmaild"), f"{what}: as the account")
    return found


def place_client(port, tls, host="127.0.0.1"):
    """A Client with the greeting read."""
    return connect(port, host=host) if not tls else connect_tls(port, host)


def connect_tls(port, host="127.0.0.1"):
    """TLS from the first byte."""
    c = connect(port, greet=False, host=host)
    c.wrap(name=HOST)
    c.greeting = c.expect("220 ")
    return c


def account_uid(name):
    """As text."""
    return re.search(rf"(?m)^{name}:[^:]*:(\d+):", text("/etc/passwd"))[1]


def running():
    """Every process of this world but ours: pid: name."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            name = read(f"/proc/{pid}/comm").decode().strip()
            state = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[0]
            if int(pid) != os.getpid() and state != b"Z":
                found[int(pid)] = name
    return found


@contextlib.contextmanager
def started(words, env=None, cwd="/", log="/var/supervisor.log"):
    """A supervisor; it and all that runs are gone in the end."""
    env = {**os.environ, **(env or {})}
    env.pop("TMPDIR", None)  # the test's, which no account may write to
    with open(log, "ab") as file:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            env=env, cwd=cwd)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
        for pid in running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not running(), "the end of all")
        reap()


def reap():
    """We are process 1 here: orphans are ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
