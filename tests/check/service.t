#!/usr/bin/env python3
"""smtpd-check on a service directory: every FAIL and warning about settings,
host, users, certificate and queue is provoked, and what a FAIL tells to type
does cure it."""
import contextlib
import errno
import os
import re
import socket
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.certificate import dated, expired  # noqa: E402
from support.extra_policy import Daemon  # noqa: E402
from support.extra_qmqp import Qmqp, refusing  # noqa: E402
from support.extra_tls import Authority, openssl, read  # noqa: E402
from support.extra_smtpd_check import *  # noqa: E402

if not ROOT:
    skip_all("needs root: a chroot, and the rights of an account")

NOBODY = 65534


def changed(*changes, **options):
    """A host after calls (method, argument...) on it."""
    host = Host(**options)
    for method, *arguments in changes:
        getattr(host, method)(*arguments)
    return host


with case("all is well"):
    host = Host()
    output = host.check()
    is_(output.status, 0, "exit 0")
    is_([line for line in output.lines if not line.startswith("ok ")],
        ["warn service: nothing listens on 127.0.0.1 port 587 yet (run)",
         'phone: server mail.example.com, port 587, security STARTTLS, '
         'login joe@example.com, authentication "password"'],
        "ok everywhere; last what to type into a phone")
    for start in ("ok   me: mail.example.com (control/me)",
                  "ok   account: nobody, uid 65534 (run)",
                  "ok   empty directory: /var/empty (default)",
                  "ok   certificate: made out for mail.example.com",
                  "ok   certificate: signed by a known root",
                  "ok   users: 1 of 1 enabled can log in",
                  "ok   AUTH: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN, requi",
                  "ok   rcpthosts: nothing is local",
                  "ok   queue program: /var/qmail/bin/qmail-queue (default)"):
        ok(any(line.startswith(start) for line in output.lines), start,
           output.text)
    output = host.check(account=NOBODY)
    ok(output.find("HOST_NO_ROOT"), "not as root it says so", output.text)
    host.control("rcpthosts", "example.com\n")
    like(host.check().text, r"rcpthosts: mail for these .*\(control/rcpt",
         "rcpthosts")

with case("settings"):
    provokes("SET_DIRECTORY", changed(("env", "CONTROLDIR", "/srv/none")),
             says="/srv/none")
    provokes("SET_ME", changed(("control", "me", "# nothing\n")),
             where="control/me")
    provokes("SET_ME", changed(("control", "me", "a b\n")), says="host name")
    provokes("SET_VALUE", changed(("control", "databytes", "many\n")),
             where="control/databytes", says="not a number")
    host = changed(("env", "FORCETLS", "2"), ("env", "SMTPAUTH", "md5"),
                   ("env", "TLSMIN", "1.9"))
    output = host.check()
    is_(output.text.count("FAIL setting"), 3, "each wrong variable is told",
        )
    provokes("SET_VARIABLE", changed(("env", "FORCETLS", "2")),
             where="env/FORCETLS", says="2: must be 0 or 1")
    provokes("SET_VARIABLE", changed(("env", "SMTPAUTH", "md5")),
             where="env/SMTPAUTH")
    provokes("SET_FILE_NUL", changed(("control", "badmailfrom", "a\0b\n")),
             where="control/badmailfrom")
    host = Host()
    os.mkdir(host.path(host.CONTROL + "/databytes"))
    provokes("SET_FILE_KIND", host, says="not a regular file")
    host = changed(("control", "rcpthosts", "x\n" * 600000))
    provokes("SET_FILE_KIND", host, says="larger")
    provokes("SET_FILE_DENIED",
             changed(("control", "badrcptto", "x\n", 0o600)), account=NOBODY)

with case("names"):
    provokes("SET_FILE_OTHER", changed(("control", "tlsserverkey", "x")),
             where="control/tlsserverkey", says="serverkey.pem")
    provokes("SET_FILE_OTHER", changed(("control", "rcpt_hosts", "x")),
             says="rcpthosts")
    provokes("SET_FILE_OTHER", changed(("control", "FORCETLS", "1")),
             says="FORCETLS")
    provokes("SET_FILE_ELSEWHERE", changed(("control", "timeoutremote", "9")),
             says="timeoutsmtpd")
    ok(not changed(("control", "timeoutremote", "9"),
                   ("control", "locals", "x")).check().find(
                       "SET_FILE_ELSEWHERE"),
       "not in the directory of a whole qmail")
    provokes("SET_FILE_UNKNOWN", changed(("control", "colour", "blue")),
             where="control/colour")
    output = changed(("control", "\x1b[31m\u00fc", "x")).check()
    ok("\x1b" not in output.text and "control/\\x1B[31m\\xC3\\xBC)" in
       output.text, "a name that a terminal would obey", output.text)
    provokes("SET_FILE_NUL", changed(("env", "CONTROLDIR", "/srv/a b'c"),
                                     ("write", "srv/a b'c/me", "x\0y\n")))
    for name, ours in (("FORCE_TLS", "FORCETLS"),
                       ("REQUIRE_AUTH", "REQUIREAUTH"),
                       ("forcetls", "FORCETLS"),
                       ("smtpd_tls_auth_only", "FORCETLS"),
                       ("AUTH_REQUIRES_TLS", "FORCETLS")):
        provokes("SET_ENV_OTHER", changed(("env", name, "1")),
                 where="env/" + name, says=ours)
    provokes("SET_ENV_FILE", changed(("env", "ME", "mail.example.com")),
             where="env/ME", says="control file me")
    host = Host()
    for name in ("servercert.pem", "serverkey.pem"):
        os.rename(host.path(f"{host.CONTROL}/{name}"),
                  host.path("etc/ssl/" + name))
    host.env("smtpd_tls_cert_file", "/etc/ssl/servercert.pem")
    host.env("smtpd_tls_key_file", "/etc/ssl/serverkey.pem")
    output = host.check()
    for line in output.lines:
        if line.startswith("FAIL variable: "):
            # The certificate's place is one inside, so it is said there.
            command = line.partition("; cure: ")[2]
            is_(host.cure(command).returncode, 0, command[:60])
    is_(host.check().status, 0, "two paths become two links")
    provokes("SET_ENV_ELSEWHERE", changed(("env", "UCSPITLS", "1")))
    provokes("SET_ENV_UNKNOWN", changed(("env", "COLOUR", "blue")))
    provokes("SET_ENV_LAUNCHER", changed(("env", "TCPREMOTEIP", "10.0.0.1")))
    provokes("SET_RELAYCLIENT", changed(("env", "RELAYCLIENT", "\n")),
             where="env/RELAYCLIENT")
    is_(changed(("env", "RELAYCLIENT", "")).check().find("SET_RELAYCLIENT"),
        "", "an empty file in env/ takes a variable away")
    provokes("SET_TRACE", changed(("env", "TRACE", "1")))
    provokes("SET_FORCETLS", changed(("env", "FORCETLS", "0")))
    provokes("SET_TLSMIN", changed(("env", "TLSMIN", "1.0")), says="1.0")
    is_(Host().check(env={"PATH": "/bin", "RELAYCLIENT": ""}).status, 0,
        "what our own environment holds plays no part")

