#!/usr/bin/env python3
"""`make run` for real, in a copy of the tree: what README begins with."""
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import copy_of_tree  # noqa: E402
from support.extra_process import below, wait_for  # noqa: E402

PORT = 2525


def taken():
    """Does something listen there already?"""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", PORT)) == 0


class Demo:
    """make run, in a process group of its own; its output."""

    def __init__(self, place):
        env = {k: v for k, v in os.environ.items()
               if k not in ("CONTROLDIR", "QMAILQUEUE", "REQUIREAUTH")}
        self.process = subprocess.Popen(
            ["make", "run"], cwd=place, env=env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.text = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.text += line

    def wait(self, pattern):
        """Until that was printed."""
        def look():
            if self.process.poll() is not None:
                raise AssertionError("make run ended:\n" + self.text)
            return re.search(pattern, self.text, re.M)
        return wait_for(look, f"{pattern} in\n" + self.text, 120)

    def stop(self):
        """Ctrl-C; those that are left."""
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            wait_for(lambda: not below(self.process.pid), "its end", 5)
        except AssertionError:
            pass
        left = below(self.process.pid)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        return left


def new(place):
    """Messages in the Maildir."""
    directory = os.path.join(place, "run", "Maildir", "new")
    texts = []
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            texts.append(file.read())
    return texts


def report(command, place, count):
    """What it shows, if it knows of so many messages."""
    said = subprocess.run(
        ["/bin/sh", "-c", command.replace("> ", "| tee ")], cwd=place,
        text=True, capture_output=True, timeout=300, check=True).stdout
    return said if re.search(rf"Messages *(<b>)?{count}\b", said) else None


def once(what, place, count):
    """Starts it, does what it says, ends it; the password."""
    demo = Demo(place)
    try:
        login = demo.wait(r"^  login     (\S+)$")[1]
        password = demo.wait(r"^  password  (\S+)$")[1]
        command = demo.wait(r"^  (curl .*)$")[1]
        demo.wait("The log follows")
        wait_for(taken, "a listener", 15)
        ok(f"{login}:{password}" in command, what + ": curl's line has both")
        sent = subprocess.run(shlex.split(command), cwd=place, check=False,
                              capture_output=True, text=True, timeout=300)
        is_(sent.returncode, 0, what + ": curl sends it")
        if sent.returncode:
            diag(sent.stderr)
        messages = new(place)
        is_(len(messages), count, what + ": it lies in run/Maildir/new")
        with open(os.path.join(place, "README.md"), encoding="utf-8") as file:
            ok(messages[-1].endswith(file.read()), what + ": as it was sent",
               messages[-1][:600])
        like(messages[-1], r"with (UTF8SMTP|ESMTP)SA id ",
             what + ": by TLS and AUTH")
        demo.wait(r"auth ok user=" + re.escape(login))
        demo.wait("message ok ")
        like(demo.text, "auth ok user=" + re.escape(login),
             what + ": the log follows")
        demo.wait("end seconds=.* reason=quit")
        for shown in re.findall(r"^  (\./smtpd-report .*)$", demo.text, re.M):
            said = wait_for(
                lambda: report(shown, place, count),
                f"{shown}: {count} messages", 60)
            ok(login in said, f"{what}: {shown}")
            ok("no line with a time" not in said, f"{what}: with its times")
        return password
    finally:
        is_(demo.stop(), [], what + ": Ctrl-C ends all of it")


if taken():
    skip_all(f"port {PORT} is taken")
if shutil.which("curl") is None:
    skip_all("curl is missing")
if "install:" in subprocess.run(["./deps", "-n", "build"], cwd=TOP, text=True,
                                check=False, capture_output=True).stdout:
    skip_all("packages are missing, and a test installs none")

with case("make run"):
    copy = copy_of_tree()
    once("make run", copy, 1)
    once("a second make run", copy, 2)
    wait_for(lambda: not taken(), "a free port", 5)

done()
