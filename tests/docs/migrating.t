#!/usr/bin/env python3
"""docs/migrating.md: the imports that it types are ones there are, lists as
Exim and databases have them come in, and links lead somewhere."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402


DOCUMENT = text_of("docs/migrating.md")

formats = set(re.findall(r"smtpd-passwd import (?:-D \S+ )?(\w+) ", DOCUMENT))
ok({"vpasswd", "sqmail", "sasldb", "htpasswd", "shadow", "dovecot"} <= formats,
   f"typed are {' '.join(sorted(formats))}")
for name in sorted(formats):
    ran = subprocess.run(
        [place.program("smtpd-passwd"), "-f", home("users") + "/authusers",
         "import", name, "/dev/null"], capture_output=True, text=True,
        check=False)
    ok(ran.returncode != 100, f"import {name} is known", ran.stderr)

HASH = subprocess.run(["openssl", "passwd", "-6", "secret"], check=True,
                      capture_output=True, text=True).stdout.strip()
MD5 = subprocess.run(["openssl", "passwd", "-1", "secret"], check=True,
                     capture_output=True, text=True).stdout.strip()
for what, lines in (
        ("Debian's /etc/exim4/passwd", [
            "# CONFDIR/passwd", f"joe@example.com:{MD5}",
            f"ann@example.com:{HASH}:secret"]),
        ("a database's list", [f"joe@example.com:{HASH}",
                               f"ann@example.com:{MD5}"])):
    with case(what), Server() as server:
        path = os.path.join(server.home, "list")
        place.write(path, "\n".join(lines) + "\n", 0o600)
        for times in ("2 users imported", "0 users imported"):
            ran = server.passwd("import", "htpasswd", path, check=False)
            starts(ran.stdout, times, f"{what}: {times}")
        is_((ran.returncode, ran.stderr.count("the user exists already")),
            (1, 2), f"{what}: those that are there are refused")
        for user in ("joe@example.com", "ann@example.com"):
            with server.client() as c:
                starts(c.login("PLAIN", user, "secret"), "235",
                       f"{what}: {user} logs in")

done()