with case("behind a balancer"):
    RULES = Host.SERVICE + "/tcp.rules"
    for value in ("1", "10.0.0.5 0.0.0.0/0"):
        provokes("SET_PROXY_ANYBODY", changed(("env", "PROXYPROTOCOL", value)),
                 where="env/PROXYPROTOCOL")
    provokes("SET_PROXY_ANYBODY", changed(
        ("write", RULES, ':allow,PROXYPROTOCOL="1"\n')), where="tcp.rules")
    provokes("SET_VARIABLE", changed(("env", "PROXYPROTOCOL", "10.0.0.5 x")),
             where="env/PROXYPROTOCOL", says="no address or prefix: x")
    provokes("SET_PROXY_CLEAR", changed(
        ("env", "PROXYPROTOCOL", "10.0.0.5"), ("env", "FORCETLS", "0")),
        where="env/FORCETLS")
    provokes("SET_PROXY_CLEAR", changed(
        ("env", "PROXYPROTOCOL", "10.0.0.5"),
        ("write", RULES, '127.:allow,FORCETLS="0"\n:allow\n')),
        where="tcp.rules")
    provokes("SET_PROXY_CLEAR", changed(
        ("write", RULES, '127.:allow,FORCETLS="0",PROXYPROTOCOL="1"\n'
         ':deny\n')), where="tcp.rules")
    provokes("SET_PROXY_CLEAR", changed(
        ("env", "FORCETLS", "0"),
        ("write", RULES, '10.0.0.5:allow,PROXYPROTOCOL="1"\n:deny\n')),
        where="env/FORCETLS")
    BALANCER = ("env", "PROXYPROTOCOL", "10.0.0.5")
    provokes("SET_PROXY_TLS", changed(("env", "PROXYTLS", "1")),
             where="env/PROXYTLS")
    provokes("SET_PROXY_DELAY", changed(BALANCER, ("env", "GREETDELAY", "2")),
             where="env/GREETDELAY", says="2 seconds")
    provokes("SET_PROXY_RBL", changed(BALANCER, (
        "run_script", "\tsmtpd-auth", "\trblsmtpd -r bl.example \\\n"
        "\tsmtpd-auth")), where="run")
    provokes("SET_PROXY_TWICE", changed(BALANCER, (
        "run_script", "\tsmtpd-auth", "\tproxy-server -t 5000 smtpd-auth")),
        where="run")
    for address in ("10.0.0.5", "10.0.0."):
        provokes("SET_PROXY_CLEAR", changed(BALANCER, (
            "write", f"{Host.SERVICE}/from/{address}/FORCETLS", "0\n")),
            where=f"from/{address}/FORCETLS")
    provokes("SET_PROXY_CLEAR", changed(
        ("write", Host.SERVICE + "/from/10.0.0.5/FORCETLS", "0\n"),
        ("write", Host.SERVICE + "/from/10.0.0.5/PROXYPROTOCOL", "1\n")),
        where="from/10.0.0.5/FORCETLS")
    EXCEPTION = "exec 2>&1\ncase $address in\n127.* | ::1) export " \
        "FORCETLS=0 ;;\nesac\n"
    provokes("SET_PROXY_CLEAR", changed(
        ("env", "PROXYPROTOCOL", "10.0.0.5 127.0.0.0/8"),
        ("run_script", "exec 2>&1\n", EXCEPTION)), where="run")
    for what, *changes in (
            ("run's exception for this host, no balancer at all",
             ("run_script", "exec 2>&1\n", EXCEPTION)),
            ("run's exception, and no balancer there", BALANCER,
             ("run_script", "exec 2>&1\n", EXCEPTION)),
            ("from/, without a header", BALANCER,
             ("write", Host.SERVICE + "/from/10.0.0.9/FORCETLS", "0\n"),
             ("write", Host.SERVICE + "/from/10.0.0.9/PROXYPROTOCOL", "0\n")),
            ("from/, FORCETLS=1", BALANCER,
             ("write", Host.SERVICE + "/from/10.0.0.5/FORCETLS", "1\n")),
            ("GREETDELAY=1", BALANCER, ("env", "GREETDELAY", "1")),
            ("no balancer at all",
             ("env", "GREETDELAY", "9"), ("run_script", "\tsmtpd-auth",
                                          "\trblsmtpd smtpd-auth"))):
        output = changed(*changes).check()
        ok(not re.search("PROXY|GREETDELAY|FORCETLS", output.text), what,
           output.text)
    for what, *changes in (
            ("a balancer by its address", ("env", "PROXYPROTOCOL",
                                           "10.0.0.5, 2001:db8::/64")),
            ("off", ("env", "PROXYPROTOCOL", "0"),
             ("env", "FORCETLS", "0")),
            ("by tcp.rules", ("write", RULES, '10.0.0.5:allow,PROXYPROTOCOL='
                              '"1"\n127.:allow,FORCETLS="0"\n:deny\n'))):
        output = changed(*changes).check()
        is_((output.find("SET_PROXY_ANYBODY"),
             output.find("SET_PROXY_CLEAR"),
             output.find("SET_VARIABLE")), ("", "", ""), what)

with case("tcp.rules"):
    RULES = Host.SERVICE + "/tcp.rules"
    provokes("SET_RULES_OLD", changed(("write", RULES, ":allow\n")))
    provokes("SET_RELAYCLIENT", changed(
        ("write", RULES, ':allow,RELAYCLIENT=""\n')), where="tcp.rules")
    provokes("SET_ENV_OTHER", changed(
        ("write", RULES, '10.:allow,FORCE_TLS="0"\n:allow\n')),
        where="tcp.rules")
    host = changed(("write", RULES, '127.:allow,FORCETLS="0"\n:allow\n'))
    host.cure(host.check().cure("SET_RULES_OLD"))
    is_(host.check().status, 0, "compiled, and nothing wrong in it")

with case("cures lose nothing"):
    def files_of(host):
        """What is in its files, whatever they are called."""
        found = []
        for top, _, names in os.walk(host.path("etc/smtpd-auth")):
            for name in names:
                with open(os.path.join(top, name), "rb") as file:
                    found.append(file.read())
        return found
    for row, *changes in (
            ("SET_ME_NAME", ("control", "me", "mail.example.com.\n")),
            ("SET_VALUE", ("control", "databytes", "much\n"),
             ("control", "databytes.old", "older\n")),
            ("SET_FILE_NUL", ("control", "databytes", b"1\0")),
            ("SET_FILE_OTHER", ("control", "data-bytes", "1001\n"),
             ("control", "databytes", "1002\n")),
            ("QUEUE_MISSING", ("env", "QMAILQUEUE", "/none\n")),
            ("AUTH_NOBODY", ("env", "REQUIREAUTH", "0\n")),
            ("AUTH_NOBODY", ("run_script", " 587", " 25"),
             ("env", "REQUIREAUTH", "0\n"),
             ("control", "rcpthosts", "# none\n"))):
        host = changed(*changes)
        before = files_of(host)
        provokes(row, host)
        is_([text for text in before if text not in files_of(host)], [],
            f"{row}: what was there still is")

with case("me"):
    for name in ("mail.example.com.", "mail..example.com", "-mail.example.com",
                 ".example.com", "mail.example-.com",
                 "x" * 64 + ".example.com"):
        host = changed(("control", "me", name + "\n"))
        # Where nothing can be mended the cure asks this system.
        again = provokes("SET_ME_NAME", host, where="control/me",
                         cured="hostname" not in
                         host.check().cure("SET_ME_NAME"))
        ok("ok   me:" not in again.text, f"{name}: is not ok")
    for name in ("mail.example.com", "MAIL.Example.COM", "localhost",
                 "mail_1.example.com", "[192.0.2.1]", "1and1.example"):
        is_(changed(("control", "me", name + "\n")).check().find(
            "SET_ME_NAME"), "", f"{name} is one")

with case("a file that a variable overrules"):
    provokes("SET_OVERRULED", changed(
        ("control", "databytes", "1000\n"), ("env", "DATABYTES", "2000\n")),
        where="control/databytes", says="env/DATABYTES")
    provokes("SET_OVERRULED", changed(
        ("control", "authmechs", "PLAIN\n"), ("env", "SMTPAUTH", "\n")),
        where="control/authmechs", says="env/SMTPAUTH")
    provokes("SET_OVERRULED", changed(
        ("control", "databytes", "1000\n"),
        ("run_script", "exec envdir", "export DATABYTES=1\nexec envdir")),
        where="control/databytes", says="DATABYTES in run")
    is_(changed(("control", "databytes", "1000\n")).check().find(
        "SET_OVERRULED"), "", "a file alone")
    is_(changed(("control", "databytes", "# none\n"),
                ("env", "DATABYTES", "2000\n")).check().find(
                    "SET_OVERRULED"), "", "a file without a value")

with case("a port that takes mail for nobody"):
    SMTP = ("run_script", " 587", " 25")
    output = provokes("AUTH_NOBODY", changed(SMTP, ("env", "REQUIREAUTH", "0")))
    like(output.cure("AUTH_NOBODY"), "^echo example.com > .*/rcpthosts$",
         "the domain of its name")
    host = changed(SMTP, ("write", "var/qmail/control/rcpthosts", "example.com"
                          "\n"), ("write", "var/qmail/control/me",
                                  "mail.example.com\n"))
    is_(host.check().cure("AUTH_NOBODY"), "echo /var/qmail/control > "
        "/etc/smtpd-auth/587/env/CONTROLDIR", "hidden by a second control "
        "directory: back to qmail's")
    provokes("AUTH_NOBODY", host)
    provokes("AUTH_NOBODY", changed(("env", "REQUIREAUTH", "0")))
    provokes("AUTH_NOBODY", changed(SMTP, ("control", "rcpthosts", "\n")))
    for what, change in (
            ("rcpthosts", ("control", "rcpthosts", "example.com\n")),
            ("a login is required", ("env", "REQUIREAUTH", "1")),
            ("relaying by address", ("write", Host.SERVICE + "/tcp.rules",
                                     '10.:allow,RELAYCLIENT=""\n:allow\n')),
            ("the same, inetd's", ("write", Host.SERVICE +
                                   "/from/10./RELAYCLIENT", "\n"))):
        is_(changed(SMTP, change).check().find("AUTH_NOBODY"), "", what)

