#!/usr/bin/env python3
"""What smtpd-passwd exports, and the user file itself, in a real Dovecot."""
import grp
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_dovecot import (  # noqa: E402
    HEAD, by_version, installed, why_not)
from support.extra_process import wait_for  # noqa: E402

PEER = ["dovecot-core"]
JOE, OFF = "joe@example.com", "off@example.com"
CONFIG = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols =
ssl = no
listen = 127.0.0.1
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
{passdb}
"""
USERDB_OLD = """
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
"""
USERDB_NEW = """
userdb static {
  fields {
    uid = 65534
    gid = 65534
    home = /nonexistent
  }
}
"""

# The lines for it that docs/migrating.md has.
SHARED = "/etc/smtpd-auth/control/authusers"
with open(os.path.join(TOP, "docs/migrating.md"), encoding="utf-8") as file:
    page = file.read()
PASSDBS = [re.search(r"(?ms)^```text\n(" + start + ".*?)^```", page)[1]
           for start in (r"passdb \{", "passdb passwd-file ")]

for lines, version in zip(PASSDBS, ("2.3", "2.4")):
    ok(SHARED in lines, f"docs/migrating.md has the lines of Dovecot {version}")
if why_not(PEER):
    skip("Dovecot", why_not(PEER))
    done()
PASSDB = by_version(*PASSDBS)


class Dovecot:
    """One with this passwd-file; no port, only doveadm."""

    def __init__(self, users):
        # As authusers(5) has it: readable by Dovecot's group.
        os.chown(users, 0, grp.getgrnam("nogroup").gr_gid)
        os.chmod(users, 0o640)
        self.home = place.home("dovecot")
        for name in ("run", "state"):
            os.mkdir(os.path.join(self.home, name))
        self.config = os.path.join(self.home, "dovecot.conf")
        place.write(self.config, by_version("", HEAD) + CONFIG.format(
            home=self.home, passdb=PASSDB.replace(SHARED, users)) +
            by_version(USERDB_OLD, USERDB_NEW))
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [*installed(PEER), "/usr/sbin/dovecot", "-F", "-c", self.config],
            stdin=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.exists(self.home + "/run/auth-client"),
                     "Dovecot's auth socket")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def log(self):
        """All that it said, but of what Debian 13's dovecot-core lacks."""
        with open(self.home + "/log", encoding="utf-8") as file:
            return "".join(line for line in file if "libpigeonhole" not in line)

    def login(self, user, password):
        """What doveadm auth test prints."""
        return subprocess.run(
            [*installed(PEER), "/usr/bin/doveadm", "-c", self.config, "auth",
             "test", user, password], capture_output=True, text=True,
            check=False)

    def good(self, user, password, what):
        """It lets him in and hands on nothing of ours."""
        ran = self.login(user, password)
        ok(ran.returncode == 0 and "auth succeeded" in ran.stdout and
           "smtp_" not in ran.stdout, what, ran, self.log())

    def bad(self, user, password, what):
        """It refuses him as it refuses a wrong password."""
        ran = self.login(user, password)
        ok(ran.returncode == 77 and "auth failed" in ran.stdout and
           "temp_fail" not in ran.stdout, what, ran,
           self.log())


with Server(users={JOE: ("secret", "-m", "cram-md5"),
                   OFF: "secret"}) as server:
    app = server.passwd("newapp", JOE, "phone").stdout.strip()
    server.passwd("sender", JOE, "@joe.example")
    server.passwd("disable", OFF)
    shared = server.path("authusers")
    exported = os.path.join(server.home, "exported")
    place.write(exported, server.passwd("export", "dovecot").stdout, 0o600)
    ok("smtp_" not in open(exported).read(), "nothing of ours is exported")
    for path, what in ((exported, "exported"), (shared, "shared")):
        with case(what), Dovecot(path) as dovecot:
            dovecot.good(JOE, "secret", f"{what}: the password")
            dovecot.good(JOE.upper(), "secret", f"{what}: in capitals")
            dovecot.bad(JOE, "wrong", f"{what}: a wrong one")
            dovecot.bad(JOE, app, f"{what}: an app password is for SMTP")
            dovecot.bad(OFF, "secret", f"{what}: a disabled user")
            dovecot.bad("nobody@example.com", "secret", f"{what}: nobody")
            ok("rror" not in dovecot.log(), f"{what}: Dovecot reads every "
               "line", dovecot.log())
    with server.client() as c:
        is_(c.login("PLAIN", JOE, "secret"), "235 2.7.0 ok, go ahead",
            "and the same file serves SMTP")
    with case("import of the export"):
        again = os.path.join(server.home, "again")
        ran = subprocess.run([place.program("smtpd-passwd"), "-f", again,
                              "import", "dovecot", exported], check=False,
                             capture_output=True, text=True)
        ok(ran.returncode == 0 and ran.stdout.startswith(
            "2 users imported, 1 of them disabled; 0 lines refused"),
           "what was exported can be imported", ran)
    # Dovecot's own secrets, by doveadm pw.
    with case("doveadm pw"):
        dovecot = Dovecot(shared)
        made = []
        for n, scheme in enumerate(("SCRAM-SHA-256", "SCRAM-SHA-1",
                                    "SHA512-CRYPT", "BLF-CRYPT", "PLAIN")):
            ran = subprocess.run(
                [*installed(PEER), "/usr/bin/doveadm", "-c",
                 dovecot.config, "pw", "-s", scheme, "-p", "secret"],
                check=True, capture_output=True, text=True)
            made.append(f"u{n}@example.com:{ran.stdout}")
        place.write(exported, "".join(made))
        server.passwd("import", "dovecot", exported)
        for n, line in enumerate(made):
            with server.client() as c:
                is_(c.login("PLAIN", f"u{n}@example.com", "secret"),
                    "235 2.7.0 ok, go ahead", line.split("}")[0])

done()
