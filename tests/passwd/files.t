#!/usr/bin/env python3
"""The user file as people have it: lines of Dovecot's, from Windows, behind
links; which cdb was made of which text; what cannot be written."""
import contextlib
import os
import resource
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

JOE = "joe@example.com"
ANN = "ann@example.com"
OK = "235 2.7.0 ok, go ahead"
MARK = b"\xef\xbb\xbf"


def text(server, name="authusers"):
    """What a file holds, octet for octet."""
    with open(server.path(name), "rb") as file:
        return file.read()


def store(server, content, name="authusers"):
    """Another content."""
    place.write(server.path(name), content, 0o600)


def litter(server):
    """Files that no run should leave behind."""
    return [name for name in os.listdir(
                os.path.dirname(server.path("authusers")))
            if name.endswith((".new", ".spill"))]


DOVECOT = (f"{JOE}:{{PLAIN}}secret:1000:1000::/home/joe::"
           "userdb_quota_rule=*:storage=1G userdb_acl=a:b:c\n").encode()

with case("Dovecot's field 8"), Server() as server:
    store(server, DOVECOT)
    server.passwd("build")
    is_(server.login("PLAIN", JOE), OK, "colons in it are no fault")
    server.passwd("set", ANN, stdin="secret")
    server.passwd("set", JOE, stdin="other")
    ok(b"/home/joe::userdb_quota_rule=*:storage=1G userdb_acl=a:b:c\n" in
       text(server), "a change of password leaves it alone", text(server))
    server.passwd("newapp", JOE, "phone")
    server.passwd("disable", JOE)
    server.passwd("enable", JOE)
    ok(b"/home/joe::userdb_quota_rule=*:storage=1G userdb_acl=a:b:c\n" in
       text(server), "so do other changes", text(server))
    ok("userdb_quota_rule=*:storage=1G" in
       server.passwd("export", "dovecot").stdout, "export prints it")

with case("from Windows"), Server() as server:
    before = (MARK + DOVECOT + b"# a comment\n\n" + ANN.encode() +
              b":{PLAIN}secret\n").replace(b"\n", b"\r\n")
    store(server, before)
    ran = server.passwd("build")
    ok(ran.stderr == "" and ran.stdout.startswith("2 users; "),
       "a byte order mark and CR LF: nothing to complain of", ran)
    for user in (JOE, ANN):
        is_(server.login("PLAIN", user), OK, f"{user} logs in")
    ok(text(server).startswith(before), "the text stays as it is")
    server.passwd("sender", ANN, "sales@example.com")
    ok(text(server).startswith(MARK + DOVECOT.replace(b"\n", b"\r\n")),
       "what is not changed stays as it is")
    server.passwd("set", JOE, stdin="changed")
    is_(server.login("PLAIN", JOE, "changed"), OK, "the first user can be changed")
    server.passwd("del", JOE)
    ok(JOE.encode() not in text(server), "and deleted")
    is_(server.login("PLAIN", ANN), OK, "the other one is still there")
    server.passwd("set", JOE, stdin="again")
    is_(server.login("PLAIN", JOE, "again"), OK, "and made again")

with case("no line end at the end"), Server() as server:
    for end in (b"", b"\r"):
        store(server, f"{JOE}:{{PLAIN}}secret".encode() + end)
        server.passwd("set", ANN, stdin="secret")
        is_([server.login("PLAIN", user) for user in (JOE, ANN)], [OK, OK],
            f"{end!r}: the last user and the one behind")

with case("bad lines"), Server() as server:
    good = f"{JOE}:{{PLAIN}}secret\n".encode()
    for what, bad, word in (
            ("a CR inside", b"a:x\ry\n", "CR"),
            ("a huge line", b"a:" + b"x" * 5000000 + b"\n", "4096"),
            ("a huge line without a colon", b"x" * 5000000 + b"\n",
             "no colon"),
            ("a NUL", b"a\0:x\n", "NUL")):
        store(server, good + bad + good.replace(b"joe", b"eve"))
        ran = server.passwd("build", check=False)
        ok(ran.returncode == 111 and "authusers:2: " in ran.stderr and
           word in ran.stderr and ran.stderr.count("\n") == 1,
           f"{what}: file, line and reason", ran.stderr[:300])
        ok(not litter(server), f"{what}: no litter")



