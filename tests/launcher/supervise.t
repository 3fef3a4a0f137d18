#!/usr/bin/env python3
"""The service directories under a real svscan, with envdir and multilog."""
import os
import re
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import Direct, connect, free_port  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

JOE = "joe@example.com"

if not ROOT:
    skip_all("the service directories start as root")


class Supervised(Direct):
    """A copy of service/NAME, with another port and account."""

    def __init__(self, name, **options):
        self.name = name
        super().__init__(**options)

    def start(self):
        super().start()
        self.port = free_port()
        scanned = os.path.join(self.home, "scanned")
        os.mkdir(scanned)
        self.service = os.path.join(scanned, self.name)
        shutil.copytree(os.path.join(TOP, "service", self.name), self.service)
        program, *_ = self.command()
        self._change("run", (
            (r" 0 (587|465) ", f" 127.0.0.1 {self.port} "),
            (r"\bsmtpd-auth (-s )?-u qmaild\b",
             rf"{program} \1-u nobody -j {self.empty}")))
        self._change("log/run", ((r"\bqmaill\b", "nobody"),))
        main = os.path.join(self.service, "log", "main")
        os.mkdir(main)
        shutil.chown(main, "nobody")
        for key, value in self.env.items():
            if key not in ("FORCETLS", "PATH"):
                with open(os.path.join(self.service, "env", key), "w",
                          encoding="ascii") as file:
                    file.write(value + "\n")
        with open(os.path.join(self.service, "tcp.rules"), "rb") as rules:
            subprocess.run(["tcprules", "tcp.cdb", "tcp.tmp"], stdin=rules,
                           cwd=self.service, check=True)
        self.started.append(subprocess.Popen(
            ["svscan", scanned], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.log_reader.write_fd,
            env={"PATH": self.env["PATH"]}, cwd="/", start_new_session=True))

    def _change(self, name, changes):
        path = os.path.join(self.service, name)
        with open(path, encoding="ascii") as file:
            text = file.read()
        for pattern, replacement in changes:
            text, count = re.subn(pattern, replacement, text)
            if count == 0:
                raise AssertionError(f"{name}: no {pattern}")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)

    def current(self):
        """What multilog wrote."""
        try:
            with open(os.path.join(self.service, "log", "main", "current"),
                      encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""


def session(name, server, c, tls):
    """AUTH where it is offered, and a message."""
    what = name + ", TLS" if tls else name + ", in clear"
    words = c.hello()
    if name == "submission":
        ok(any(word.startswith("AUTH ") for word in words),
           what + ": AUTH without TLS from this host", words)
        if tls:
            c.starttls()
            c.hello()
    starts(c.command("MAIL FROM:<a@example.org>"), "530 5.7.0",
           what + ": nothing without AUTH")
    starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235", what + ": AUTH")
    starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
           "250 2.0.0", what + ": a message")
    is_(server.messages()[-1].recipients, ["x@example.net"],
        what + ": is queued")
    starts(c.command("QUIT"), "221", what + ": QUIT")


for name in ("submission", "submissions"):
    env = {"REQUIREAUTH": "1"}  # by default on 587 and with -s
    with case(name), Supervised(name, env=env, users={JOE: "secret"},
                                certificate="ec") as server:
        for tls in (True,) if name == "submissions" else (True, False):
            connect(server.port, greet=False).close()
            with server.client(tls=name == "submissions") as c:
                session(name, server, c, tls)
        wait_for(lambda: "message ok" in server.current(), "the log")
        like(server.current(), r"(?m)^@[0-9a-f]{24} smtpd-auth: \d+ "
             r"127\.0\.0\.1 message ok ", name + ": in log/main/current")
        like(server.current(), r"(?m)^@[0-9a-f]{24} tcpserver: ok ",
             name + ": beside tcpserver's lines")
        record = server.messages()[-1]
        like(record.status["Uid"], "^65534", name + ": as the account")
        # A user that is made now can log in at the next connection.
        server.passwd("set", "new@example.com", stdin="fresh")
        with server.client(tls=name == "submissions") as c:
            c.hello()
            starts(c.login("PLAIN", "new@example.com", "fresh"), "235",
                   name + ": a new user without a restart")
        server.started[0].send_signal(signal.SIGTERM)
        server.started[0].wait(5)
        subprocess.run(["svc", "-dx", server.service,
                        os.path.join(server.service, "log")], check=True)
        is_(server.left(10), [], name + ": svc -dx stops all of it")

done()
