#!/usr/bin/env python3
"""A root that cannot be written to, as a container's with --read-only: what
goes on, what the log says of the rest, and what the tools say."""
import os
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_namespace import UNSHARE  # noqa: E402
from support.extra_process import queue_script  # noqa: E402

if not ROOT:
    skip_all("only root can mount")
if subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"],
                  check=False, capture_output=True).returncode:
    skip_all("no mount namespace can be made here")

JOE = "joe@example.com"
# Every mount becomes read-only but those that are given, up to "--".
READ_ONLY = """set -e
while test "$1" != --; do
    mount --bind "$1" "$1"; keep="$keep $1 "; shift
done
shift
cut -d' ' -f5 /proc/self/mountinfo | while read -r point; do
    case $keep in
    *" $point "*) ;;
    *) mount -o remount,bind,ro "$point" 2>/dev/null || : ;;
    esac
done
! touch /read-only 2>/dev/null
exec "$@"
"""
EATS = "cat >/dev/null; cat <&1 >/dev/null\n"


def read_only(*writable):
    """A launcher."""
    return [*UNSHARE, "sh", "-c", READ_ONLY, "sh", *writable, "--"]


def owned(what):
    """A directory of the account's."""
    path = place.home(what)
    os.chmod(path, 0o700)
    shutil.chown(path, ACCOUNT)
    return path


class Fixed(Server):
    """On such a root."""

    def __init__(self, *writable, **options):
        self.launcher = read_only(*writable)
        super().__init__(users={JOE: "secret"}, certificate="ec", **options)

    def start(self):
        """tcpserver stays root, since the launcher has to mount."""
        self.as_account, self.root = not self.root, True
        super().start()

    def command(self):
        if not self.as_account:
            return [*self.launcher, *super().command()]
        return [*self.launcher, "setpriv", "--reuid=" + ACCOUNT,
                "--regid=nogroup", "--clear-groups", "--",
                place.installed("smtpd-auth")]


def session(what, server, reply):
    """TLS, a login, a message and what is said of it."""
    with server.client() as c:
        c.hello()
        c.starttls()
        c.hello()
        starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235",
               f"{what}: a login")
        starts(c.message("Subject: x\r\n\r\n", JOE, "x@example.net"), reply,
               f"{what}: {reply}")
        starts(c.command("QUIT"), "221", f"{what}: and the end")
    is_(server.wait_idle(), [], f"{what}: nothing is left")


def complaints(server):
    """What the log says is wrong."""
    return sorted(set(line.partition(" config fail ")[2]
                      for line in server.log().splitlines()
                      if " config fail " in line))


for as_root in (True, False):
    what = f"root={as_root}"
    with case(f"{what}: no state"), Fixed(
            env={"QMAILQUEUE": queue_script(EATS)}, root=as_root) as server:
        session(f"{what}, without statedir", server, "250 2.0.0")
        is_(complaints(server), [], f"{what}: nothing to complain of")
    # Counters that cannot be kept are told of, and mail goes on.
    for name, path, why in (
            ("read-only", owned("state"), r"Read-only\x20file\x20system"),
            ("missing", place.base() + "/nowhere",
             r"No\x20such\x20file\x20or\x20directory")):
        with case(f"{what}: statedir {name}"), Fixed(
                env={"QMAILQUEUE": queue_script(EATS), "STATEDIR": path,
                     "CONNLIMIT": "50"}, control={"relaylimits": ":100\n"},
                root=as_root) as server:
            session(f"{what}, statedir {name}", server, "250 2.0.0")
            is_(complaints(server),
                [f"file={path}/failures reason={why}"],
                f"{what}, statedir {name}: one line, with the first file")
    state, box = owned("state"), owned("box")
    maildir = {"QMAILQUEUE": place.installed("queue-maildir"),
               "QUEUE_MAILDIR": box + "/Maildir"}
    with case(f"{what}: volumes"), Fixed(
            state, box, env={**maildir, "STATEDIR": state},
            root=as_root) as server:
        session(f"{what}, with volumes", server, "250 2.0.0")
        is_(complaints(server), [], f"{what}: nothing to complain of there")
        is_((len(os.listdir(box + "/Maildir/new")),
             "failures" in os.listdir(state)), (1, True),
            f"{what}: both are used")
    with case(f"{what}: no place for mail"), Fixed(
            env=maildir, root=as_root) as server:
        session(f"{what}, a Maildir that cannot be written", server,
                "451 4.3.0")
        server.wait_log(r"queue-maildir: fatal: .*: Read-only file system$")
        server.wait_log(r" message temp .* exit=\d+")


