#!/usr/bin/env python3
"""Over ::1: what smtpd-auth-conf made, under tcpserver of ucspi-tcp-ipv6,
xinetd and systemd-socket-activate takes a message there as over 127.0.0.1."""
import os
import re
import socket
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, JOE, PASSWORD, add_user, conf, fresh, install, mail, peer, put,
    record_into, running, started, text, with_peer)
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
try:
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::1", 0))
except OSError:
    skip_all("no IPv6 here")


def prepared(name):
    """A host with a user."""
    fresh()
    made = conf("-S", name, HOST)
    is_(made.returncode, 0, name + ": smtpd-auth-conf")
    like(made.stdout, r"(?m)^  addresses    IPv4 and IPv6$",
         name + ": says that it serves both")
    add_user()
    for port in (587, 465):
        record_into(port)
    return made.stdout


def both(what, ports=(587, 465)):
    """A message over each family, to each port."""
    for port in ports:
        mail(f"{what}, {port}, 127.0.0.1", port)
        found = mail(f"{what}, {port}, ::1", port, host="::1")
        if what == "tcpserver":
            is_([m.env.get("TCPREMOTEIP") for m in found], ["::1"],
                f"{what}, {port}: from there")
        with Client(587, host="::1") as c:
            c.hello()
            starts(c.login("PLAIN", JOE, PASSWORD), "235",
                   f"{what}: ::1 is this host: no TLS for AUTH")


def tcpserver():
    """daemontools with the tcpserver that knows both."""
    said = prepared("daemontools")
    like(text(DIR + "/587/tcp.rules"), '(?m)^::1:allow,FORCETLS="0"$',
         "tcp.rules has a line for ::1")
    subprocess.run(re.search(r"(?m)^  (ln -s .*)$", said)[1], shell=True,
                   check=True)
    with started(["svscan", "/service"]):
        both("tcpserver")
        log = f"{DIR}/587/log/main/current"
        ok(wait_for(lambda: re.search(r"smtpd-auth: \d+ ::1 message ok ",
                                      text(log)), "the log"),
           "tcpserver: the log has the address")


def xinetd():
    """One file, both families."""
    prepared("xinetd")
    put("/etc/xinetd.conf", "includedir /etc/xinetd.d")
    os.makedirs("/etc/xinetd.d", exist_ok=True)
    for port in (587, 465):
        os.symlink(f"{DIR}/{port}/xinetd",
                   f"/etc/xinetd.d/smtpd-auth-{port}")
    with started(["xinetd", "-dontfork", "-filelog", "/var/xinetd.log",
                  "-pidfile", "/run/xinetd.pid"]):
        both("xinetd")


def systemd(env):
    """As the socket unit has it: one socket for both."""
    prepared("systemd")
    is_(re.search("(?m)^ListenStream=(.*)$",
                  text(DIR + "/587/smtpd-auth-587.socket"))[1], "587",
        "systemd: the unit names no address")
    words = ["systemd-socket-activate", "--accept", "--inetd", "-E",
             "PATH=" + os.environ["PATH"], "-E", "REMOTE_ADDR=::1"]
    with started([*words, "-l", "587", DIR + "/587/run"], env=env,
                 log="/var/systemd.log"):
        both("systemd", ports=(587,))


with case("tcpserver of ucspi-tcp"):
    fresh()
    said = conf("-S", "daemontools", HOST).stdout
    RULES = text(DIR + "/587/tcp.rules")
    # What is installed may be either.
    KNOWS = subprocess.run(
        ["tcprules", "/tmp/t.cdb", "/tmp/t.tmp"], input="::1:allow\n",
        text=True, check=False, capture_output=True).returncode == 0
    like(RULES, '(?m)^::1:allow,FORCETLS="0"$' if KNOWS else
         '(?m)^# ::1:allow,FORCETLS="0"$', "tcp.rules: as tcprules takes it")
    like(said, "addresses    IPv4 and IPv6" if KNOWS else
         "addresses    IPv4 .ucspi-tcp-ipv6 serves IPv6, too.", "is told")

with case("tcpserver of ucspi-tcp-ipv6"):
    if peer("ucspi-tcp-ipv6") is None:
        skip("tcpserver", "ucspi-tcp-ipv6 is not unpacked: ./deps check")
    else:
        tcpserver()
with case("xinetd"):
    with_peer("xinetd", lambda _: xinetd())
with case("systemd"):
    with_peer("systemd", lambda _: systemd(
        {**os.environ, "SYSTEMD_LOG_LEVEL": "notice"}))
is_(running(), {}, "nothing is left")
done()
