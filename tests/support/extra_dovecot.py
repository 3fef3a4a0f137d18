"""Dovecot, a real one unpacked privately and one that says what a test wants;
and whatever else needs a file system in which those packages are installed.

Its configuration has two forms: Dovecot 2.4 (Debian 13) does not know that of
2.3 (Debian 12). by_version() gives the one that is there.
"""
import functools
import os
import re
import signal
import socket
import subprocess
import threading

from . import place
from .extra_launcher import free_port
from .extra_process import Process, wait_for

PEERS = os.path.join(place.TOP, "build", "peers")


def installed(packages):
    """What is to stand before a command so that it finds these packages as
    if they were installed: a view of /usr that nobody else has."""
    lower = {"/usr": [], "/usr/lib": []}
    for package in packages:
        top = os.path.realpath(os.path.join(PEERS, package))
        for name, where in (("usr", "/usr"), ("lib", "/usr/lib")):
            if os.path.isdir(os.path.join(top, name)):
                lower[where].append(os.path.join(top, name))
    mounts = " && ".join(
        f"mount -t overlay overlay -o lowerdir={':'.join(names)}:{where} "
        f"{where}" for where, names in lower.items() if names)
    return ["unshare", "-m", "sh", "-c", mounts + ' && exec "$@"', "sh"]


def why_not(packages):
    """Why that cannot be done here; None: it can."""
    if os.geteuid() != 0:
        return "needs root"
    for package in packages:
        if not os.path.exists(os.path.join(PEERS, package, ".complete")):
            return f"{package} is not unpacked: deps check"
    if subprocess.run([*installed(packages), "true"], check=False,
                      capture_output=True).returncode:
        return "no mount namespace with an overlay here"
    return None


@functools.cache
def is_new():
    """Dovecot 2.4 or later?"""
    said = subprocess.run(
        [*installed(["dovecot-core"]), "/usr/sbin/dovecot", "--version"],
        check=True, text=True, capture_output=True).stdout
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", said).groups())) >= (2, 4)


def by_version(old, new):
    """The text for the Dovecot that is there."""
    return new if is_new() else old


