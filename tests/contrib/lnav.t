#!/usr/bin/env python3
"""contrib/lnav: real lnav reads each event and key of the log, in the forms
of multilog, syslog and the journal, and gives each its level."""
import csv
import glob
import io
import json
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

PEER = os.path.join(TOP, "build/peers/lnav")
OURS = os.path.join(TOP, "contrib/lnav")
with open(OURS + "/formats/smtpd-auth/smtpd-auth.json",
          encoding="utf-8") as stream:
    FORMAT = json.load(stream)["smtpd_auth_log"]
# Words of SQL cannot name a column.
COLUMNS = {"from": "sender", "to": "recipient", "limit": "most"}
JOE = "joe@example.com"

if not os.path.exists(PEER + "/usr/bin/lnav"):
    skip_all("lnav is not unpacked: ./deps check")
ENV = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8",
       "HOME": home("lnav"),
       "LD_LIBRARY_PATH": ":".join(glob.glob(PEER + "/usr/lib/*-linux-gnu"))}


def lnav(*arguments):
    """What it printed; nothing on standard error."""
    done = subprocess.run(
        [PEER + "/usr/bin/lnav", "-n", "-I", OURS, *arguments], env=ENV,
        capture_output=True, text=True, check=False)
    if done.returncode or "error:" in done.stderr:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


def rows(text, query="SELECT * FROM smtpd_auth_log"):
    """What lnav makes of a log."""
    path = os.path.join(home("log"), "current")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return list(csv.DictReader(io.StringIO(
        lnav("-c", ";" + query, "-c", ":write-csv-to -", path))))


# An example of each line that there is: event, keys, level.
EVENTS = """\
connect port=587
connect port=587 proxy=192.0.2.9
connect refused port=587 reason=proxy detail=none
tls ok version=TLSv1.2 cipher=ECDHE_ECDSA_AES128_GCM_SHA256 sni=x.example
tls fail reason=handshake error=298
auth ok user=joe@example.com mech=SCRAM-SHA-256 label=phone
auth fail user=joe@example.com mech=PLAIN reason=password
auth temp user=joe@example.com mech=PLAIN reason=backend detail=exit\\x20111
auth cancel mech=PLAIN
auth refused mech=PLAIN reason=no-tls
sender refused from=a@example.net reason=login user=joe@example.com
rcpt refused rcpt=x@example.net reason=limit user=joe@example.com limit=100
rcpt refused rcpt=x@example.com reason=check program=/bin/x exit=timeout
rcpt refused rcpt=x@example.com reason=policy server=127.0.0.1:10023 said=DEFER
message ok id=A1@mx user=joe@example.com from= to=c@example.net rcpts=2 size=3421 qp=4712 msgid=x@y
message refused id=A1@mx from=a@b to=c@d rcpts=1 size=3 qp=1 exit=31
message temp id=A1@mx from=a@b to=c@d rcpts=1 size=3 qp=1 signal=9
config fail file=control/me reason=No\\x20such\\x20file
log lost=12
log suppressed
end seconds=1.2 messages=1 reason=quit
end seconds=1.2 messages=0 reason=session-died
> 250-mx auth fail user=x reason=y
< EHLO smtpd-auth: 1 192.0.2.66 auth fail user=x
""".splitlines()
ERRORS = ("auth temp", "message temp", "config fail", "log lost",
          "end seconds=1.2 messages=0")
LINES = [f"smtpd-auth: 4711 203.0.113.7 {event}" for event in EVENTS]


def level(event):
    """As the format should have it."""
    if event.startswith(ERRORS):
        return "error"
    return "warning" if re.match(r"[a-z]+ (fail|refused|suppressed)",
                                 event) else "info"


def wanted(event):
    """The columns of an event that are not empty."""
    if event[0] in "<>":
        return {"event": event[0]}
    words = event.split(" ")
    name = " ".join(word for word in words if "=" not in word)
    keys = dict(word.split("=", 1) for word in words if "=" in word)
    return {"event": name, **{COLUMNS.get(key, key): value
                              for key, value in keys.items()}}


def multilog(lines):
    """multilog t."""
    directory = os.path.join(home("multilog"), "main")
    subprocess.run(["multilog", "t", directory], check=True, text=True,
                   input="".join(line + "\n" for line in lines))
    with open(directory + "/current", encoding="utf-8") as file:
        return file.read()


def tai64nlocal(lines):
    """What people pipe it through."""
    return subprocess.run(["tai64nlocal"], input=multilog(lines), check=True,
                          text=True, capture_output=True, env=ENV).stdout


def headed(head, bare=False):
    """Each line behind a head; bare: the tag stands for our name."""
    return lambda lines: "".join(
        head + (line.removeprefix("smtpd-auth: ") if bare else line) + "\n"
        for line in lines)


