#!/usr/bin/env python3
"""The queue program as the system sees it: nothing of ours sticks to it."""
import os
import pwd
import resource
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_process import Family, queue_script, wait_for  # noqa: E402

NONE = "0000000000000000"
SET_UP = {"users": {"joe@example.com": "secret"}, "certificate": "ec"}
STUB = r"""
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int
main(void)
{
	char text[4096];
	while (read(0, text, sizeof text) > 0)
		continue;
	while (read(1, text, sizeof text) > 0)
		continue;
	int fd = open(PLACE, O_WRONLY | O_CREAT | O_APPEND, 0644);
	int n = snprintf(text, sizeof text, "%d %d\n", (int)getuid(),
		(int)geteuid());
	return write(fd, text, (size_t)n) == n ? 0 : 53;
}
"""


def program(what, server, uid, error_fd):
    """What the recording program saw of itself."""
    with server.client() as c:
        c.hello()
        starts(c.login("PLAIN", "joe@example.com", "secret"), "235",
               what + ": logged in")
        starts(c.message(b"Subject: x\r\n\r\n", "joe@example.com",
                         "x@example.net"), "250 2.0.0", what + ": queued")
    record = server.messages()[-1]
    for field in ("Uid", "Gid"):
        is_(record.status[field].split(), [str(uid[field])] * 4,
            f"{what}: {field}")
    for field, expected in (("NoNewPrivs", "0"), ("Seccomp", "0"),
                            ("CapInh", NONE), ("CapPrm", NONE),
                            ("CapEff", NONE), ("CapAmb", NONE),
                            ("SigBlk", NONE), ("SigCgt", NONE)):
        is_(record.status[field], expected, f"{what}: {field}")
    is_(ignored(record.status), 0, f"{what}: SigIgn")
    found = record.descriptors
    is_(sorted(found), [0, 1, 2, error_fd], f"{what}: descriptors")
    for number in (0, 1, error_fd):
        like(found[number], "^pipe:", f"{what}: {number} is a pipe")
    is_(len(set(found.values())), 4, f"{what}: four different ones")
    is_(record.read("limits").decode(), limits_here(),
        f"{what}: the launcher's limits")
    return record


def limits_here():
    """What a program that this test starts sees of its limits."""
    with open("/proc/self/limits", encoding="ascii") as file:
        return file.read()


# The limits that the server is to hand on are not the usual ones.
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512))
resource.setrlimit(resource.RLIMIT_CORE, (12288, 12288))

account = pwd.getpwnam(ACCOUNT)
IDS = {"Uid": account.pw_uid, "Gid": account.pw_gid}
if ROOT:
    with case("as root"), Server(**SET_UP) as server:
        record = program("as root", server, IDS, 6)
        is_(record.status["Groups"], "", "as root: no groups")
    with case("as the account"), Server(root=False, **SET_UP) as server:
        program("as the account", server, IDS, 6)
else:
    with case("not root"), Server(**SET_UP) as server:
        program("not root", server, {"Uid": os.getuid(),
                                     "Gid": os.getgid()}, 6)
uid = IDS if ROOT else {"Uid": os.getuid(), "Gid": os.getgid()}
with case("ERROR_FD"), Server(env={"ERROR_FD": "3"}, **SET_UP) as server:
    program("ERROR_FD=3", server, uid, 3)

with case("ignored signals"):
    # A launcher that ignores signals must not deafen the program.
    words = Server.command

    class Deaf(Server):
        """Behind a launcher that ignores some signals."""

        def command(self):
            return [sys.executable, "-c", "import os, signal, sys\n"
                    "for n in (1, 13, 15, 17): "
                    "signal.signal(n, signal.SIG_IGN)\n"
                    "signal.pthread_sigmask(signal.SIG_BLOCK, [10, 15])\n"
                    "os.execv(sys.argv[1], sys.argv[1:])", *words(self)]
    with Deaf(**SET_UP) as server:
        program("a deaf launcher", server, uid, 6)

