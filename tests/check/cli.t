#!/usr/bin/env python3
"""smtpd-check's command line, -n, and the files of env/."""
import os
import pty
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_smtpd_check import *  # noqa: E402

with case("usage"):
    output = run("-h")
    is_((output.status, output.errors), (0, ""), "-h: exit 0")
    like(output.text, r"^usage: smtpd-check \[-n \| -N\] \[-l USER\] \[-t RCPT\]",
         "-h explains")
    output = run("-V")
    like(output.text, r"^smtpd-check \d\S*\n$", "-V")
    for words, says in (
            (["-x"], "unknown option"), (["-l"], "missing argument"),
            (["-l", ""], "-l wants"), (["-l", "a b", "/"], "-l wants"),
            (["-t", "a>b", "/"], "-t wants"), (["/", "/"], "takes one"),
            (["mail.example.com"], "HOST:PORT"), (["x:0"], "HOST:PORT"),
            (["x:65536"], "HOST:PORT"), (["x:smtp"], "HOST:PORT"),
            ([":25"], "HOST:PORT"), (["a b:25"], "host name"),
            (["-t", "a\nb", "/"], "-t wants"),
            (["-n", "x:25"], "-n goes"), (["-n", "-l", "joe", "/"], "-n go"),
            (["-n", "-t", "a@b.example", "/"], "-n goes")):
        output = run(*words, stdin="secret\n")
        ok(output.status == 100 and says in output.errors
           and output.errors.count("\n") == 1 and not output.text,
           f"wrong usage: {words}", output.errors, output.text)
    for secret, what in (("\n", "empty"), ("x" * 512, "too long")):
        is_(run("-l", "joe", "localhost:9", stdin=secret).status, 100,
            "a password that is " + what)
    output = run("/no/such/directory")
    is_(output.status, 111, "a directory that is not there: exit 111")
    is_(output.errors, "smtpd-check: fatal: unable to read "
        "/no/such/directory: No such file or directory\n", "and which")
    service = home()
    os.mkfifo(service + "/env")
    output = run(service)
    is_((output.status, output.errors), (
        111, "smtpd-check: fatal: unable to read env: Not a directory\n"),
        "env that is none")
    os.unlink(service + "/env")
    os.makedirs(service + "/env/DIRECTORY")
    output = run(service)
    is_((output.status, output.errors), (
        111, "smtpd-check: fatal: unable to read env/DIRECTORY: "
        "Is a directory\n"), "a directory in env")
    full = subprocess.run(
        [os.path.join(TOP, "smtpd-check"), "-h"], check=False,
        stdout=open("/dev/full", "wb", buffering=0))
    is_(full.returncode, 111, "standard output that is full")

