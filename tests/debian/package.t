#!/usr/bin/env python3
"""The Debian package: built without root and network, clean for lintian;
installed, upgraded, removed and purged in a namespace, so that the machine
stays as it is."""
import grp
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import (  # noqa: E402
    ACCOUNT, TOP, case, done, home, is_, like, ok, skip_all)
from support.extra_namespace import enter, lay_over, make_room  # noqa: E402
from support.extra_sendmail import write  # noqa: E402

TOOLS = ("dpkg-buildpackage", "dh", "lintian", "adduser")
# Of the tree: what is built, and what only a clone has.
LEFT_OUT = ("build", "run", ".git", "bench")
QUIET = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
         "DEBIAN_FRONTEND": "noninteractive", "HOME": "/nonexistent"}

for tool in TOOLS:
    if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
        skip_all(tool + " is not installed: ./deps check")
enter()


def run(*words, check=True, as_account=False, cwd="/", **env):
    """A command that may ask nothing; its end, with all it said."""
    account = {}
    if as_account:
        account = {"user": ACCOUNT, "group": pwd.getpwnam(ACCOUNT).pw_gid,
                   "extra_groups": []}
    ended = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, cwd=cwd, env={**QUIET, **env},
        check=False, **account)
    if check and ended.returncode != 0:
        raise AssertionError(f"{words}: {ended.stdout[-2000:]}")
    return ended


def files(directory):
    """All below it."""
    return sorted(os.path.join(os.path.relpath(path, directory), name)
                  for path, _, names in os.walk(directory) for name in names)


def programs():
    """Those that the Makefile names."""
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as file:
        return re.search(r"(?m)^PROGRAMS = (.*)$", file.read())[1].split()


def build():
    """The package, of a copy of the tree; its file."""
    place = home("package")
    tree = os.path.join(place, "tree")
    shutil.copytree(TOP, tree, symlinks=True, ignore=lambda path, names: [
        name for name in names if name == "__pycache__" or
        (path == TOP and name in LEFT_OUT)])
    for name in programs():
        path = os.path.join(tree, name)
        if os.path.exists(path):
            os.unlink(path)
    run("chown", "-R", ACCOUNT, place)
    before = files(tree)
    # A network without even an address, and nobody's rights.
    uid = pwd.getpwnam(ACCOUNT)
    run("unshare", "--net", "--", "setpriv", f"--reuid={uid.pw_uid}",
        f"--regid={uid.pw_gid}", "--clear-groups", "dpkg-buildpackage", "-b",
        "-jauto", "-us", "-uc", cwd=tree,
        DEB_BUILD_OPTIONS="nocheck noautodbgsym")
    run("debian/rules", "clean", cwd=tree, as_account=True)
    is_(files(tree), before, "cleaned up, the tree is as it was")
    built = [name for name in os.listdir(place) if name.endswith(".deb") and
             "dbgsym" not in name]
    is_(len(built), 1, "one package is built, without root and network")
    lint = run("lintian", "--info", "--fail-on", "warning,error",
               *(name for name in os.listdir(place)
                 if name.endswith(".changes")), cwd=place, check=False,
               as_account=True, TMPDIR=place)
    is_((lint.returncode, lint.stdout), (0, ""), "lintian has nothing to say")
    return os.path.join(place, built[0])


def later(package):
    """The same with a higher version."""
    place = home("later")
    run("dpkg-deb", "-R", package, place + "/tree")
    control = place + "/tree/DEBIAN/control"
    with open(control, encoding="utf-8") as file:
        text = file.read()
    write(control, re.sub(r"(?m)^Version: .*$", "Version: 9999-1", text))
    run("dpkg-deb", "--root-owner-group", "-b", place + "/tree",
        place + "/later.deb")
    return place + "/later.deb"


def dpkg(*words):
    """dpkg itself, but for triggers, which are other packages' work."""
    return run("dpkg", "--no-triggers", *words)


def changed(rooms):
    """What the namespace's changes are, but for dpkg's own."""
    found = []
    for target, room in rooms.items():
        found += [os.path.normpath(os.path.join(target, name))
                  for name in files(room)]
    return {name for name in found
            if not name.startswith(("/var/lib/dpkg/", "/var/log/",
                                    "/var/cache/debconf/"))}


def processes():
    """Those in our namespace."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{name}/ns/mnt") == \
                    os.readlink("/proc/self/ns/mnt"):
                found.append(int(name))
        except OSError:
            pass
    return found


class Dialogue:
    """smtpd-auth as a launcher starts it, as root: default account, jail,
    control files."""

    def __init__(self, **env):
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            ["/usr/bin/smtpd-auth"], stdin=theirs, stdout=theirs,
            stderr=subprocess.DEVNULL, env={**QUIET, "RELAYCLIENT": "", **env})
        theirs.close()
        ours.settimeout(60)
        self.stream = ours.makefile("rwb")
        ours.close()
        self.greeting = self.line()

    def line(self):
        """The last one of a reply."""
        line = self.stream.readline()
        while line[3:4] == b"-":
            line = self.stream.readline()
        return line.decode().rstrip()

    def say(self, text):
        """A line; the reply's last."""
        self.stream.write(text.encode() + b"\r\n")
        self.stream.flush()
        return self.line()

    def send(self):
        """A message; the replies' codes."""
        return [self.say(line)[:3] for line in (
            "EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>",
            "DATA", "Subject: x\r\n\r\nx\r\n.", "QUIT")]


