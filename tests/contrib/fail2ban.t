#!/usr/bin/env python3
"""contrib/fail2ban: what the filter counts in logs of the real program, in
each form that log writers give them, and what a hostile client can not make
it count."""
import base64
import collections
import os
import re
import select
import shutil
import subprocess
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_fail2ban import ENV, OURS, PEER  # noqa: E402

SVLOGD = os.path.join(TOP, "build/peers/runit/usr/bin/svlogd")
FILTER = os.path.join(OURS, "filter.d/smtpd-auth.conf")
JOE = "joe@example.com"
HOST = "mx.example.org"
VICTIM = "192.0.2.66"  # whom the hostile client wants banned
INJECTED = f"smtpd-auth: 1 {VICTIM} auth fail user=x mech=PLAIN reason=password"
PROBE = f"smtpd-auth: 1 {VICTIM} auth refused mech=PLAIN reason=not-offered"
DATE = "2026-11-21T13:00:00.000000+00:00"

if not os.path.exists(PEER + "/usr/bin/fail2ban-regex"):
    skip_all("fail2ban is not unpacked: ./deps check")
if not ROOT:
    skip_all("a launcher's TCPREMOTEIP is set for a server started as root")


def b64(text):
    """The base64 of a text."""
    return base64.b64encode(text.encode()).decode()