with case("connlimit"):
    def crowd(lines, *changes):
        """A log of connections."""
        return changed(("env", "CONNLIMIT", "50\n"),
                       ("write", Host.SERVICE + "/log/main/current", "".join(
                           "@4000000065f0 smtpd-auth: %d %s %s\n" % line
                           for line in lines)), *changes)
    most = [(n, "192.0.2.7" if n % 3 else "198.51.100.%d" % n,
             "connect port=587") for n in range(120)]
    provokes("HOST_CROWD", crowd(most), where="env/CONNLIMIT",
             says="192.0.2.7 made 80 of 120 connections")
    for what, lines, changes in (
            ("it has a limit of its own", most, [
                ("write", Host.SERVICE + "/tcp.rules",
                 '192.0.2.7:allow,CONNLIMIT="0"\n:allow\n')]),
            ("no limit", most, [("env", "CONNLIMIT", "0\n")]),
            ("others", [(n, f"192.0.2.{n}", "connect port=587")
                        for n in range(120)], []),
            ("this host", [(n, "127.0.0.1", "connect port=587")
                           for n in range(120)], []),
            ("few", most[:40], []),
            ("other lines", [(n, "192.0.2.7", "end seconds=1")
                             for n in range(120)], [])):
        is_(crowd(lines, *changes).check().find("HOST_CROWD"), "", what)

with case("a port that another program holds"):
    # Not in the chroot, which has no /proc.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        service, control = home("held"), home("held-control")
        os.mkdir(service + "/env")
        for path, text in ((service + "/env/CONTROLDIR", control),
                           (control + "/me", "localhost"),
                           (service + "/run", "#!/bin/sh\nexec tcpserver "
                            f"127.0.0.1 {port} smtpd-auth -u {ACCOUNT}")):
            with open(path, "w", encoding="ascii") as file:
                file.write(text + "\n")
        output = run(service)
        line = output.find("HOST_PORT_HELD")
        like(line, rf"python.* \(process {os.getpid()}\) holds port {port}",
             "by whom")
        is_(output.cure("HOST_PORT_HELD"), f"kill {os.getpid()}", "the cure")
        is_(output.find("HOST_NOT_RUNNING"), "", "not: nothing listens")
    output = run(service)
    is_(output.find("HOST_PORT_HELD"), "", "gone")
    with Server() as server:
        with open(service + "/run", "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexec tcpserver 127.0.0.1 "
                       f"{server.port} smtpd-auth -u {ACCOUNT}\n")
        output = run(service)
        is_(output.find("HOST_PORT_HELD"), "", "our own tcpserver is none")
        like(output.text, "ok   service: listens on", "but the service")

with case("entries that can never match"):
    for name, entry, says in (
            ("rcpthosts", "@example.com", "has an @"),
            ("rcpthosts", "joe@example.com", "has an @"),
            ("rcpthosts", "*.example.com", "no wildcard"),
            ("rcpthosts", "example.com.", "ends in a dot"),
            ("rcpthosts", " example.com", "begins with a blank"),
            ("rcpthosts", "example.com # ours", "has a comment"),
            ("rcpthosts", "example..com", "two dots"),
            ("rcpthosts", "example.com:mx", "is no name"),
            ("rcpthosts", "\ufeffexample.com", "byte order mark"),
            ("badmailfrom", "example.com", "has no @"),
            ("badmailfrom", "*@example.com", "no wildcard: @domain"),
            ("badmailfrom", "@*.example.com", "no wildcard"),
            ("badmailfrom", "@.example.com", "with a dot"),
            ("badmailfrom", "joe@example.com.", "ends in a dot"),
            ("badmailfrom", "joe@", "names no domain"),
            ("badrcptto", "\tjoe@example.com", "begins with a blank"),
            ("badrcptto", "joe@example.com\t# out", "has a comment"),
            ("badrcptto", "joe at example.com", "holds a blank")):
        output = provokes("LIST_ENTRY", changed(
            ("control", name, "good.example.com\n" + entry + "\n"
             if name == "rcpthosts" else "@good.example.com\n" + entry +
             "\n")), where=f"control/{name}", says=says)
        is_(output.text.count("never matches"), 1,
            f"{name} {entry}: that one alone")
    host = changed(("control", "rcpthosts", "# ours\nexample.com  \n"
                    ".example.org\n[192.0.2.1]\nlocalhost\nb\u00fc.example\n"),
                   ("control", "badmailfrom", "@example.net\r\na b@example.net"
                    "\n".replace("a b", "a") + "\n"),
                   ("control", "badrcptto", "joe@example.com\n"))
    is_(host.check().find("LIST_ENTRY"), "", "those that match are none")
    is_(changed(("control", "rcpthosts", "".join(
        f"@d{n}.example\n" for n in range(500)))).check().text.count(
            "never matches"), 10, "a whole list of them: ten lines")
    host = Host()
    host.passwd("sender", "joe@example.com", "@*.example.com",
                "sales@example.com", "!<>", "@example.org.")
    output = provokes("LIST_ENTRY", host, where="control/authusers",
                      says='"@*.example.com" in smtp_sender of joe@')
    is_(output.text.count("never matches"), 2, "and its other")

with case("which recipients there are"):
    def lists(*changes, **options):
        """A host that has the mail of example.com."""
        return changed(("control", "rcpthosts", "example.com\n"), *changes,
                       **options)

    def compiled(host, *entries):
        """morevalidrcptto.cdb of these."""
        subprocess.run(
            ["cdb", "-c", host.path(host.CONTROL + "/morevalidrcptto.cdb")],
            input="".join(f"+{len(e)},0:{e}->\n" for e in entries) + "\n",
            text=True, check=True)
        return host

    GOOD = "joe@example.com\n-gone@example.com\n@example.com\npostmaster\n"
    output = compiled(lists(("control", "validrcptto", GOOD)),
                      *GOOD.split()).check()
    is_(output.status, 0, "all is well")
    ok("never matches" not in output.text, "each can match", output.text)
    like(output.text, "ok   recipients: those that are listed, nobody else",
         "and nobody else")
    like(lists(("control", "validrcptto", "-a@example.com\n")).check().text,
         "ok   recipients: all but those that are listed", "all but those")
    for entry, says in (
            ("joe@elsewhere.example", "not in rcpthosts"),
            ("-@elsewhere.example", "not in rcpthosts"),
            ("Joe@example.com", "not in lower case"),
            ("joe@Example.com", "not in lower case"), ("joe", "no @"),
            ("-", "is empty"), ("*@example.com", "no wildcard"),
            ("joe@example.com # he", "has a comment")):
        for name in ("validrcptto", "morevalidrcptto.cdb"):
            host = lists()
            if name == "validrcptto":
                host.control(name, GOOD + entry + "\n")
            else:
                compiled(host, *GOOD.split(), entry)
            output = provokes("LIST_ENTRY", host, where="control/" + name,
                              says=says)
            is_(output.text.count("never matches"), 1, f"{entry} alone")
    provokes("RCPT_OLD", lists(("control", "morevalidrcptto",
                                "# x\njoe@example.com  \n")),
             where="control/morevalidrcptto")
    host = compiled(lists(("control", "morevalidrcptto", "joe@example.com\n")),
                    "joe@example.com")
    is_(host.check().find("RCPT_OLD"), "", "compiled since")
    os.utime(host.path(host.CONTROL + "/morevalidrcptto.cdb"), (1, 1))
    provokes("RCPT_OLD", host)
    for name, text, says in (
            ("validrcptto", "a\0b\n", "holds a NUL"),
            ("validrcptto", "joe@example.com\n" * 70000, "larger than"),
            ("morevalidrcptto.cdb", "none", "corrupt")):
        provokes("RCPT_BROKEN", lists(("control", name, text)),
                 where="control/" + name, says=says)
    provokes("RCPT_BROKEN", lists(
        ("control", "morevalidrcptto.cdb", "none"),
        ("control", "morevalidrcptto", "joe@example.com\n")), says="corrupt")
    for name in ("validrcptto", "morevalidrcptto.cdb"):
        host = compiled(lists(("control", "validrcptto", GOOD)), "@example.com")
        os.chmod(host.path(f"{host.CONTROL}/{name}"), 0o600)
        if name == "validrcptto":
            os.unlink(host.path(host.CONTROL + "/morevalidrcptto.cdb"))
        provokes("RCPT_DENIED", host, where="control/" + name, says="nobody")

    def judged(mode=0o755, **how):
        """A host with the program judge, and how it judges."""
        host = lists(("env", "RCPTCHECK", "/srv/judge\n"))
        os.makedirs(host.path("srv"))
        place.install(place.stub("judge"), host.path("srv/judge"))
        os.chmod(host.path("srv/judge"), mode)
        for name, value in how.items():
            host.env("JUDGE_" + name, value + "\n")
        return host

    output = judged(NOBODY="100", TEXT="550 5.1.1 no\x01body").check()
    is_(output.status, 0, "rcptcheck: all is well")
    like(output.text, r'(?m)^ok   rcptcheck: /srv/judge no-such-recipient-\d+'
         r'@example\.com: refused, exit 100 "550 5\.1\.1 no\?body"; '
         r'postmaster@example\.com: accepted, exit 0 \(env/RCPTCHECK\)$',
         "rcptcheck: what it has answered")
    provokes("RCPT_ACCEPTS", judged(), where="env/RCPTCHECK",
             says="accepted, exit 0")
    for code in ("111", "113", "120", "126", "127"):
        provokes("RCPT_SILENT", judged(NOBODY=code), says="exit " + code)
    provokes("RCPT_SILENT", judged(NOBODY="100", OTHERS="111"),
             says="postmaster@example.com: no answer: exit 111")
    provokes("RCPT_SILENT", judged(HANG="1"), says="within 10 seconds")
    provokes("RCPT_PROGRAM", judged(mode=0o644), where="env/RCPTCHECK",
             says="nobody cannot run /srv/judge")
    host = judged(NOBODY="100")
    host.write("srv/judge", "no program", 0o755)
    provokes("RCPT_SILENT", host, says="Exec format error")
    provokes("SET_FILE_ELSEWHERE", lists(("control", "validrcptto.cdb", "x")),
             says="qmail-newmvrt")
    ok("morevalidrcptto" not in compiled(lists(
        ("control", "morevalidrcptto", "joe@example.com\n")),
        "joe@example.com").check().text, "the cdb's text is known")

