#!/usr/bin/env python3
"""smtpd-auth-conf: what it finds, what it makes of it, and what it says."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.extra_conf import (  # noqa: E402
    BIN, DIR, HOST, LIVE, QUEUE, account_uid, conf, fresh, install, live,
    path_of, put, read, running, started, text, tree, wait_for)

extra_world.enter()
install()
STATE = "/var/lib/smtpd-auth"
QMAIL = "/var/qmail/control"
SH = "0o100755"
FILE = "0o100644"
DIRECTORY = "0o40755"


def made(what, done_):
    """It succeeded; what it said."""
    is_(done_.returncode, 0, what + ": exit 0")
    if done_.returncode:
        diag(done_.stderr)
    return done_.stdout


def modes(top):
    """Path: mode; whatever is not root's is told."""
    found = {}
    for path, (mode, uid, gid, _) in tree(top).items():
        found[path] = mode if (uid, gid) == (0, 0) else f"{mode} {uid}"
    return found


CONTROL = {"control": DIRECTORY, "control/me": FILE,
           "control/servercert.pem": FILE,
           "control/serverkey.pem": "0o100600"}


def supervised(port, runit=False):
    """A service directory under tcpserver."""
    log = account_uid("qmaill")
    found = {"": DIRECTORY, "run": SH, "env": DIRECTORY, "env/IP": FILE,
             "env/QMAILQUEUE": FILE, "env/REQUIREAUTH": FILE,
             "env/CONTROLDIR": FILE, "env/CONNLIMIT": FILE,
             "env/STATEDIR": FILE, "env/SENDERCHECK": FILE, "tcp.rules": FILE, "tcp.cdb": FILE,
             "log": DIRECTORY, "log/run": SH,
             "log/main": f"0o40750 {log}"}
    if runit:
        found["log/main/config"] = FILE
    return {f"{port}/{name}".rstrip("/"): mode
            for name, mode in found.items()}


for name in ("daemontools", "runit", "s6"):
    with case(name):
        fresh()
        said = made(name, conf("-S", name, HOST))
        is_(modes(DIR), {**CONTROL, **supervised(587, name == "runit"),
                         **supervised(465, name == "runit")},
            f"{name}: these files, modes and owners")
        is_(text(DIR + "/control/me"), HOST + "\n", f"{name}: me")
        for port in (587, 465):
            env = {key: text(f"{DIR}/{port}/env/{key}") for key in
                   os.listdir(f"{DIR}/{port}/env")}
            is_(env, {"IP": "0\n", "QMAILQUEUE": QUEUE + "\n",
                      "CONTROLDIR": DIR + "/control\n",
                      "STATEDIR": STATE + "\n", "CONNLIMIT": "50\n",
                      "REQUIREAUTH": "1\n", "SENDERCHECK": "1\n"},
                f"{name}, {port}: env")
            run = text(f"{DIR}/{port}/run")
            like(run, rf'"\$IP" {port} \\\n\t{BIN}/smtpd-auth '
                 + ("-s " if port == 465 else "") + "-u qmaild'\n$",
                 f"{name}, {port}: run")
            ok("@" not in run + text(f"{DIR}/{port}/log/run"),
               f"{name}, {port}: everything is filled in", run)
        like(text(f"{DIR}/587/tcp.rules"),
             '(?m)^127\\.:allow,FORCETLS="0"$', f"{name}: tcp.rules")
        ok(b"FORCETLS" in read(f"{DIR}/587/tcp.cdb"), f"{name}: tcp.cdb")
        like(said, rf"(?m)^made +{DIR}/587 {DIR}/465$", f"{name}: made")
        like(said, rf"supervisor +{name}, which does not run yet",
             f"{name}: says which")
        like(said, r"accounts +qmaild, log: qmaill\n", f"{name}: accounts")
        like(said, rf"queue +{QUEUE}\n", f"{name}: the queue")
        like(said, rf"(?m)^  ln -s {DIR}/587 {DIR}/465 /", f"{name}: ln")
        like(said, rf"tail -f {DIR}/587/log/main/current", f"{name}: tail")
        is_("s6-svscanctl -a" in said, name == "s6", f"{name}: a rescan")

