#!/usr/bin/env python3
"""docs/monitoring.md: its commands, typed on a host that smtpd-auth-conf has
set up, after a day with mail and failures; its cron lines, run as cron would;
each alert has its paragraph, and each metric and event is one that there is."""
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, JOE, add_user, conf, connect, fresh, install, live, mail, peer,
    record_into, started, text)
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
os.rmdir("/service")
SERVICE = "/etc/service"
for path in (SERVICE, "/etc/cron.d", "/var/local", "/etc/prometheus",
             "/var/lib/prometheus/node-exporter"):
    os.makedirs(path, exist_ok=True)
PAGE = text(os.path.join(TOP, "docs/monitoring.md"))
BLOCKS = re.findall(r"(?m)^```sh\n(.*?)^```", PAGE, re.S)
TYPED = []
ENV = {**os.environ, "HOME": home("root"), "COLUMNS": "200", "TZ": "UTC"}


def block(start, statuses=(0,), nth=0):
    """Types the block that begins so; what it printed."""
    found = [lines for lines in BLOCKS if lines.startswith(start)]
    ok(len(found) > nth, f"docs/monitoring.md has the block: {start}")
    lines = found[nth]
    TYPED.append(lines)
    ran = subprocess.run(["sh", "-eu", "-c", lines], cwd=TOP, env=ENV,
                         text=True, check=False, capture_output=True)
    ok(ran.returncode in statuses and (
        ran.stderr == "" or "installed --" in ran.stderr),
       f"{lines.splitlines()[0]}: exit {ran.returncode}",
       ran.stdout + ran.stderr)
    return ran.stdout


def cron():
    """Runs each line of the crontab, as cron does, at once."""
    env = {"HOME": "/root", "SSL_CERT_FILE": ENV["SSL_CERT_FILE"]}
    count = 0
    for line in text("/etc/cron.d/smtpd-auth").splitlines():
        setting = re.fullmatch(r"(\w+)=(.*)", line)
        if setting:
            env[setting[1]] = setting[2].strip('"')
            continue
        job = re.fullmatch(r"(?:[\d*]+ ){5}root ([^%]*)", line)
        ok(job, f"a line that cron reads: {line}")
        ran = subprocess.run(["/bin/sh", "-c", job[1]], env=env, text=True,
                             check=False, capture_output=True)
        is_((ran.returncode, ran.stdout + ran.stderr), (0, ""),
            f"silent: {job[1][:60]}")
        count += 1
    is_(count, 2, "two jobs")


with case("the page and what it speaks of"):
    alerts = re.findall(r"- alert: (\w+)", text(
        os.path.join(TOP, "contrib/prometheus/smtpd-auth.rules.yml")))
    headings = " ".join(re.findall(r"(?m)^### (.*)", PAGE))
    is_(re.findall(r"SmtpdAuth\w+", headings), [name for name in re.findall(
        r"SmtpdAuth\w+", headings) if name in alerts],
        "each paragraph is an alert's")
    for alert in alerts:
        like(headings, rf"\b{alert}\b", f"{alert} has a paragraph")

fresh()
pair = live()
ENV["SSL_CERT_FILE"] = pair.certificate
made = conf("-S", "daemontools", HOST)
is_(made.returncode, 0, "smtpd-auth-conf")
add_user()
for number in (587, 465):
    record_into(number)
    os.symlink(f"{DIR}/{number}", f"{SERVICE}/{number}")
LOG = DIR + "/587/log/main/current"

