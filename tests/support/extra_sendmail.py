"""Other people's sendmail programs, each as if it were installed.

A test of one begins with private("postfix", ...): it goes on in a mount
namespace of its own, in which the package that ./deps check has unpacked lies
over /usr, /etc and /var. All that is written there is gone with the test, and
nobody else sees it. What the program sends arrives at a Sink.
"""
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading

from . import place
from .client import DEADLINE
from .extra_namespace import enter, lay_over, make_room, mount
from .extra_process import wait_for
from .server import ACCOUNT, ROOT, Server
from .tap import case, is_, ok, skip_all, starts

SENDMAIL = "/usr/sbin/sendmail"


def reserve_descriptors():
    """2 to 9 are those that a queue program may be given: nothing of ours,
    nor of subprocess's own, may get such a number."""
    spare = os.open(os.devnull, os.O_RDWR)
    for number in range(3, 10):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(spare, number, inheritable=False)


reserve_descriptors()


def private(package, accounts):
    """Goes on with the package installed, the accounts (name: uid) added."""
    peer = os.path.realpath(os.path.join(place.TOP, "build", "peers", package))
    if not os.path.exists(os.path.join(peer, ".complete")):
        skip_all(f"{package} is not unpacked: ./deps check")
    enter()
    room = make_room()
    for name in ("usr", "etc", "var"):
        lay_over("/" + name, room, os.path.join(peer, name))
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for name, number in accounts.items():
        append("/etc/passwd", f"{name}:x:{number}:{number}::/:/bin/false\n")
        append("/etc/group", f"{name}:x:{number}:\n")


def append(path, text):
    """To a file."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def write(path, text, mode=0o644, owner=None):
    """A file with its directory, for an account alone or for all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    place.write(path, text, mode)
    if owner:
        shutil.chown(path, owner, owner)


def directory(path, mode, owner="root", group=None):
    """Made, or changed."""
    os.makedirs(path, exist_ok=True)
    shutil.chown(path, owner, group or owner)
    os.chmod(path, mode)


class Arrived:
    """A message at the sink."""

    def __init__(self):
        self.mail = ""          # what follows MAIL FROM:
        self.recipients = []    # what stands in RCPT TO:<>
        self.data = b""

    @property
    def sender(self):
        """Without its parameters."""
        return re.match(r"<(.*)>", self.mail)[1]

    @property
    def body(self):
        """What follows the header, LF line ends."""
        return self.data.replace(b"\r\n", b"\n").partition(b"\n\n")[2]

    def header(self, name):
        """The first field of that name, or None."""
        head = self.data.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        found = re.search(rb"(?mi)^" + name.encode() + rb":\s*(.*)$", head)
        return found and found[1].decode()


class Sink(threading.Thread):
    """An SMTP server that takes all, or says reply to a RCPT."""

    def __init__(self, extensions=("8BITMIME", "SMTPUTF8", "SIZE")):
        super().__init__(daemon=True)
        self.extensions = extensions
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.listener.getsockname()[1]
        self.messages = []
        self.reply = {}         # verb: reply in place of 250
        self.news = threading.Condition()
        self.start()

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        """One connection."""
        with connection, connection.makefile("rwb") as stream:
            try:
                self.talk(stream)
            except OSError:
                pass

    def talk(self, stream):
        """A session, line by line."""
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()
        say("220 sink")
        message = Arrived()
        for line in iter(stream.readline, b""):
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb = text[:4].upper()
            answer = self.reply.get(verb, "250 2.0.0 ok")
            if verb == "EHLO":
                answer = "\r\n".join(
                    ["250-sink", *("250-" + name for name in self.extensions),
                     "250 ENHANCEDSTATUSCODES"])
            elif verb == "MAIL":
                message = Arrived()
                message.mail = text[len("MAIL FROM:"):]
            elif verb == "RCPT" and answer.startswith("2"):
                message.recipients.append(
                    re.match(r"<(.*)>", text[len("RCPT TO:"):])[1])
            elif verb == "DATA" and answer.startswith("2"):
                say("354 go ahead")
                if not self.take(stream, message):
                    return
            elif verb == "QUIT":
                say("221 bye")
                return
            say(answer)

    def take(self, stream, message):
        """The message; False when it was not complete."""
        data = bytearray()
        for line in iter(stream.readline, b""):
            if line == b".\r\n":
                message.data = bytes(data)
                with self.news:
                    self.messages.append(message)
                    self.news.notify_all()
                return True
            data += line[1:] if line.startswith(b".") else line
        return False

    def found(self, subject):
        """Every message with that Subject that is here by now."""
        return [m for m in self.messages if m.header("Subject") == subject]

    def expect(self, subject, recipients=1):
        """Waits until so many recipients have got it."""
        def found():
            return sum(len(m.recipients) for m in self.found(subject))
        with self.news:
            if not self.news.wait_for(lambda: found() >= recipients,
                                      DEADLINE):
                raise AssertionError(
                    f"{subject}: {found()} of {recipients} arrived; here are "
                    f"{[m.header('Subject') for m in self.messages]}")
            return self.found(subject)