for name, files in (
        ("xinetd", {"xinetd": FILE, "env/LOG": FILE}),
        ("systemd", {"smtpd-auth-{}.socket": FILE,
                     "smtpd-auth-{}@.service": FILE})):
    with case(name):
        fresh(names=["qmaild"])
        said = made(name, conf("-S", name, HOST))
        expected = dict(CONTROL)
        for port in (587, 465):
            for key, mode in {"": DIRECTORY, "run": SH, "env": DIRECTORY,
                              "env/QMAILQUEUE": FILE,
                              "env/REQUIREAUTH": FILE,
                              "env/CONTROLDIR": FILE, "env/CONNLIMIT": FILE,
                              "env/STATEDIR": FILE,
                              "env/SENDERCHECK": FILE, **files}.items():
                key = f"{port}/{key.format(port)}".rstrip("/")
                expected[key] = mode
        is_(modes(DIR), expected, f"{name}: these files, no log account")
        is_(text(DIR + "/587/env/LOG"),
            "syslog\n" if name == "xinetd" else "", f"{name}: LOG")
        like(said, r"accounts +qmaild\n", f"{name}: one account")
        like(said, rf"(ln -s|enable --now) {DIR}/465/(xinetd "
             r"/etc/xinetd.d/smtpd-auth-465|smtpd-auth-465.socket)\n",
             f"{name}: what to type")
        like(said, "journalctl|/var/log/mail.log", f"{name}: where the log is")
        ok("@" not in text(f"{DIR}/465/run"), f"{name}: filled in")
        like(text(f"{DIR}/465/run"), f"{BIN}/smtpd-auth -s -u qmaild\n$",
             f"{name}: 465 has -s")

with case("what it says"):
    fresh()
    said = made("what it says", conf("-S", "daemontools", HOST))
    like(said, r"(?m)^  smtpd-passwd set USER@example.com$", "a user")
    like(said, rf"(?m)^  smtpd-check {DIR}/587\n  smtpd-check {DIR}/465$",
         "a check")
    like(said, r"(?m)^  _submission\._tcp\.example\.com\. IN SRV 0 1 587 "
         r"mail\.example\.com\.$", "SRV for 587")
    like(said, r"(?m)^  _submissions\._tcp\.example\.com\. IN SRV 0 1 465 "
         r"mail\.example\.com\.$", "SRV for 465")
    fresh()
    said = made("two labels", conf("-S", "daemontools", "Example.COM"))
    like(said, r"_submission\._tcp\.example\.com\. .* example\.com\.\n",
         "two labels: the domain is the host")
    is_(text(DIR + "/control/me"), "example.com\n", "in lower case")

with case("accounts"):
    fresh(names=())
    done_ = conf("-c", "-S", "daemontools", HOST)
    like(made("-c", done_), r"accounts +qmaild \(made\), log: qmaill \(made\)",
         "-c makes both")
    like(text("/etc/passwd"), r"(?m)^qmaild:x:\d+:\d+::/nonexistent:"
         "/usr/sbin/nologin$", "-c: a system account without a home")
    is_(str(os.stat(DIR + "/587/log/main").st_uid), account_uid("qmaill"),
        "-c: the log is its")
    fresh()
    like(made("-c again", conf("-c", "-S", "daemontools", HOST)),
         r"accounts +qmaild, log: qmaill\n", "-c: those that are there stay")
    fresh(names=())
    made("-a, -l", conf("-S", "runit", "-a", "nobody", "-l", "daemon", HOST))
    like(text(DIR + "/587/run"), "-u nobody'", "-a")
    like(text(DIR + "/587/log/run"), "chpst -u daemon svlogd", "-l")
    fresh(names=())
    made("one for both", conf("-c", "-S", "s6", "-a", "qmaild", "-l",
                              "qmaild", HOST))
    is_(str(os.stat(DIR + "/587/log/main").st_uid), account_uid("qmaild"),
        "one account for both is made once")

with case("another directory"):
    fresh()
    os.mkdir("/var/other")
    said = made("-d", conf("-S", "daemontools", "-d", "/var/other/x+1/",
                           HOST, "2525"))
    is_(sorted(os.listdir("/var/other/x+1")), ["2525", "control"], "-d")
    is_(text("/var/other/x+1/2525/env/CONTROLDIR"),
        "/var/other/x+1/control\n", "-d: the service is told")
    like(said, "smtpd-passwd -f /var/other/x[+]1/control/authusers set",
         "-d: smtpd-passwd is told")
    ok(not os.path.exists(DIR), "-d: nothing elsewhere")