with case("the policy daemon"):
    def asking(daemon, **env):
        """A host that asks this daemon."""
        host = Host()
        for name, value in {"POLICYSOCKET": daemon.where, **env}.items():
            host.env(name, value + "\n")
        return host

    with Daemon("450 4.2.0 Grey\x01listed", internet=True) as daemon:
        output = asking(daemon).check()
        is_(output.status, 0, "policysocket: all is well")
        like(output.text, f"ok   policysocket: {daemon.where}: "
             r"450 4.2.0 Grey\?listed \(env/POLICYSOCKET\)", "what it says")
        is_([daemon.requests[0][name] for name in (
            "request", "protocol_state", "recipient", "client_address")],
            ["smtpd_access_policy", "RCPT",
             daemon.requests[0]["sender"], "127.0.0.1"], "what it is asked")
        daemon.answer = "HOLD"
        provokes("POLICY_ODD", asking(daemon), where="env/POLICYSOCKET",
                 says="HOLD")
        daemon.answer = b"220 ready\n\n"
        provokes("POLICY_SILENT", asking(daemon), says="makes sense")
        daemon.answer = lambda *_: None
        provokes("POLICY_SILENT", asking(daemon, POLICYTIMEOUT="1"),
                 says="no answer: timeout")
    provokes("POLICY_SILENT", asking(daemon), says="refused")
    provokes("POLICY_ABSENT", asking(daemon, POLICYFAIL="accept"),
             says="refused")
    provokes("SET_VARIABLE", changed(
        ("env", "POLICYSOCKET", "localhost:10031\n")), cured=False,
             says="no path and no numeric host:port")

with case("the host"):
    host = Host()
    os.unlink(host.path(host.SERVICE + "/run"))
    provokes("HOST_NO_RUN", host, says="No such file")
    for number, text in ((errno.EPERM, "Operation not permitted"),
                         (errno.ENOSYS, "Function not implemented"),
                         (errno.EOPNOTSUPP, "")):
        # landlock_create_ruleset(2), on every architecture.
        provokes("HOST_LANDLOCK", Host(), says=text, denied=(444, number))
    provokes("HOST_NO_RUN", changed(
        ("write", Host.SERVICE + "/run", "#!/bin/sh\nexec true\n")),
        says="does not start smtpd-auth")
    provokes("HOST_UIDS_SHARED", changed(
        ("run_script", "-HR", "-HR -u nobody -g 65534")), says="as nobody")
    provokes("HOST_UIDS_SHARED", changed(
        ("run_script", "tcpserver", "setuidgid nobody tcpserver")))
    provokes("HOST_ACCOUNT_MISSING", changed(
        ("run_script", "-u nobody", "")), where="default", says="qmaild",
        cured=False)
    host = changed(("run_script", "-u nobody", "-u root"))
    output = provokes("HOST_ACCOUNT_ROOT", host)
    host = Host()
    os.rmdir(host.path("var/empty"))
    provokes("HOST_EMPTY_MISSING", host, says="/var/empty")
    host = Host()
    os.rmdir(host.path("var/empty"))
    host.write("var/empty", "")
    provokes("HOST_EMPTY_MISSING", host, cured=False)
    host = Host()
    os.chmod(host.path("var/empty"), 0o1777)
    provokes("HOST_EMPTY_WRITABLE", host)
    host = Host()
    os.chown(host.path("var/empty"), NOBODY, NOBODY)
    provokes("HOST_EMPTY_WRITABLE", host)
    host = changed(("write", "var/empty/file", "x"))
    output = provokes("HOST_EMPTY_FULL", host, cured=False, says="/file")
    host.cure(output.cure("HOST_EMPTY_FULL"))
    host.run_script("-u nobody", "-u nobody -j /var/empty/smtpd-auth")
    is_(host.check().find("HOST_EMPTY_FULL"), "", "cured with -j")
    provokes("HOST_UIDS_TAKEN", changed(
        ("run_script", "-u nobody", "-u nobody -U 65000")), says="nobody")
    provokes("HOST_UIDS_HIGH", changed(
        ("run_script", "-u nobody", "-U 4294000000 -u nobody")))
    provokes("HOST_MEMORY", changed(
        ("run_script", "tcpserver", "softlimit -m 3000000 tcpserver")),
        where="run", says="3000000")
    is_(changed(("run_script", "smtpd-auth",
                 "softlimit -m 8000000 smtpd-auth")).check().find(
                     "HOST_MEMORY"), "", "8000000 do for SCRAM")
    host = changed(("run_script", "smtpd-auth",
                    "softlimit -m 8000000 smtpd-auth"))
    with open(host.path(host.CONTROL + "/authusers"), "a") as file:
        file.write("ann@example.com:$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c"
                   "7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7\n")
    host.passwd("build")
    provokes("HOST_MEMORY", host, says="8000000")

with case("run scripts"):
    # As smtpd-auth-conf writes them, for a supervisor and for inetd.
    SUPERVISED = """#!/bin/sh
exec 2>&1
exec envdir ./env sh -c 'exec \\
\ttcpserver -v -HR -l0 -c 200 -b 100 -x tcp.cdb -- "$IP" 1587 \\
\t/usr/local/bin/smtpd-auth -s -u nobody'
"""
    INETD = """#!/bin/sh
cd /etc/smtpd-auth/587 || exit 111
for file in env/*; do
\tname=${file#env/}
done
exec /usr/local/bin/smtpd-auth -u nobody
"""
    host = changed(("write", Host.SERVICE + "/run", SUPERVISED),
                   ("env", "IP", "127.0.0.3"))
    output = host.check()
    like(output.text, r"nothing listens on 127\.0\.0\.3 port 1587 yet",
         "sh -c, and an address from env/")
    like(output.lines[-1], "port 1587, security SSL/TLS", "its options")
    is_(output.find("SET_ENV_UNKNOWN"), "", "env/IP has a purpose")
    host = changed(("write", Host.SERVICE + "/run", INETD))
    output = host.check()
    like(output.text, r"nothing listens on 127\.0\.0\.1 port 587 yet",
         "no port: the directory's name")
    like(output.text, "account: nobody", "its account")
    host = changed(("run_script", "exec envdir ./env", "exec chpst -e ./env"
                    " -u nobody -m 9000000"),
                   ("run_script", "0 587", "10.0.0.1 587"))
    output = host.check()
    ok(output.find("HOST_UIDS_SHARED"), "chpst -u", output.text)