def envelope(sender, *recipients):
    """As qmail-queue reads it."""
    return b"".join(kind + address.encode() + b"\0" for kind, address in [
        (b"F", sender), *((b"T", recipient) for recipient in recipients)]
    ) + b"\0"


class Queued:
    """The end of one run of a queue program."""

    def __init__(self, code, custom, log):
        self.code, self.custom, self.log = code, custom, log

    def __repr__(self):
        return f"exit {self.code}, {self.custom!r}, {self.log!r}"


class Run:
    """queue-sendmail, or another of our queue programs, as the keeper runs it,
    as the account."""

    def __init__(self, env=None, user=ACCOUNT, prefix=(), error_fd=6,
                 prepare=None, program="queue-sendmail", args=()):
        message, self.message = os.pipe()
        envelope_end, self.envelope = os.pipe()
        self.custom, custom = os.pipe()
        self.log, log = os.pipe()

        def become():
            os.setpgid(0, 0)
            if error_fd is not None:
                os.dup2(custom, error_fd)
            if prepare:
                prepare()
        account = {}
        if user and ROOT:
            account = {"user": user, "group": pwd.getpwnam(user).pw_gid,
                       "extra_groups": []}
        self.process = subprocess.Popen(
            [*prefix, place.installed(program), *args], stdin=message,
            stdout=envelope_end, stderr=log, cwd="/", preexec_fn=become,
            env={"PATH": os.environ["PATH"], **(env or {})},
            pass_fds=() if error_fd is None else (error_fd,), **account)
        for fd in (message, envelope_end, custom, log):
            os.close(fd)

    def end(self):
        """Reads what it says to the end; its exit."""
        with os.fdopen(self.custom, "rb") as custom:
            text = custom.read()
        with os.fdopen(self.log, "rb") as log:
            return Queued(self.process.wait(), text, log.read().decode())

    def give(self, message, envelope_text):
        """Writes both to the end."""
        for fd, data in ((self.message, message),
                         (self.envelope, envelope_text)):
            try:
                with os.fdopen(fd, "wb") as pipe:
                    pipe.write(data)
            except BrokenPipeError:
                pass

    def finish(self, message, envelope_text):
        """Gives it message and envelope; its exit."""
        self.give(message, envelope_text)
        return self.end()


def queue(message, envelope_text, **how):
    """One message through queue-sendmail."""
    if isinstance(message, str):
        message = message.encode()
    return Run(**how).finish(message, envelope_text)



RECEIVED = "Received: from client.example (authenticated) by mx.example.org;"\
    " Sat, 21 Nov 2026 11:00:00 +0000\n"


def text(subject, body="one\n.\n..two\n"):
    """A message as the keeper would hand it over."""
    return (RECEIVED + f"From: joe@example.com\nSubject: {subject}\n"
            "Message-ID: <1@example.com>\n"
            "Date: Sat, 21 Nov 2026 11:00:00 +0000\n\n" + body)


