#!/usr/bin/env python3
"""OAUTHBEARER and XOAUTH2 through Dovecot, which asks a token service of ours
whose token it is; curl is a client that knows both."""
import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_dovecot import (  # noqa: E402
    Dovecot, by_version, why_not)

JOE = "joe@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
TOKEN = "a-token." + "x" * 3000
missing = why_not(["dovecot-core", "dovecot-imapd"])
if missing:
    skip_all(missing)


class Tokens(http.server.BaseHTTPRequestHandler):
    """RFC 7662: whose token is it?"""

    def do_POST(self):  # pylint: disable=invalid-name
        """One question."""
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        token = urllib.parse.parse_qs(text).get("token", [""])[0]
        answer = json.dumps({"active": "true", "username": JOE}
                            if token == TOKEN else {"active": "false"})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Nothing."""


service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
threading.Thread(target=service.serve_forever, daemon=True).start()
SETTINGS = f"""
introspection_url = http://127.0.0.1:{service.server_address[1]}/
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""
settings = home() + "/oauth2"
place.write(settings, SETTINGS)
OLD = f"""
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {settings}
}}
"""
NEW = """
passdb oauth2 {
  mechanisms_filter = xoauth2 oauthbearer
}
"""


def first(name, token, user=JOE):
    """The client's message."""
    if name == "XOAUTH2":
        return f"user={user}\x01auth=Bearer {token}\x01\x01"
    return f"n,a={user},\x01auth=Bearer {token}\x01\x01"


with case("tokens"), Dovecot(
        mechanisms="xoauth2 oauthbearer", more=by_version(
            OLD, re.sub(r"(?m)^(?=\w)", "oauth2_", SETTINGS) + NEW)) as dovecot, Server(
            env={"AUTHSOCKET": dovecot.socket}) as server:
    with server.client() as c:
        like(" ".join(c.hello()), r"AUTH XOAUTH2 OAUTHBEARER\b",
             "what is offered")
    for name in ("XOAUTH2", "OAUTHBEARER"):
        with case(name), server.client() as c:
            is_(c.command(f"AUTH {name} " + b64(first(name, TOKEN))), OK,
                f"{name}: a token of 3000 octets")
            starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
                   f"{name}: relays")
            is_(server.messages()[-1].env["SMTPAUTHUSER"], JOE,
                f"{name}: the login")
        server.wait_log(f"auth ok user={JOE} mech={name}$")
        with case(f"{name} in two steps"), server.client() as c:
            c.must((f"AUTH {name}", "334"))
            is_(c.command(b64(first(name, TOKEN))), OK,
                f"{name}: without an initial response")
        with case(f"{name} refused"), server.client() as c:
            got = c.command(f"AUTH {name} " + b64(first(name, "stolen")))
            # RFC 7628 §3.2.3: why, which the client has to acknowledge.
            starts(got, "334 ", f"{name}: an unknown token: why not")
            is_(c.command(b64("\x01")), FAILED, f"{name}: and no")
            starts(c.command("NOOP"), "250 ", f"{name}: goes on")
        if not shutil.which("curl"):
            skip(f"{name} by curl", "needs curl")
            continue
        with case(f"{name} by curl"), Server(
                env={"AUTHSOCKET": dovecot.socket,
                     "AUTHMECHS": name}) as only:
            found = subprocess.run(
                ["curl", "-sS", f"smtp://127.0.0.1:{only.port}",
                 "--oauth2-bearer", TOKEN, "-u", JOE + ":",
                 "--mail-from", JOE, "--mail-rcpt", "x@example.net", "-T", "-"],
                input="Subject: by curl\r\n\r\nx\r\n", text=True,
                capture_output=True, check=False, timeout=300)
            is_((found.returncode, found.stderr), (0, ""), f"{name}: by curl")
            is_([m.env["SMTPAUTHMETHOD"] for m in only.messages()], [name],
                f"{name}: was used")
    ok(TOKEN not in server.log(), "no token in the log")

service.shutdown()
done()