# What a configuration begins with.
HEAD = """
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
"""
CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
auth_verbose = yes
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
protocols = imap
listen = 127.0.0.1
ssl = no
default_login_user = mail
default_internal_user = daemon
default_internal_group = daemon
first_valid_uid = 1
first_valid_gid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service auth {{
  unix_listener {socket} {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
MORE_OLD = """
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
"""
USERDB_OLD = """
userdb {{
  driver = static
  args = uid=daemon gid=daemon home={home}/mail/%u
}}
"""
MORE_NEW = """
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = ~/Maildir
"""
USERDB_NEW = """
userdb static {{
  fields {{
    uid = daemon
    gid = daemon
    home = {home}/mail/%{{user}}
  }}
}}
"""
PASSDB_OLD = """
passdb {{
  driver = passwd-file
  args = scheme=CRYPT username_format=%u {users}
}}
"""
PASSDB_NEW = """
passdb passwd-file {{
  auth_username_format = %{{user}}
  passwd_file_path = {users}
}}
"""


class Dovecot:
    """A running Dovecot with its own everything.

    users       a passwd-file for its passdb, or None
    mechanisms  auth_mechanisms
    more        further lines of its configuration
    userdb      "": there is none but in more; by default all have a mailbox
    .socket     the client socket of its auth service
    """

    def __init__(self, users=None, mechanisms="plain login", more="",
                 packages=(), env=None, userdb=None):
        self.home = place.home("dovecot")
        self.socket = os.path.join(self.home, "auth-client")
        self.imap_port = free_port()
        os.mkdir(self.home + "/mail", 0o777)
        os.chmod(self.home + "/mail", 0o777)
        text = (by_version("", HEAD) + CONFIG +
                by_version(MORE_OLD, MORE_NEW) +
                (by_version(USERDB_OLD, USERDB_NEW) if userdb is None
                 else userdb)).format(
                     home=self.home, mechanisms=mechanisms,
                     imap_port=self.imap_port, socket=self.socket)
        if users:
            text += by_version(PASSDB_OLD, PASSDB_NEW).format(users=users)
        place.write(self.home + "/conf", text + more)
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*installed(["dovecot-core", "dovecot-imapd", *packages]),
             "/usr/sbin/dovecot", "-F", "-c", self.home + "/conf"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, cwd="/",
            env={"PATH": os.environ["PATH"], **(env or {})})
        wait_for(self._answers, "Dovecot: " + self.home)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError("Dovecot: " + self.process.stdout.read(
                4000).decode() + self.log())
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(60)
            try:
                sock.connect(self.socket)
                sock.sendall(b"VERSION\t1\t1\nCPID\t%d\n" % os.getpid())
                text = b""
                while b"DONE\n" not in text:
                    more = sock.recv(4096)
                    if not more:
                        return False
                    text += more
                return True
            except OSError:
                return False

    def log(self):
        """What it has logged."""
        try:
            with open(self.home + "/log", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def auth(self):
        """The processes of its auth service."""
        def is_auth(child):
            try:
                return child.alive() and b"dovecot/auth" in child.command()
            except OSError:
                return False
        return wait_for(lambda: list(filter(
            is_auth, Process(self.process.pid).children())), "dovecot/auth")

    def imap(self, user, password):
        """Logs in over IMAP; the tagged answer."""
        with socket.create_connection(("127.0.0.1", self.imap_port),
                                      15) as sock:
            stream = sock.makefile("rwb")
            stream.readline()
            stream.write(f'a LOGIN "{user}" "{password}"\r\n'.encode())
            stream.flush()
            for line in stream:
                if line.startswith(b"a "):
                    return line.decode().strip()
            return "closed"

    def stop(self):
        """Ends it and all that it has started."""
        if self.process.poll() is None:
            for child in Process(self.process.pid).children():
                child.signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


HELLO = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n" \
    "SPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef\nDONE\n"


class Fake(threading.Thread):
    """A socket that says what a test wants.

    hello    sent at once to whoever connects; None: who is let go of
    answers  sent one by one, each after a line of AUTH or CONT; None in
             the place of one: the connection is closed
    .lines   what was heard, one list a connection
    """

    def __init__(self, hello=HELLO, answers=(), accept=True, mode=0o666):
        super().__init__(daemon=True)
        self.socket = os.path.join(place.home("fake"), "auth")
        self.hello = hello
        self.answers = list(answers)
        self.lines = []
        self.open = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        os.chmod(self.socket, mode)
        self.listener.listen(20 if accept else 0)
        if accept:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Listens no more, and lets go of everybody."""
        for sock in (self.listener, *self.open):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(sock)
            heard = []
            self.lines.append(heard)
            threading.Thread(target=self._serve, args=(sock, heard),
                             daemon=True).start()

    def _serve(self, sock, heard):
        answers = list(self.answers)
        try:
            if self.hello is None:
                sock.shutdown(socket.SHUT_RDWR)
                return
            with sock.makefile("rb") as stream:
                sock.sendall(self.hello.encode("latin-1"))
                for line in stream:
                    heard.append(line.decode().rstrip("\n"))
                    if not line.startswith((b"AUTH\t", b"CONT\t")):
                        continue
                    if not answers:
                        continue
                    answer = answers.pop(0)
                    if answer is None:
                        sock.shutdown(socket.SHUT_RDWR)
                        return
                    sock.sendall(answer.encode("latin-1"))
        except (OSError, ValueError):
            pass
        finally:
            # There may be thousands.
            self.open.remove(sock)
            sock.close()

    def auths(self):
        """The AUTH lines, as lists of words."""
        return [line.split("\t") for heard in self.lines for line in heard
                if line.startswith("AUTH\t")]


def words(line):
    """The parameters of a line as a dictionary."""
    return dict(re.split("=", word, 1) if "=" in word else (word, True)
                for word in line)