with started(["svscan", SERVICE]):
    mail("a message", 587)
    with connect(587) as c:
        c.hello()
        c.login("PLAIN", JOE, "wrong")
        c.command("QUIT")
    wait_for(lambda: "reason=quit" in text(LOG) and
             "auth fail" in text(LOG), "the log's lines")
    # What alerts are about, as the program writes it.
    with open(LOG, "a", encoding="ascii") as file:
        label = text(LOG).split(" ", 1)[0]
        file.write(f"{label} smtpd-auth: 9 192.0.2.1 config fail "
                   "file=control/me reason=x\n"
                   f"{label} smtpd-auth: 9 192.0.2.1 message temp id=1 "
                   "from=a@b to=c@d rcpts=1 size=3 qp=1 exit=53\n")

    with case("in the morning"):
        said = block("smtpd-report --since yesterday")
        like(said, r"\nMessages  +1\b", "the message is counted")
        like(block("tai64nlocal < /etc/smtpd-auth/587/log/main/current | tail"),
             r"(?s)20\d\d-\d\d-\d\d .* message ok .*\nMessages ",
             "the log in local time, and all of a login")

    with case("by cron"):
        block("install -m 755 contrib/prometheus")
        cron()
        like(text("/var/local/smtpd-auth.html"), r"(?s)^<!doctype html>.*<title>smtpd-auth: report<",
             "the page")
        is_(os.stat("/var/local/smtpd-auth.html").st_mode & 0o777, 0o600,
            "which is root's")
        where = "/var/lib/prometheus/node-exporter/"
        metrics = text(where + "smtpd-auth.prom") + text(
            where + "smtpd-auth-check.prom")
        like(metrics, r'\nsmtpd_auth_messages_total\{result="ok"\} 1\n',
             "the metrics")
        like(metrics, r"\nsmtpd_auth_check_state\{.*\} 0\n", "of the check")
        for name in set(re.findall(r"`(smtpd_auth_\w+)", PAGE)):
            ok(f"\n{name}" in metrics, f"{name} is written")
        ok(not re.search(r"joe|127\.0\.0\.1|@", metrics),
           "they name no login and no address", metrics)

    with case("Prometheus"):
        start = "cp contrib/prometheus"
        if peer("prometheus") is None:
            skip(start, "prometheus is not unpacked: ./deps check")
            TYPED.extend(x for x in BLOCKS if x.startswith(start))
        else:
            like(block(start), r"SUCCESS: \d+ rules", "the alerts are taken")

    with case("Nagios"):
        like(block("smtpd-check -N mail.example.com:587"),
             rf"^SMTPD-AUTH OK - {re.escape(HOST)}:587: \d+ days.*\|days=",
             "the plugin")

    with case("lnav"):
        libraries = peer("lnav")
        if libraries is None:
            skip("lnav", "it is not unpacked: ./deps check")
            TYPED.extend(x for x in BLOCKS if x.startswith("lnav "))
        else:
            ENV["LD_LIBRARY_PATH"] = libraries
            block("lnav -i")
            like(block("lnav -n"), r"joe@example\.com.*127\.0\.0\.1.*1",
                 "who failed")
            del ENV["LD_LIBRARY_PATH"]

    with case("the alerts"):
        like(block("smtpd-report --since today"), r"config", "whom it is about")
        like(block("smtpd-report -u joe@example.com --since today"),
             r"message ok .*user=joe@", "what a login did")
        said = block("smtpd-check mail.example.com:587\n", (0, 1))
        like(said, r"(?m)^ok   TLS: STARTTLS", "what clients see")
        like(said, r"(?m)^ok   account: ", "and the service")
        like(block("svstat /etc/service/587 "), r"(?s)587: up.*log: up",
             "it runs")
        like(block("grep -h 'config fail'"), r"^20\d\d-.* config fail file=",
             "the file")
        like(block("grep -h 'message temp'"), r"(?s) exit=53\n.*/", "the exit")
        like(block("tai64nlocal < /etc/smtpd-auth/587/log/main/current | grep"),
             " end seconds=.* reason=client", "the ends")
        like(block("svstat /etc/service/587/log\n"), "log: up", "the logger")

    with case("how long logs live"):
        old = f"{DIR}/587/log/main/@400000006a2f1e8b1d6f5d34.s"
        new = f"{DIR}/587/log/main/@400000006b2f1e8b1d6f5d34.s"
        for name, days in ((old, 40), (new, 3)):
            shutil.copy(LOG, name)
            when = os.stat(LOG).st_mtime - days * 86400
            os.utime(name, (when, when))
        block("find /etc/smtpd-auth")
        is_([os.path.exists(name) for name in (old, new, LOG)],
            [False, True, True], "only what is old is gone")
        os.unlink(new)
        said = block("smtpd-report -u joe@example.com /etc/smtpd-auth/587")
        like(said, r"(?s)message ok .*user=joe@example\.com.*\n20\d\d-.* auth ok",
             "what there is of a person")
        like(text(DIR + "/587/log/run"), r"s1000000 n20", "multilog's limits")

is_([lines for lines in BLOCKS if lines not in TYPED], [],
    "every block was typed")
done()