with case("statedir"):
    fresh()
    made("statedir", conf("-S", "daemontools", HOST))
    is_((oct(os.stat(STATE).st_mode), str(os.stat(STATE).st_uid)),
        ("0o40700", account_uid("qmaild")), "made, the account's alone")
    put(STATE + "/failures", "counted")
    before = tree(STATE)
    done_ = conf("-S", "daemontools", HOST, "2525")
    made("again", done_)
    is_(tree(STATE), before, "one that is there stays as it is")
    is_(done_.stderr, "", "and is no matter of a warning")
    done_ = conf("-S", "daemontools", "-a", "nobody", HOST, "2526")
    made("another's", done_)
    like(done_.stderr, f"warning: {STATE} is not a directory of nobody.*"
         f"install -d -o nobody -m 700 {STATE}\n", "another's: a warning")
    fresh()
    os.makedirs(DIR + "/control")
    put(DIR + "/control/statedir", "/var/counters")
    made("in control", conf("-S", "daemontools", HOST))
    ok(not os.path.exists(DIR + "/587/env/STATEDIR") and
       not os.path.exists(STATE), "control/statedir is not overruled")

with case("qmail's control directory"):
    def qmail_host(certificate_=False):
        """A host with qmail, and what it says of ours."""
        fresh()
        os.makedirs(QMAIL)
        for name_, line in (("me", HOST), ("rcpthosts", "example.com"),
                            ("locals", "example.com")):
            put(f"{QMAIL}/{name_}", line)
        if certificate_:
            put(QMAIL + "/servercert.pem", "theirs")
        return tree(QMAIL)
    before = qmail_host()
    done_ = conf("-S", "daemontools", HOST)
    said = made("qmail", done_)
    ok(not os.path.exists(DIR + "/control"),
       "there is no second control directory that would hide it")
    is_(text(DIR + "/587/env/CONTROLDIR"), QMAIL + "\n", "CONTROLDIR")
    after = tree(QMAIL)
    is_({key: after.get(key) for key in before}, before,
        "nothing that is there is touched")
    is_(sorted(set(after) - set(before)),
        ["servercert.pem", "serverkey.pem"], "a certificate is added")
    is_(modes(QMAIL)["serverkey.pem"], "0o100600", "its key is root's")
    like(said, rf"control +{QMAIL}, as it was", "it says which")
    like(said, rf"services on port 25 that read {QMAIL} will offer STARTTLS "
         r"and, with users, AUTH\n", "and what port 25 will do")
    like(said, "(?m)^  smtpd-passwd set USER@example.com$",
         "smtpd-passwd finds it by itself")
    before = tree(QMAIL)
    made("a further port", conf("-S", "daemontools", HOST, "2525"))
    is_(tree(QMAIL), before, "a further port adds nothing")
    is_(text(DIR + "/2525/env/CONTROLDIR"), QMAIL + "\n", "and reads it, too")
    before = qmail_host(certificate_=True)
    put(QMAIL + "/me", "mx.example.com")
    before = tree(QMAIL)
    done_ = conf("-S", "daemontools", HOST)
    made("with a certificate", done_)
    is_(tree(QMAIL), before, "a certificate that is there stays")
    like(done_.stderr, f"warning: {QMAIL}/me stays mx.example.com: so the "
         "service greets; smtpgreeting", "another name: no command to undo "
         "qmail's")
    before = qmail_host()
    put(QMAIL + "/serverkey.pem", "theirs")
    before = tree(QMAIL)
    done_ = conf("-S", "daemontools", HOST)
    made("a key alone", done_)
    is_(tree(QMAIL), before, "a key without a certificate stays, too")
    like(done_.stderr, f"warning: {QMAIL}/serverkey.pem has no servercert",
         "which is told")
    qmail_host()
    os.makedirs(DIR + "/control")
    made("both", conf("-S", "daemontools", HOST))
    is_(text(DIR + "/587/env/CONTROLDIR"), DIR + "/control\n",
        "/etc/smtpd-auth/control, where it exists already")
    qmail_host()
    os.mkdir("/var/own")
    made("-d", conf("-S", "daemontools", "-d", "/var/own", HOST))
    is_(text("/var/own/587/env/CONTROLDIR"), "/var/own/control\n",
        "-d: its own")
    before = qmail_host()
    os.mkdir(DIR)
    os.mkdir(DIR + "/587")
    conf("-S", "daemontools", HOST)
    os.rmdir(DIR + "/587")
    is_(tree(QMAIL), before, "after an error nothing is added")
    with open("/var/qmail/control/.smtpd-auth-conf", "w",
              encoding="ascii"):
        pass
    done_ = conf("-S", "daemontools", HOST)
    is_((done_.returncode, os.path.exists(DIR), os.path.exists(STATE)),
        (111, True, False), "another run there: nothing is made")
    is_(os.listdir(DIR), [], "nothing at all")

