"""Recorded sessions, and how they are played up to an octet of the wire.

A Session is steps: (what is sent, starts of the replies that are read after
it). What is sent may be a function of the last reply; the words TLS and
OUTSIDE stand for what the client does then. DOT ends a message.
"""
import base64
import ssl

from . import sasl
from .extra_alone import Alone
from .client import Reply

TLS, OUTSIDE = "TLS", "OUTSIDE"
JOE, PASSWORD = "joe@example.com", "secret"
USERS = {JOE: (PASSWORD, "-i", "10000")}


class Cut(Exception):
    """So many octets were sent."""


class Dot(bytes):
    """The end of a message."""


class Session:
    """Steps, and what an Alone must be for them."""

    def __init__(self, name, *steps, **needs):
        self.name, self.steps, self.needs = name, steps, needs
        # A segment of several commands or messages; else every reply but the
        # last was read before anything follows.
        self.pipelined = needs.pop("pipelined", False)
        self.kind = needs.pop("kind", Alone)


class Player:
    """One playing of a session over a Link."""

    def __init__(self, link, cut=None):
        self.link, self.left = link, cut
        self.sent, self.buffer = 0, b""
        self.tls = self.incoming = self.outgoing = None
        self.replies = []
        self.ends = []  # after how many octets a message had its end
        self.waits = []  # after how many a reply was waited for
        self.acknowledged = 0

    # Octets.

    def put(self, data):
        """On the wire; where the cut is, it happens."""
        if self.left is not None and len(data) >= self.left:
            part, data = data[:self.left], data[self.left:]
            self.transmit(part)
            self.left = None
            self.cut()
        self.transmit(data)

    def transmit(self, data):
        """All of it."""
        if data:
            self.link.wire.sendall(data)
            self.sent += len(data)
            if self.left is not None:
                self.left -= len(data)

    def cut(self):
        """Here it ends."""
        raise Cut

    def flush(self):
        """What TLS has for the wire."""
        data = self.outgoing.read()
        if data:
            self.put(data)

    def receive(self):
        """Some octets; b"" at the end."""
        while self.tls:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                data = self.link.wire.recv(65536)
                if not data:
                    return b""
                self.incoming.write(data)
        return self.link.wire.recv(65536)

    def shake(self):
        """The handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self.incoming, self.outgoing,
                               server_hostname="mx.example.org")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
            data = self.link.wire.recv(65536)
            if not data:
                raise ConnectionResetError("in the handshake")
            self.incoming.write(data)
        self.flush()
        self.tls = tls

    # Replies.

    def reply(self):
        """The next; empty at the end."""
        lines = []
        while True:
            while b"\n" not in self.buffer:
                data = self.receive()
                if not data:
                    return Reply("")
                self.buffer += data
            line, _, self.buffer = self.buffer.partition(b"\n")
            lines.append(line.rstrip(b"\r").decode("utf-8", "replace"))
            if lines[-1][3:4] != "-":
                break
        got = Reply("\n".join(lines))
        self.replies.append(got)
        self.acknowledged += " qp " in got and got.startswith("250 ")
        return got

    def rest(self):
        """All further replies."""
        try:
            while self.reply():
                pass
        except (ConnectionError, ssl.SSLError):
            pass

    # The whole.

    def step(self, data, starts):
        """One; False when a reply is another."""
        if callable(data):
            data = data(self.replies[-1] if self.replies else Reply(""))
        if data == TLS:
            self.shake()
        elif data == OUTSIDE:
            self.link.go_outside()
        else:
            self.say(data if isinstance(data, tuple) else (data,))
        self.waits.append(self.sent)
        for start in starts:
            if not self.reply().startswith(start):
                return False
        return True

    def say(self, pieces):
        """In one segment; notes which ends of messages were sent."""
        octets = b"".join(pieces)
        ends = [len(b"".join(pieces[:i + 1])) for i, piece in
                enumerate(pieces) if isinstance(piece, Dot)]
        if self.tls:
            self.tls.write(octets)
            octets = self.outgoing.read()
            ends = [len(octets)] * len(ends)  # one record
        before = self.sent
        try:
            self.put(octets)
        finally:
            self.ends += [before + end for end in ends
                          if before + end <= self.sent]

    def play(self, session):
        """Until its end, a cut (raises Cut), or another reply: then False."""
        self.put(b"")
        for data, starts in session.steps:
            if not self.step(data, starts):
                return False
        return True


def exchange(mechanism, password=PASSWORD):
    """Steps of AUTH, each a function of the last reply."""
    steps = sasl.MECHANISMS[mechanism](JOE, password, "")

    def answer(reply):
        challenge = base64.b64decode(reply[4:])
        return base64.b64encode(steps.send(challenge)) + b"\r\n"

    def begin(_):
        nonlocal steps
        steps = sasl.MECHANISMS[mechanism](JOE, password, "")
        first = base64.b64encode(next(steps) or b"")
        return b"AUTH " + mechanism.encode() + b" " + first + b"\r\n"

    return begin, answer


TEXT = (b"From: <a@example.org>\r\nTo: <b@example.com>\r\n"
        b"Subject: positions\r\nMessage-ID: <1@example.org>\r\n\r\n"
        b"A line of text,\r\nand another one, not quite as short.\r\n" +
        b"And so on.\r\n" * 15)
DOTS = (b"Subject: dots\r\n\r\n..\r\n...\r\n.. \r\n\r\n"
        b"\r\n..x\r\nx.\r\n..\r\n\r\n..\r\n.\r\n")
EHLO = (b"EHLO client.example.org\r\n", ["250"])
FROM = b"MAIL FROM:<a@example.org>\r\n"
TO = b"RCPT TO:<b@example.com>\r\n"
ENVELOPE = ((FROM, ["250"]), (TO, ["250"]))
DATA = (b"DATA\r\n", ["354"])
MESSAGE = (*ENVELOPE, DATA, (Dot(TEXT + b".\r\n"), ["250"]))
QUIT = (b"QUIT\r\n", ["221"])
GREETING = (b"", ["220"])
BDAT = (*ENVELOPE,
        (b"BDAT 20\r\nSubject: in chunks\r\n", ["250"]),
        (b"BDAT 0\r\n", ["250"]),
        (b"BDAT 90\r\n\r\n" + b"x" * 86 + b"\r\n", ["250"]),
        (b"BDAT 5\r\n.\r\n\r\n", ["250"]),
        (Dot(b"BDAT 7 LAST\r\n.last\r\n"), ["250"]))
RELAY = ((FROM, ["250"]), (b"RCPT TO:<x@example.net>\r\n", ["250"]), DATA,
         (Dot(TEXT + b".\r\n"), ["250"]))
V1 = b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 25\r\n"
V2 = (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xcb\0\x71\x01"
      b"\xc3\x50\0\x19")
PROXIED = {"PROXYPROTOCOL": "1"}
BEGIN, ANSWER = exchange("SCRAM-SHA-256")

SESSIONS = (
    Session("two messages and RSET", GREETING, EHLO, (b"NOOP\r\n", ["250"]),
            *ENVELOPE, (b"RSET\r\n", ["250"]), *MESSAGE,
            (b"HELO again.example.org\r\n", ["250"]), *MESSAGE, QUIT),
    Session("AUTH PLAIN", GREETING, EHLO,
            (exchange("PLAIN")[0], ["235"]), *RELAY, QUIT, users=USERS),
    Session("SCRAM-SHA-256", GREETING, EHLO, (BEGIN, ["334"]),
            (ANSWER, ["334"]), (b"\r\n", ["235"]), *RELAY, QUIT, users=USERS),
    Session("CRLF and dots", GREETING, EHLO, *ENVELOPE, DATA,
            (Dot(DOTS), ["250"]), QUIT),
    Session("BDAT", GREETING, EHLO, *BDAT, *BDAT, QUIT),
    Session("pipelined DATA", GREETING, EHLO,
            ((FROM, TO, b"DATA\r\n"), ["250", "250", "354"]),
            ((Dot(TEXT + b".\r\n"), FROM, TO, b"DATA\r\n"),
             ["250", "250", "250", "354"]),
            ((Dot(DOTS), b"QUIT\r\n"), ["250", "221"]), pipelined=True),
    Session("pipelined BDAT", GREETING, EHLO, (
        (FROM, TO, b"BDAT 16\r\nSubject: first\r\n",
         Dot(b"BDAT 5 LAST\r\n\r\nx\r\n"), FROM, TO,
         Dot(b"BDAT 19 LAST\r\nSubject: second\r\n\r\n"), b"QUIT\r\n"),
        ["250"] * 7 + ["221"]), pipelined=True),
    Session("STARTTLS", GREETING, EHLO, (b"STARTTLS\r\n", ["220"]),
            (TLS, []), EHLO, *MESSAGE, QUIT, certificate="ec"),
    Session("TLS from the first octet", (TLS, []), GREETING, EHLO, *BDAT, QUIT,
            certificate="ec", args=["-s"]),
    Session("PROXY version 1", (V1, ["220"]), EHLO, *MESSAGE, QUIT,
            env=PROXIED),
    Session("PROXY version 2", (V2, ["220"]), EHLO, *MESSAGE, QUIT,
            env=PROXIED),
    Session("UCSPI-TLS", GREETING, EHLO, (b"STARTTLS\r\n", ["220"]),
            (OUTSIDE, []), EHLO, *MESSAGE, QUIT, outside=True),
)
