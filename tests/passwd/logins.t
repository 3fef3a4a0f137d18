#!/usr/bin/env python3
"""Which logins smtpd-passwd takes: those that look like others, and those
without a domain, whom the server knows by both names."""
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402

JOE = "joe@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"


def text(server):
    """The user file."""
    with open(server.path("authusers"), "rb") as file:
        return file.read()


def store(server, *lines):
    """Another user file, compiled; what build said."""
    place.write(server.path("authusers"), b"".join(
        (line.encode() if isinstance(line, str) else line) + b"\n"
        for line in lines), 0o600)
    return server.passwd("build")


# A login, and the form that would do (None: there is none).
UNFIT = (
    ("no-break space at the end", b"joe@example.com\xc2\xa0", JOE),
    ("no-break space inside", b"jo\xc2\xa0e@example.com", JOE),
    ("zero-width space", b"joe\xe2\x80\x8b@example.com", JOE),
    ("soft hyphen", b"jo\xc2\xade@example.com", JOE),
    ("next line", b"joe\xc2\x85@example.com", JOE),
    ("byte order mark", b"\xef\xbb\xbfjoe@example.com", JOE),
    ("full-width @", b"joe\xef\xbc\xa0example.com", JOE),
    ("full-width capitals", b"\xef\xbc\xaaOE@example.com", JOE),
    ("octets that are no UTF-8", b"j\xf6e@example.com", "j\u00f6e@example.com"),
    ("combining form", b"jo\xcc\x88e@example.com", "j\u00f6e@example.com"),
    ("ligature", b"\xef\xac\x81n@example.com", "fin@example.com"),
    ("emoji", b"joe\xf0\x9f\x98\x80@example.com", JOE),
    ("nothing but a soft hyphen", b"\xc2\xad", None),
)

with case("logins that SASLprep changes"), Server(
        users={"ann@example.com": "secret"}) as server:
    before = text(server)
    for what, user, form in UNFIT:
        ran = server.passwd("set", user.decode("utf-8", "surrogateescape"),
                            stdin="secret", check=False)
        ok(ran.returncode == 100 and "SASLprep" in ran.stderr and
           ran.stderr.endswith(f": use {form}\n") == (form is not None) and
           ran.stderr.count("\n") == 1 and text(server) == before,
           f"{what}: refused, with the form that would do", ran)
    for user in ("j\u00f6rg@example.com", "\u00e9@example.com",
                 "\u4f60@example.com"):
        ran = server.passwd("set", user, stdin="secret")
        ok(ran.stdout.startswith(f"new user {user}: ") and not ran.stderr,
           f"{user}: is taken", ran)
        is_(server.login("PLAIN", user), OK, f"{user}: logs in")

with case("those that are there"), Server() as server:
    for what, user, form in UNFIT:
        if user.startswith(b"\xef\xbb\xbf"):
            continue  # at the head of a file it is none of the login
        name = user.decode("utf-8", "surrogateescape")
        ran = store(server, user + b":{PLAIN}secret", "ann:{PLAIN}secret")
        ok("authusers:1: SASLprep" in ran.stderr and
           ran.stderr.count("\n") == 1 and
           (form is None or f"use {form}\n" in ran.stderr),
           f"{what}: build warns", ran)
        for command in (("sender", name, "a@example.com"),
                        ("newapp", name, "phone"), ("disable", name),
                        ("enable", name), ("delapp", name, "phone")):
            ran = server.passwd(*command)
            ok("authusers:1: SASLprep" in ran.stderr,
               f"{what}: {command[0]} works, with the warning", ran)
        ran = server.passwd("set", name, stdin="other")
        ok("SASLprep" in ran.stderr and
           ran.stdout.startswith("password changed"),
           f"{what}: set changes it, with the warning", ran)
        server.passwd("del", name)
        ok(user not in text(server), f"{what}: del deletes it")

