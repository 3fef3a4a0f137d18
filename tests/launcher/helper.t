#!/usr/bin/env python3
"""Behind pipes: output is closed first, then input is read to its end, so
that a TLS helper that ends with its child has sent what it holds."""
import base64
import contextlib
import os
import select
import socket
import ssl
import sys
import threading
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import Connected, Direct, Pipes  # noqa: E402

JOE = "joe@example.com"
WRONG = base64.b64encode(b"\0" + JOE.encode() + b"\0wrong").decode()
SLOW = 0.2  # seconds that the helper lets a reply lie


def started(server, **env):
    """The process, and our ends: what it says, what it hears."""
    to_server, from_server = os.pipe(), os.pipe()
    process = server.run(to_server[0], from_server[1], **env)
    os.close(to_server[0])
    os.close(from_server[1])
    return process, Pipes(from_server[0], to_server[1])


# Each end of a connection: what is said, and what comes last.
ENDS = (
    ("QUIT", {}, ["QUIT\r\n"], "221 2.0.0"),
    ("a dot and QUIT", {},
     ["MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n",
      "Subject: x\r\n\r\n.\r\nQUIT\r\n"], "221 2.0.0"),
    ("a bare LF", {}, ["NOOP\n"], "500 5.5.2"),
    ("a timeout", {"control": {"timeoutsmtpd": "1\n"}}, [], "421 4.4.2"),
    ("errors", {}, ["NONSENSE\r\n" * 20], "421 "),
    ("three failures", {"users": {JOE: "secret"}},
     [f"AUTH PLAIN {WRONG}\r\n"] * 3, "421 4.7.0"),
    ("a browser", {}, ["GET / HTTP/1.1\r\n"], "421 4.7.0"),
    ("a broken set-up", {"control": {"me": None}}, None, "421 4.3.0"),
    ("a jail that fails", {"args": ["-j", "/nonexistent"]}, None,
     "421 4.3.0"),
)

for what, options, said, last in ENDS:
    if "args" in options and not ROOT:
        continue
    with case(what), Direct(**options) as server:
        process, pipes = started(server)
        c = Connected(pipes, greet=said is not None)
        for number, text in enumerate(said or ()):
            c.send(text)
            if number + 1 < len(said):
                while not (reply := c.reply()).startswith(("354", "535")):
                    ok(reply.startswith("250"), f"{what}: goes on", reply)
        text = c.rest().decode()
        starts(text.splitlines()[-1], last, f"{what}: {last} comes last")
        # Now its output is closed, and it still has its input: else EPIPE.
        try:
            os.write(pipes.write_fd, b"NOOP\r\n")
            ok(True, f"{what}: it waits for the end of its input")
        except BrokenPipeError:
            ok(False, f"{what}: it waits for the end of its input")
        pipes.close()
        process.wait(15)
        is_(server.left(), [], f"{what}: no process is left")

# It waits two seconds, no less and not for ever.
for what, options, last in (("QUIT", {}, "221"),
                            ("broken", {"control": {"me": None}}, "421")):
    what = "a helper that hangs, " + what
    with case(what), Direct(**options) as server:
        begin = time.monotonic()
        process, pipes = started(server)
        with Connected(pipes, greet=last == "221") as c:
            if last == "221":
                c.send("QUIT\r\n")
            starts(c.rest().decode(), last, f"{what}: {last}")
            process.wait(15)
            ok(time.monotonic() - begin >= 2, f"{what}: two seconds")
            is_(server.left(), [], f"{what}: no process is left")


class Helper(threading.Thread):
    """TLS as s6-tlsserver does it, and as sloppy as it may: what its child
    has said lies for a while, and is lost when the child is gone."""

    def __init__(self, server, context):
        super().__init__(daemon=True)
        self.server, self.context = server, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        sock, _ = self.listener.accept()
        with contextlib.suppress(OSError), self.context.wrap_socket(
                sock, server_side=True) as tls:
            process, pipes = started(self.server, SSL_PROTOCOL="TLSv1.3")
            gone = os.pidfd_open(process.pid)
            try:
                self.copy(tls, pipes, gone)
            finally:
                pipes.close()
                os.close(gone)

    @staticmethod
    def copy(tls, pipes, gone):
        """Until the client or the child has ended."""
        reads = [tls, pipes.read_fd, gone]
        while gone not in (ready := select.select(reads, [], [])[0]):
            if tls in ready:
                data = tls.recv(65536)
                if not data:
                    return
                os.write(pipes.write_fd, data)
            elif pipes.read_fd in ready:
                if select.select([gone], [], [], SLOW)[0]:
                    return
                data = os.read(pipes.read_fd, 65536)
                if data:
                    tls.sendall(data)
                else:
                    tls.unwrap()
                    reads.remove(pipes.read_fd)


pair = certificate("ec")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(pair.certificate, pair.key)
for what, text, replies in (
        ("QUIT", "QUIT\r\n", ["221"]),
        ("the dot and QUIT in one segment",
         "Subject: x\r\n\r\n.\r\nQUIT\r\n", ["250", "221"])):
    with case(what), Direct() as server:
        helper = Helper(server, context)
        helper.start()
        with Client(helper.port, tls=True) as c:
            if len(replies) > 1:
                c.envelope()
                c.must(("DATA", "354"))
            c.send(text)
            for start in replies:
                starts(c.reply(), start, f"a helper, {what}: {start}")
            is_(len(server.messages()), len(replies) - 1,
                f"a helper, {what}: queued once")
        helper.join(15)
        is_(server.left(), [], f"a helper, {what}: no process is left")

done()