with case("run scripts as people write them"):
    # qmail's commonest, after Life with qmail.
    QMAIL = """#!/bin/sh
QMAILDUID=`id -u nobody`
NOFILESGID=$(id -g nobody)
MAXSMTPD=`cat /var/qmail/control/concurrencyincoming`
LOCAL=`head -1 /var/qmail/control/me`
if [ -z "$QMAILDUID" -o -z "$NOFILESGID" -o -z "$MAXSMTPD" ]; then
    echo QMAILDUID, NOFILESGID, MAXSMTPD or LOCAL is unset in
    echo /etc/smtpd-auth/587/run of smtpd-auth
    exit 1
fi
if [ ! -x /usr/bin/smtpd-auth ]; then exit 1; fi
exec /usr/local/bin/softlimit -m 9000000 \\
    /usr/local/bin/tcpserver -v -R -l "$LOCAL" -x /etc/tcp.smtp.cdb \\
        -c "$MAXSMTPD" -u "$QMAILDUID" -g "$NOFILESGID" 0 submission \\
        /usr/bin/smtpd-auth 2>&1
"""

    def scripted(text, *more):
        """What it says of a run script."""
        return changed(("write", Host.SERVICE + "/run", text),
                       *more).check()
    files = (("write", "var/qmail/control/concurrencyincoming", "20\n"),
             ("write", "var/qmail/control/me", "mail.example.com\n"))
    output = scripted(QMAIL, *files)
    like(output.find("HOST_UIDS_SHARED"), "as nobody",
         "qmail's: tcpserver -u is seen, by its name")
    for name in ("HOST_ACCOUNT_MISSING", "PEOPLE_PROGRAM", "HOST_RUN_UNCLEAR",
                 "HOST_NO_RUN"):
        is_(output.find(name), "", f"qmail's: no {name}")
    like(output.text, "account: nobody, uid 65534", "qmail's: the account")
    like(output.text, "nothing listens on 127.0.0.1 port 587 yet",
         "qmail's: the port by its name")
    for end in ("2>&1", "2>&1 | splogger smtpd", "</dev/null 2>/dev/null",
                "&", "|| exit 111", "# the end", "2> /dev/null >&2"):
        output = scripted("#!/bin/sh\nexec tcpserver -HR 0 1587 smtpd-auth -u "
                          f"nobody {end}\n")
        is_(output.find("PEOPLE_PROGRAM"), "", f"{end}: no checkpassword")
        like(output.text, "account: nobody", f"{end}: the account")
        like(output.lines[-1], "port 1587,", f"{end}: the port")
    for start, shared in (
            ("envuidgid nobody tcpserver -U 0 1587", True),
            ("envuidgid nobody tcpserver -HR 0 1587", False),
            ("chpst -u nobody:nogroup tcpserver 0 1587", True),
            ("chpst -U nobody tcpserver -U 0 1587", True),
            ("s6-setuidgid nobody tcpserver 0 1587", True),
            ("s6-envuidgid nobody s6-tcpserver -U 0 1587", True),
            ("setuidgid root tcpserver 0 1587", False),
            ("tcpserver -u 0 0 1587", False),
            ("sh -c 'exec setuidgid nobody tcpserver 0 1587", True),
            ("setuidgid nobody sh -c 'exec tcpserver 0 1587", True)):
        close = "'" if "sh -c" in start else ""
        output = scripted(f"#!/bin/sh\nexec {start} smtpd-auth -u nobody"
                          f"{close} 2>&1\n")
        is_(output.find("HOST_UIDS_SHARED") != "", shared, start)
        like(output.lines[-1], "port 1587,", f"{start}: the port")
    for text, port in (
            ('exec tcpserver "$IP" "$PORT" smtpd-auth -u nobody', 2587),
            ("exec tcpserver ${IP} ${PORT-25} smtpd-auth -u nobody", 2587),
            ("exec tcpserver 0 ${NONE:-2588} smtpd-auth -u nobody", 2588),
            ("ARGS='0 2589'; exec tcpserver -v $ARGS smtpd-auth -u nobody",
             2589),
            ("A=2590\nB=$A\nexec tcpserver 0 \"$B\" smtpd-auth -u nobody",
             2590),
            ("exec env - PATH=/bin X='a b' tcpserver 0 25\\91 smtpd-auth -u "
             "nobody", 2591),
            ("cd /usr/lib/smtpd-auth && exec tcpserver 0 2592 smtpd-auth -u "
             "nobody", 2592)):
        output = scripted("#!/bin/sh\n" + text + "\n",
                          ("env", "IP", "127.0.0.3"), ("env", "PORT", "2587"))
        like(output.lines[-1], f"port {port},", text)
        is_(output.find("HOST_RUN_UNCLEAR"), "", f"{text}: is clear")
        like(output.text, "account: nobody", f"{text}: the account")
    output = scripted("#!/command/execlineb -P\nfdmove -c 2 1\ns6-envdir ./env"
                      "\ns6-tcpserver 0 2593\nsmtpd-auth -u nobody\n")
    like(output.lines[-1], "port 2593,", "execline")
    like(output.text, "account: nobody", "execline: the account")
    # What it puts into the environment counts, and is named.
    for text in ("export FORCETLS=0", "FORCETLS=0; export FORCETLS",
                 "FORCETLS=0 \\"):
        output = scripted(f"#!/bin/sh\n{text}\nexec tcpserver 0 587 smtpd-auth"
                          " -u nobody\n")
        ok(output.find("SET_FORCETLS"), text, output.text)
    is_(scripted("#!/bin/sh\nFORCETLS=0\nexec tcpserver 0 587 smtpd-auth -u "
                 "nobody\n").find("SET_FORCETLS"), "",
        "not exported: it does not reach the server")
    like(changed(("write", Host.SERVICE + "/run", "#!/bin/sh\nexport DATABYTES="
                  "4000\nexec tcpserver 0 587 smtpd-auth -u nobody\n"))
         .check("-n", "/" + Host.SERVICE).text, r"databytes = 4000 \(run\)",
         "-n names run")
    like(changed(("write", Host.SERVICE + "/run", "#!/bin/sh\nexec envdir "
                  "/etc/other tcpserver 0 587 smtpd-auth -u nobody\n"),
                 ("write", "etc/other/DATABYTES", "4001\n"))
         .check("-n", "/" + Host.SERVICE).text, "databytes = 4001 ",
         "another directory for envdir")
    # What cannot be known is told, and no false FAIL follows.
    for text in ('exec tcpserver -u "$(whoami)" 0 587 smtpd-auth',
                 "exec tcpserver 0 587 smtpd-auth -u `cat /none | head`"):
        output = scripted("#!/bin/sh\n" + text + "\n", ("write", "etc/passwd",
                          "root:x:0:0::/:/bin/sh\nqmaild:x:5:5::/:/bin/sh\n"))
        ok(output.find("HOST_RUN_UNCLEAR"), text, output.text)
        is_(output.find("HOST_ACCOUNT_MISSING"), "", f"{text}: no false FAIL")

with case("statedir"):
    host = changed(("control", "relaylimits", ":100\n"))
    provokes("HOST_LIMITS_STATELESS", host)
    ok("ok   statedir: /var/lib/smtpd-auth (control/statedir)" in
       host.check().text or host.check().find("HOST_STATEDIR_MISSING"),
       "then statedir is looked at", host.check().text)
    provokes("HOST_STATEDIR_MISSING",
             changed(("env", "STATEDIR", "/var/lib/counters")),
             where="env/STATEDIR")
    host = changed(("control", "statedir", "/var/lib/counters\n"))
    os.makedirs(host.path("var/lib/counters"), 0o700)
    os.chmod(host.path("var/lib"), 0o755)
    provokes("HOST_STATEDIR_DENIED", host, says="nobody")

    os.chown(host.path("var/lib/counters"), NOBODY, NOBODY)
    os.chmod(host.path("var/lib/counters"), 0o755)
    provokes("HOST_STATEDIR_OPEN", host, says="0755")
    provokes("HOST_LIMITHOOK", changed(
        ("control", "limithook", "#!/bin/sh\n")), says="nobody")