def said(server):
    """What list says on standard error."""
    return server.passwd("list").stderr


with case("which text a cdb was made of"), Server(
        users={JOE: "secret"}) as server:
    old = text(server)
    server.passwd("set", ANN, stdin="secret")
    new = text(server)
    is_(said(server), "", "this one")
    store(server, old)
    os.utime(server.path("authusers"), (1000000000, 1000000000))
    ok("authusers.cdb is older than its text, or of another one: run "
       "smtpd-passwd build" in said(server),
       "an older text in place of a newer one")
    store(server, new)
    is_(said(server), "", "back again")
    for when in (4000000000, 1000000000):
        for name in ("authusers", "authusers.cdb"):
            os.utime(server.path(name), (when, when))
            is_(said(server), "", f"{name} of {when}")
    store(server, b"# a comment\n\n" + new.replace(b"\n", b"\r\n"))
    is_(said(server), "", "what does not count does not matter")
    store(server, new.replace(b"joe@", b"eve@"))
    ok("of another one" in said(server), "another login")
    store(server, new.replace(new.split(b"smtpd-key ")[1][:44],
                              b"A" * 43 + b"="))
    ok("of another one" in said(server), "another key")
    store(server, b"\n".join(sorted(new.splitlines())) + b"\n")
    server.passwd("build")
    is_(said(server), "", "and after a build all is well")
    os.unlink(server.path("authusers.cdb"))
    ok("is missing" in said(server), "no cdb")

with case("symbolic links"), Server(users={JOE: "secret"}) as server:
    elsewhere = server.path("elsewhere")
    link = server.path("authusers")
    before = text(server)
    os.rename(link, elsewhere)
    os.symlink(elsewhere, link)
    server.passwd("set", ANN, stdin="secret")
    ok(os.path.islink(link) and ANN.encode() in text(server, "elsewhere"),
       "one is followed")
    os.rename(elsewhere, elsewhere + ".gone")
    compiled = text(server, "authusers.cdb")
    for cdb in (True, False):
        for command in (("set", "eve@example.com"), ("del", JOE), ("build",)):
            ran = server.passwd(*command, stdin="secret", check=False)
            ok(ran.returncode == 111 and "symbolic link" in ran.stderr and
               ran.stderr.count("\n") == 1 and os.path.islink(link) and
               not os.path.exists(elsewhere),
               f"one that leads nowhere, cdb {cdb}: {command[0]} is refused",
               ran)
        if cdb:
            is_(text(server, "authusers.cdb"), compiled, "the cdb stays")
            os.unlink(server.path("authusers.cdb"))
    os.rename(elsewhere + ".gone", elsewhere)
    os.symlink("nowhere", server.path("authusers.cdb"))
    ran = server.passwd("build", check=False)
    ok(ran.returncode == 111 and "authusers.cdb is a symbolic link" in
       ran.stderr and os.path.islink(server.path("authusers.cdb")),
       "the cdb's own likewise", ran)

with case("hard links"), Server(users={JOE: "secret"}) as server:
    before = text(server)
    os.link(server.path("authusers"), server.path("other"))
    ran = server.passwd("set", ANN, stdin="secret")
    like(ran.stderr, r"warning: \S+/authusers had 2 names \(hard links\): "
         r"this one is a new file now, the others keep the old one\n$",
         "are parted with a word")
    is_(text(server, "other"), before, "the other one is as it was")
    is_(server.passwd("build").stderr, "", "said once")


def run(server, *command, **options):
    """smtpd-passwd as a process of its own kind."""
    return subprocess.run(
        [place.program("smtpd-passwd"), "-f", server.path("authusers"),
         *command], stderr=subprocess.PIPE, text=True, check=False,
        **options)


def unchanged(server, before, what):
    """Nothing was changed, nothing is left."""
    is_([text(server), text(server, "authusers.cdb")], before,
        f"{what}: nothing was changed")
    is_(litter(server), [], f"{what}: nothing is left behind")


