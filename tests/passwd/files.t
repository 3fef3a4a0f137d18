#!/usr/bin/env python3
"""The user file as people have it: lines of Dovecot's, from Windows, behind
links; which cdb was made of which text; what cannot be written."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402

JOE = "joe@example.com"
ANN = "ann@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
MARK = b"\xef\xbb\xbf"


def text(server, name="authusers"):
    """What a file holds, octet for octet."""
    with open(server.path(name), "rb") as file:
        return file.read()


def store(server, content, name="authusers"):
    """Another content."""
    place.write(server.path(name), content, 0o600)


def login(server, user, password="secret", mechanism="PLAIN"):
    """One attempt on a connection of its own."""
    with server.client() as c:
        return c.login(mechanism, user, password)


def litter(server):
    """Files that no run should leave behind."""
    return [name for name in os.listdir(server.home)
            if name.endswith((".new", ".spill"))]


DOVECOT = (f"{JOE}:{{PLAIN}}secret:1000:1000::/home/joe::"
           "userdb_quota_rule=*:storage=1G userdb_acl=a:b:c\n").encode()

with case("Dovecot's field 8"), Server() as server:
    store(server, DOVECOT)
    server.passwd("build")
    is_(login(server, JOE), OK, "colons in it are no fault")
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
        is_(login(server, user), OK, f"{user} logs in")
    ok(text(server).startswith(before), "the text stays as it is")
    server.passwd("sender", ANN, "sales@example.com")
    ok(text(server).startswith(MARK + DOVECOT.replace(b"\n", b"\r\n")),
       "what is not changed stays as it is")
    server.passwd("set", JOE, stdin="changed")
    is_(login(server, JOE, "changed"), OK, "the first user can be changed")
    server.passwd("del", JOE)
    ok(JOE.encode() not in text(server), "and deleted")
    is_(login(server, ANN), OK, "the other one is still there")
    server.passwd("set", JOE, stdin="again")
    is_(login(server, JOE, "again"), OK, "and made again")

with case("no line end at the end"), Server() as server:
    for end in (b"", b"\r"):
        store(server, f"{JOE}:{{PLAIN}}secret".encode() + end)
        server.passwd("set", ANN, stdin="secret")
        is_([login(server, user) for user in (JOE, ANN)], [OK, OK],
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

done()
