"""A session, an authenticator or a reader that does what a test tells it:
tests/hostile/puppet.c, behind a real tcpserver, keeper and queue program."""
import base64
import os
import struct

from . import place
from .server import Server
from .tap import skip_all

ORDER = struct.Struct("=7Q6I")
FOREIGN, FACTS = 1 << 63, 1 << 62
# One number a system call, x86-64's: elsewhere there is no puppet.
READ, WRITE, CLOSE, POLL, RECVMSG, SHUTDOWN = 0, 1, 3, 7, 47, 48
CHANNEL = 3
PACKET_MAX = 2 + 16384

NAMES = ("TLS CERTIFICATE SIGN CLIENT TELL_TLS OUTSIDE AUTH AUTH_STEP "
         "AUTH_CANCEL OFFER PATHS OPEN COMMIT ABORT TRACE END").split()
ASK = {name: number + 1 for number, name in enumerate(NAMES)}
OK, TEMPORARY, CHALLENGE = 1, 2, 9


def program():
    """The program, where every account can run it."""
    built = os.path.join(place.TOP, os.environ.get("BUILD") or "build/musl",
                         "hostile", "smtpd-auth")
    if os.uname().machine != "x86_64":
        skip_all("the puppet's system calls have x86-64's numbers")
    if not os.path.exists(built):
        skip_all("not built: make tests-built")
    return place.copied(built, "puppet")


def order(number, *arguments, given=b"", wanted=0, times=1, mute=False):
    """A system call. An argument ("room", n) points into the room, which
    begins with what is given."""
    values, pointers = [0] * 6, 0
    for n, argument in enumerate(arguments):
        if isinstance(argument, tuple):
            pointers |= 1 << n
            argument = argument[1]
        values[n] = argument & (1 << 64) - 1
    return ORDER.pack(number, *values, pointers, len(given), wanted, times,
                      mute, 0) + given


class Hostile(Server):
    """A server with the puppet for its program. who: "session",
    "authenticator", "session unfiltered", ..."""

    def __init__(self, who, env=None, **options):
        self.puppet = program()
        super().__init__(env={"HOSTILE": who, **(env or {})}, **options)

    def command(self):
        """The puppet in place of the program."""
        return [self.puppet if word == place.installed("smtpd-auth") else word
                for word in super().command()]

    def session(self, **options):
        """A connection, whose session is ours."""
        return Session(self, **options)


class Dead(Exception):
    """The process is gone without an answer."""


class Session:
    """A session that somebody has taken over."""

    def __init__(self, server, deadline=60):
        self.server = server
        self.client = server.client(greet=False, deadline=deadline)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def receive(self, size):
        """Exactly so many octets of the answer."""
        data = b""
        while len(data) < size:
            try:
                more = self.client.sock.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Dead
            data += more
        return data

    def call(self, number, *arguments, wanted=0, mute=False, **options):
        """A system call: its result, and the room's first octets where those
        are wanted. Dead: the process is."""
        try:
            self.client.send(order(number, *arguments, wanted=wanted,
                                   mute=mute, **options))
        except OSError as error:
            raise Dead from error
        if mute:
            return None
        result, = struct.unpack("=q", self.receive(8))
        return (result, self.receive(wanted)) if wanted else result

    def room(self):
        """Where the room is in its memory."""
        return struct.unpack("=Q", self.call(FACTS, wanted=48)[1][:8])[0]

    def tell(self, kind, body=b"", code=0, **options):
        """A packet for the keeper; kind by name or number."""
        packet = bytes([ASK.get(kind, kind), code]) + body
        return self.call(WRITE, CHANNEL, ("room", 0), len(packet),
                         given=packet, **options)

    def hear(self, wait_ms=20000):
        """The keeper's next packet: (type, verdict, body); None: its end."""
        self.call(POLL, ("room", 0), 1, wait_ms,
                  given=struct.pack("=ihh", CHANNEL, 1, 0))
        result, data = self.call(READ, CHANNEL, ("room", 0), PACKET_MAX,
                                 wanted=PACKET_MAX)
        if result <= 0:
            return None
        return data[0], data[1], data[2:result]

    def ask(self, kind, body=b"", code=0):
        """A request and its answer."""
        self.tell(kind, body, code)
        return self.hear()

    def open(self, body):
        """ASK_OPEN: the answer's verdict, and the pipe's number or None."""
        self.tell("OPEN", body)
        at = self.room()
        self.call(POLL, ("room", 0), 1, 20000,
                  given=struct.pack("=ihh", CHANNEL, 1, 0))
        # struct msghdr, its iovec at 64, control at 128, data at 256.
        head = struct.pack("=QIIQQQQiI", 0, 0, 0, at + 64, 1, at + 128, 24,
                           0, 0)
        parts = head.ljust(64, b"\0") + struct.pack("=QQ", at + 256, 16384)
        result, data = self.call(RECVMSG, CHANNEL, ("room", 0), 0,
                                 given=parts.ljust(256, b"\0"), wanted=300)
        if result <= 0:
            return None, None
        control = struct.unpack("=Q", data[40:48])[0]
        return data[257], struct.unpack("=i", data[144:148])[0] if control \
            else None


class Puppet:
    """An authenticator that somebody has taken over, with a client of its
    own: what it is told goes through a session as it is."""

    def __init__(self, server, mechanism="PLAIN"):
        self.client = server.client()
        self.line = f"AUTH {mechanism} "

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def orders(self, *orders):
        """The reply to them all."""
        text = base64.b64encode(b"".join(orders)).decode()
        line, self.line = self.line + text, ""
        return self.client.command(line)

    def call(self, number, *arguments, wanted=0, **options):
        """A system call: its result, and the room's first octets."""
        reply = self.orders(order(number, *arguments, wanted=wanted,
                                  **options))
        if reply.code != 334:
            raise Dead(str(reply))
        data = base64.b64decode(reply[4:])
        result, = struct.unpack("=q", data[:8])
        return (result, data[8:]) if wanted else result