with case("-n"):
    service, control = home("service"), home("control")
    os.mkdir(service + "/env")

    def put(path, text):
        """A file."""
        with open(path, "wb") as file:
            file.write(text)
    put(service + "/env/CONTROLDIR", control.encode() + b" \t\nmore\n")
    put(service + "/env/DATABYTES", b"1000000\n")
    put(service + "/env/TRACE", b"1  \t\n")
    put(service + "/env/RELAYCLIENT", b"")
    put(service + "/env/.hidden", b"1")
    put(service + "/run", b"#!/bin/sh\n# smtpd-auth\ncd /etc/smtpd-auth\n"
        b"exec \\\n  tcpserver -c200 -x tcp.cdb '0' \"465\" /usr/local/bin/"
        b"smtpd-auth -s -u nobody; echo smtpd-auth -x\n")
    put(control + "/me", b"mail.example.com\n")
    put(control + "/databytes", b"5\n")
    put(control + "/maxrcpt", b"50\n")
    put(control + "/rcpthosts", b"example.com\n.example.org\n")
    output = run("-n", service, env={
        "PATH": os.environ["PATH"], "OLDCLIENTS": "1", "RELAYCLIENT": "x"})
    is_((output.status, output.errors), (0, ""), "exit 0")
    for line in ("me = mail.example.com (control/me)",
                 "smtpgreeting = mail.example.com (default)",
                 "databytes = 1000000 (env/DATABYTES)",
                 "maxrcpt = 50 (control/maxrcpt)",
                 "rcpthosts = example.com .example.org (control/rcpthosts)",
                 "TRACE = 1 (env/TRACE)", "SMTPS = 1 (run)",
                 "REQUIREAUTH = 1 (default)", "RELAYCLIENT = (default)",
                 "OLDCLIENTS = 0 (default)", "FORCETLS = 1 (default)",
                 "QMAILQUEUE = /var/qmail/bin/qmail-queue (default)",
                 f"CONTROLDIR = {control} (env/CONTROLDIR)"):
        ok(line in output.lines, line, output.text)
    with open(os.path.join(TOP, "control", "config.c"),
              encoding="utf-8") as file:
        source = file.read()
    is_(len(output.lines), source.count("\n\t{") -
        source.count("CONFIG_LAUNCHER"), "every setting of the table")
    names = [line.split(" = ")[0] for line in output.lines]
    is_(len(names), len(set(names)), "each once")
    put(control + "/authmechs", b"plain\nlogin\n")
    like(run("-n", service).text, r"authmechs = PLAIN LOGIN \(control/auth",
         "a list of mechanisms")
    put(service + "/env/SMTPAUTH", b"!\n")
    like(run("-n", service).text, r"SMTPAUTH = ! \(env/SMTPAUTH\)",
         "SMTPAUTH")
    put(service + "/env/FORCETLS", b"maybe\n")
    output = run("-n", service)
    is_(output.status, 1, "a broken setting: exit 1")
    ok(output.find("SET_VARIABLE"), "and its line")
    os.unlink(control + "/me")
    is_(run("-n", service).status, 1, "no me: exit 1")
    output = run("-n", env={"CONTROLDIR": control, "DATABYTES": "7",
                            "PATH": "/bin"})
    ok(output.find("SET_ME"), "our own environment, without me")
    put(control + "/me", b"mail.example.com\n")
    like(run("-n", env={"CONTROLDIR": control, "DATABYTES": "7",
                        "PATH": "/bin"}).text,
         r"\ndatabytes = 7 \(env/DATABYTES\)\n", "our own environment")

with case("our own environment"):
    def own(**env):
        """smtpd-check without a directory."""
        return run(env={"CONTROLDIR": control, "PATH": "/bin", **env})
    os.unlink(control + "/authmechs")
    output = own(FORCE_TLS="1", COLOUR="blue", ME="x")
    like(output.find("SET_ENV_OTHER"), r"\(env/FORCE_TLS\); cure: export "
         r'FORCETLS="\$FORCE_TLS"', "a wrong name: export")
    like(output.find("SET_ENV_FILE"), 'cure: echo "\\$ME" > .*/me$',
         "a file's")
    is_(output.find("SET_ENV_UNKNOWN"), "", "what else there is is not ours")
    like(own(FORCETLS="2").find("SET_VARIABLE"), "cure: unset FORCETLS$",
         "a wrong value: unset")
    like(own(QMAILQUEUE="/none").find("QUEUE_MISSING"),
         "cure: export QMAILQUEUE=/", "a wrong program: export")

with case("a terminal"):
    # The password is asked for, and does not show.
    pid, terminal = pty.fork()
    if pid == 0:
        os.execl(os.path.join(TOP, "smtpd-check"), "smtpd-check", "-l",
                 "joe@example.com", "localhost:9")
    shown = b""
    while b"password of joe@example.com: " not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"secret-word\n")
    try:
        while data := os.read(terminal, 1000):
            shown += data
    except OSError:
        pass
    is_(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 111,
        "asked, then nobody answers")
    ok(b"secret-word" not in shown, "without echo", shown)

done()
