#!/usr/bin/env python3
"""The first day on a host, typed as INSTALL has it, where Postfix is the mail
system and where a qmail-queue is, under daemontools and under runit."""
import glob
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.extra_conf import (  # noqa: E402
    BIN, DIR, HOST, JOE, LIVE, PASSWORD, connect_tls, fresh, install, live,
    messages, peer, place_client, put, record_into, running, started, text)
from support.extra_process import wait_for  # noqa: E402

PACKAGE = os.path.join(TOP, "build", "peers", "postfix", ".complete")
POSTFIX = os.path.exists(PACKAGE)
extra_world.enter("postfix" if POSTFIX else None)
install()
SPOOL = "/var/spool/postfix"
SENDMAIL = "/usr/sbin/sendmail"
SCANNED = "/service"
AWAY = "me@elsewhere.example"


def lines():
    """What section 1 of INSTALL types, from smtpd-auth-conf on."""
    section = text(os.path.join(TOP, "INSTALL")).partition("1. THE FIRST")[2]
    block = re.search(r"(?m)(^    \S.*\n)+", section)[0]
    found = [line.strip() for line in block.splitlines()]
    is_(found[:3], ["apt-get update && apt-get install -y git make",
                    "git clone URL smtpd-auth && cd smtpd-auth",
                    "make deps && make && make install"],
        "it begins with a clone")
    return found[3:]


def have_postfix():
    """Its sendmail, which leaves messages in maildrop; or that goes away."""
    for name, number in (("postfix", 4711), ("postdrop", 4712)):
        if not re.search(f"(?m)^{name}:", text("/etc/passwd")):
            for path, line in (
                    ("/etc/passwd", f"{name}:x:{number}:{number}::/:/bin/no"),
                    ("/etc/group", f"{name}:x:{number}:")):
                put(path, text(path) + line)
    os.makedirs("/etc/postfix", exist_ok=True)
    put("/etc/postfix/main.cf", "compatibility_level = 3.6\nmyhostname = "
        f"{HOST}\nmaillog_file = /var/log/postfix.log\nqueue_minfree = 0")
    put("/etc/postfix/master.cf", "pickup unix n - n 60 1 pickup")
    for name, mode, owner, group in (
            ("", 0o755, "root", "root"), ("/pid", 0o755, "root", "root"),
            ("/maildrop", 0o1730, "postfix", "postdrop"),
            ("/public", 0o2710, "postfix", "postdrop")):
        os.makedirs(SPOOL + name, exist_ok=True)
        shutil.chown(SPOOL + name, owner, group)
        os.chmod(SPOOL + name, mode)
    program = "/usr/sbin/postdrop"
    if os.path.islink(program):
        os.unlink(program)
        shutil.copy("/usr/host-sbin/postdrop", program)
        os.chown(program, 0, 4712)
        os.chmod(program, 0o2755)


def trusted():
    """certbot has a certificate for this host, and the host trusts it."""
    pair = live()
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    with open(bundle, "a", encoding="ascii") as file:
        file.write(pair.certificate_text())


def type_line(what, line, scanned):
    """As an admin does; what it prints. A password is typed when asked for."""
    program = os.path.join(BIN, line.split()[0])
    if line.startswith("smtpd-check") and not os.path.exists(program):
        skip(f"{what}: {line}", "smtpd-check is not built")
        return ""
    line = line.replace("/etc/service/", scanned + "/")
    if line.startswith("tail -f"):
        line = line.replace("tail -f", "cat")
    typed = subprocess.run(line, shell=True, check=False, text=True,
                           input=PASSWORD + "\n", capture_output=True,
                           timeout=300)
    is_(typed.returncode, 0, f"{what}: {line}")
    if typed.returncode:
        diag(typed.stdout + typed.stderr)
    if line.startswith("smtpd-check"):
        ok(not re.search("(?m)^FAIL", typed.stdout), f"{what}: no FAIL",
           typed.stdout)
    return typed.stdout


def listens(port):
    """Until something does."""
    def look():
        try:
            with (connect_tls(port) if port == 465 else
                  place_client(port, False)):
                return True
        except OSError:
            return False
    wait_for(look, f"port {port}")


def by_hand(what):
    """A phone: TLS from the first byte, and a message."""
    with connect_tls(465) as c:
        c.hello()
        starts(c.login("PLAIN", JOE, PASSWORD), "235", f"{what}: a phone")
        starts(c.message(b"Subject: from a phone\r\n\r\nhello\r\n", JOE,
                         AWAY), "250 2.0.0", f"{what}: sends a message")
        starts(c.command("MAIL FROM:<other@example.com>"), "553 5.7.1",
               f"{what}: under its own name alone") \
            if "sendercheck" in text(TOP + "/control/config.c") else None


def first_day(what, scan, scanned, queue, arrived):
    """The whole of it."""
    fresh(names=(), queue=queue)
    trusted()
    shutil.rmtree(scanned, ignore_errors=True)
    os.makedirs(scanned)
    with started([*scan, scanned], cwd="/"):
        wait_for(lambda: scan[0] in running().values(), scan[0])
        for line in lines():
            said = type_line(what, line, scanned)
            if line.startswith("smtpd-auth-conf"):
                like(said, rf"supervisor +{what.split()[0]}, which runs here",
                     f"{what}: the supervisor is found")
                like(said, "certbot's, linked", f"{what}: the certificate")
                if queue:
                    for port in (587, 465):
                        record_into(port)
            if line.startswith("ln -s"):
                for port in (587, 465):
                    listens(port)
        by_hand(what)
        arrived(what)
        log = f"{DIR}/465/log/main/current"
        wait_for(lambda: " message ok " in text(log), "the log")
        like(text(log), r"auth ok user=joe@example\.com mech=PLAIN",
             f"{what}: the log tells")


def at_qmail(what):
    """What the recording qmail-queue got."""
    is_([m.recipients for m in messages()][-1:], [[AWAY]],
        f"{what}: it is in the queue")
    is_(messages()[-1].sender, JOE, f"{what}: with its sender")


def at_postfix(what):
    """What Postfix has in maildrop."""
    found = [text(path) for path in glob.glob(SPOOL + "/maildrop/*")]
    ok(any("from a phone" in one and AWAY in one and JOE in one
           for one in found), f"{what}: it is in Postfix's queue", found)


RUNIT = peer("runit")
with case("qmail-queue"):
    if os.path.lexists(SENDMAIL):
        os.rename(SENDMAIL, SENDMAIL + ".away")
    first_day("daemontools qmail", ["svscan"], SCANNED, True, at_qmail)
    if RUNIT is None:
        skip("runit", "runit is not unpacked: ./deps check")
    else:
        first_day("runit qmail", ["runsvdir"], "/etc/service", True, at_qmail)
    if os.path.lexists(SENDMAIL + ".away"):
        os.rename(SENDMAIL + ".away", SENDMAIL)
with case("Postfix"):
    if not POSTFIX:
        skip("Postfix", "Postfix is not unpacked: ./deps check")
    elif not os.path.exists(BIN + "/queue-sendmail"):
        skip("Postfix", "queue-sendmail is not built")
    else:
        have_postfix()
        first_day("daemontools Postfix", ["svscan"], SCANNED, False,
                  at_postfix)
        if RUNIT is not None:
            first_day("runit Postfix", ["runsvdir"], "/etc/service", False,
                      at_postfix)
ok(os.path.exists(LIVE), "certbot's directory is as it was")
done()