with case("addresses"):
    provokes("HOST_NO_ADDRESS", changed(("write", "etc/hosts", "")),
             says="mail.example.com")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        host = changed(("run_script", "587", port), (
            "write", "etc/hosts",
            "127.0.0.1 mail.example.com\n::1 mail.example.com\n"))
        output = provokes("HOST_IPV6_DEAF", host, says="::1")
        like(output.text, "ok   service: listens on 127.0.0.1 port " + port,
             "the service runs")
    provokes("HOST_NOT_RUNNING", host)

with case("users"):
    provokes("PEOPLE_NONE_NEEDED", Host(users=False))
    provokes("PEOPLE_NONE", changed(("env", "REQUIREAUTH", "0"),
                                    users=False))
    host = Host()
    users = host.path(host.CONTROL + "/authusers")
    for name in (users, users + ".cdb"):
        os.utime(name, (1, 1))
        ok("made of another text" not in host.check().text,
           "times do not matter, but what it was made of")
    with open(users, "a", encoding="utf-8") as file:
        file.write("# a comment\n")
    ok("made of another text" not in host.check().text,
       "nor do comments")
    with open(users, "a", encoding="utf-8") as file:
        file.write("late@example.com:{PLAIN}x\n")
    os.utime(users, (1, 1))
    provokes("PEOPLE_OLD", host, where="control/authusers")
    host = Host()
    os.unlink(host.path(host.CONTROL + "/authusers.cdb"))
    provokes("PEOPLE_NOT_COMPILED", host)
    provokes("PEOPLE_BROKEN", changed(
        ("control", "authusers.cdb", b"\1" * 3000, 0o600)))
    host = changed(("run_script", "-HR", "-HR -u nobody -g 65534"))
    provokes("PEOPLE_DENIED", host, says="nobody")
    host = Host()
    os.chmod(host.path(host.CONTROL + "/authusers"), 0o644)
    provokes("PEOPLE_READABLE", host, says="0644")
    host = Host()
    with open(host.path(host.CONTROL + "/authusers"), "a") as file:
        file.write("ann@example.com:{SSHA}abc\nbob@example.com:*\n")
    host.passwd("build")
    output = provokes("PEOPLE_NO_SECRET", host, cured=False,
                      says="ann@example.com and 1 more")
    host.cure(output.cure("PEOPLE_NO_SECRET"))
    like(host.check().find("PEOPLE_NO_SECRET"), "log in: bob@",
         "one is cured")
    host = Host()
    with open(host.path(host.CONTROL + "/authusers"), "a") as file:
        file.write("eve@example.com:$6$saltsalt$" + "a" * 86 + "\n")
    host.passwd("build")
    is_(host.check().status, 0, "a crypt string does for PLAIN")
    host.env("AUTHMECHS", "PLAIN SCRAM-SHA-1")
    provokes("PEOPLE_SHUT_OUT", host, where="env/AUTHMECHS",
             says="1 of 2 enabled users cannot use SCRAM-SHA-1")
    host.env("AUTHMECHS", "SCRAM-SHA-1")
    provokes("PEOPLE_NO_MECHANISM", host, where="env/AUTHMECHS",
             says="eve@example.com")
    provokes("AUTH_OFF", changed(("env", "SMTPAUTH", "-")))
    like(changed(("env", "SMTPAUTH", "-"), ("env", "REQUIREAUTH", "0"))
         .check().text, r"ok   AUTH: switched off \(env/SMTPAUTH\)",
         "off on purpose")
    program = ("run_script", "-u nobody", "-u nobody /var/lib/checkpassword")
    host = changed(program, ("write", "var/lib/checkpassword", "x"),
                   users=False)
    provokes("PEOPLE_PROGRAM", host, says="/var/lib/checkpassword")
    like(host.check().text,
         r"ok   users: known to /var/lib/checkpassword \(run\)", "then known")
    like(host.check().text, r"ok   AUTH: PLAIN LOGIN\b(?!-)",
         "and what is offered with it")
    provokes("PEOPLE_PROGRAM_RIGHTS", host,
             says="/var/lib/checkpassword runs as nobody")
    os.chmod(host.path("var/lib/checkpassword"), 0o4755)
    is_(host.check().find("PEOPLE_PROGRAM_RIGHTS"), "", "setuid root: none")
    host = changed(("env", "AUTHSOCKET", "/tmp/auth"), users=False)
    provokes("PEOPLE_SOCKET", host, where="env/AUTHSOCKET", cured=False)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(host.path("tmp/auth"))
        os.chmod(host.path("tmp/auth"), 0o777)
        listener.listen()
        like(host.check().text,
             r"ok   users: known to /tmp/auth \(env/AUTHSOCKET\)",
             "Dovecot's socket")
        like(host.check().text, "ok   AUTH: PLAIN LOGIN, required",
             "one that says nothing: what is offered meanwhile")

        def dovecot():
            """Says its greeting to each, in pieces."""
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    for piece in (b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\n"
                                  b"MECH\tSCRAM-SHA-256\tdictionary\nMECH",
                                  b"\tANONYMOUS\nMECH\tGSSAPI\nSPID\t7\n",
                                  b"DONE\n"):
                        try:
                            peer.sendall(piece)
                        except OSError:
                            break
                    # Else what was said would be lost with its unread hello.
                    with contextlib.suppress(OSError):
                        while peer.recv(4096):
                            pass
        thread = threading.Thread(target=dovecot, daemon=True)
        thread.start()
        like(host.check().text, "ok   AUTH: PLAIN SCRAM-SHA-256 GSSAPI",
             "one that speaks: what it offers")
        like(host.check("-n", "/" + Host.SERVICE).text,
             r"authmechs = PLAIN SCRAM-SHA-256 GSSAPI ", "-n, too")
        host.env("AUTHMECHS", "LOGIN SCRAM-SHA-256 PLAIN")
        like(host.check().text, "ok   AUTH: SCRAM-SHA-256 PLAIN,",
             "of the admin's list what it has")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def without_certificate(*changes):
    """A host without one; certbot's place has it."""
    host = Host()
    live = "etc/letsencrypt/live/mail.example.com/"
    os.makedirs(host.path(live))
    os.rename(host.path(host.CONTROL + "/servercert.pem"),
              host.path(live + "fullchain.pem"))
    os.rename(host.path(host.CONTROL + "/serverkey.pem"),
              host.path(live + "privkey.pem"))
    for method, *arguments in changes:
        getattr(host, method)(*arguments)
    return host


