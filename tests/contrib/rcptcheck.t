#!/usr/bin/env python3
"""contrib/rcptcheck: recipients that a real Dovecot knows."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_dovecot import (  # noqa: E402
    Dovecot, by_version, installed, why_not)

PACKAGES = ["dovecot-core", "dovecot-imapd"]
if why_not(PACKAGES):
    skip_all(why_not(PACKAGES))

USERS = place.home("users") + "/users"
place.write(USERS, "joe@example.com:{PLAIN}secret:1:1::/nowhere::\n"
            "ann@example.com:{PLAIN}secret:1:1::/nowhere::\n")
MORE = f"""
service auth {{
  unix_listener auth-userdb {{
    user = {ACCOUNT}
    mode = 0600
  }}
}}
""" + by_version(f"""
userdb {{
  driver = passwd-file
  args = username_format=%u {USERS}
}}
""", f"""
userdb passwd-file {{
  auth_username_format = %{{user}}
  passwd_file_path = {USERS}
}}
""")
THERE = "250 2.1.5 ok"
NOBODY = "550 5.1.1 no mailbox of this name"


class Beside(Server):
    """A server that finds Dovecot's programs as if they were installed."""

    def command(self):
        return installed(PACKAGES) + super().command()


def reply(server, recipient):
    """To RCPT, in a connection of its own."""
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        return str(c.command(f"RCPT TO:<{recipient}>"))


with case("Dovecot's users"), Dovecot(users=USERS, more=MORE,
                                      userdb="") as dovecot:
    check = os.path.join(place.home("check"), "dovecot")
    with open(os.path.join(TOP, "contrib/rcptcheck/dovecot"),
              encoding="utf-8") as file:
        place.write(check, file.read(), 0o755)
    with Beside(env={"RCPTCHECK": check,
                     "CONFIG_FILE": dovecot.home + "/conf"},
                control={"validrcptto": "sales@example.com\n"}) as server:
        for recipient, expected in (
                ("joe@example.com", THERE), ("Joe@Example.COM", THERE),
                ("ann+lists@example.com", THERE),
                ("nobody@example.com", NOBODY), ("+x@example.com", NOBODY),
                ("-u@example.com", NOBODY), ("*@example.com", NOBODY),
                ("j?e@example.com", NOBODY), ("\"joe ann\"@example.com", NOBODY),
                ("sales@example.com", THERE), ("postmaster", THERE)):
            is_(reply(server, recipient), expected, recipient)
        dovecot.stop()
        starts(reply(server, "joe@example.com"), "451 4.3.0",
               "Dovecot is not there")
        server.wait_log(r"rcpt=joe@example\.com reason=check .* exit=111$")
        is_(reply(server, "sales@example.com"), THERE,
            "who stands in validrcptto is taken all the same")

done()