def checks_of_arrival(sink, quoted):
    """What every sendmail program must carry."""
    with case("a message"):
        got = queue(text("plain"), envelope(
            "joe@example.com", "ann@example.net", "bob@example.org"))
        is_((got.code, got.custom), (0, b""), "is taken")
        arrived = sink.expect("plain", 2)
        is_((arrived[0].sender, sorted(sum((m.recipients for m in arrived),
                                           []))),
            ("joe@example.com", ["ann@example.net", "bob@example.org"]),
            "its envelope arrives")
        is_(arrived[0].body, b"one\n.\n..two\n", "and its body, dots and all")
    with case("a bounce"):
        got = queue(text("bounce"), envelope("", "ann@example.net"))
        is_(got.code, 0, "a null sender is taken")
        is_(sink.expect("bounce")[0].sender, "", "and arrives")
    with case("dashes"):
        got = queue(text("dash"), envelope(
            "-bp@example.com", "-hf@example.net", "--help@example.net"))
        is_(got.code, 0, "addresses that look like options are taken")
        arrived = sink.expect("dash", 2)
        is_((arrived[0].sender, sorted(sum(
            (m.recipients for m in arrived), []))),
            ("-bp@example.com", ["--help@example.net", "-hf@example.net"]),
            "and are addresses")
    with case("quotes"):
        recipients = ["a b@example.net", "eve@example.org@example.net",
                      "x\"y\\z@example.net", "a..b@example.net"]
        got = queue(text("quotes"), envelope("j s@example.com", *recipients))
        if quoted:
            is_(got.code, 0, "addresses that need quotes are taken")
            arrived = sink.expect("quotes", 4)
            is_(arrived[0].sender, '"j s"@example.com', "the sender arrives")
            is_(sorted(sum((m.recipients for m in arrived), [])),
                sorted(['"a b"@example.net', '"eve@example.org"@example.net',
                        r'"x\"y\\z"@example.net', '"a..b"@example.net']),
                "and so do recipients")
        else:
            is_((got.code, got.custom[:1]), (82, b"D"),
                "an address that needs quotes is refused")
            got = queue(text("dots"), envelope(
                "joe@example.com", "a..b@example.net"))
            ok(got.code != 0 or sink.expect("dots")[0].recipients ==
               ["a..b@example.net"], "dots: as they are or not at all", got)
    with case("a comma"):
        got = queue(text("comma"), envelope(
            "joe@example.com", "a,eve@example.org,b@example.net"))
        is_((got.code, got.custom[:1]), (82, b"D"),
            "an address that could be several is refused")
    with case("8-bit"):
        body = "\u00e4\u00f6\u00fc\n"
        got = queue(text("8-bit", body), envelope(
            "joe@example.com", "ann@example.net"), env={"BODY": "8BITMIME"})
        is_(got.code, 0, "an 8-bit message is taken")
        is_(sink.expect("8-bit")[0].body, body.encode(), "and arrives")
    with case("a large message"):
        body = ("x" * 70 + "\n") * 30000
        got = queue(text("large", body), envelope(
            "joe@example.com", "ann@example.net"), env={"BODY": "7BIT"})
        is_(got.code, 0, "2 MB are taken")
        is_(len(sink.expect("large")[0].body), len(body), "and arrive whole")


def checks_of_utf8(sink):
    """Those that know SMTPUTF8 find it out by themselves."""
    with case("SMTPUTF8"):
        got = queue(text("utf8"), envelope(
            "j\u00f6@example.com", "\u00e4nn@b\u00fccher.example"),
            env={"SMTPUTF8": "1", "BODY": "8BITMIME"})
        is_(got.code, 0, "UTF-8 addresses are taken")
        arrived = sink.expect("utf8")[0]
        is_((arrived.sender, arrived.recipients),
            ("j\u00f6@example.com", ["\u00e4nn@b\u00fccher.example"]),
            "and arrive")
        ok(" SMTPUTF8" in arrived.mail, "with SMTPUTF8", arrived.mail)