package = build()

with case("contents"):
    listing = run("dpkg-deb", "-c", package).stdout
    names = [line.split()[5][1:] for line in listing.splitlines()]
    for name in programs():
        ok("/usr/bin/" + name in names, name)
    pages = [f"/usr/share/man/man{name[-1]}/{name}.gz"
             for name in os.listdir(os.path.join(TOP, "man"))]
    is_([name for name in pages if name not in names], [], "manual pages")
    is_([name for name in names if name != "/" and not re.match(
        r"/usr(/bin|/share(/(man|doc|lintian).*)?)?(/[^/]*)?$|"
        r"/var/(empty/)?$", name)], [],
        "nothing else but documents: no service, no configuration")
    for name in ("README.md", "INSTALL", "README.Debian", "copyright",
                 "changelog.Debian", "changelog", *os.listdir(
                     os.path.join(TOP, "docs"))):
        # The longer ones are compressed.
        path = "/usr/share/doc/smtpd-auth/" + name
        ok(path in names or path + ".gz" in names or
           name.endswith((".svg", ".png")), name)
    ok(any("/examples/" in name for name in names), "examples")
    like(listing, r"(?m)^dr-xr-xr-x root/root .* \./var/empty/$", "the jail")
    is_(run("dpkg-deb", "-f", package, "Pre-Depends", "Conflicts",
            "Provides", "Replaces", "Breaks").stdout, "",
        "gets in no other package's way")

room = make_room()
rooms = {target: lay_over(target, room) for target in ("/usr", "/etc", "/var")}

with case("install"):
    for account in ("qmaild", "qmaill"):
        if account in (entry.pw_name for entry in pwd.getpwall()):
            run("deluser", "--quiet", account)
    # A qmail host's own.
    run("useradd", "--system", "--uid", "64015", "qmaill")
    before = changed(rooms)
    dpkg("-i", package)
    names.append("/var/lib/dpkg")
    is_([name for name in changed(rooms) - before if name not in names and
         not re.match(r"/etc/((passwd|group|shadow|gshadow|subuid|subgid)-?"
                      r"|\.pwd\.lock)$", name)], [],
        "adds its own files and accounts, nothing else")
    is_(processes(), [os.getpid()], "starts nothing that stays")
    entry = pwd.getpwnam("qmaild")
    ok(0 < entry.pw_uid < 1000 and entry.pw_shell.endswith("nologin") and
       grp.getgrgid(entry.pw_gid).gr_name == "qmaild" and
       not os.path.exists(entry.pw_dir), f"the account: {entry}")
    is_(pwd.getpwnam("qmaill").pw_uid, 64015, "one that is there stays")
    state = os.stat("/var/empty")
    is_((state.st_mode & 0o7777, state.st_uid, os.listdir("/var/empty")),
        (0o555, 0, []), "/var/empty")
    for name in programs():
        like(run(f"/usr/bin/{name}", "-V").stdout, f"^{name} [0-9]",
             name + " runs")

with case("in use"):
    write("/etc/smtpd-auth/control/me", "mx.example.org\n")
    accounts = [pwd.getpwnam(name) for name in ("qmaild", "qmaill")]
    # The account is not root: a mail directory that is its own.
    box = home("box")
    shutil.chown(box, "qmaild")
    env = {"QMAILQUEUE": "/usr/bin/queue-maildir",
           "QUEUE_MAILDIR": box + "/Maildir"}
    mail = ["250", "250", "250", "354", "250", "221"]
    dialogue = Dialogue(**env)
    like(dialogue.greeting, "^220 mx.example.org ", "takes a connection")
    is_(dialogue.send(), mail, "and a message")
    open_one = Dialogue(**env)

with case("upgrade"):
    dpkg("-i", later(package))
    is_(run("dpkg-query", "-W", "-f", "${Version}", "smtpd-auth").stdout,
        "9999-1", "the new version")
    is_([pwd.getpwnam(name) for name in ("qmaild", "qmaill")], accounts,
        "accounts as they were")
    is_(open_one.send(), mail, "a connection of before goes on")
    is_(Dialogue(**env).send(), mail, "a new one works")
    is_(len(os.listdir(box + "/Maildir/new")), 3, "all messages are there")
    dpkg("-i", "--force-downgrade", package)
    is_(Dialogue(**env).send(), mail, "and back")

with case("remove"):
    run("smtpd-passwd", "-f", "/etc/smtpd-auth/control/authusers", "list",
        check=False)
    for action in ("-r", "-P"):
        dpkg(action, "smtpd-auth")
        is_([name for name in programs()
             if os.path.exists(f"/usr/bin/{name}")], [], f"dpkg {action}: programs are gone")
        ok(os.path.exists("/etc/smtpd-auth/control/me"),
           "what the postmaster made stays")
        is_([pwd.getpwnam(name) for name in ("qmaild", "qmaill")], accounts,
            "so do accounts")
    is_(os.path.exists("/usr/share/doc/smtpd-auth"), False, "no document left")
    dpkg("-i", package)
    is_([pwd.getpwnam(name) for name in ("qmaild", "qmaill")], accounts,
        "installed again: the same accounts")
    is_(Dialogue(**env).send(), mail, "and it works")

done()
