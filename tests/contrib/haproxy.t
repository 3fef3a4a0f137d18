#!/usr/bin/env python3
"""contrib/fail2ban's action for haproxy: a real fail2ban reads the log of a
real server behind a real haproxy, and bans there."""
import base64
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_balancer import Haproxy, documented, why_not  # noqa: E402
from support.extra_fail2ban import ENV, OURS, PEER  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

why = why_not("haproxy", "fail2ban")
if why:
    skip_all(why)
if not shutil.which("nc"):
    skip_all("no netcat-openbsd")

JOE = "joe@example.com"
WRONG = base64.b64encode(f"\0{JOE}\0wrong".encode()).decode()


def configuration(log, socket):
    """fail2ban's own files and ours; our jail, with the action."""
    directory = os.path.join(home("fail2ban"), "etc")
    shutil.copytree(PEER + "/etc/fail2ban", directory)
    for kind in ("filter.d", "action.d"):
        shutil.copytree(os.path.join(OURS, kind),
                        os.path.join(directory, kind), dirs_exist_ok=True)
    with open(OURS + "/jail.d/smtpd-auth.conf", encoding="utf-8") as file:
        jail = file.read().replace("/etc/smtpd-auth/*/log/main/current", log)
    with open(directory + "/jail.d/smtpd-auth.conf", "w",
              encoding="utf-8") as file:
        file.write(jail)
    # Debian's switches sshd's on; here is no log of it.
    for name in os.listdir(directory + "/jail.d"):
        if name.startswith("defaults"):
            os.unlink(os.path.join(directory, "jail.d", name))
    with open(directory + "/jail.d/zz.conf", "w", encoding="utf-8") as file:
        file.write("[DEFAULT]\nbackend = polling\nusedns = no\n"
                   "ignoreself = false\nignoreip =\nlogtimezone = UTC\n"
                   'action = smtpd-auth-haproxy[balancer="-U '
                   f'{socket}"]\n')
    with open(directory + "/fail2ban.local", "w", encoding="utf-8") as file:
        file.write(f"[Definition]\ndbfile = None\nlogtarget = {directory}"
                   "/log\n")
    return directory


def table(proxy, name):
    """The keys of one of haproxy's tables that are banned."""
    return re.findall(r"key=(\S+) .*gpc0=1", proxy.ask(f"show table {name}"))


config = documented()
with case("a ban"), Server(env={"PROXYPROTOCOL": "127.0.0.1"},
                           users={JOE: "secret"}) as server, Haproxy(
        config.replace("/run/haproxy/", "{home}/")
        .replace("bind :587", "bind 127.0.0.1:{port}")
        .replace("10.0.0.11:587", f"127.0.0.1:{server.port}")) as proxy:
    directory = configuration(server.home + "/timed",
                              proxy.home + "/admin.sock")
    with open(server.home + "/timed", "w", encoding="utf-8"):
        pass
    words = ["-c", directory, "-s", directory + "/socket", "-p",
             directory + "/pid"]

    def client(*command):
        """fail2ban-client."""
        return subprocess.run(
            [sys.executable, PEER + "/usr/bin/fail2ban-client", *words,
             *command], env=ENV, capture_output=True, text=True, check=False)

    def said():
        """What fail2ban logged."""
        with open(directory + "/log", encoding="utf-8") as file:
            return file.read()

    daemon = subprocess.Popen(  # pylint: disable=consider-using-with
        [sys.executable, PEER + "/usr/bin/fail2ban-server", *words, "-xf",
         "start"], env=ENV, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(lambda: client("ping").returncode == 0, "fail2ban answers")
        # By hand: both families, and back.
        for address, name in (("192.0.2.66", "banned4"),
                              ("2001:db8::66", "banned6")):
            client("set", "smtpd-auth", "banip", address)
            wait_for(lambda: table(proxy, name) == [address],
                     f"{address} is in {name}: {said()}")
            ok(True, f"{address} is banned in {name}")
            client("set", "smtpd-auth", "unbanip", address)
            wait_for(lambda: table(proxy, name) == [],
                     f"{address} is gone from {name}: {said()}")
            ok(True, f"{address} is banned no more")
        # What a guesser's lines do: with a time, as multilog writes it.
        for number in range(8):
            with proxy.client() as c:
                c.command(f"AUTH PLAIN {WRONG}")
            server.wait_log(" auth fail ", number + 1)
        server.wait_log(" auth fail .*reason=password$", 8)
        with open(server.home + "/timed", "ab", buffering=0) as file:
            subprocess.run(["tai64n"], input=server.log().encode(),
                           stdout=file, check=True)
        wait_for(lambda: table(proxy, "banned4") == ["127.0.0.1"],
                 f"the guesser is banned: {said()}")
        try:    # the reset may come as early as the connection is there
            with proxy.client(greet=False) as c:
                is_(c.rest(), b"", "the balancer lets it in no more")
        except ConnectionResetError:
            ok(True, "the balancer lets it in no more")
        client("set", "smtpd-auth", "unbanip", "127.0.0.1")
        wait_for(lambda: not table(proxy, "banned4"), "it is forgotten")
        with proxy.client() as c:
            starts(c.command("NOOP"), "250 ", "and may come again")
        ok("ERROR" not in said(), "fail2ban has no complaint", said())
    finally:
        daemon.terminate()
        daemon.wait()

done()