def content(server):
    """Text and cdb."""
    return [text(server), text(server, "authusers.cdb")]


with case("a password that nobody can see"), Server(
        users={JOE: "secret"}) as server:
    before = content(server)
    with open("/dev/full", "w", encoding="ascii") as full:
        ran = run(server, "newapp", JOE, "phone", stdout=full)
    ok(ran.returncode == 111 and "standard output" in ran.stderr and
       "No space left" in ran.stderr and ran.stderr.count("\n") == 1,
       "/dev/full", ran)
    unchanged(server, before, "/dev/full")
    ran = run(server, "newapp", JOE, "phone",
              preexec_fn=lambda: os.close(1))
    ok(ran.returncode == 111 and "standard output" in ran.stderr and
       ran.stderr.count("\n") == 1, "closed", ran)
    unchanged(server, before, "closed")
    reading, writing = os.pipe()
    os.close(reading)
    ran = run(server, "newapp", JOE, "phone", stdout=writing)
    os.close(writing)
    ok(ran.returncode != 0, "a pipe that nobody reads", ran)
    unchanged(server, before, "a pipe that nobody reads")
    ran = run(server, "newapp", JOE, "phone", stdout=subprocess.PIPE)
    is_(server.login("PLAIN", JOE, ran.stdout.strip()), OK, "one that is seen")

with case("no file where the cdb should be"), Server() as server:
    store(server, f"{JOE}:{{PLAIN}}secret\n".encode())
    before = text(server)
    os.mkdir(server.path("authusers.cdb"))
    ran = server.passwd("set", ANN, stdin="secret", check=False)
    ok(ran.returncode == 111 and "not a regular file" in ran.stderr and
       text(server) == before and not litter(server),
       "a directory: said before anything is changed", ran)

with case("a limit of file sizes"), Server(users={JOE: "secret"}) as server:
    before = content(server)
    path = server.path("list")
    place.write(path, "".join(
        f"eve{n}@example.com:$1$saltsalt${'x' * 22}\n" for n in range(9)),
        0o600)
    for command in (("set", ANN), ("del", JOE), ("newapp", JOE, "phone"),
                    ("import", "htpasswd", path)):
        ran = run(server, *command, stdout=subprocess.PIPE, input="secret",
                  preexec_fn=lambda: resource.setrlimit(
                      resource.RLIMIT_FSIZE, (100, 100)))
        ok(ran.returncode == 111 and "File too large" in ran.stderr and
           not ran.stdout, f"{command[0]}: says so", ran)
        unchanged(server, before, command[0])

with case("a read-only file system"), Server(users={JOE: "secret"}) as server:
    if os.getuid() != 0:
        skip("a read-only file system", "needs root")
    else:
        before = content(server)
        ran = subprocess.run(
            ["unshare", "-m", "sh", "-c", 'mount --bind "$1" "$1" && mount '
             '-o remount,bind,ro "$1" && cd "$1" && exec "$2" -f authusers '
             'del joe@example.com', "sh",
             os.path.dirname(server.path("authusers")),
             place.program("smtpd-passwd")],
            capture_output=True, text=True, check=False)
        ok(ran.returncode == 111 and "unable to create" in ran.stderr and
           "Read-only file system" in ran.stderr, "says so", ran)
        unchanged(server, before, "read-only")

with case("ended by a signal"), Server(users={JOE: "secret"}) as server:
    before = content(server)
    beside = server.path("authusers.cdb.new")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # A pipe that takes nothing more holds it before it changes anything.
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        os.set_blocking(writing, True)
        process = subprocess.Popen(
            [place.program("smtpd-passwd"), "-f", server.path("authusers"),
             "newapp", JOE, "phone"], stdout=writing,
            stderr=subprocess.DEVNULL)
        ok(wait_for(lambda: process.poll() is not None or
                    os.path.exists(beside), "the new cdb") and
           process.poll() is None,
           f"{number.name}: the new files are there")
        process.send_signal(number)
        is_(process.wait(), -number, f"{number.name}: ends it")
        unchanged(server, before, number.name)
        os.close(reading)
        os.close(writing)

done()