with case("imports skip them"), Server() as server:
    path = server.path("list")
    place.write(path, b"joe@example.com:{PLAIN}secret\n" + b"".join(
        user + b":{PLAIN}secret\n" for _, user, _ in UNFIT) +
        b"ann@example.com:{PLAIN}secret\n", 0o600)
    ran = server.passwd("import", "dovecot", path, check=False)
    is_(ran.returncode, 1, "exit 1")
    starts(ran.stdout, f"2 users imported, 0 of them disabled; {len(UNFIT)} "
           "lines refused\n", "the rest comes")
    for number, (what, _, form) in enumerate(UNFIT, 2):
        ok(f"list:{number}: refused: SASLprep" in ran.stderr,
           f"{what}: named with its number", ran.stderr)
    is_([server.login("PLAIN", user) for user in (JOE, "ann@example.com")], [OK, OK],
        "who came logs in")

DOMAIN = {"authdomain": "Example.COM\n"}


def logins(server):
    """The logins of the user file, in its order."""
    return [line.split(b":")[0].decode() for line in
            text(server).splitlines() if line and not line.startswith(b"#")]


def line(server, user):
    """What stands behind a login."""
    for one in text(server).decode().splitlines():
        if one.startswith(user + ":"):
            return one[len(user) + 1:]
    return None


with case("a login without a domain"), Server(control=DOMAIN) as server:
    for typed in ("joe", JOE, "Joe@EXAMPLE.com"):
        store(server, "joe:{PLAIN}old", "ann@example.com:{PLAIN}secret")
        ran = server.passwd("set", typed, stdin="new")
        starts(ran.stdout, "password changed for joe: ",
               f"set {typed}: changes the one that is there")
        is_(logins(server), ["joe", "ann@example.com"],
            f"set {typed}: and makes no other")
        is_([server.login("PLAIN", user, "new") for user in ("joe", JOE)], [OK, OK],
            f"set {typed}: which logs in by both names")
        is_(server.passwd("check", typed, stdin="new").stdout,
            "joe: password is right\n", f"check {typed}")
        phone = server.passwd("newapp", typed, "phone").stdout.strip()
        is_(server.login("PLAIN", JOE, phone), OK, f"newapp {typed}")
        server.passwd("expire", typed, "phone", "2001-01-01")
        is_(server.login("PLAIN", JOE, phone), FAILED, f"expire {typed}")
        server.passwd("delapp", typed, "phone")
        ok("phone" not in line(server, "joe"), f"delapp {typed}")
        server.passwd("sender", typed, "sales@example.com")
        is_(server.passwd("sender", typed).stdout, "sales@example.com\n",
            f"sender {typed}")
        is_(server.passwd("disable", typed).stdout, "disabled joe\n",
            f"disable {typed}")
        is_(server.login("PLAIN", JOE, "new"), FAILED, f"disable {typed}: works")
        starts(server.passwd("enable", typed).stdout, "enabled joe: ",
               f"enable {typed}")
        is_(server.login("PLAIN", "joe", "new"), OK, f"enable {typed}: works")
        is_(server.passwd("del", typed).stdout, "deleted joe\n",
            f"del {typed}")
        is_(logins(server), ["ann@example.com"], f"del {typed}: works")
    server.passwd("set", "eve", stdin="secret")
    is_(logins(server)[1:], ["eve@example.com"], "a new one gets the domain")
    store(server, "eve:{PLAIN}secret")
    is_(server.passwd("check", "eve@example.org", stdin="secret",
                      check=False).returncode, 1,
        "another domain is another login")

BOTH = ("joe:{PLAIN}bare:::smtp_sender=a@b", "x@y:{PLAIN}x",
        "joe@example.com:{PLAIN}whole")
