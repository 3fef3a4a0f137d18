#!/usr/bin/env python3
"""Control files that can't be read: 421 and one line that names the file."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

NAMES = ("me", "smtpgreeting", "timeoutsmtpd", "timeoutqueue", "databytes",
         "maxrcpt", "smtputf8", "localiphost", "rcpthosts", "badmailfrom",
         "badrcptto", "authmechs", "authdomain", "sendercheck",
         "statedir", "relaylimits")


def broken(what, server, name):
    """The greeting is 421, and the log has one line about it."""
    with case(what):
        before = server.log().count("\n")
        with server.client(greet=False) as c:
            starts(c.reply(), "421 4.3.0", what + ": 421 4.3.0")
            c.ends(what)
        is_(server.wait_idle(5), [], what + ": nothing is left")
        lines = [line for line in server.log().splitlines()[before:]
                 if " config fail " in line]
        is_(len(lines), 1, what + ": one line in the log")
        like("\n".join(lines), r"^smtpd-auth: \d+ \S+ config fail file=\S*"
             + name.replace(".", r"\.") + r" reason=\S+$",
             what + ": it names file and reason")


for name in NAMES:
    with Server() as server:
        path = server.path(name)
        if os.path.exists(path):
            os.unlink(path)
        os.mkdir(path)
        broken(f"{name} is a directory", server, name)
        os.rmdir(path)
        os.mkfifo(path)
        broken(f"{name} is a FIFO", server, name)
        os.unlink(path)
        server.write(name, b"a\0b\n")
        broken(f"{name} holds NUL", server, name)
        server.write(name, "x" * 8000000 + "\n")
        broken(f"{name} has 8 MB", server, name)
        os.unlink(path)
        os.symlink(path, path)
        broken(f"{name} is a loop of links", server, name)

with Server(control={"me": None}) as server:
    broken("me is missing", server, "me")
with Server(control={"me": "\n"}) as server:
    broken("me is empty", server, "me")
with Server(control={"rcpthosts": "example.com\n"}, root=False) as server:
    if ROOT:
        os.chmod(server.path("rcpthosts"), 0)
        broken("rcpthosts cannot be read", server, "rcpthosts")
    else:
        skip("rcpthosts cannot be read", "needs root to start as an account")

with case("forms"):
    for text, what in (("mx.example.org", "without a line end"),
                       ("mx.example.org \t \n", "with trailing blanks"),
                       ("# our name\nmx.example.org\n", "with a comment")):
        with Server(control={"me": text}) as server:
            with server.client(greet=False) as c:
                is_(c.reply(), "220 mx.example.org ESMTP", "me " + what)
    with Server() as server:
        os.rename(server.path("me"), server.path("other"))
        os.symlink("other", server.path("me"))
        with server.client(greet=False) as c:
            is_(c.reply(), "220 mx.example.org ESMTP", "me is a link")
        server.write("smtpgreeting", "changed.example.org\n")
        with server.client(greet=False) as c:
            is_(c.reply(), "220 changed.example.org ESMTP",
                "files are read anew for every connection")

with case("no jail"):
    if ROOT:
        with Server(args=["-j", "/nonexistent"]) as server:
            with server.client(greet=False) as c:
                starts(c.reply(), "421 4.3.0", "no directory for the jail")
                c.ends("no directory for the jail")
            server.wait_log(" config fail ")
            ok(True, "it is logged")
    else:
        skip("no directory for the jail", "needs root")

done()
