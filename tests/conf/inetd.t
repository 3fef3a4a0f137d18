#!/usr/bin/env python3
"""What smtpd-auth-conf made for xinetd, run by xinetd, and for systemd:
systemd's own check of the units, and a connection accepted as it does."""
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_conf import (  # noqa: E402
    BIN, DIR, HOST, JOE, PASSWORD, add_user, conf, fresh, install, mail, put,
    record_into, running, started, text, with_peer)
from support.extra_launcher import connect, syslog  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
PORTS = (587, 465)


def prepared(name):
    """A host with a user."""
    fresh()
    made = conf("-S", name, HOST)
    is_(made.returncode, 0, name + ": smtpd-auth-conf")
    add_user()
    for port in PORTS:
        record_into(port)
    return made.stdout


def offers(what, host, address_is_ours):
    """Is AUTH offered without TLS?"""
    with Client(587, host=host) as c:
        words = c.hello()
        is_(any(word.startswith("AUTH") for word in words), address_is_ours,
            what)


def xinetd(log):
    """A whole day of it."""
    said = prepared("xinetd")
    shutil.rmtree("/etc/xinetd.d", ignore_errors=True)
    os.mkdir("/etc/xinetd.d")
    for line in re.findall(r"(?m)^  (ln -s .*)$", said):
        subprocess.run(line, shell=True, check=True)
    is_(sorted(os.listdir("/etc/xinetd.d")),
        ["smtpd-auth-465", "smtpd-auth-587"], "xinetd: one file a port")
    # An address, as the file says.
    path = DIR + "/465/xinetd"
    put(path, text(path).replace("{\n", "{\n\tbind = 127.0.0.2\n").rstrip())
    put("/etc/xinetd.conf", "includedir /etc/xinetd.d")
    with started(["xinetd", "-dontfork", "-filelog", "/var/xinetd.log",
                  "-pidfile", "/run/xinetd.pid"]) as process:
        connect(587, greet=False).close()
        mail("xinetd, 587", 587)
        offers("xinetd: this host needs no TLS for AUTH", "127.0.0.1", True)
        with Client(465, host="127.0.0.2", greet=False) as c:
            c.wrap(name=HOST)
            c.expect("220 ")
            c.hello()
            starts(c.login("PLAIN", JOE, PASSWORD), "235",
                   "xinetd, 465: at its address")
        ok("error" not in text("/var/xinetd.log").lower(),
           "xinetd: has no complaint", text("/var/xinetd.log"))
        if log:
            ok(log.wait([" 127.0.0.1 ", "message ok"]), "xinetd: syslog")
        else:
            skip("xinetd: syslog", "there is a syslog already")
        # Not a byte but SMTP, even when run has something to complain of.
        os.rename(BIN + "/smtpd-auth", BIN + "/away")
        with Client(587, greet=False) as c:
            is_(c.rest(), b"", "xinetd: a complaint of run is not the "
                "client's")
        os.rename(BIN + "/away", BIN + "/smtpd-auth")
        # Out again, and xinetd told.
        os.unlink("/etc/xinetd.d/smtpd-auth-587")
        process.send_signal(1)

        def closed():
            try:
                Client(587, greet=False).close()
            except ConnectionRefusedError:
                return True
            return False
        ok(wait_for(closed, "587 to be closed"), "xinetd: stopped")


