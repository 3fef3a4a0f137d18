"""A raw SMTP client: what it sends is what the test wrote, byte for byte."""
import base64
import functools
import os
import re
import socket
import ssl
import struct
import time

from . import sasl, tap
from .patience import AT_MOST as DEADLINE

REPLIES = os.environ.get("TEST_REPLIES")


class Reply(str):
    """A whole reply without its last CR LF; lines are joined by LF."""

    @property
    def code(self):
        """The three digits as a number, 0 at the end of the connection."""
        return int(self[:3] or 0)

    @property
    def lines(self):
        """The texts after the codes."""
        return [line[4:] for line in self.split("\n")]


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode()


class Client:
    """One connection. Reads the greeting at once unless greet is False."""

    def __init__(self, port, greet=True, tls=False, host="127.0.0.1",
                 deadline=DEADLINE, receive_buffer=None):
        self.deadline = deadline
        self.buffer = b""
        self.sock = socket.socket(socket.AF_INET6 if ":" in host
                                  else socket.AF_INET)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                 receive_buffer)
        self.sock.settimeout(deadline)
        self.sock.connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.wrap()
        self.greeting = self.expect("220 ") if greet else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Bytes.

    def send(self, data):
        """Exactly these bytes (text as UTF-8), in one segment if they fit."""
        self.sock.sendall(_bytes(data))

    def send_bytewise(self, data):
        """A segment a byte."""
        data = _bytes(data)
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])

    def drained(self):
        """Waits until the server has read all that was sent.

        So the next bytes come in another read of its own. Asks the kernel
        (sock_diag(7)) for the receive queue of the server's socket.
        """
        end = time.monotonic() + self.deadline
        while (left := _receive_queue(self.sock)) != 0:
            if left is None:
                return  # it is closed
            if time.monotonic() >= end:
                raise TimeoutError("the server does not read")

    def receive_line(self):
        """A line with its CR LF; b"" at the end of the connection."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                line, self.buffer = self.buffer, b""
                return line
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def rest(self):
        """All that comes until the end of the connection.

        A reset raises ConnectionResetError.
        """
        data, self.buffer = self.buffer, b""
        while True:
            more = self.sock.recv(65536)
            if not more:
                _note(data.decode("utf-8", "backslashreplace").splitlines())
                return data
            data += more

    def ended(self):
        """True when nothing more comes, and the end was no reset."""
        return self.rest() == b""

    def shutdown(self):
        """Ends our half of the connection."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        """FIN."""
        self.sock.close()

    def reset(self):
        """RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    # Replies.

    def reply(self):
        """The next whole reply; empty at the end of the connection.

        ValueError when it is none by RFC 5321 §4.2.
        """
        lines = []
        while True:
            line = self.receive_line()
            if line == b"" and not lines:
                return Reply("")
            if not re.fullmatch(rb"[2-5][0-9][0-9][ -][^\0\r\n]*\r\n", line):
                raise ValueError("not a reply: " + repr(line))
            lines.append(line[:-2].decode("utf-8", "backslashreplace"))
            if lines[-1][:3] != lines[0][:3]:
                raise ValueError("codes differ: " + repr(lines))
            if line[3:4] == b" ":
                _note(lines[-1:])
                return Reply("\n".join(lines))

    def expect(self, start):
        """A reply that begins so, or AssertionError: for preparations."""
        got = self.reply()
        if not got.startswith(start):
            raise AssertionError(f"expected {start!r}, got {str(got)!r}")
        return got

    def command(self, line):
        """Sends a line, returns its reply."""
        self.send(_bytes(line) + b"\r\n")
        return self.reply()

    def must(self, *pairs):
        """(line, start of reply) each, AssertionError unless it comes so."""
        got = None
        for line, start in pairs:
            self.send(_bytes(line) + b"\r\n")
            got = self.expect(start)
        return got

    def talk(self, *table):
        """Rows (line, start of reply[, what]): one check each."""
        for row in table:
            line, start = row[:2]
            shown = line if isinstance(line, str) else repr(line)
            what = row[2] if len(row) > 2 else (
                shown if len(shown) < 60 else shown[:60] + "...")
            tap.starts(self.command(line), start, f"{what}: {start}")

    def ends(self, what):
        """Check: nothing more comes, and no reset."""
        try:
            tap.is_(self.rest(), b"", what + ": closed without a reset")
        except OSError as error:
            tap.ok(False, what + ": closed without a reset", repr(error))

    # SMTP.

    def hello(self, name="client.example.org"):
        """EHLO; the set of keyword lines."""
        return self.must(("EHLO " + name, "250")).lines[1:]

    def envelope(self, sender="a@example.org", *recipients):
        """MAIL and RCPT, by default to b@example.com."""
        self.must((f"MAIL FROM:<{sender}>", "250 "))
        for recipient in recipients or ("b@example.com",):
            self.must((f"RCPT TO:<{recipient}>", "250 "))

    def message(self, body=b"Subject: test\r\n\r\ntext\r\n",
                sender="a@example.org", *recipients):
        """A whole message; body as it goes over the wire, without the dot."""
        self.envelope(sender, *recipients)
        self.must(("DATA", "354 "))
        self.send(_bytes(body) + b".\r\n")
        return self.reply()

    # TLS.

    def wrap(self, context=None, name="mx.example.org"):
        """TLS from here on."""
        if context is None:
            context = _any_certificate()
        if self.buffer:
            raise AssertionError("clear text before TLS: " +
                                 repr(self.buffer))
        self.sock = context.wrap_socket(self.sock, server_hostname=name)

    def starttls(self, context=None, name="mx.example.org"):
        """STARTTLS and the handshake."""
        self.must(("STARTTLS", "220 2.0.0"))
        self.wrap(context, name)

    # AUTH.

    def login(self, mechanism, user, password, authzid="", initial=True,
              **options):
        """A whole exchange; the last reply. initial: in the AUTH line."""
        steps = sasl.MECHANISMS[mechanism](user, password, authzid, **options)
        response = next(steps)
        line = "AUTH " + mechanism
        if response is not None and initial:
            line += " " + (_base64(response) or "=")
            response = None
        got = self.command(line)
        while got.code == 334:
            if response is None:
                response = steps.send(base64.b64decode(got[4:]))
            got = self.command(_base64(response))
            response = None
        return got


def _receive_queue(sock):
    """Octets the other end of a connection within this machine can read."""
    host, port = sock.getpeername()
    ours = sock.getsockname()
    request = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0,
                          0xffffffff)
    request += struct.pack("!HH4s12x4s12x", port, ours[1],
                           socket.inet_aton(host), socket.inet_aton(ours[0]))
    request += struct.pack("=III", 0, 0xffffffff, 0xffffffff)
    header = struct.pack("=IHHII", 16 + len(request), 20, 1, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as netlink:
        netlink.send(header + request)
        answer = netlink.recv(8192)
    if struct.unpack("=H", answer[4:6])[0] != 20:
        return None
    return struct.unpack("=I", answer[16 + 56:16 + 60])[0]


@functools.cache
def _any_certificate():
    """To make a context costs as much as a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _base64(octets):
    return base64.b64encode(octets).decode()


def _note(lines):
    """For tests/run: which replies were provoked at all."""
    if REPLIES:
        with open(REPLIES, "a", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
