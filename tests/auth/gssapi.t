#!/usr/bin/env python3
"""GSSAPI from end to end: a Kerberos realm of its own, Dovecot as the server
behind authsocket, gsasl as the client."""
import os
import re
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_dovecot import (  # noqa: E402
    Dovecot, by_version, installed, why_not)
from support.extra_launcher import free_port  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

KERBEROS = ["krb5-kdc", "krb5-admin-server", "krb5-user"]
REALM = "EXAMPLE.ORG"
HOST = "mx.example.org"
missing = why_not(["dovecot-core", "dovecot-imapd", "dovecot-gssapi",
                   *KERBEROS])
if missing:
    skip_all(missing)
if not shutil.which("gsasl"):
    skip_all("needs gsasl")

CLIENT = """
[libdefaults]
	default_realm = {realm}
	dns_lookup_realm = false
	dns_lookup_kdc = false
	dns_canonicalize_hostname = false
	rdns = false
[realms]
	{realm} = {{
		kdc = 127.0.0.1:{port}
	}}
"""
KDC = """
[kdcdefaults]
	kdc_listen = 127.0.0.1:{port}
	kdc_tcp_listen = 127.0.0.1:{port}
[realms]
	{realm} = {{
		database_name = {home}/principal
		key_stash_file = {home}/stash
		acl_file = {home}/acl
		max_life = 1h
	}}
"""


class Realm:
    """A KDC with users and one service; .env for whoever belongs to it."""

    def __init__(self, users, service):
        self.home = place.home("realm")
        port = free_port()
        facts = {"realm": REALM, "port": port, "home": self.home}
        place.write(self.home + "/krb5.conf", CLIENT.format(**facts))
        place.write(self.home + "/kdc.conf", KDC.format(**facts))
        self.keytab = self.home + "/keytab"
        self.env = {"PATH": os.environ["PATH"],
                    "KRB5_CONFIG": self.home + "/krb5.conf",
                    "KRB5_KDC_PROFILE": self.home + "/kdc.conf",
                    "KRB5CCNAME": "FILE:" + self.home + "/tickets",
                    "KRB5RCACHEDIR": self.home + "/replays"}
        os.mkdir(self.home + "/replays")
        os.chmod(self.home + "/replays", 0o1777)
        self.run("kdb5_util", "create", "-s", "-P", "master")
        for name, password in users.items():
            self.run("kadmin.local", "addprinc", "-pw", password, name)
        self.run("kadmin.local", "addprinc", "-randkey", service)
        self.run("kadmin.local", "ktadd", "-k", self.keytab, service)
        os.chmod(self.keytab, 0o644)
        self.kdc = subprocess.Popen(  # pylint: disable=consider-using-with
            [*installed(KERBEROS), "krb5kdc", "-n", "-P",
             self.home + "/pid"], env=self.env, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for(lambda: os.path.exists(self.home + "/pid"), "the KDC")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kdc.terminate()
        self.kdc.wait(60)

    def run(self, *command, text="", check=True):
        """A program of Kerberos; its exit status."""
        path = self.env["PATH"] + ":/usr/sbin:/usr/bin"
        done_ = subprocess.run([*installed(KERBEROS), *command],
                               env={**self.env, "PATH": path}, input=text,
                               text=True, capture_output=True, check=False)
        if check and done_.returncode:
            raise AssertionError(f"{command}: {done_.stdout}{done_.stderr}")
        return done_.returncode

    def login(self, user, password):
        """Gets a ticket; kinit.mit is what lies behind Debian 13's link."""
        self.run("sh", "-c", '"$(command -v kinit || command -v kinit.mit)" '
                 '"$1"', "sh", user, text=password + "\n")

    def forget(self):
        """Has no ticket any more."""
        os.unlink(self.home + "/tickets")


def gsasl(server, realm, user="joe", host=HOST):
    """gsasl's exit status and what it said."""
    found = subprocess.run(
        ["gsasl", "--smtp", "--no-starttls", "-m", "GSSAPI", "--service",
         "smtp", "--hostname", host, "-a", user, "-z", user, "127.0.0.1",
         str(server.port)], env={**realm.env, "HOME": realm.home},
        stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False,
        timeout=300)
    return found.returncode, found.stdout + found.stderr


OLD = """
import_environment = TZ KRB5_CONFIG KRB5RCACHEDIR
passdb {
  driver = static
  args = nopassword=y
}
"""
NEW = """
import_environment {
  KRB5_CONFIG = %{env:KRB5_CONFIG}
  KRB5RCACHEDIR = %{env:KRB5RCACHEDIR}
}
passdb static {
  fields {
    nopassword = yes
  }
}
"""
with case("GSSAPI"), Realm({"joe": "secret", "eve": "other"},
                           f"smtp/{HOST}") as realm:
    more = (f"auth_krb5_keytab = {realm.keytab}\n"
            f"auth_gssapi_hostname = {HOST}\n" + by_version(OLD, NEW))
    with Dovecot(mechanisms="plain gssapi", more=more,
                 packages=["dovecot-gssapi"], env=realm.env) as dovecot, \
            Server(env={"AUTHSOCKET": dovecot.socket,
                        "AUTHMECHS": "GSSAPI"}) as server:
        with server.client() as c:
            is_([k for k in c.hello() if k.startswith("AUTH")],
                ["AUTH GSSAPI"], "is offered, and PLAIN is left out")
        realm.login("joe", "secret")
        status, text = gsasl(server, realm)
        ok(status == 0, "a ticket opens the door", text, dovecot.log())
        like(text, r"\n235 2\.7\.0 ok, go ahead", "235")
        server.wait_log("auth ok user=joe mech=GSSAPI$")
        like(text, r"\n334 \S{100,}", "after a challenge")
        is_(len(re.findall(r"\n334 ", text)), 3, "and two more")
        status, text = gsasl(server, realm, host="other.example.org")
        ok(status != 0 and "\n235 " not in text,
           "a ticket for another host does not", text)
        status, text = gsasl(server, realm, user="eve")
        ok(status != 0 and "\n535 5.7.8" in text,
           "nor joe's ticket for eve", text)
        server.wait_log("auth fail .*mech=GSSAPI reason=password$")
        realm.forget()
        status, text = gsasl(server, realm)
        ok(status != 0 and "\n235 " not in text, "nor no ticket", text)
        with server.client() as c:
            starts(c.command("AUTH GSSAPI bm90IGEgdG9rZW4="), "535 5.7.8",
                   "nor what is no ticket")
            starts(c.command("AUTH PLAIN"), "504 5.5.4", "nor PLAIN")
        realm.login("joe", "secret")
        for process in dovecot.auth():
            process.signal(signal.SIGKILL)
        status, text = gsasl(server, realm)
        is_(status, 0, "after Dovecot's auth process was killed: again")
        is_(server.wait_idle(2), [], "nothing is left")

done()