def environment():
    """env/ as run reads it without envdir."""
    env = DIR + "/587/env/"
    program = BIN + "/smtpd-auth"
    os.rename(program, program + ".away")
    place_script(program, "#!/bin/sh\nenv\nid -u\necho \"$@\"\n")
    put(env + "TWO", "first\nsecond")
    put(env + "BLANKS", "some words \t")
    put(env + "EMPTY", "")
    for name in ("GONE", "UNDERSCORE_1", "x~", "1st", "a-b"):
        with open(env + name, "w", encoding="ascii") as file:
            file.write("" if name == "GONE" else "no newline")
    said = subprocess.run([DIR + "/587/run"], check=True, text=True,
                          capture_output=True, env={
                              "GONE": "1", "PATH": os.environ["PATH"],
                              "REMOTE_HOST": "127.0.0.1"}).stdout
    os.rename(program + ".away", program)
    for line in ("TWO=first", "BLANKS=some words", "EMPTY=",
                 "UNDERSCORE_1=no newline", "QMAILQUEUE=/var/qmail/bin/"
                 "qmail-queue", "FORCETLS=0", "-u qmaild"):
        ok(line in said.splitlines(), f"run: {line}", said)
    ok(not re.search("GONE|x~|1st|a-b|second", said),
       "run: an empty file removes, what is no name is left out", said)
    for address, trusted in (("127.9.9.9", True), ("::1", True),
                             ("::ffff:127.0.0.1", True),
                             ("192.0.2.1", False), ("128.0.0.1", False),
                             ("2001:db8::1", False)):
        script = text(DIR + "/587/run").replace("exec " + program, "env #")
        for name in ("REMOTE_ADDR", "REMOTE_HOST"):
            said = subprocess.run(
                ["sh", "-c", script], check=True, text=True,
                capture_output=True, env={name: address, "PATH":
                                          os.environ["PATH"]}).stdout
            is_("FORCETLS=0" in said, trusted, f"run: {name}={address}")


    # What is for one client, as tcp.rules has it.
    for name, variable, value in (
            ("192.0.2.17", "TLSMIN", "1.0"), ("192.0.2.", "TRACE", "1"),
            ("192.", "WIDE", "1"), ("2001:db8:", "TRACE", "1"),
            ("2001:db8::17", "OLDCLIENTS", "1"), ("::1", "TRACE", "1"),
            ("127.0.0.1", "FORCETLS", "1")):
        os.makedirs(f"{DIR}/587/from/{name}", exist_ok=True)
        put(f"{DIR}/587/from/{name}/{variable}", value)
    for address, expected in (
            ("192.0.2.17", "TLSMIN=1.0"), ("192.0.2.18", "TRACE=1"),
            ("::ffff:192.0.2.17", "TLSMIN=1.0"), ("192.1.2.3", "WIDE=1"),
            ("2001:db8::18", "TRACE=1"), ("2001:db8::17", "OLDCLIENTS=1"),
            ("2001:db9::17", ""), ("::1", "FORCETLS=0 TRACE=1"),
            ("127.0.0.1", "FORCETLS=1"), ("198.51.100.1", ""),
            ("../../env", ""), ("from", ""), ("unknown", "")):
        script = text(DIR + "/587/run").replace("exec " + program, "env #")
        said = subprocess.run(
            ["sh", "-c", script], check=True, text=True, capture_output=True,
            timeout=30, env={"REMOTE_ADDR": address,
                             "PATH": os.environ["PATH"]}).stdout
        is_(" ".join(sorted(re.findall(
            "(?m)^(?:TLSMIN|TRACE|WIDE|OLDCLIENTS|FORCETLS)=.*$", said))),
            expected, f"run: from/ for {address}")


def place_script(path, content):
    """A program."""
    with open(path, "w", encoding="ascii") as file:
        file.write(content)
    os.chmod(path, 0o755)


def systemd(libraries):
    """The units by systemd-analyze; run by systemd-socket-activate."""
    said = prepared("systemd")
    env = {**os.environ, "LD_LIBRARY_PATH": libraries,
           "SYSTEMD_LOG_LEVEL": "notice"}
    units = re.findall(r"(?m)^  systemctl (?:link|enable --now) (\S+)$", said)
    is_(units, [f"{DIR}/{port}/smtpd-auth-{port}{kind}" for port in PORTS
                for kind in ("@.service", ".socket")],
        "systemd: what is typed")
    for unit in units:
        # As linked, where systemd looks for the other of the two.
        os.makedirs("/etc/systemd/system", exist_ok=True)
        link = "/etc/systemd/system/" + os.path.basename(unit)
        os.symlink(unit, link)
    for unit in units:
        link = "/etc/systemd/system/" + os.path.basename(unit)
        checked = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
             link.replace("@", "@1")], env=env, capture_output=True,
            text=True, check=False)
        is_((checked.returncode, checked.stderr), (0, ""),
            f"systemd-analyze verify {os.path.basename(unit)}")
    broken = text(units[0]).replace("StandardInput=", "StandardInputt=")
    put("/etc/systemd/system/broken@.service", broken)
    ok("StandardInputt" in subprocess.run(
        ["systemd-analyze", "verify", "--man=no",
         "/etc/systemd/system/broken@1.service"], env=env, text=True,
        capture_output=True, check=False).stderr,
       "systemd-analyze finds a mistake")
    for unit in units:
        if unit.endswith("@.service"):
            ok(re.search("(?m)^KillMode=process$", text(unit)),
               f"{unit}: a stop is for the keeper alone")
    ok("NoNewPrivileges=" not in re.sub("(?m)^#.*", "", text(units[0])),
       "systemd: NoNewPrivileges is not set")
    for port in PORTS:
        with started(["systemd-socket-activate", "--accept", "--inetd",
                      "-l", f"127.0.0.1:{port}", "-E",
                      "REMOTE_ADDR=127.0.0.1", "-E",
                      "PATH=" + os.environ["PATH"],
                      f"{DIR}/{port}/run"], env=env, log="/var/systemd.log"):
            mail(f"systemd, {port}", port)
            if port == 587:
                offers("systemd: this host needs no TLS for AUTH",
                       "127.0.0.1", True)


with case("xinetd"), syslog() as stand_in:
    with_peer("xinetd", lambda _: xinetd(stand_in))
with case("systemd"):
    with_peer("systemd", systemd)
with case("env/ without envdir"):
    prepared("systemd")
    environment()
is_(running(), {}, "nothing is left")
done()
