#!/usr/bin/env python3
"""openssl s_client, with the dialogue that people type by hand."""
import os
import select
import subprocess
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.client import DEADLINE  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_clients import (  # noqa: E402
    BODY, JOE, MESSAGE, PASSWORD, RECIPIENT, SENDER, WRONG, arrived,
    authority, need)

need("openssl")
USERS = {JOE: PASSWORD}


class SClient:
    """s_client at the other end of two pipes."""

    def __init__(self, server, starttls):
        self.output = b""
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-quiet", "-crlf", "-verify_return_error",
             "-CAfile", authority(), "-verify_hostname", "mx.example.org",
             "-servername", "mx.example.org",
             "-connect", f"127.0.0.1:{server.port}",
             *(["-starttls", "smtp"] if starttls else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.terminate()
        self.process.wait()

    def type(self, text):
        """A line, or several."""
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def reply(self, deadline=DEADLINE):
        """The next whole reply; what came so far at the end."""
        end = time.monotonic() + deadline
        while True:
            lines = self.output.split(b"\n")
            for n, line in enumerate(lines[:-1]):
                if line[3:4] == b" ":
                    self.output = b"\n".join(lines[n + 1:])
                    return line.decode().rstrip("\r")
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, end - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 65536) \
                if ready else b""
            if not data:
                return "end: " + self.output.decode(errors="replace")
            self.output += data

    def say(self, text):
        """A line, and its reply."""
        self.type(text)
        return self.reply()


for args, what in (([], "-starttls smtp"), (["-s"], "from the first byte")):
    for password, good in ((PASSWORD, True), (WRONG, False)):
        with case(what), Server(users=USERS, certificate="ec", args=args,
                                env={"FORCETLS": "1"}) as server:
            with SClient(server, not args) as c:
                if args:
                    starts(c.reply(), "220 ", f"{what}: the greeting")
                starts(c.say("EHLO client.example.org"), "250 ",
                       f"{what}: EHLO")
                is_(c.say("AUTH LOGIN"), "334 VXNlcm5hbWU6",
                    f"{what}: AUTH LOGIN")
                is_(c.say(b64(JOE)), "334 UGFzc3dvcmQ6", f"{what}: name")
                starts(c.say(b64(password)), "235" if good else "535",
                       f"{what}: {'right' if good else 'wrong'} password")
                starts(c.say(f"mail from:<{SENDER}>"), "250 ",
                       f"{what}: mail")
                starts(c.say(f"rcpt to:<{RECIPIENT}>"),
                       "250 " if good else "550 ", f"{what}: rcpt")
                if not good:
                    continue
                starts(c.say("data"), "354", f"{what}: data")
                stuffed = MESSAGE.rstrip("\n").replace("\n.", "\n..")
                starts(c.say(stuffed + "\n."), "250 ", f"{what}: message")
                arrived(server, what, "LOGIN", "ESMTPSA", BODY)
                starts(c.say("quit"), "221 ", f"{what}: quit")

done()