with case("a second run"):
    fresh()
    made("first", conf("-S", "daemontools", HOST, "587"))
    put(DIR + "/control/authusers", "joe@example.com:x")
    before = tree(DIR + "/control")
    old = tree(DIR + "/587")
    said = made("second", conf("-S", "daemontools", HOST, "465"))
    is_(tree(DIR + "/control"), before, "control/ stays as it was")
    is_(tree(DIR + "/587"), old, "so does the other port")
    ok(os.path.exists(DIR + "/465/run"), "the port is there")
    like(said, r"control +/etc/smtpd-auth/control, as it was", "it says so")
    like(said, r"certificate +control/servercert.pem, as it was", "of that")
    os.unlink(DIR + "/control/me")
    os.unlink(DIR + "/control/serverkey.pem")
    os.unlink(DIR + "/control/servercert.pem")
    made("third", conf("-S", "daemontools", HOST, "2525"))
    is_(text(DIR + "/control/me"), HOST + "\n", "what is missing is made")
    is_(modes(DIR + "/control").get("serverkey.pem"), "0o100600",
        "certificate and key too")
    is_(text(DIR + "/control/authusers"), "joe@example.com:x\n",
        "users stay")
    done_ = conf("-S", "daemontools", "other.example.com", "2526")
    made("another host", done_)
    like(done_.stderr, f"warning: {DIR}/control/me stays {HOST}; to change "
         f"it: echo other.example.com > {DIR}/control/me\n",
         "another host: me stays, and it says so")
    is_(text(DIR + "/control/me"), HOST + "\n", "me stays")

with case("port 25"):
    fresh()
    said = made("port 25", conf("-S", "daemontools", HOST, "25"))
    is_(sorted(os.listdir(DIR + "/25/env")), ["CONTROLDIR", "IP", "QMAILQUEUE"],
        "port 25: AUTH is not required")
    ok(not os.path.exists(STATE), "port 25: no statedir is needed")
    like(said, rf"(?m)^  echo example.com > {DIR}/control/rcpthosts$",
         "port 25: without rcpthosts it takes mail for nobody: told")
    fresh()
    os.makedirs(DIR + "/control")
    put(DIR + "/control/rcpthosts", "example.com")
    ok("rcpthosts" not in conf("-S", "daemontools", HOST, "25").stdout,
       "port 25: not where there are some")
    ok("SRV" not in said, "port 25: no SRV record", said)

with case("queue"):
    fresh(queue=False)
    done_ = conf("-S", "daemontools", HOST)
    like(made("no queue", done_), rf"queue +{QUEUE} \(missing\)", "no queue")
    like(done_.stderr, "warning: no mail system found .*451.*: echo "
         f"{BIN}/queue-maildir > {DIR}/587/env/QMAILQUEUE", "no queue: what "
         "to type")
    fresh(queue=False)
    os.symlink("/bin/true", "/usr/sbin/sendmail")
    sendmail = BIN + "/queue-sendmail"
    if os.path.exists(sendmail):
        os.rename(sendmail, sendmail + ".away")
    done_ = conf("-S", "daemontools", HOST)
    like(made("not installed", done_),
         rf"queue +{sendmail} before /usr/sbin/sendmail \(missing\)",
         "queue-sendmail is not installed")
    like(done_.stderr, f"warning: no queue-sendmail in {BIN}: make install",
         "it says so")
    os.symlink("/bin/true", sendmail)
    fresh(queue=False)
    done_ = conf("-S", "daemontools", HOST)
    like(made("sendmail", done_),
         rf"queue +{sendmail} before /usr/sbin/sendmail\n", "sendmail")
    ok("mail system" not in done_.stderr and "451" not in done_.stderr,
       "sendmail: no warning", done_.stderr)
    is_(text(DIR + "/465/env/QMAILQUEUE"), sendmail + "\n", "is in env/")
    fresh()
    made("both", conf("-S", "daemontools", HOST))
    is_(text(DIR + "/465/env/QMAILQUEUE"), QUEUE + "\n",
        "qmail-queue before sendmail")
    fresh(queue=False)
    os.symlink("/bin/true", "/usr/sbin/qmail-queue")
    made("usr/sbin", conf("-S", "daemontools", HOST))
    is_(text(DIR + "/465/env/QMAILQUEUE"), "/usr/sbin/qmail-queue\n",
        "qmail-queue in /usr/sbin")
    for path in ("/usr/sbin/qmail-queue", "/usr/sbin/sendmail", sendmail):
        os.unlink(path)