with case("certificate"):
    provokes("CERT_NONE", without_certificate())
    provokes("AUTH_INVISIBLE", without_certificate())
    provokes("CERT_NONE_TLS", without_certificate(
        ("run_script", "-u nobody", "-s -u nobody")))
    for what, old, new in (
            ("s6-ucspitlsd", "smtpd-auth -u", "s6-ucspitlsd -S smtpd-auth -u"),
            ("sslserver -n", "tcpserver -v -HR -l0", "sslserver -n -l0")):
        host = without_certificate(("run_script", old, new))
        output = host.check()
        like(output.text, r"ok   certificate: the launcher's, which begins "
             r"TLS at STARTTLS \(run\)", what)
        is_((output.find("AUTH_INVISIBLE"), output.status), ("", 0),
            f"{what}: AUTH is seen, nothing is wrong")
        like(output.lines[-1], "port 587,", f"{what}: the port")
        host.run_script("-u nobody", "-s -u nobody")
        provokes("CERT_LAUNCHER", host, where="run", cured=False)
    provokes("CERT_NONE", without_certificate(
        ("run_script", "tcpserver -v -HR -l0", "sslserver -n -N -l0")))
    host = without_certificate()
    os.rename(
        host.path("etc/letsencrypt/live/mail.example.com/fullchain.pem"),
        host.path(host.SERVICE + "/servercert.pem"))
    provokes("CERT_ELSEWHERE", host, says="/587/servercert.pem")
    host = Host()
    live = "etc/letsencrypt/live/mail.example.com/privkey.pem"
    host.write(live, certificate("ec", "mail.example.com", 90).key_text())
    host.control("serverkey.pem", certificate("ec").key_text(), 0o600)
    provokes("CERT_DIFFER", host)
    host = Host()
    key = host.path(host.CONTROL + "/serverkey.pem")
    subprocess.run(["openssl", "pkey", "-in", key, "-out", key + ".new",
                    "-aes128", "-passout", "pass:secret"], check=True)
    os.rename(key + ".new", key)
    provokes("CERT_ENCRYPTED", host, cured=False)
    pair = certificate("ed25519", "mail.example.com")
    host = changed(("control", "servercert.pem", pair.certificate_text()),
                   ("control", "serverkey.pem", pair.key_text(), 0o600))
    provokes("CERT_KIND", host, cured=False, says="Ed25519")
    provokes("CERT_BAD", changed(("control", "servercert.pem", "nothing\n")),
             cured=False)
    host = Host(certificate_days=5)
    provokes("CERT_EXPIRES", host, says="expires in ")
    old = expired("mail.example.com")
    provokes("CERT_EXPIRED", changed(
        ("control", "servercert.pem", old.certificate_text()),
        ("control", "serverkey.pem", old.key_text(), 0o600)),
        cured=False)
    provokes("CERT_NAME", changed(("control", "me", "other.example.com\n")))
    provokes("CERT_TRUST", changed(
        ("write", "etc/ssl/certs/ca-certificates.crt",
         certificate("rsa", "ca.example.org").certificate_text())))
    provokes("CERT_ROOTS", changed(
        ("write", "etc/ssl/certs/ca-certificates.crt", None)))
    host = Host()
    os.chmod(host.path(host.CONTROL + "/serverkey.pem"), 0o644)
    provokes("CERT_READABLE", host, where="control/serverkey.pem")
    provokes("CERT_DENIED", changed(
        ("run_script", "-HR", "-HR -u nobody -g 65534")),
        where="control/serverkey.pem")
    pair = certificate("ec", "other.example.com", 90)
    other = Host.CONTROL + "/servercerts/other.example.com/"
    host = changed(
        ("write", other + "servercert.pem", pair.certificate_text()),
        ("write", other + "serverkey.pem", pair.key_text(), 0o600))
    provokes("CERT_DENIED", host, says="other.example.com")
    like(host.check().text, r"ok   certificate: made out for other\.example",
         "then its name is looked at")
    host = changed(
        ("write", other + "servercert.pem", pair.certificate_text()),
        ("write", other + "serverkey.pem", certificate("ec").key_text(),
         0o644))
    provokes("CERT_READABLE", host, says="servercerts")
    ok(host.check().find("CERT_DIFFER"), "and whether its key fits")

def holds(host, name):
    """The text of a file."""
    return read(host.path(f"{host.CONTROL}/{name}"))


authority = Authority()
LEAF, KEY = authority.make("leaf", "mail.example.com", "middle", days=90)
MIDDLE = authority.text("middle.pem")
ROOTS = ("write", "etc/ssl/certs/ca-certificates.crt",
         authority.text("root.pem"))


def pair_of(certificate_text, key_text=KEY, *changes):
    """A host with this pair, whose roots know the authority."""
    return changed(ROOTS, ("control", "servercert.pem", certificate_text),
                   ("control", "serverkey.pem", key_text, 0o600), *changes)


with case("a certificate's cure"):
    for what, text, number in (
            ("leaf last", MIDDLE + LEAF, "2"),
            ("leaf last of three", authority.text("root.pem") + MIDDLE + LEAF,
             "3")):
        host = pair_of(text)
        provokes("CERT_ORDER", host, where="control/servercert.pem",
                 says=f"number {number} (mail.example.com)")
        is_(holds(host, "serverkey.pem"), KEY, f"{what}: the key is there")
        is_(holds(host, "servercert.pem.old"), text,
            f"{what}: and what was there")
        is_(holds(host, "servercert.pem")[:len(LEAF)], LEAF,
            f"{what}: the leaf comes first")
        is_(host.check().status, 0, f"{what}: and all is well")
    host = pair_of(LEAF + MIDDLE * 40)
    provokes("CERT_BAD", host, says="over 16 KB, certificate ")
    is_(host.check().status, 0, "a chain that was too long is cut")
    other = certificate("ec").key_text()
    host = pair_of(LEAF + MIDDLE, other)
    command = host.check().cure("CERT_DIFFER")
    like(command, r"^certbot certonly --key-type ecdsa -d mail\.example\.com "
         "&& mv --backup=t ", "a key of nothing: a new certificate")
    ok("ln -sf" not in command, "no regular file is written over", command)
    live = "etc/letsencrypt/live/mail.example.com/"
    host = pair_of(LEAF + MIDDLE, other,
                   ("write", live + "fullchain.pem", LEAF + MIDDLE),
                   ("write", live + "privkey.pem", KEY, 0o600))
    provokes("CERT_DIFFER", host)
    is_(holds(host, "serverkey.pem.old"), other, "the key is kept")
    host = pair_of(LEAF + MIDDLE)
    os.unlink(host.path(host.CONTROL + "/servercert.pem"))
    os.symlink("/etc/letsencrypt/live/none/fullchain.pem",
               host.path(host.CONTROL + "/servercert.pem"))
    provokes("CERT_BAD", host, where="control/servercert.pem",
             says="a link to nothing", cured=False)
    host = Host()
    key = host.path(host.CONTROL + "/serverkey.pem")
    subprocess.run(["openssl", "pkey", "-in", key, "-out", key + ".new",
                    "-aes128", "-passout", "pass:secret"], check=True)
    os.rename(key + ".new", key)
    before = read(key)
    command = host.check().cure("CERT_ENCRYPTED").replace(
        "openssl pkey", "openssl pkey -passin pass:secret")
    is_(host.cure(command).returncode, 0, "an encrypted key: " + command[:40])
    is_(holds(host, "serverkey.pem.old"), before, "is kept")
    is_(host.check().status, 0, "and one without a password serves")
    where = home("kinds")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:secp256k1", "-nodes", "-subj", "/CN=x",
            "-keyout", "k1", "-out", "k1.pem", directory=where)
    openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt",
            "rsa_keygen_bits:2048", "-out", "pss", directory=where)
    openssl("req", "-x509", "-key", "pss", "-subj", "/CN=x", "-out",
            "pss.pem", directory=where)
    for name in ("k1", "pss"):
        provokes("CERT_KIND", pair_of(read(where, name + ".pem"),
                                      read(where, name)),
                 where="control/serverkey.pem", cured=False)

with case("a certificate's dates and names"):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
            "/CN=mail.example.com", "-days", "90", "-keyout", "no",
            "-out", "no.pem", directory=where)
    provokes("CERT_NO_ALTNAME", pair_of(read(where, "no.pem"),
                                        read(where, "no")), cured=False)
    early = dated("20900101", "20910101", "mail.example.com")
    output = provokes("CERT_EARLY", pair_of(early.certificate_text(),
                                            early.key_text()), cured=False)
    old = expired("mail.example.com", (
        os.path.join(authority.directory, "middle.pem"),
        os.path.join(authority.directory, "middle.key")))
    output = provokes("CERT_EXPIRED", pair_of(
        old.certificate_text() + MIDDLE, old.key_text()), cured=False)
    is_(output.find("CERT_TRUST"), "",
        "an expired leaf is nothing that its intermediate is to blame for")
    is_(output.cure("CERT_EXPIRED")[:17], "certbot certonly ",
        "a certificate that certbot does not know is not renewed")
    output = changed(("write", ROOTS[1], ROOTS[2])).check()
    ok("self-signed" in output.find("CERT_TRUST"), "self-signed, by name",
       output.text)
    rules = ("write", Host.SERVICE + "/tcp.rules",
             '192.0.2.9:allow,TLSMIN="1.0"\n:allow\n')
    provokes("CERT_EC_OLD", changed(rules))
    provokes("CERT_EC_OLD", changed(("env", "TLSMIN", "1.1")))
    rsa = certificate("rsa", "mail.example.com", 90)
    is_(pair_of(rsa.certificate_text(), rsa.key_text(), rules).check().find(
        "CERT_EC_OLD"), "", "an RSA key is what they know")

with case("clientca.pem"):
    provokes("CERT_CLIENTCA", changed(
        ("control", "clientca.pem", "nothing\n")), says="no certificate")
    like(changed(("control", "clientca.pem", LEAF.strip() + MIDDLE)).check(
        ).text, r"ok   clientca.pem: authorities: 2 ", "two, joined")

