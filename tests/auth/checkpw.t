#!/usr/bin/env python3
"""A real checkpassword program: Debian's checkpw, setuid, with users of the
system whose passwords are in their Maildirs."""
import base64
import hmac
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_process import (  # noqa: E402
    Family, Process, gone, wait_for)

OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
PEER = os.path.join(TOP, "build", "peers", "checkpw", "usr", "bin")
UID = 64001

if not ROOT:
    skip_all("needs root: the program is setuid")
if not os.path.exists(PEER):
    skip_all("checkpw is not unpacked: deps check")
if subprocess.run(["unshare", "-m", "true"], check=False,
                  capture_output=True).returncode:
    skip_all("no mount namespaces here")


class Users(Server):
    """Sees an /etc/passwd of its own, for which no user need be made here.

    Its users' passwords are in Maildir/.password, readable by them alone.
    """

    def __init__(self, program, users, then=("/bin/true",), **options):
        self.passwd_file = os.path.join(home("etc"), "passwd")
        self.homes = home("homes")
        with open("/etc/passwd", encoding="utf-8") as file:
            lines = file.read()
        for number, (name, password) in enumerate(users.items(), UID):
            directory = os.path.join(self.homes, name)
            lines += f"{name}:x:{number}:{number}::{directory}:/bin/sh\n"
            os.makedirs(directory + "/Maildir")
            if password is not None:
                place.write(directory + "/Maildir/.password",
                            password + "\n", 0o600)
            for path, _, files in os.walk(directory):
                os.chown(path, number, number)
                for file in files:
                    os.chown(os.path.join(path, file), number, number)
        place.write(self.passwd_file, lines)
        checkpw = os.path.join(home("bin"), program)
        place.install(os.path.join(PEER, program), checkpw)
        os.chmod(checkpw, 0o4755)
        super().__init__(args=[checkpw, *then], **options)

    def command(self):
        """Behind a mount that nobody else sees."""
        return ["unshare", "-m", "sh", "-c",
                f'mount --bind "{self.passwd_file}" /etc/passwd && '
                'exec "$@"', "sh", *super().command()]


USERS = {"joe": "secret word", "eve": "other", "none": None}
with case("checkpw"), Users("checkpw", USERS) as server:
    for name in ("PLAIN", "LOGIN"):
        with server.client() as c:
            is_(c.login(name, "joe", "secret word"), OK,
                f"checkpw, {name}: a user of the system")
            starts(c.message("\r\n", "joe@example.com", "x@example.net"),
                   "250 ", f"checkpw, {name}: relays")
            is_(server.messages()[-1].env["SMTPAUTHUSER"], "joe",
                f"checkpw, {name}: under this name")
    for user, password, what in (
            ("joe", "secret", "half of the password"),
            ("joe", "other", "another's password"),
            ("nosuch", "secret word", "an unknown user"),
            ("joe@example.com", "secret word", "a domain too many"),
            ("joe", "secret word\n", "a line end more")):
        with server.client() as c:
            is_(c.login("PLAIN", user, password), FAILED,
                f"checkpw: {what}")
    with server.client() as c:
        got = c.login("PLAIN", "none", "x")
        ok(got.startswith(("454 ", "535 ")),
           f"checkpw: a user without a password file", got)

with case("another user"), Users("checkpw", USERS,
                                 then=("sleep", "1000")) as server:
    with server.client() as c:
        c.send("AUTH PLAIN " + b64("\0joe\0secret word") + "\r\n")

        def sleeper():
            """The program, when it has become joe."""
            for pid in server.processes():
                try:
                    status = Process(pid).status()
                except OSError:
                    continue
                if (status["Name"], status["Uid"].split()[0]) == (
                        "sleep", str(UID)):
                    return pid
            return None
        pid = wait_for(sleeper, "sleep as joe")
        family = Family(server, c)
        c.close()
        is_(gone([pid, family.keeper.pid], 2), [],
            "a program that has become another user is killed, too")

with case("checkapoppw"), Users("checkapoppw", USERS, env={
        "SMTPAUTH": "cram"}) as server:
    with server.client() as c:
        challenge = base64.b64decode(c.command("AUTH CRAM-MD5")[4:])
        digest = hmac.new(b"secret word", challenge, "md5").hexdigest()
        is_(c.command(b64("joe " + digest)), FAILED,
            "checkapoppw knows another digest, and says so")

done()