with case("certificate"):
    fresh()
    done_ = conf("-S", "daemontools", HOST)
    like(done_.stderr, f"warning: no certificate in {LIVE}/{HOST}: made a "
         "self-signed one", "self-signed: a warning")
    like(done_.stdout, "certificate +self-signed, for 825 days", "and in it")
    shown = os.popen("openssl x509 -noout -ext subjectAltName -subject -in "
                     f"{DIR}/control/servercert.pem").read()
    like(shown, f"DNS:{HOST}\n", "self-signed: for the name")
    is_(os.popen(f"openssl pkey -pubout -in {DIR}/control/serverkey.pem")
        .read(), os.popen("openssl x509 -noout -pubkey -in "
                          f"{DIR}/control/servercert.pem").read(),
        "self-signed: the key is its key")
    fresh()
    live()
    done_ = conf("-S", "daemontools", HOST)
    is_((os.readlink(DIR + "/control/servercert.pem"),
         os.readlink(DIR + "/control/serverkey.pem")),
        (f"{LIVE}/{HOST}/fullchain.pem", f"{LIVE}/{HOST}/privkey.pem"),
        "certbot's files are linked as they are")
    is_(done_.stderr, "", "certbot's: no warning")
    like(done_.stdout, "certificate +certbot's, linked", "certbot's: told")
    fresh()
    live("other.example.com")
    like(conf("-S", "daemontools", HOST).stdout, "self-signed",
         "another name's is not taken")
    fresh()
    long_name = "a" * 60 + "." + "b" * 60 + ".example.com"
    made("a long name", conf("-S", "daemontools", long_name))

with case("name"):
    fresh(host=False)
    done_ = conf("-S", "daemontools", HOST)
    made("does not resolve", done_)
    like(done_.stderr, f"warning: {HOST} does not resolve: .*A or AAAA",
         "does not resolve: a warning")
    fresh()
    ok("resolve" not in conf("-S", "daemontools", HOST).stderr,
       "resolves: none")

DETECTED = (  # what is in PATH, what it takes
    (("svscan", "runsvdir", "s6-svscan", "xinetd", "systemctl"),
     "daemontools"),
    (("runsvdir", "s6-svscan", "xinetd", "systemctl"), "runit"),
    (("s6-svscan", "xinetd", "systemctl"), "s6"),
    (("xinetd", "systemctl"), "xinetd"),
    (("systemctl",), "systemd"))
for there, name in DETECTED:
    with case(name + " is installed"):
        fresh()
        like(made(name, conf(HOST, path=path_of(*there))),
             f"supervisor +{name}, which does not run yet",
             f"{name} of {', '.join(there)}")

with case("running"):
    everything = path_of("svscan", "runsvdir", "s6-svscan", "xinetd",
                         "systemctl")
    fresh()
    os.makedirs("/run/systemd/system")
    like(made("systemd", conf(HOST, path=everything)),
         "supervisor +systemd, which runs here",
         "systemd runs: before those that are only installed")
    # Any program of this name will do to be seen.
    os.makedirs("/var/scanned", exist_ok=True)
    for name, process in (("xinetd", "xinetd"), ("s6", "s6-svscan"),
                          ("runit", "runsvdir"),
                          ("daemontools", "svscan")):
        fresh()
        program = os.path.join(home("process"), process)
        os.symlink("/bin/sleep", program)
        with started([program, "1000"], cwd="/var/scanned") as running_:
            # The kernel gives it its name after it has let us go on.
            wait_for(lambda: text(f"/proc/{running_.pid}/comm").strip() ==
                     process, "the process's name")
            said = made(name, conf(HOST, path=everything))
        like(said, f"supervisor +{name}, which runs here",
             f"{name} runs: before systemd")
        if name != "xinetd":
            like(said, f"(?m)^  ln -s {DIR}/587 {DIR}/465 /var/scanned/$",
                 f"{name} runs: where it looks")
    os.rmdir("/run/systemd/system")
    fresh()
    like(made("-S", conf("-S", "s6", HOST, path=everything)),
         "supervisor +s6, which does not run", "-S counts")

with case("where services are linked"):
    for name, place_ in (("daemontools", "/service"), ("runit", "/service"),
                         ("s6", "/service")):
        fresh()
        like(made(name, conf("-S", name, HOST)), f"465 {place_}/\n",
             f"{name}: in the directory that is there")
    os.rmdir("/service")
    for name, place_ in (("daemontools", "/service"),
                         ("runit", "/etc/service"), ("s6", "/run/service")):
        fresh()
        like(made(name, conf("-S", name, HOST)), f"465 {place_}/\n",
             f"{name}: in the usual one")
    os.mkdir("/service")

with case("-h, -V"):
    done_ = conf("-h")
    like(done_.stdout + str(done_.returncode), r"^usage: smtpd-auth-conf "
         r"(.|\n)*\n0$", "-h")
    like(conf("-V").stdout, r"^smtpd-auth-conf \d\S*\n$", "-V")

is_(running(), {}, "nothing was started")
done()
