#!/usr/bin/env python3
"""systemd itself, booted in a container: the units that smtpd-auth-conf makes,
mail over 587 and 465 by IPv4 and IPv6, the journal, stop, reboot."""
import json
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_system, place  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

JOE, PASSWORD, HOST = "joe@example.com", "s3cret", "mail.example.com"
PORTS, ADDRESSES = (587, 465), ("127.0.0.1", "::1")
BOX = "/var/box/Maildir/new"

extra_system.enter()
root = extra_system.layer(extra_system.BELOW + "/boot")
extra_system.install(root)
for name, line in (("hostname", "mail"), ("machine-id", "uninitialized"),
                   ("hosts", f"127.0.0.1 localhost {HOST}\n::1 localhost")):
    place.write(f"{root}/etc/{name}", line + "\n")
# So that the journal of before the reboot is there after it.
os.makedirs(root + "/var/log/journal", exist_ok=True)
host = extra_system.Booted(root)


def connect(port, address):
    """Greeted, with TLS and EHLO."""
    return extra_system.submission(port, address, HOST)


def mail(what):
    """A login and a message each way, and what arrived."""
    before = set(os.listdir(root + BOX)) if os.path.isdir(root + BOX) else \
        set()
    ways = [(port, address) for port in PORTS for address in ADDRESSES]
    for port, address in ways:
        with case(f"{what}, {port}, {address}"), connect(port, address) as c:
            starts(c.login("SCRAM-SHA-256", JOE, PASSWORD), "235",
                   f"{what}, {port}, {address}: a login")
            starts(c.message(f"Subject: {what} {port} {address}\r\n\r\n",
                             JOE, "x@example.net"), "250 2.0.0",
                   f"{what}, {port}, {address}: a message")
            starts(c.command("QUIT"), "221", f"{what}, {port}, {address}: end")
    arrived = []
    for name in set(os.listdir(root + BOX)) - before:
        with open(f"{root}{BOX}/{name}", encoding="utf-8") as file:
            arrived += re.findall(r"(?m)^Subject: .*$", file.read())
    is_(sorted(arrived),
        sorted(f"Subject: {what} {port} {address}" for port, address in ways),
        f"{what}: all of it was delivered")


def journal(boot="-0"):
    """Our lines of one boot."""
    return [json.loads(line) for line in host.run(
        f"journalctl --boot={boot} --output=json SYSLOG_IDENTIFIER="
        "smtpd-auth").stdout.splitlines() if line.startswith("{")]


def logged(pattern, boot="-0"):
    """Waits for a line; those that there are."""
    return wait_for(lambda: [entry for entry in journal(boot) if re.search(
        pattern, entry["MESSAGE"])], pattern)


def units():
    """Connections that systemd knows of."""
    return host.run("systemctl list-units --plain --no-legend "
                    "'smtpd-auth-*@*'").stdout.split("\n")[:-1]


def first_day():
    """As INSTALL has it."""
    host.run("install -d -m 755 /var/box")
    made = host.run(f"smtpd-auth-conf -c {HOST}").stdout
    ok("systemd" in made, "smtpd-auth-conf: takes systemd by itself", made)
    host.run(f"smtpd-passwd set {JOE}", input=PASSWORD)
    host.run("chown qmaild /var/box && for p in 587 465; do cd "
             "/etc/smtpd-auth/$p/env && echo /var/box/Maildir >QUEUE_MAILDIR "
             "&& echo /usr/local/bin/queue-maildir >QMAILQUEUE; done")
    typed = re.findall(r"(?m)^  (systemctl (?:link|enable) .*)$", made)
    ok(typed, "it prints what to type", made)
    for line in typed:
        host.run(line)
    for port in PORTS:
        said = host.run(f"smtpd-check /etc/smtpd-auth/{port}",
                        check=False).stdout
        is_(re.findall(r"(?m)^FAIL.*$", said),
            [line for line in re.findall(r"(?m)^FAIL.*$", said)
             if "certificate" in line],
            f"smtpd-check, {port}: the self-signed certificate at most")
        host.run(f"systemctl is-active smtpd-auth-{port}.socket")


def look_at_journal():
    """Whose the lines are."""
    entry = logged(r"message ok .*user=joe@example\.com")[0]
    is_((entry["SYSLOG_IDENTIFIER"], entry.get("SYSLOG_FACILITY")),
        ("smtpd-auth", "2"), "the journal: identifier, and facility mail")
    like(entry["_SYSTEMD_UNIT"], r"^smtpd-auth-(587|465)@.*\.service$",
         "the journal: the unit of the connection")
    for address in ADDRESSES:
        ok(logged(rf"^smtpd-auth: \d+ {address} auth ok "),
           f"the journal: {address}")
    report = host.run("journalctl -t smtpd-auth -o short-iso | smtpd-report",
                      check=False).stdout
    ok(JOE in report, "smtpd-report reads it", report)


def stop():
    """What systemctl stop does to whom."""
    with connect(587, "127.0.0.1") as c:
        starts(c.login("PLAIN", JOE, PASSWORD), "235", "stop: logged in")
        host.run("systemctl stop smtpd-auth-587.socket")
        try:
            Client(587, greet=False).close()
            ok(False, "stop: nobody listens any more")
        except ConnectionRefusedError:
            ok(True, "stop: nobody listens any more")
        starts(c.message("Subject: last\r\n\r\n", JOE, "x@example.net"),
               "250 2.0.0", "stop: a connection that runs goes on")
        ok(units(), "stop: it is a unit of its own")
        host.run("systemctl stop 'smtpd-auth-587@*'")
        starts(c.reply(), "421 4.3.2", "stop: of its unit: the client is told")
        c.ends("stop")
    ok(logged(" end .* reason=term$"), "stop: and the journal")
    wait_for(lambda: not units(), "the end of the units")
    host.run("systemctl start smtpd-auth-587.socket")


def read_only():
    """A root that the connections cannot write to, by a drop-in."""
    for port in PORTS:
        directory = f"/etc/systemd/system/smtpd-auth-{port}@.service.d"
        host.run(f"mkdir -p {directory}; printf '%s\\n' '[Service]' "
                 "ProtectSystem=strict 'ReadWritePaths=/var/lib/smtpd-auth "
                 f"/var/box' >{directory}/read-only.conf")
    host.run("systemctl daemon-reload")
    mail("read-only")
    is_([entry["MESSAGE"] for entry in journal()
         if "config fail" in entry["MESSAGE"]], [],
        "read-only: nothing to complain of")


with case("systemd"):
    try:
        like(host.start(), "^(running|degraded)$", "it boots")
        is_(host.run("systemctl --failed --plain --no-legend | "
                     "grep smtpd-auth", check=False).stdout, "",
            "none of our units has failed")
        first_day()
        mail("first")
        look_at_journal()
        stop()
        mail("again")
        read_only()
        c = connect(465, "::1")
        host.run("systemctl reboot", check=False)
        with case("a connection at the reboot"):
            starts(c.reply(), "421 4.3.2", "reboot: the client is told")
        is_(host.ended(), 133, "systemd-nspawn says that it reboots")
        like(host.start(), "^(running|degraded)$", "it is there again")
        mail("rebooted")
        ok(logged(" message ok ", "-1"),
           "the journal of before the reboot has our lines")
        is_(host.run("systemctl --failed --plain --no-legend | "
                     "grep smtpd-auth", check=False).stdout, "",
            "still none of our units has failed")
        host.run("systemctl poweroff", check=False)
        is_(host.ended(), 0, "and ends")
    except Exception:
        diag(host.said()[-4000:])
        raise
    finally:
        host.stop()
done()
