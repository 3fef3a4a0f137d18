#!/usr/bin/env python3
"""contrib/prometheus: promtool takes the alerts and plays their tests; what
they ask for is what smtpd-report and smtpd-auth-metrics write, whole or not at
all."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402

PROMTOOL = os.path.join(TOP, "build/peers/prometheus/usr/bin/promtool")
OURS = os.path.join(TOP, "contrib/prometheus")
RULES = OURS + "/smtpd-auth.rules.yml"
PAIR = certificate("ec", "localhost", 90)
ENV = {"PATH": ":".join([
    *(os.path.dirname(place.installed(program)) for program in
      ("smtpd-report", "smtpd-check")), os.environ["PATH"]]), "SSL_CERT_FILE": PAIR.certificate, "TZ": "UTC"}


def read(path):
    """A text."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def promtool(*words, text=""):
    """Exit code and what it said."""
    done = subprocess.run([PROMTOOL, *words], input=text, text=True,
                          check=False, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def metrics(*words):
    """Runs the script."""
    return subprocess.run([OURS + "/smtpd-auth-metrics", *words], env=ENV,
                          text=True, check=False, capture_output=True)


def names(text):
    """Each metric of ours, with the label that tells its kinds apart."""
    return set(re.findall(r'smtpd_auth_[a-z_]+(?:\{(?:kind|result)="\w+"\})?',
                          re.sub(r"(?m)^ *#.*", "", text)))


ALERTS = re.findall(r"- alert: (\w+)", read(RULES))
if not os.path.exists(PROMTOOL):
    skip("promtool", "prometheus is not unpacked: ./deps check")
else:
    with case("the alerts"):
        status, said = promtool("check", "rules", RULES)
        is_((status, f"SUCCESS: {len(ALERTS)} rules" in said), (0, True),
            f"promtool check rules: {said}")
        status, said = promtool("test", "rules", OURS + "/smtpd-auth.test.yml")
        is_(status, 0, f"promtool test rules: {said}")
tests = read(OURS + "/smtpd-auth.test.yml")
for alert in ALERTS:
    like(tests, rf"alertname: {alert}\n.*\n +exp_alerts:\n +- ",
         f"{alert}: a test has it come")
    ok(len(re.findall(rf"alertname: {alert}\b", tests)) > 1 or
       alert == "SmtpdAuthReportMissing", f"{alert}: and one not")

with case("the metrics"), Server(
        users={"joe@example.com": "secret"}, env={"FORCETLS": "1"}, control={
            "servercert.pem": PAIR.certificate_text(),
            "serverkey.pem": PAIR.key_text()}) as server:
    where, log = home("textfile"), os.path.join(home("log"), "current")
    at = f"localhost:{server.port}"
    with open(log, "w", encoding="ascii") as file:
        file.write("smtpd-auth: 1 192.0.2.1 connect port=587\n")
    ran = metrics(where, at, log)
    is_((ran.returncode, ran.stdout, ran.stderr), (0, "", ""), "it is silent")
    is_(sorted(os.listdir(where)),
        ["smtpd-auth-check.prom", "smtpd-auth.prom"], "two files, no more")
    text = "".join(read(f"{where}/{name}") for name in
                   ("smtpd-auth.prom", "smtpd-auth-check.prom"))
    like(text, rf'\nsmtpd_auth_check_state\{{target="{at}"\}} 0\n', "the state")
    like(text, rf'\nsmtpd_auth_check_certificate_left_seconds\{{target="{at}"'
         rf"\}} ({89 * 86400}|{90 * 86400})\n", "the days")
    like(text, r"\nsmtpd_auth_check_duration_seconds\{.*\} \d+\.\d{3}\n", "the time")
    if os.path.exists(PROMTOOL):
        is_(promtool("check", "metrics", text=text), (0, ""),
            "promtool has nothing to say about them")
    wanted = names(read(RULES))
    ok(len(wanted) > 10, "the alerts ask for metrics", str(wanted))
    is_(sorted(wanted - names(text)), [], "each of which is written")

    before = read(where + "/smtpd-auth.prom")
    ran = metrics(where, at, "/no/such/log")
    ok(ran.returncode != 0 and "/no/such/log" in ran.stderr,
       "a log that is not there: an error", str(ran))
    is_(read(where + "/smtpd-auth.prom"), before, "and the file of before")
    is_(len(os.listdir(where)), 2, "nothing is left beside it")

    server.stop()
    is_(metrics(where, at, log).returncode, 0, "a server that does not run")
    text = read(where + "/smtpd-auth-check.prom")
    like(text, r"\nsmtpd_auth_check_state\{.*\} 2\n", "is CRITICAL")
    ok("certificate_left" not in text, "and has no days")
    is_(metrics(where, at).returncode, 100, "no log: usage")
    alone = home("alone")
    os.symlink(place.installed("smtpd-report"), alone + "/smtpd-report")
    without = {**ENV, "PATH": alone + ":/usr/bin:/bin"}
    subprocess.run([OURS + "/smtpd-auth-metrics", where, at, log],
                   env=without, check=False, capture_output=True)
    like(read(where + "/smtpd-auth-check.prom"),
         r"\nsmtpd_auth_check_state\{.*\} 3\n",
         "no smtpd-check: the state is UNKNOWN")

done()
