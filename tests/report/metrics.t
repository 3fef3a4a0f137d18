#!/usr/bin/env python3
"""smtpd-report -f prometheus: real promtool finds nothing to say about it, and
the numbers are those of the log."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import DAY, day, label, report

PROMTOOL = os.path.join(TOP, "build/peers/prometheus/usr/bin/promtool")
LOG = "".join(f"{label(t)} {text}\n" for t, text in day())
ALL = "".join(f"{label(DAY)} smtpd-auth: 1 192.0.2.1 {event}\n" for event in (
    "connect port=25", "connect refused port=25 reason=limit",
    "tls ok version=TLSv1.2 cipher=X", "tls fail reason=handshake error=3",
    "auth ok user=a mech=PLAIN", "auth fail user=a mech=PLAIN reason=password",
    "auth temp user=a mech=PLAIN reason=backend", "auth cancel mech=PLAIN",
    "auth refused mech=PLAIN reason=no-tls", "sender refused from=a reason=bad",
    "rcpt refused rcpt=a reason=limit user=a limit=7",
    "message ok id=1 user=a from=a to=b rcpts=2 size=3000 qp=1",
    "message refused id=2 exit=31", "message temp id=3 signal=9",
    "message temp id=4 reason=incomplete",
    "config fail file=control/me reason=gone", "log lost=12",
    "log suppressed", "end seconds=12.5 messages=1 reason=quit"))


def value(text, name):
    """One metric; None: it is not there."""
    found = re.search(rf"^smtpd_auth_{re.escape(name)} (\S+)$", text, re.M)
    return found and float(found[1])


with case("numbers"):
    text = report("-f", "prometheus", stdin=ALL)
    for name, wanted in (
            ('messages_total{result="ok"}', 1),
            ('messages_total{result="refused"}', 1),
            ('messages_total{result="temp"}', 2),
            ('logins_total{result="ok"}', 1), ('logins_total{result="fail"}', 1),
            ('logins_total{result="temp"}', 1),
            ('logins_total{result="cancel"}', 1),
            ('logins_total{result="refused"}', 1),
            ('connections_total{result="ok"}', 1),
            ('connections_total{result="refused"}', 1),
            ('tls_handshakes_total{result="ok"}', 1),
            ('tls_handshakes_total{result="fail"}', 1),
            ('tls_logins_total{version="TLSv1.2"}', 1),
            ('mechanism_logins_total{mechanism="PLAIN"}', 1),
            ('login_failures_total{reason="password"}', 1),
            ('login_refusals_total{reason="no-tls"}', 1),
            ('recipient_refusals_total{reason="limit"}', 1),
            ('sender_refusals_total{reason="bad"}', 1),
            ('message_refusals_total{reason="exit=31"}', 1),
            ('message_deferrals_total{reason="signal=9"}', 1),
            ('message_deferrals_total{reason="incomplete"}', 1),
            ('connection_refusals_total{reason="limit"}', 1),
            ('ends_total{reason="quit"}', 1),
            ('port_connections_total{port="25"}', 1),
            ("recipients_total", 2), ("message_bytes_total", 3000),
            ("config_failures_total", 1), ("log_lost_total", 12),
            ("message_size_bytes_count", 1), ("message_size_bytes_sum", 3000),
            ('message_size_bytes{quantile="0.5"}', 3000),
            ("connection_duration_seconds_sum", 12.5),
            ('connection_duration_seconds{quantile="0.99"}', 12.5),
            ('attention{kind="config"}', 1), ('attention{kind="lost"}', 1),
            ('attention{kind="limit"}', 1), ('attention{kind="guess"}', 0),
            ("last_line_timestamp_seconds", DAY)):
        is_(value(text, name), wanted, name)
    text = report("-f", "prometheus", stdin="")
    is_(value(text, 'messages_total{result="ok"}'), 0,
        "what alerts ask for is there when nothing has happened")
    like(report("-f", "prometheus", "-m", "x", status=100), "-m has no metrics",
         "-m has none")

for what, log in (("a day", LOG), ("every event", ALL), ("an empty log", ""),
                  ("odd words", 'smtpd-auth: 1 192.0.2.1 auth fail user="x '
                   'mech="\\x5C reason=\\x22\\x0A\\xC3\\xA9\\xFF\n')):
    if not os.path.exists(PROMTOOL):
        skip(f"promtool: {what}", "it is not here: ./deps check")
        continue
    with case(f"promtool: {what}"):
        text = report("-f", "prometheus", stdin=log)
        checked = subprocess.run(
            [PROMTOOL, "check", "metrics"], input=text, text=True, check=False,
            capture_output=True)
        is_((checked.returncode, checked.stdout + checked.stderr), (0, ""),
            f"promtool has nothing to say about {what}")

done()