with case("environment"), Server(
        env={"SMTPAUTHUSER": "forged", "AUTHINFO": "forged",
             "SMTP_AUTH_USER": "forged", "AUTHUSER": "forged",
             "SMTPAUTHMETHOD": "forged", "AUTHPROTOCOL": "forged",
             "BODY": "forged", "SMTPUTF8": "1", "PASSING": "through"},
        **SET_UP) as server, server.client() as c:
    names = ("SMTPAUTHUSER", "SMTP_AUTH_USER", "AUTHUSER", "AUTHINFO",
             "SMTPAUTHMETHOD", "AUTHPROTOCOL", "BODY", "RELAYCLIENT")
    c.hello()
    starts(c.message(), "250", "environment: without a login")
    env = server.messages()[-1].env
    is_([name for name in names if name in env], [],
        "environment: without a login nothing forged is passed on")
    is_(env["PASSING"], "through", "environment: the rest passes")
    starts(c.login("LOGIN", "joe@example.com", "secret"), "235",
           "environment: logged in")
    c.must(("MAIL FROM:<joe@example.com> BODY=8BITMIME SMTPUTF8", "250"),
           ("RCPT TO:<x@example.net>", "250"), ("DATA", "354"),
           (".", "250"))
    env = server.messages()[-1].env
    is_([env.get(name) for name in names],
        ["joe@example.com"] * 4 + ["LOGIN"] * 2 + ["8BITMIME", ""],
        "environment: after a login")
    is_(env.get("SMTPUTF8"), "1", "environment: SMTPUTF8")
    is_(env.get("TCPREMOTEINFO"), "joe@example.com",
        "environment: TCPREMOTEINFO is the login")
    is_(server.messages()[-1].argv[0], server.env["QMAILQUEUE"], "argv[0]")
    is_(len(server.messages()[-1].argv), 1, "no arguments")

if not ROOT:
    skip("process group", "needs root to look")
else:
    with case("process group"), Server(record={"SLEEP": 2}) as server:
        with server.client() as c:
            c.envelope()
            c.must(("DATA", "354"))
            family = Family(server, c)
            fields = family.other().fields()
            is_(int(fields[2]), family.other().pid,
                "it leads a process group of its own")
            ok(family.other().fields()[2] != family.keeper.fields()[2],
               "which is not the keeper's")

    with case("setuid"):
        place = home("setuid")
        source, path = place + "/stub.c", place + "/queue"
        with open(source, "w", encoding="ascii") as file:
            file.write(STUB)
        written = place + "/own/written"
        os.mkdir(place + "/own", 0o700)
        owner = pwd.getpwnam("daemon")
        subprocess.run(["cc", "-static", f'-DPLACE="{written}"', "-o", path,
                        source], check=True)
        os.chown(path, owner.pw_uid, owner.pw_gid)
        os.chown(place + "/own", owner.pw_uid, owner.pw_gid)
        os.chmod(path, 0o4755)
        if os.statvfs(place).f_flag & os.ST_NOSUID:
            skip("a setuid queue program", "nosuid")
        else:
            for root in (True, False):
                with Server(root=root, env={"QMAILQUEUE": path}) as server:
                    with server.client() as c:
                        starts(c.message(), "250 2.0.0",
                               f"a setuid queue program, root={root}")
                with open(written, encoding="ascii") as file:
                    is_(file.read().split("\n")[-2],
                        f"{account.pw_uid} {owner.pw_uid}",
                        f"runs as its owner, root={root}")

with case("a script"):
    path = queue_script("cat >/dev/null; cat <&1 >/dev/null\nexit 0\n")
    shutil.copystat("/bin/sh", path)
    with Server(env={"QMAILQUEUE": path}) as server, server.client() as c:
        starts(c.message(), "250 2.0.0", "a queue program in sh")
        wait_for(lambda: "message ok" in server.log(), "the log")

done()
