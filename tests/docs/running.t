#!/usr/bin/env python3
"""docs/running.md: its commands, typed one after the other on a host that
smtpd-auth-conf has set up under daemontools."""
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, JOE, PASSWORD, account_uid, add_user, conf, connect, fresh, install, live, mail,
    record_into, running, started, text)
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
# Where Debian's daemontools looks.
os.rmdir("/service")
os.makedirs("/etc/service")
SERVICE = "/etc/service"
BLOCKS = [block.splitlines() for block in re.findall(
    r"(?m)^```sh\n(.*?)^```", text(os.path.join(TOP, "docs/running.md")),
    re.S)]
TYPED = []


def block(first, stdin="", statuses=(0,)):
    """Types the block that begins so; what it printed."""
    found = [lines for lines in BLOCKS if lines[0].startswith(first)]
    is_(len(found), 1, f"docs/running.md has one block: {first}")
    TYPED.extend(found)
    said = ""
    # A umask holds for what follows.
    for line in ["\n".join(found[0])] if "umask" in first else found[0]:
        ran = subprocess.run(line, shell=True, cwd=TOP, input=stdin,
                             text=True, check=False, capture_output=True)
        ok(ran.returncode in statuses, f"{line}: exit {ran.returncode}",
           ran.stdout + ran.stderr)
        said += ran.stdout
    return said


def link():
    """Starts the services."""
    for port in (587, 465):
        os.symlink(f"{DIR}/{port}", f"{SERVICE}/{port}")


def login(password):
    """The reply to Joe's login on port 587."""
    with connect(587) as c:
        c.hello()
        return c.login("PLAIN", JOE, password)


def recipients(*addresses):
    """The replies to them, without a login."""
    lines = ["MAIL FROM:<a@example.org>",
             *(f"RCPT TO:<{address}>" for address in addresses), "QUIT"]
    ran = subprocess.run(
        ["smtpd-auth"], input="".join(line + "\r\n" for line in lines),
        text=True, check=False, capture_output=True,
        env={**os.environ, "CONTROLDIR": DIR + "/control"})
    return ran.stdout.splitlines()[2:-1]


def stopped():
    """Nothing of ours runs any more."""
    return not [name for name in running().values()
                if name in ("tcpserver", "smtpd-auth", "multilog")]


fresh()
live()
made = conf("-S", "daemontools", HOST)
is_(made.returncode, 0, "smtpd-auth-conf")
add_user()
for number in (587, 465):
    record_into(number)