with case("both are there"), Server(control=DOMAIN) as server:
    ran = store(server, *BOTH)
    like(ran.stderr, r"warning: \S+:1: joe is joe@example\.com by authdomain,"
         r".*\n$", "build warns, with the line")
    is_(ran.stderr.count("\n"), 1, "once")
    server.passwd("set", "joe", stdin="new")
    ok(line(server, "joe").startswith("{PLAIN}bare:") and
       line(server, JOE).startswith("{SCRAM"), "set changes the longer one",
       text(server))
    is_(server.login("PLAIN", "joe", "new"), OK, "which the server knows")
    ran = server.passwd("disable", "joe")
    is_(ran.stdout, "disabled joe@example.com and joe\n", "disable says so")
    ok(line(server, "joe") == "!{PLAIN}bare:::smtp_sender=a@b" and
       line(server, JOE).startswith("!{SCRAM"), "both are", text(server))
    server.passwd("enable", "joe")
    ok(line(server, "joe").startswith("!") and
       line(server, JOE).startswith("{SCRAM"), "enable takes the longer one")
    ran = server.passwd("del", JOE)
    is_(ran.stdout, "deleted joe@example.com and joe\n", "del says so")
    is_(logins(server), ["x@y"], "both are gone")
    for order in (BOTH, BOTH[::-1]):
        store(server, *order)
        server.passwd("disable", JOE)
        is_([line(server, user)[0] for user in ("joe", JOE)], ["!", "!"],
            "in either order: disable")
        server.passwd("del", "joe")
        is_(logins(server), ["x@y"], "in either order: del")
    server.write("authdomain", "")
    ran = store(server, *BOTH)
    is_(ran.stderr, "", "without authdomain they are two")
    server.passwd("del", "joe")
    is_(logins(server), ["x@y", JOE], "and del takes the one that is named")


def imported(server, *arguments, content, status=0):
    """Imports a file of this content."""
    path = server.path("list")
    place.write(path, content, 0o600)
    ran = server.passwd(*arguments, path, check=False)
    is_(ran.returncode, status, f"{arguments}: exit {status}")
    return ran


CRYPT = "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"
SENDERS = "where sendercheck is on,"
with case("import -D"), Server() as server:
    for options in (("import", "-D", "example.com", "htpasswd"),
                    ("import", "-Dexample.com", "htpasswd"),
                    ("-D", "Example.COM", "import", "htpasswd")):
        place.write(server.path("authusers"), b"", 0o600)
        ran = imported(server, *options,
                       content=f"joe:{CRYPT}\nann@example.org:{CRYPT}\n")
        is_(logins(server), [JOE, "ann@example.org"],
            f"{options}: who has no domain gets it")
        is_(ran.stdout.splitlines()[-1], SENDERS +
            " 2 may send as their login", f"{options}: the last line")
    place.write(server.path("authusers"), b"", 0o600)
    ran = imported(server, "import", "htpasswd",
                   content=f"joe:{CRYPT}\nann@example.org:{CRYPT}\n")
    is_(ran.stdout.splitlines()[-1], SENDERS + " 1 may send as their login, "
        "1 without a domain may send as LOGIN@mx.example.org (import -D "
        "DOMAIN gives them one)", "without it: the last line")
    ran = imported(server, "import", "-D", "example.net", "dovecot", content=
                   f"eve:{CRYPT}:::smtp_sender=a@b.example:::\n")
    is_(ran.stdout.splitlines()[-1], SENDERS + " 1 may send as their login, "
        "1 also as smtp_sender says", "with addresses of their own")
    for arguments in (("-D",), ("-D", "a@b", "htpasswd", "x"),
                      ("-D", "a b", "htpasswd", "x"),
                      ("-D", "a:b", "htpasswd", "x"),
                      ("-D", "example.com", "htpasswd"),
                      ("-D", "example.com", "htpasswd", "x", "y")):
        ran = server.passwd("import", *arguments, check=False)
        ok(ran.returncode == 100 and ran.stderr.count("\n") == 1,
           f"import {arguments}: wrong usage", ran)
    is_(server.passwd("-D", "example.com", "list", check=False).returncode,
        100, "-D is for import alone")

with case("import and authdomain"), Server(control=DOMAIN) as server:
    store(server, "joe:{PLAIN}secret")
    ran = imported(server, "import", "htpasswd", status=1,
                   content=f"joe:{CRYPT}\nJoe@example.com:{CRYPT}\n"
                   f"ann@example.com:{CRYPT}\nann:{CRYPT}\n")
    is_(logins(server), ["joe", "ann@example.com"],
        "nobody comes a second time under another name")
    ok(ran.stderr.count("the user exists already") == 2 and
       "list:4: refused: the same user as on an earlier line" in ran.stderr,
       "as is said", ran.stderr)
    imported(server, "import", "-D", "example.org", "htpasswd",
             content=f"joe:{CRYPT}\n")
    is_(logins(server)[2:], ["joe@example.org"], "-D goes before authdomain")
    is_([server.login("PLAIN", user) for user in ("ann", "joe@example.org")],
        [OK, OK], "they log in")

done()