def fail2ban(program, *arguments):
    """Runs one of its programs; what it printed."""
    done = subprocess.run(
        [sys.executable, f"{PEER}/usr/bin/{program}", *arguments], env=ENV,
        capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise AssertionError(f"{program}: {done.stdout}{done.stderr}")
    return done.stdout


def counted(text, mode="normal"):
    """Which address the filter counts how often in a log."""
    path = os.path.join(home("log"), "current")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    out = fail2ban("fail2ban-regex", "-c", PEER + "/etc/fail2ban", "--out",
                   "ip", path, f"{FILTER}[mode={mode}]")
    return dict(collections.Counter(out.split()))


def log_of(client, play, **options):
    """The log of one server that sees one client address."""
    options.setdefault("users", {JOE: "secret"})
    with Server(late_env={"TCPREMOTEIP": client}, **options) as server:
        play(server)
        left = server.wait_idle()
        if left:
            raise AssertionError(f"still running: {left}")
        return server.log()


# ------------------------------------------------- every reason, counted ---

def failures(server):
    """password, unknown, disabled; five lines of auth fail in all."""
    server.passwd("set", "off@example.com", stdin="secret")
    server.passwd("disable", "off@example.com")
    for user, password in ((JOE, "wrong"), ("nobody@example.com", "wrong"),
                           ("off@example.com", "secret")):
        with server.client() as c:
            c.login("PLAIN", user, password)
    with server.client() as c:
        c.login("SCRAM-SHA-256", JOE, "wrong")
        c.login("LOGIN", JOE, "wrong")
        c.login("PLAIN", JOE, "secret")  # ok: does not count
        c.command("QUIT")


def no_secret(server):
    """A user without a secret for the mechanism: one line."""
    with open(server.path("authusers"), encoding="ascii") as file:
        text = file.read()
    sha1 = re.search(r"(\{SCRAM-SHA-1\}[^: ]*)", text)[1]
    server.write("authusers", f"{JOE}:{sha1}:::::\n", secret=True)
    server.passwd("build")
    with server.client() as c:
        c.login("SCRAM-SHA-256", JOE, "secret")


def not_ours(server):
    """auth temp, auth cancel and mail: nothing to count."""
    with server.client() as c:
        c.must(("AUTH PLAIN", "334"), ("*", "501"))
        c.message("Subject: x\r\n\r\ny\r\n")
        c.talk(("RCPT TO:<x@example.net>", "503", "no sender"))
    server.write("authusers.cdb", "not a cdb", secret=True)
    with server.client() as c:
        starts(c.login("PLAIN", JOE, "wrong"), "454 4.7.0",
               "a broken user file is temporary")


def probes(server):
    """Two probes."""
    with server.client() as c:
        c.talk(("AUTH LOGIN", "504", "AUTH=- : LOGIN"),
               ("AUTH PLAIN " + b64("\0x\0y"), "504", "AUTH=- : PLAIN"))


def too_early(server):
    """AUTH in clear, malformed AUTH: one line each."""
    with server.client() as c:
        c.must(("AUTH PLAIN " + b64("\0x\0y"), "538"))
        c.starttls()
        c.must(("AUTH PLAIN !!!", "501 5.5.2"))


EXPECTED = {"normal": {}, "probe": {}, "aggressive": {}}
LOG = ""
for address, play, count, options in (
        ("203.0.113.7", failures, (5, 0, 5), {}),
        ("2001:db8::7", failures, (5, 0, 5), {}),
        ("203.0.113.8", no_secret, (1, 0, 1),
         {"env": {"AUTHMECHS": "SCRAM-SHA-256"}}),
        ("203.0.113.9", not_ours, (0, 0, 0), {}),
        ("203.0.113.10", probes, (0, 2, 2), {"env": {"SMTPAUTH": "-"}}),
        ("2001:db8::10", probes, (0, 2, 2), {"env": {"SMTPAUTH": "-"}}),
        ("203.0.113.11", too_early, (0, 0, 2),
         {"env": {"FORCETLS": "1"}, "certificate": "ec"})):
    with case(f"{play.__name__} from {address}"):
        LOG += log_of(address, play, **options)
        for mode, number in zip(EXPECTED, count):
            if number:
                EXPECTED[mode][address] = number

for words in ("auth ok", "auth fail .*reason=password",
              "auth fail .*reason=unknown", "auth fail .*reason=disabled",
              "auth fail .*reason=no-secret", "auth temp", "auth cancel",
              "auth refused .*reason=not-offered",
              "auth refused .*reason=no-tls", "auth refused .*reason=syntax"):
    like(LOG, words, f"the log has: {words}")
# Only counters shared by connections, and a slow backend, make these lines
# from outside.
LOG += "".join(f"smtpd-auth: 99 203.0.113.12 {words}\n" for words in (
    "auth refused reason=limit", "auth refused mech=PLAIN reason=limit",
    "connect refused reason=limit",
    f"auth fail user={JOE} mech=PLAIN reason=gone",
    "connect refused reason=connections",
    "connect refused reason=proxy detail=none"))
EXPECTED["normal"]["203.0.113.12"] = 4
EXPECTED["aggressive"]["203.0.113.12"] = 5


# ------------------------------------------------------- the log writers ---

def multilog(text):
    """multilog t: @tai64n."""
    directory = os.path.join(home("multilog"), "main")
    subprocess.run(["multilog", "t", directory], input=text, text=True,
                   check=True)
    with open(directory + "/current", encoding="utf-8") as file:
        return file.read()


def svlogd(text):
    """svlogd -tt: 2026-11-21_13:00:00.12345."""
    directory = home("svlogd")
    subprocess.run([SVLOGD, "-tt", directory], input=text, text=True,
                   check=True)
    with open(directory + "/current", encoding="utf-8") as file:
        return file.read()


def lines(text, form):
    """Each line put into a form."""
    return "".join(form(line) + "\n" for line in text.splitlines())


def bare(line):
    """What goes to syslog(3), which puts the name in front by itself."""
    return line.removeprefix("smtpd-auth: ")


WRITERS = {
    "as written": lambda text: text,
    "multilog t": multilog,
    "svlogd -tt": svlogd if os.path.exists(SVLOGD) else None,
    "svlogd -ttt": lambda text: lines(
        text, lambda x: "2026-11-21T13:00:00.12345 " + x),
    "s6-log T": lambda text: lines(
        text, lambda x: "2026-11-21 13:00:00.123456789  " + x),
    "tai64nlocal": lambda text: lines(
        text, lambda x: "2026-11-21 13:00:00.123456500 " + x),
    "syslog, traditional": lambda text: lines(
        text, lambda x: f"Nov 21 13:00:00 mx smtpd-auth: {bare(x)}"),
    "syslog, ISO 8601": lambda text: lines(
        text, lambda x: f"{DATE} {HOST} smtpd-auth: {bare(x)}"),
    "syslog, the month's first days": lambda text: lines(
        text, lambda x: f"Nov  1 03:00:00 mx smtpd-auth: {bare(x)}"),
    "syslog from another host": lambda text: lines(
        text, lambda x: f"Nov 21 13:00:00 2001:db8::25 smtpd-auth: {bare(x)}"),
    "syslog, busybox": lambda text: lines(
        text, lambda x: f"Nov 21 13:00:00 mx mail.info smtpd-auth: {bare(x)}"),
    "syslog, RFC 5424": lambda text: lines(
        text, lambda x: f"<22>1 {DATE} {HOST} smtpd-auth - - -  {bare(x)}"),
    "syslog, RFC 5424, structured data": lambda text: lines(
        text, lambda x: f"<22>1 2026-11-21T13:00:00Z {HOST} smtpd-auth 4711 "
        f'- [timeQuality tzKnown="1" isSynced="1"] {bare(x)}'),
    "splogger": lambda text: lines(
        text, lambda x: f"Nov 21 13:00:00 mx smtpd: 1795266000.123456 {x}"),
    "journalctl -o short-iso": lambda text: lines(
        text, lambda x: f"2026-11-21T13:00:00+0000 mx smtpd-auth[4711]: {x}"),
    "syslog to the journal": lambda text: lines(
        text, lambda x: f"Nov 21 13:00:00 mx smtpd-auth[4711]: {bare(x)}"),
    "stderr to the journal": lambda text: lines(
        text, lambda x: f"Nov 21 13:00:00 mx smtpd-auth[4711]: {x}"),
    "tcpserver's stderr to the journal": lambda text: lines(
        text, lambda x: f"{DATE} {HOST} tcpserver[99]: {x}"),
    # What fail2ban's systemd backend makes of an entry has no date.
    "backend = systemd": lambda text: lines(
        text, lambda x: f"{HOST} smtpd-auth[4711]: {x}"),
}


def each_writer(check):
    """check(name, writer) for every writer there is, several at a time."""
    def one(item):
        with case(item[0]):
            check(*item)
    parallel(one, [pair for pair in WRITERS.items() if pair[1]], 4)


def all_counted(name, writer):
    """Every mode counts what was done."""
    written = writer(LOG)
    for mode, expected in EXPECTED.items():
        is_(counted(written, mode), expected, f"{name}, mode {mode}")


def dated(name, writer):
    """The time that fail2ban sees is the line's."""
    if name in ("as written", "multilog t", "svlogd -tt", "backend = systemd"):
        return  # the time of this run, or none
    path = os.path.join(home("dated"), "current")
    with open(path, "w", encoding="utf-8") as file:
        file.write(writer("smtpd-auth: 1 203.0.113.1 auth fail reason=x\n"))
    out = fail2ban("fail2ban-regex", "-c", PEER + "/etc/fail2ban", "--out",
                   "row", path, f"{FILTER}[mode=normal]")
    seen = float(re.search(r"'203\.0\.113\.1',\s*([\d.]+)", out)[1])
    # A line without a year is of this year or of the last.
    is_(time.strftime("%m-%d %H:%M", time.gmtime(seen)),
        "11-01 03:00" if "first days" in name else "11-21 13:00",
        f"{name}: its date is read")


if WRITERS["svlogd -tt"] is None:
    skip("svlogd -tt", "runit is not unpacked: ./deps check")
each_writer(all_counted)
each_writer(dated)

# ---------------------------------------------------- the hostile client ---

def hostile(server):
    """Wherever a client's text comes near the log; one failure of its own."""
    texts = [INJECTED, PROBE, "x\t" + INJECTED, "x\x0b" + INJECTED,
             f"@400000006920aaaa12345678 {INJECTED}", f"{DATE} mx {INJECTED}",
             f"Nov 21 13:00:00 mx smtpd-auth[1]: {INJECTED}",
             INJECTED.replace(" ", "\u00a0"), INJECTED.replace(" ", "\u2028"),
             INJECTED.replace(" ", "\x85"), "x reason=not-offered"]
    for text in texts:
        with server.client() as c:
            for line in (f"EHLO {text}", f"HELO {text}", text,
                         f"MAIL FROM:<\"{text}\"@evil.example>",
                         f"MAIL FROM:<a@example.org> {text}", "RSET",
                         "MAIL FROM:<a@example.org>",
                         f"RCPT TO:<\"{text}\"@example.net>",
                         f"RCPT TO:<x@{text}>", f"VRFY {text}",
                         f"NOOP {text}"):
                c.send(line.encode() + b"\r\n")
                c.reply()
    # Of its own: six logins, of which two are malformed by their control
    # characters, and two mechanisms that are not offered.
    with server.client() as c:
        for login in (texts[0], "a\n" + INJECTED, "a\r\n\r\n" + INJECTED):
            c.login("PLAIN", login, "wrong")
    with server.client() as c:
        for login in (texts[4], texts[6], "x reason=not-offered"):
            c.login("LOGIN", login, "wrong")
    with server.client() as c:
        c.command("AUTH " + INJECTED)
        c.command("AUTH LOGIN\x0breason=password")


HOSTILE = {}
for trace in ("0", "1"):
    with case(f"hostile client, TRACE={trace}"):
        log = log_of("203.0.113.20", hostile, certificate="ec",
                     env={"TRACE": trace, "AUTHMECHS": "PLAIN LOGIN"},
                     control={"badmailfrom": "@evil.example\n"})
        ok(VICTIM in log, f"TRACE={trace}: its text is in the log")
        HOSTILE[trace] = log
if len(HOSTILE) == 2:
    ok("< EHLO smtpd-auth: 1 " + VICTIM in HOSTILE["1"],
       "TRACE=1: a line of the log has the words of a failure")
both = "".join(HOSTILE.values())
for mode, number in (("normal", 8), ("probe", 4)):
    is_(counted(both, mode), {"203.0.113.20": number},
        f"mode {mode}: the hostile client's own alone")


def nobody_else(name, writer):
    """The mode that has all expressions."""
    is_(counted(writer(both), "aggressive"), {"203.0.113.20": 16},
        f"{name}: the hostile client's own alone")


each_writer(nobody_else)

# Other programs write to the same log (the queue program to our descriptor
# 2), with a client's text in what they say.
OTHERS = [front + text for text in (INJECTED, PROBE) for front in (
    "queue-sendmail: ", "sendmail: ", "tcpserver: ", "tcpserver: ok 7 ",
    "qmail-queue ", "warning: queue-sendmail: ", "mx queue-sendmail: ",
    "postfix/postdrop[7]: warning: ", "smtpd-auth-conf: ", "-smtpd-auth: ",
    "smtpd-auth: 4711 203.0.113.20 < ",
    "smtpd-auth: 4711 203.0.113.20 end reason=quit ", "[smtpd-auth] ",
    "<22>1 ", "Nov 21 13:00:00 ", "Nov 21 13:00:00 mx queue-sendmail: ",
    "2026-11-21_13:00:00.12345 queue-sendmail: ",
    f"{DATE} mx queue-sendmail: ", f"{DATE} mx smtpd-auth: queue-sendmail: ",
    f"<22>1 {DATE} mx queue-sendmail - - - ",
    f"<22>1 {DATE} mx smtpd-auth - - - queue-sendmail: ",
    f'<22>1 {DATE} mx smtpd-auth - - [x y="] - - - "] queue-sendmail: ',
    f"{HOST} queue-sendmail[7]: ", f"{HOST} smtpd-auth[7]: queue-sendmail: ",
    f"{HOST} tcpserver[7]: queue-sendmail: ", f"{HOST} smtpd-auth: ")]


def no_others(name, writer):
    """None of their lines counts."""
    is_(counted(writer("".join(line + "\n" for line in OTHERS)),
                "aggressive"), {}, f"{name}: other programs' lines")


each_writer(no_others)

# A system's log, each line by one of its programs.
with case("other programs"):
    other = "".join(f"Nov 21 13:00:00 mx {start}{INJECTED}\n" for start in (
        "postfix/smtpd[7]: NOQUEUE: helo=", "postfix/smtpd[7]: warning: ",
        "dovecot: auth: ", "smtpd-auth-x[7]: ", "sshd[7]: ",
        "smtpd-auth[7]: 4711 203.0.113.20 < ",
        "smtpd-auth: 4711 203.0.113.20 rcpt refused rcpt="))
    is_(counted(other, "aggressive"), {}, "other programs' lines do not count")
    is_(counted("Nov 21 13:00:00 mx smtpd-auth: 1 unknown auth fail "
                "mech=PLAIN reason=password\n"), {},
        "an address that is not known is nobody's")


# ---------------------------------------------------------------- jails ---

def configuration(jail):
    """A copy of fail2ban's with our files; the directory."""
    directory = os.path.join(home("fail2ban"), "etc")
    shutil.copytree(PEER + "/etc/fail2ban", directory)
    os.remove(directory + "/jail.d/defaults-debian.conf")
    shutil.copy(FILTER, directory + "/filter.d/")
    with open(directory + "/jail.d/smtpd-auth.conf", "w",
              encoding="utf-8") as file:
        file.write(jail)
    return directory


with case("jails"):
    with open(OURS + "/jail.d/smtpd-auth.conf", encoding="utf-8") as file:
        jail = file.read()
    current = os.path.join(home("service"), "current")
    with open(current, "w", encoding="utf-8"):
        pass
    text = jail.replace("/etc/smtpd-auth/*/log/main/current", current)
    ok(text != jail, "the jails name the service directories' logs")
    dump = fail2ban("fail2ban-client", "-c", configuration(text), "-d")
    for words, what in (
            ("['add', 'smtpd-auth', 'auto']", "the jail smtpd-auth"),
            ("['add', 'smtpd-auth-probe', 'auto']", "the jail for probes"),
            ("['set', 'smtpd-auth', 'maxretry', 8]", "eight failures"),
            ("['set', 'smtpd-auth-probe', 'maxretry', 2]", "two probes"),
            (f"['set', 'smtpd-auth', 'addlogpath', '{current}', 'head']",
             "the log's path"),
            ("reason=not-offered", "the filter's expressions")):
        ok(words in dump, f"fail2ban reads the jails: {what}", dump)

# The jail itself: a server's log, written by multilog; the ban goes to a file.
with case("a ban"):
    where = home("jail")
    logs, bans = where + "/main", where + "/bans"
    os.mkfifo(bans)
    text = jail.replace("/etc/smtpd-auth/*/log/main/current",
                        logs + "/current")
    directory = configuration(text)
    with open(directory + "/action.d/tell.conf", "w", encoding="utf-8") as f:
        f.write(f"[Definition]\nactionban = echo ban <ip> <name> > {bans}\n"
                "actionunban =\n")
    with open(directory + "/jail.d/zz.conf", "w", encoding="utf-8") as f:
        f.write("[DEFAULT]\naction = tell\nbackend = polling\n"
                "usedns = no\n")
    with open(directory + "/fail2ban.local", "w", encoding="utf-8") as f:
        f.write("[Definition]\ndbfile = None\nlogtarget = "
                f"{where}/fail2ban.log\n")
    subprocess.run(["multilog", "t", logs], input="smtpd-auth: 1 203.0.113.1 "
                   "connect port=587\n", text=True, check=True)
    daemon = subprocess.Popen(  # pylint: disable=consider-using-with
        [sys.executable, PEER + "/usr/bin/fail2ban-server", "-c", directory,
         "-s", where + "/socket", "-p", where + "/pid", "-xf", "start"],
        env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        # Never blocks on a jail that bans nobody: the test's time ends it.
        banned = os.open(bans, os.O_RDWR | os.O_NONBLOCK)
        guess = "auth fail user=joe@example.com mech=PLAIN reason=password"
        knock = "auth refused mech=LOGIN reason=not-offered"
        subprocess.run(
            ["multilog", "t", logs], text=True, check=True,
            input="".join(f"smtpd-auth: 1 {line}\n" for line in
                          [f"203.0.113.30 {guess}"] * 7 +
                          [f"203.0.113.31 {knock}"] +
                          [f"2001:db8::31 {guess}"] * 8 +
                          [f"203.0.113.32 {knock}"] * 2))
        got = b""
        while got.count(b"\n") < 2:
            if not select.select([banned], [], [], 30)[0]:
                break
            got += os.read(banned, 4096)
        is_(sorted(got.decode().splitlines()),
            ["ban 2001:db8::31 smtpd-auth", "ban 203.0.113.32 "
             "smtpd-auth-probe"],
            "eight failures, or two probes, are a ban; seven, or one, are not")
        os.close(banned)
    finally:
        daemon.terminate()
        daemon.wait()

with case("ports"):
    for port in ("smtp", "submission", "submissions"):
        ok(re.search(rf"^{port}\s+\d+/tcp", open(
            "/etc/services", encoding="utf-8").read(), re.M),
           f"port {port} has a number")

done()