with started(["svscan", SERVICE]):
    link()
    mail("before", 587)
    with case("upgrades"):
        seen = block("smtpd-auth-conf -d /root/new", statuses=(0, 1))
        like(seen, "2587", "the new one is shown beside the old one")
        ok(not os.path.exists("/root/new"), "and removed")

    with case("a backup, and another host"):
        block("umask 077")
        archive = "/root/smtpd-auth.tgz"
        is_(oct(os.stat(archive).st_mode & 0o777), "0o600",
            "nobody else can read the backup")
        names = subprocess.run(["tar", "-tzf", archive], check=True, text=True,
                               capture_output=True).stdout.split()
        for name in ("control/authusers", "control/me", "587/run",
                     "587/env/QMAILQUEUE", "587/tcp.rules", "465/log/run"):
            ok("etc/smtpd-auth/" + name in names, f"the backup has {name}")
        is_([name for name in names if re.search(
            "supervise|log/main/.|log/main/current", name)], [],
            "and nothing that only runs")
        block("rm /etc/service/587")
        wait_for(stopped, "the end of the services")
        key = re.search("^# smtpd-key .*", text(DIR + "/control/authusers"),
                        re.M)[0]
        shutil.rmtree(DIR)
        shutil.rmtree("/var/lib/smtpd-auth", ignore_errors=True)
        # A certificate of nobody known: smtpd-check says FAIL.
        block("tar -C / -xpzf", statuses=(0, 1))
        ok(key in text(DIR + "/control/authusers"), "the site key is the same")
        is_(str(os.stat(DIR + "/587/log/main").st_uid), account_uid("qmaill"),
            "the log is its account's")
        link()
        mail("after", 587)

    with case("without the site key"):
        path = DIR + "/control/authusers"
        for what in ("taken from the cdb", "made"):
            before = text(path)
            with open(path, "w", encoding="utf-8") as file:
                file.write(before.replace(key + "\n", ""))
            if what == "made":
                os.unlink(path + ".cdb")
            subprocess.run(["smtpd-passwd", "build"], check=True,
                           capture_output=True)
            new = re.search("^# smtpd-key .*", text(path), re.M)[0]
            is_(new == key, what != "made", f"the site key is {what}")
            starts(login(PASSWORD), "235", "and Joe logs in as before")

    with case("which recipients there are"):
        with open(DIR + "/control/rcpthosts", "w", encoding="ascii") as file:
            file.write("example.com\n")
        there, nobody = "250 2.1.5 ok", "550 5.1.1 no such recipient"
        block("cut -d: -f1")
        is_(recipients(JOE, "abuse@example.com", "ann@example.com"),
            [there, there, nobody], "by a list")
        block("cd /etc/smtpd-auth/control && mv")
        ok(not os.path.exists(DIR + "/control/validrcptto"), "the list moved")
        is_(recipients(JOE, "abuse@example.com", "ann@example.com"),
            [there, there, nobody], "by a cdb")
        block("install -m 755 contrib/rcptcheck/dovecot")
        is_(recipients(JOE, "ann@example.com"),
            [there, "451 4.3.0 recipient cannot be checked for now"],
            "by a program, which asks a Dovecot that is not there")
        for name in ("rcpthosts", "rcptcheck", "morevalidrcptto",
                     "morevalidrcptto.cdb"):
            os.unlink(f"{DIR}/control/{name}")
        os.unlink("/usr/local/bin/rcptcheck-dovecot")

    with case("asking a policy daemon"):
        with open(DIR + "/control/rcpthosts", "w", encoding="ascii") as file:
            file.write("example.com\n")
        block("echo 127.0.0.1:10023")
        starts(recipients(JOE)[0], "451 4.3.5", "a daemon that is not there")
        block("echo accept >")
        starts(recipients(JOE)[0], "250", "policyfail accept")
        for name in ("rcpthosts", "policysocket", "policyfail",
                     "policytimeout"):
            os.unlink(f"{DIR}/control/{name}")

    with case("a stolen password"):
        app = subprocess.run(["smtpd-passwd", "newapp", JOE, "phone"],
                             check=True, capture_output=True,
                             text=True).stdout.strip()
        starts(login(app), "235", "by an app password")
        block("smtpd-passwd disable joe@example.com")
        for password in (PASSWORD, app):
            starts(login(password), "535", "disabled: by whatever password")
        wait_for(lambda: "reason=disabled" in text(
            DIR + "/587/log/main/current"), "its log line")
        like(block("grep -h"), "auth ok .*label=phone", "what was done by it")
        like(block("smtpd-passwd set", stdin="another"), "phone",
             "smtpd-passwd list shows the app password")
        starts(login("another"), "235", "the new password")
        starts(login(app), "535", "the app password is gone")

    with case("uninstall"):
        os.makedirs("/usr/local/share/man/man8")
        shutil.copy(TOP + "/man/smtpd-auth.8", "/usr/local/share/man/man8/")
        block("rm /etc/service/587")
        wait_for(stopped, "the end of the services")
        block("make uninstall")
        is_([name for name in os.listdir("/usr/local/bin")
             if name.startswith(("smtpd-", "queue-"))], [],
            "programs are gone")
        is_(os.listdir("/usr/local/share/man/man8"), [], "and manuals")
        block("rm -r /etc/smtpd-auth")
        is_([path for path in (DIR, "/var/lib/smtpd-auth")
             if os.path.exists(path)], [], "and what was left")
        ok("qmaild" not in text("/etc/passwd") and
           "qmaill" not in text("/etc/passwd"), "and the accounts")

is_([lines for lines in BLOCKS if lines not in TYPED], [],
    "every block was typed")
done()
