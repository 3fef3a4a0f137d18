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


def login(server, user, password="secret", mechanism="PLAIN"):
    """One attempt on a connection of its own."""
    with server.client() as c:
        return c.login(mechanism, user, password)


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
        is_(login(server, user), OK, f"{user}: logs in")

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
    is_([login(server, user) for user in (JOE, "ann@example.com")], [OK, OK],
        "who came logs in")

done()