def checks_of_many(sink, count=3000):
    """One message, thousands of recipients."""
    with case("many"):
        recipients = [f"user{n}@example.net" for n in range(count)]
        got = queue(text("many"), envelope("joe@example.com", *recipients))
        is_(got.code, 0, f"{count} recipients are taken")
        arrived = sink.expect("many", count)
        is_(sorted(sum((m.recipients for m in arrived), [])),
            sorted(recipients), "and all of them get it, once")


def checks_of_server(sink):
    """Through smtpd-auth; the msgid= of our log, to look for in others'."""
    user = "joe@example.com"
    msgid = "none"
    with case("end to end"), Server(
            env={"QMAILQUEUE": place.installed("queue-sendmail"),
                 "ADDHEADERS": "1"},
            users={user: "secret"}) as server, server.client() as client:
        client.hello()
        starts(client.login("PLAIN", user, "secret"), "235", "a login")
        client.must((f"MAIL FROM:<{user}>", "250"),
                    ("RCPT TO:<ann@example.net>", "250"), ("DATA", "354"))
        client.send("Subject: end to end\r\n\r\n..\r\nx\r\n.\r\n")
        starts(client.reply(), "250 2.0.0", "a message is taken")
        arrived = sink.expect("end to end")[0]
        is_((arrived.sender, arrived.recipients, arrived.body),
            (user, ["ann@example.net"], b".\nx\n"), "and arrives")
        msgid = server.wait_log(r"message ok .* msgid=(\S+)$")[0][1]
        is_(arrived.header("Message-ID"), f"<{msgid}>", "with the Message-ID "
            "that it was given")
        ok(arrived.header("Date"), "and a Date")
        starts(client.command("QUIT"), "221", "and that was all")
    return msgid


def checks_of_nothing(sink, waiting):
    """What is not whole is not sent; waiting() counts what is queued."""
    with case("nothing"):
        for what, message, rest in (
                ("no envelope", text("part"), b""),
                ("half an envelope", text("part"),
                 envelope("joe@example.com", "ann@example.net")[:-1])):
            is_(queue(message, rest).code, 54, what)
        run = Run()
        os.write(run.message, text("part").encode())
        os.kill(run.process.pid, signal.SIGKILL)
        is_(run.end().code, -signal.SIGKILL, "killed in the message")
        # What was queued would be sent before the queue is empty.
        wait_for(lambda: waiting() == 0, "an empty queue")
        is_(sink.found("part"), [], "and nothing is sent")


def sendmail_read(run):
    """Octets of the message that sendmail has read, from the place in the
    file, which it shares with queue-sendmail: 0 before it is started, no end
    when both have ended."""
    process = f"/proc/{run.process.pid}"
    if run.process.poll() is not None:
        return float("inf")
    try:
        with open(f"{process}/task/{run.process.pid}/children",
                  encoding="ascii") as file:
            if not file.read():
                return 0
        for number in os.listdir(process + "/fd"):
            if int(number) > 2 and "deleted" in os.readlink(
                    f"{process}/fd/{number}"):
                with open(f"{process}/fdinfo/{number}",
                          encoding="ascii") as file:
                    return int(file.readline().split()[1])
    except OSError:
        pass    # it ends just now
    return 0


def checks_of_killed(sink, then=lambda: None):
    """Killed as the keeper does it at its deadline, while sendmail works: all
    of the message arrives or nothing."""
    with case("killed"):
        body, codes = ("x" * 70 + "\n") * 40000, []
        for part in range(8):
            run = Run()
            run.give(text("killed", body).encode(),
                     envelope("joe@example.com", "ann@example.net"))
            # While it writes, its place is the end; sendmail begins at 0.
            wait_for(lambda: sendmail_read(run) > part * len(body) // 8,
                     "sendmail reads")
            if run.process.poll() is None:
                os.killpg(run.process.pid, signal.SIGKILL)
            codes.append(run.end().code)
        then()
        queue(text("after it"), envelope("joe@example.com", "a@example.net"))
        sink.expect("after it")
        is_([len(m.body) for m in sink.found("killed")
             if m.body != body.encode()], [],
            f"whole or not at all: {len(sink.found('killed'))} of 8")
        ok(-signal.SIGKILL in codes, "some were killed", codes)