WRITERS = {
    "multilog": multilog,
    "tai64nlocal": tai64nlocal,
    "svlogd -tt": headed("2026-11-28_06:27:00.12345 "),
    "svlogd -ttt": headed("2026-11-28T06:27:00.12345 "),
    "s6-log T": headed("2026-11-28 06:27:00.123456789  "),
    "syslog": headed("Nov 28 06:27:00 mx smtpd-auth: ", True),
    "syslog, the first days": headed("Nov  1 06:27:00 mx smtpd-auth: ", True),
    "syslog, ISO 8601":
        headed("2026-11-28T06:27:00.123456+00:00 mx smtpd-auth: ", True),
    "journalctl -o short-iso":
        headed("2026-11-28T06:27:00+0000 mx smtpd-auth[4711]: "),
    "journalctl, of syslog":
        headed("2026-11-28T06:27:00+0000 mx smtpd-auth[4711]: ", True),
    "tcpserver's, in the journal":
        headed("Nov 28 06:27:00 mx tcpserver[99]: "),
}

with case("the file"):
    # Its own look at its samples: silent when each is as it is said to be.
    said = subprocess.run(
        [PEER + "/usr/bin/lnav", "-n", "-W", "-N", "-I", OURS], env=ENV,
        capture_output=True, text=True, check=False)
    is_((said.stdout + said.stderr).strip(), "", "lnav has no complaint")

for writer, write in WRITERS.items():
    with case(writer):
        seen = rows(write(LINES))
        is_(len(seen), len(EVENTS), f"{writer}: a message each line")
        for row, event in zip(seen, EVENTS):
            found = {name: value for name, value in row.items()
                     if name in FORMAT["value"] and value != "<NULL>"
                     and name not in ("log_hostname", "state")}
            is_(found, {"pid": "4711", "ip": "203.0.113.7", **wanted(event)},
                f"{writer}: {event[:40]}")
            is_(row["log_level"], level(event),
                f"{writer}: the level of {event[:40]}")
        # Those two take the time of now.
        ok(all(re.match(r"20\d\d-" if "tai" in writer or writer == "multilog"
                        else r"20\d\d-11-(28|01) 06:27:00", row["log_time"])
               for row in seen), f"{writer}: the time", str(seen[0]))

with case("beside others"):
    # The launcher's lines, and the queue's, come first or between.
    others = ["tcpserver: status: 0/40", "tcpserver: status: 1/40",
              "tcpserver: pid 4711 from 203.0.113.7",
              "tcpserver: ok 4711 0:127.0.0.1:587 :203.0.113.7::5555",
              "smtpd-auth: fatal: unable to read control/me: access denied",
              "queue-qmqp: 192.0.2.21: answer=Kok 1795848000 qp 4711"]
    seen = rows(multilog(others + LINES[:2] + others + LINES[2:]))
    is_(len(seen), len(LINES) + 2 * len(others), "a message each line")
    is_([row["event"] for row in seen if row["beside"] == "<NULL>"],
        [wanted(event)["event"] for event in EVENTS], "ours among them")
    is_({row["beside"] for row in seen},
        {"<NULL>", "tcpserver", "smtpd-auth", "queue-qmqp"}, "and the others")

with case("the program itself"), Server(
        users={JOE: "secret"}, certificate="ec", env={"TRACE": "1"},
        control={"badmailfrom": "@evil.example\n"}) as server:
    with server.client() as c:
        c.hello()
        c.starttls()
        c.hello()
        c.login("PLAIN", JOE, "wrong")
        c.login("PLAIN", JOE, "secret")
        c.command("MAIL FROM:<x@evil.example>")
        c.message("Subject: x\r\n\r\ny\r\n", JOE, "c@example.net")
        c.command("QUIT")
    server.wait_log(" end ")
    log = server.log().splitlines()
    seen = rows(multilog(log))
    is_(len(seen), len(log), "a message each line, TRACE=1 among them")
    events = [row["event"] for row in seen if row["event"] not in "<>"]
    is_(events, ["connect", "tls ok", "auth fail", "auth ok",
                 "sender refused", "message ok", "end"], "the events")
    counts = rows(multilog(log), "SELECT user, count(*) AS n FROM "
                  "smtpd_auth_log WHERE event = 'auth fail' GROUP BY user")
    is_(counts, [{"user": JOE, "n": "1"}], "who failed, by SQL")

with case("every key of the code"):
    source = ""
    for room in ("lib", "keeper", "session", "proxy", "control"):
        for path in glob.glob(os.path.join(TOP, room, "*.c")):
            with open(path, encoding="utf-8") as file:
                source += file.read()
    keys = set(re.findall(r"\blog_(?:text|value|number)\(\s*&?\w+,\s*"
                          r'"([a-z]+)"', source))
    ok(len(keys) > 20, "the code's keys are found", str(keys))
    for key in sorted(keys):
        ok(COLUMNS.get(key, key) in FORMAT["value"], f"{key} is a column")
        ok(any(f" {key}=" in event for event in EVENTS),
           f"{key} is among the examples")

done()