def typed(*words, stdin="", writable=()):
    """A tool on such a root."""
    return subprocess.run([*read_only(*writable), *words], input=stdin, text=True,
                          capture_output=True, check=False,
                          env={"PATH": place.TOP + ":" + os.environ["PATH"],
                               "CONTROLDIR": "/nonexistent"})


with case("smtpd-passwd"), Server(users={JOE: "secret"}) as server:
    file = server.path("authusers")
    before = [open(file + end, "rb").read() for end in ("", ".cdb")]
    for words in (("set", JOE), ("disable", JOE), ("build",)):
        ended = typed("smtpd-passwd", "-f", file, *words, stdin="new\n")
        is_(ended.returncode, 111, f"smtpd-passwd {words[0]}: for now")
        like(ended.stderr, "(?m)^smtpd-passwd: fatal: unable to .*: "
             "Read-only file system$", f"smtpd-passwd {words[0]}: says why")
    is_([open(file + end, "rb").read() for end in ("", ".cdb")], before,
        "smtpd-passwd: the user file is as it was")
    for words, status in ((("check", JOE), 0), (("list",), 0),
                          (("check", "jim@example.com"), 1)):
        is_(typed("smtpd-passwd", "-f", file, *words,
                  stdin="secret\n").returncode, status,
            f"smtpd-passwd {words[0]}: reads all the same")
with case("smtpd-auth-conf"):
    path = place.home("service")
    ended = typed("smtpd-auth-conf", "-d", path, "-S", "daemontools",
                  "-a", ACCOUNT, "-l", ACCOUNT, "mail.example.com", "2587")
    is_(ended.returncode, 111, "smtpd-auth-conf: for now")
    like(ended.stderr, "Read-only file system", "smtpd-auth-conf: says why")
    is_(os.listdir(path), [], "smtpd-auth-conf: leaves nothing")
with case("smtpd-report"):
    log = place.home("log") + "/current"
    place.write(log, "smtpd-auth: 1 192.0.2.1 connect port=587\n")
    is_(typed("smtpd-report", log).returncode, 0, "smtpd-report: reads")
with case("contrib"):
    metrics = place.TOP + "/contrib/prometheus/smtpd-auth-metrics"
    where = place.home("textfile")
    ended = typed(metrics, where, "localhost:1", log)
    ok(ended.returncode, "smtpd-auth-metrics: fails")
    like(ended.stderr, f"{where}/.*: Read-only file system",
         "smtpd-auth-metrics: says why")
    is_(os.listdir(where), [], "smtpd-auth-metrics: leaves nothing")
    ended = typed(metrics, where, "localhost:1", log, writable=(where,))
    is_((ended.returncode, ended.stderr, sorted(os.listdir(where))),
        (0, "", ["smtpd-auth-check.prom", "smtpd-auth.prom"]),
        "smtpd-auth-metrics: its directory alone need be writable")
    # Dovecot is not there, which is found out.
    for recipient, status in (("*@example.com", 100), (JOE, 111)):
        ended = typed("sh", "-c", 'RECIPIENT=$1 exec "$0" 4>&1',
                      place.TOP + "/contrib/rcptcheck/dovecot", recipient)
        is_(ended.returncode, status, f"rcptcheck/dovecot: {recipient}")
done()
