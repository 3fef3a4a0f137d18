#!/usr/bin/env python3
"""smtpd-check -N, as Nagios starts it: one line, its numbers, the exit code.
Beside it the check_smtp of the monitoring plugins, on the same server."""
import os
import re
import signal
import socket
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.client import DEADLINE  # noqa: E402
from support.certificate import expired  # noqa: E402
from support.extra_smtpd_check import *  # noqa: E402

LOGIN, PASSWORD = "joe@example.com", "correct horse"
OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
STOCK = os.path.join(TOP, "build/peers/monitoring-plugins-basic",
                     "usr/lib/nagios/plugins/check_smtp")
# The guidelines' form of numbers: 'label'=value[unit];[warn];[crit];[min];[max]
NUMBER = r"[a-z]+=-?\d+(ms)?(;-?[\d:]*){0,4}"


def roots(pair):
    """An environment in which this certificate is a root."""
    return {"PATH": os.environ["PATH"], "SSL_CERT_FILE": pair.certificate}


def submission(pair, **more):
    """As on port 587."""
    return Server(env={"FORCETLS": "1", "REQUIREAUTH": "1"},
                  users={LOGIN: PASSWORD}, **more, control={
                      "servercert.pem": pair.certificate_text(),
                      "serverkey.pem": pair.key_text()})


def says(output, state, text, what, numbers=True):
    """One line of this state, in the form that Nagios reads."""
    is_(output.status, state, f"{what}: exit {state}")
    is_(output.errors, "", f"{what}: nothing on standard error")
    is_(len(output.lines), 1, f"{what}: one line")
    shown, bar, perfdata = output.text.rstrip("\n").partition("|")
    like(shown, rf"^SMTPD-AUTH {WORDS[state]} - ", f"{what}: the state")
    like(shown, text, f"{what}: {text}")
    ok(bool(bar) == numbers and (not bar or re.fullmatch(
        rf"{NUMBER}( {NUMBER})*", perfdata)), f"{what}: numbers", output.text)


GOOD = certificate("ec", "localhost", 90)

with case("all is well"), submission(GOOD) as server:
    at = f"localhost:{server.port}"
    output = run("-N", at, env=roots(GOOD))
    says(output, OK, rf"- {at}: (89|90) days of the certificate left$", "well")
    like(output.text, r"\|days=(89|90);14:;0: time=\d+ms;;;0$",
         "days and milliseconds")
    output = run("-N", "-l", LOGIN, "-t", "me@elsewhere.example", at,
                 env=roots(GOOD), stdin=PASSWORD + "\n")
    says(output, OK, "days of", "with a login and a message")
    is_(len(server.messages()), 1, "which came")
    output = run("-N", "-l", LOGIN, at, env=roots(GOOD), stdin="wrong\n")
    says(output, CRITICAL, r"- localhost:\d+: FAIL 4, warn 0: login: "
         "SCRAM-SHA-256: 535 5.7.8", "a password that is wrong")
    output = run("-N", at, env={"PATH": os.environ["PATH"],
                                "SSL_CERT_FILE": "/none"})
    says(output, WARNING, "FAIL 0, warn 1: certificate: not compared",
         "roots that are not there")

with case("a certificate that ends soon"), \
        submission(certificate("ec", "localhost", 9)) as server:
    output = run("-N", f"localhost:{server.port}",
                 env={"PATH": os.environ["PATH"], "SSL_CERT_FILE":
                      server.path("servercert.pem")})
    says(output, WARNING, r"certificate: expires in [89] days", "9 days")
    like(output.text, r"\|days=[89];", "9 days: the number")

OLD = expired("localhost")
with case("a certificate that has ended"), submission(OLD) as server:
    output = run("-N", f"localhost:{server.port}", env=roots(OLD))
    says(output, CRITICAL, r"certificate: expired \d+ days ago", "expired")
    like(output.text, r"\|days=-\d+;", "expired: the number is negative")


