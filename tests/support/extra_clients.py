"""For the tests with other people's clients: how they are run, the message
they send, what must have arrived."""
import os
import shutil
import subprocess

from . import place, tap
from .certificate import certificate

JOE = "joe@example.com"
PASSWORD = "s3cret pass&word"
WRONG = "another"
# Later ones say SMTPUTF8 in each MAIL.
MSMTP_WORD = "(ES|UTF8S)MTPSA"
SENDER, RECIPIENT = "joe@example.com", "x@example.net"
NAME = "mx.example.org"
# Dots where a client must stuff them, and an empty line.
BODY = "first\n.\n.dot\n..two\n\nlast\n"
MESSAGE = ("From: Joe <joe@example.com>\nTo: x@example.net\n"
           "Subject: from a client\n"
           "Date: Fri, 20 Nov 2026 10:00:00 +0000\n"
           "Message-ID: <1@example.com>\n\n" + BODY)


def need(*programs):
    """Skips the file when one of them is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            tap.skip_all(f"{program} is not installed")


def run(words, stdin="", env=None, deadline=300):
    """Runs a client; its exit code and what it said."""
    done = subprocess.run(
        words, input=stdin.encode(), capture_output=True, check=False,
        timeout=deadline, env={**os.environ, "HOME": place.base(),
                               "LC_ALL": "C", **(env or {})})
    return done.returncode, (done.stdout + done.stderr).decode(
        "utf-8", "backslashreplace")


def msmtp(server, method, password=PASSWORD, starttls=True, tls=True, more=""):
    """msmtp with a configuration of its own, and what more stands in it."""
    path = os.path.join(place.home("msmtp"), "msmtprc")
    trust = (f"tls_trust_file {authority()}\n"
             f"tls_host_override {NAME}\n" if tls else "")
    place.write(path, "account default\nhost 127.0.0.1\n"
                f"port {server.port}\ndomain client.example.org\n"
                f"from {SENDER}\nauth {method.lower()}\nuser {JOE}\n"
                f"password {password}\ntimeout 30\n"
                f"tls {'on' if tls else 'off'}\n"
                f"tls_starttls {'on' if starttls else 'off'}\n{trust}{more}",
                0o600)
    return run(["msmtp", "-C", path, "--", RECIPIENT], MESSAGE)


def message_file():
    """The message with CRLF line ends, in a file."""
    path = os.path.join(place.home("message"), "message")
    place.write(path, MESSAGE.replace("\n", "\r\n"))
    return path


def authority():
    """Path of the certificate that the server shows, to trust."""
    return certificate("ec").certificate


def arrived(server, what, mechanism=None, word=None, body=BODY):
    """Checks the newest message, and removes it."""
    messages = server.messages()
    if tap.is_(len(messages), 1, f"{what}: one message arrived"):
        _whole(messages[0], what, mechanism, word, body)
    server.forget()


def _whole(m, what, mechanism, word, body):
    got = m.body.decode("utf-8", "backslashreplace")
    tap.ok(got.endswith("\n\n" + body), f"{what}: whole, dots as they were",
           repr(got))
    tap.is_((m.sender, m.recipients), (SENDER, [RECIPIENT]),
            f"{what}: envelope")
    if mechanism:
        tap.is_((m.env.get("SMTPAUTHUSER"), m.env.get("SMTPAUTHMETHOD")),
                (JOE, mechanism), f"{what}: logged in by {mechanism}")
    if word:
        tap.like(m.received, f" with {word} id ", f"{what}: {word}")


def nothing(server, what, code, output, said="535"):
    """Checks that it failed, and that nothing arrived."""
    tap.ok(code != 0, f"{what}: the client fails", output[-600:])
    if said:
        tap.ok(said in output, f"{what}: and says {said}", output[-600:])
    tap.is_(server.messages(), [], f"{what}: nothing arrived")
    server.forget()