with case("servercerts"):
    pair = certificate("ec", "other.example.com", 90)
    other = Host.CONTROL + "/servercerts/other.example.com/"
    files = (("write", other + "servercert.pem", pair.certificate_text()),
             ("write", other + "serverkey.pem", pair.key_text(), 0o600))
    host = changed(*files)
    os.chown(host.path(other + "serverkey.pem"), NOBODY, NOBODY)
    os.chmod(host.path(other + ".."), 0o700)
    provokes("CERT_DENIED", host, where="control/servercerts")
    os.chmod(host.path(other), 0o700)
    provokes("CERT_DENIED", host, says="other.example.com")
    live = "etc/letsencrypt/live/other.example.com/"
    host = changed(("write", live + "fullchain.pem",
                    pair.certificate_text()),
                   ("write", live + "privkey.pem", pair.key_text(), 0o600))
    os.chmod(host.path("etc/letsencrypt/live"), 0o700)
    os.makedirs(host.path(other))
    for name, link in (("servercert", "fullchain"), ("serverkey", "privkey")):
        os.symlink(f"/{live}{link}.pem", host.path(f"{other}{name}.pem"))
    provokes("CERT_DENIED", host, says="other.example.com")
    status = os.stat(host.path(live + "privkey.pem"))
    is_((status.st_uid, status.st_mode & 0o777), (0, 0o600),
        "certbot's key stays root's")
    is_(oct(os.stat(host.path("etc/letsencrypt/live")).st_mode & 0o777),
        "0o700", "in its directory")
    status = os.lstat(host.path(other + "serverkey.pem"))
    is_((status.st_uid, status.st_mode & 0o777), (NOBODY, 0o400),
        "the account has a copy")
    wild = certificate("ec", "*.example.net", 90)
    host = changed(
        ("write", Host.CONTROL + "/servercerts/*.example.net/servercert.pem",
         wild.certificate_text() + wild.key_text(), 0o600))
    os.chown(host.path(Host.CONTROL +
                       "/servercerts/*.example.net/servercert.pem"),
             NOBODY, NOBODY)
    host.control("servercerts/README", "x\n")
    output = host.check()
    like(output.text, r"ok   certificate: made out for \*\.example\.net",
         "a name with a star")
    ok("README" not in output.text, "a file beside them is nobody's")

with case("no cure writes over a file"):
    host = changed(("control", "RcptHosts", "a.example\n"),
                   ("control", "rcpthosts", "b.example\n"))
    provokes("SET_FILE_OTHER", host)
    is_(holds(host, "rcpthosts.old"), "b.example\n", "what was there is kept")
    host = changed(("control", "me", "a b\n"), ("control", "me.old", "x\n"))
    provokes("SET_ME", host)
    is_((holds(host, "me.old"), holds(host, "me.old.~1~")),
        ("a b\n", "x\n"), "of me, and of a copy")
    host = changed(("env", "STATEDIR", "/var/lib"))
    host.write("var/lib/other/file", "x")
    os.chmod(host.path("var/lib"), 0o700)
    like(host.check().cure("HOST_STATEDIR_DENIED"),
         r"^install -d -o nobody -m 700 /var/lib/smtpd-auth && "
         r"mv --backup=numbered \S+/env/STATEDIR \S+ && echo ",
         "a directory of others is not given away")

with case("queue program"):
    host = changed(("env", "QMAILQUEUE", "/usr/bin/none"))
    provokes("QUEUE_MISSING", host, where="env/QMAILQUEUE")
    provokes("QUEUE_MISSING", changed(("env", "QMAILQUEUE", "/usr/sbin")))
    provokes("QUEUE_DENIED", changed(
        ("write", "var/qmail/bin/qmail-queue", "x", 0o644)), where="default",
        says="the account nobody cannot run /var/qmail/bin/qmail-queue (")
    host = Host()
    os.unlink(host.path("var/qmail/bin/qmail-queue"))
    like(host.check().cure("QUEUE_MISSING"), "^echo /usr/local/bin/queue-mai",
         "nothing there: the one that needs nothing")
    host.write("usr/bin/queue-maildir", "x")
    like(host.check().cure("QUEUE_MISSING"), "^echo /usr/bin/queue-maildir >",
         "or where it is")
    host.write("usr/sbin/sendmail", "x")
    host.write("usr/local/bin/queue-sendmail", "x")
    like(host.check().cure("QUEUE_MISSING"), "^echo /usr/local/bin/queue-se",
         "a mail system there is")
    maildir = ("write", "usr/bin/queue-maildir", "x", 0o755)
    use = ("env", "QMAILQUEUE", "/usr/bin/queue-maildir")
    provokes("QUEUE_NO_MAILDIR", changed(maildir, use))
    provokes("QUEUE_MAILDIR", changed(
        maildir, use, ("env", "QUEUE_MAILDIR", "/var/spool/Maildir")))
    host = changed(maildir, use, ("env", "QUEUE_MAILDIR", "/var/spool/M"))
    os.makedirs(host.path("var/spool"))
    os.chown(host.path("var/spool"), NOBODY, NOBODY)
    like(host.check().text, r"ok   queue-maildir: /var/spool/M \(env/QU",
         "one that queue-maildir can make")
    sendmail = ("write", "usr/bin/queue-sendmail", "x", 0o755)
    use = ("env", "QMAILQUEUE", "/usr/bin/queue-sendmail")
    provokes("QUEUE_SENDMAIL", changed(sendmail, use), cured=False,
             where="default")
    host = changed(sendmail, use, ("env", "TMPDIR", "/var"),
                   ("write", "usr/sbin/sendmail", "x", 0o755))
    provokes("QUEUE_SPOOL", host, where="env/TMPDIR", says="/var,")
    host = changed(sendmail, use, ("env", "SENDMAIL", "/none"),
                   ("write", "usr/sbin/sendmail", "x", 0o755))
    provokes("QUEUE_SENDMAIL", host, where="env/SENDMAIL")
    like(host.check().text, "ok   queue-sendmail: /usr/sbin/sendmail",
         "then there is one")

with case("QMQP servers"):
    server = Qmqp()
    program = ("write", "usr/bin/queue-qmqp", "x", 0o755)
    use = ("env", "QMAILQUEUE", "/usr/bin/queue-qmqp")
    taken = ("control", "qmqpservers", f"# ours\n{server.name}\n")
    plain = ("control", "smtputf8", "0\n")
    provokes("QUEUE_QMQP", changed(program, use), says="no such file")
    for text, says in (("", "names no server"),
                       ("localhost\n", "localhost: not a numeric address")):
        provokes("QUEUE_QMQP", changed(
            program, use, ("control", "qmqpservers", text)),
            where="control/qmqpservers", says=says)
    provokes("QUEUE_QMQP_DENIED", changed(
        program, use, plain, (*taken, 0o600)),
        says="nobody cannot read /etc/smtpd-auth/control/qmqpservers")
    provokes("QUEUE_SPOOL", changed(
        program, use, plain, taken, ("env", "TMPDIR", "/var")), says="/var,")
    host = changed(program, use, plain, taken,
                   ("env", "QMQPORDER", "list"), ("env", "QMQPTIMEOUT", "20"))
    text = host.check().text
    like(text, rf"(?m)^ok   queue-qmqp: {server.name} takes connections "
         r"\(control/qmqpservers\)$", "one that is up")
    is_([line for line in text.splitlines() if "qmqp" in line.lower() and
         not line.startswith("ok ")], [], "and nothing is wrong")
    bound, down = refusing()
    host.control("qmqpservers", f"{server.name}\n{down}\n")
    output = host.check()
    like(output.find("QUEUE_QMQP_DOWN"), rf"{down}: \S", "one that is down")
    ok(f"{server.name} takes connections" in output.text, "beside it")
    host.control("smtputf8", None)
    like(host.check().find("QUEUE_QMQP_UTF8"), r"put 0 into \S+/smtputf8 "
         r"\(default\)$", "SMTPUTF8 is offered")
    is_(server.accepted, [], "nothing was sent")
    for name, says in (("QMQPORDER", "must be rotate or list"),
                       ("QMQPTIMEOUT", "must be 1 to 86400 seconds")):
        provokes("QUEUE_QMQP_VARIABLE", changed(
            program, use, plain, taken, ("env", name, "x")),
            where=f"env/{name}", says=f"{name} {says}")
    for change, says in (
            (("env", "QMQPTIMEOUT", "300"), r"300 seconds .*\(env/QMQPTIM"),
            (("control", "timeoutqueue", "200"), r"240 seconds .*\(default")):
        output = changed(program, use, plain, taken, change).check()
        like(output.find("QUEUE_QMQP_TIMEOUT"), says, "longer than we wait")

with case("the table"):
    # Those are container.t's.
    all_heard(lambda name: not name.startswith("LIVE_"), "HOST_RIGHT",
              "HOST_JAIL", "HOST_CLOSE_RANGE", "HOST_PIDFD")

done()