def answers(greeting):
    """One listener that says this; its port, and itself."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(greeting)
                    connection.recv(4096)
        except OSError:
            pass
    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


with case("hostile replies"):
    port = answers(b"554 <b>|days=900\x1b\r\n")
    output = run("-N", f"localhost:{port}", env=roots(GOOD))
    says(output, CRITICAL, r"554 \\x3Cb\\x3E\\x7Cdays=900\\x1[bB]",
         "a bar, a tag and an escape in the greeting")
    port = answers(b"554 " + b"x" * 4000 + b"\r\n")
    output = run("-N", f"localhost:{port}", env=roots(GOOD))
    says(output, CRITICAL, "FAIL 1, warn 0: greeting: 554 x", "a greeting of 4000 octets")
    ok(len(output.text) < 1024, "fits into what NRPE of old carries",
       len(output.text))

with case("nobody there"):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    says(run("-N", f"localhost:{port}"), CRITICAL,
         rf"- localhost:{port}: unable to connect: Connection refused$",
         "nobody listens", numbers=False)
    says(run("-N", "no-such-host.invalid:25"), CRITICAL, "unable to connect",
         "no such host", numbers=False)

with case("no end"), socket.create_server(("127.0.0.1", 0)) as listener:
    # What the alarm sends after its time.
    at = f"127.0.0.1:{listener.getsockname()[1]}"
    with subprocess.Popen(
            [place.installed("smtpd-check"), "-N", at], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        listener.accept()
        waiting.send_signal(signal.SIGALRM)
        text, errors = waiting.communicate(timeout=DEADLINE)
    is_((waiting.returncode, text, errors),
        (CRITICAL, f"SMTPD-AUTH CRITICAL - {at}: no end within 50 seconds\n",
         ""),
        "a server that says nothing")

with case("wrong usage"):
    for words in (["-N", "-x"], ["-N", "mail.example.com"], ["-N", "-n", "/"],
                  ["-N", "/", "/"], ["-N", "-l", "joe", "localhost:9"]):
        says(run(*words), UNKNOWN, "-h$|empty", " ".join(words), numbers=False)
    says(run("-N", "/no/such\n|directory"), UNKNOWN,
         r"- /no/such\\x0A\\x7Cdirectory: unable to read /no/such\\x0A",
         "a directory that is not there", numbers=False)
    says(run("-N", "/" + "x" * 9000), UNKNOWN, "- too long a name$",
         "a directory of 9000 octets", numbers=False)

if ROOT:
    with case("a service directory"):
        host = Host()
        output = host.check("-N", "/" + Host.SERVICE)
        says(output, CRITICAL, "FAIL 1, .*service: nothing listens on",
             "a service that does not run")
        like(output.text, r"\|days=(89|90);14:;0:$", "its certificate's days")
        ok("phone" not in output.text and "cure" not in output.text,
           "one line for machines")
        host.control("me", None)
        output = host.check("-N", "/" + Host.SERVICE)
        says(output, CRITICAL, "FAIL 1, warn 0: me: ", "settings without me",
             numbers=False)
else:
    skip("a service directory", "needs root")

if not os.path.exists(STOCK):
    skip("check_smtp", "it is not here: ./deps check")
else:
    def stock(port, *words):
        """check_smtp: exit code and text."""
        done = subprocess.run(
            [STOCK, "-H", "127.0.0.1", "-p", str(port), "-t", "60", *words],
            text=True, check=False, capture_output=True,
            env={"PATH": os.environ["PATH"]})
        return done.returncode, done.stdout + done.stderr

    with case("check_smtp, all is well"), submission(GOOD) as server:
        for words in ((), ("-S",), ("-S", "-D", "14,7")):
            status, text = stock(server.port, *words)
            is_(status, OK, f"check_smtp {' '.join(words)}: {text.strip()}")

    with case("check_smtp, a certificate that ends soon"), \
            submission(certificate("ec", "localhost", 9)) as server:
        is_(stock(server.port, "-S", "-D", "14,7")[0], WARNING,
            "the days are counted by both")

    # What it does not look at.
    with case("check_smtp, nobody's certificate"), submission(
            certificate("ec", "other.example.org", 90)) as server:
        is_(stock(server.port, "-S")[0], OK, "check_smtp is content")
        output = run("-N", f"localhost:{server.port}")
        says(output, CRITICAL, "not made out for localhost.*self-signed",
             "smtpd-check")

    with case("check_smtp, an open relay"), Server(
            env={"FORCETLS": "1", "REQUIREAUTH": "0", "RELAYCLIENT": ""},
            users={LOGIN: PASSWORD}, control={
                "servercert.pem": GOOD.certificate_text(),
                "serverkey.pem": GOOD.key_text()}) as server:
        is_(stock(server.port, "-S")[0], OK, "check_smtp is content")
        says(run("-N", f"localhost:{server.port}", env=roots(GOOD)), CRITICAL,
             "relaying: open", "smtpd-check")

    with case("check_smtp, nobody can log in"), Server(
            env={"FORCETLS": "1", "SMTPAUTH": "-"}, control={
                "servercert.pem": GOOD.certificate_text(),
                "serverkey.pem": GOOD.key_text()}) as server:
        is_(stock(server.port, "-S")[0], OK, "check_smtp is content")
        says(run("-N", f"localhost:{server.port}", env=roots(GOOD)), CRITICAL,
             "AUTH: not offered", "smtpd-check")

done()
