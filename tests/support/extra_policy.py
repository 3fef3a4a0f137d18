"""A policy daemon that says, and does, what a test wants."""
import os
import socket
import threading

from . import place
from .patience import AT_MOST
from .server import Server

KEPT, CLOSED = "kept", "closed"


class Daemon:
    """Answers each request by answer(request, connection): octets, which may
    be any, or a text (the action). None: nothing. After it has returned
    (octets, CLOSED) it closes. The requests are dictionaries."""

    def __init__(self, answer="DUNNO", internet=False, family=socket.AF_INET):
        self.answer = answer
        self.requests, self.raw = [], []
        self.connections = 0
        self.there = threading.Condition()
        self.open = []
        if internet:
            self.socket = socket.socket(family)
            self.socket.bind(("127.0.0.1" if family == socket.AF_INET
                              else "::1", 0))
            host, port = self.socket.getsockname()[:2]
            self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        else:
            self.where = os.path.join(place.home("policy"), "socket")
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(self.where)
            os.chmod(os.path.dirname(self.where), 0o755)
            os.chmod(self.where, 0o666)
        self.socket.listen(20)

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Nobody is at home any more."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.hang_up()

    def hang_up(self):
        """Ends the connections that there are."""
        with self.there:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open.clear()

    def accept(self):
        """One thread a connection."""
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            with self.there:
                self.connections += 1
                self.open.append(connection)
                self.there.notify_all()
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        """Its requests, until somebody closes."""
        heard = b""
        try:
            while True:
                while b"\n\n" not in heard:
                    more = connection.recv(65536)
                    if not more:
                        return
                    heard += more
                raw, _, heard = heard.partition(b"\n\n")
                if not self.respond(connection, raw):
                    return
        except OSError:
            pass
        finally:
            connection.close()

    def respond(self, connection, raw):
        """False: it is to be closed."""
        request = dict(line.split("=", 1) for line in
                       raw.decode("utf-8", "replace").split("\n"))
        with self.there:
            self.raw.append(raw)
            self.requests.append(request)
            self.there.notify_all()
        answer = self.answer
        if callable(answer):
            answer = answer(request, connection)
        answer, then = answer if isinstance(answer, tuple) else (answer, KEPT)
        if isinstance(answer, str):
            answer = f"action={answer}\n\n".encode()
        if answer is not None:
            connection.sendall(answer)
        return then == KEPT

    def wait(self, number):
        """Until it has been asked so often: the last request."""
        with self.there:
            if not self.there.wait_for(lambda: len(self.requests) >= number,
                                       AT_MOST):
                raise TimeoutError(f"only {len(self.requests)} requests")
            return self.requests[number - 1]


class Asking(Server):
    """A server that asks this daemon."""

    def __init__(self, daemon, when="", env=None, **options):
        super().__init__(env={"POLICYSOCKET": f"{daemon.where} {when}",
                              **(env or {})}, **options)


PREFIX = r"^smtpd-auth: \d+ 127\.0\.0\.1 "


def rcpt(server, recipient="joe@example.com", **options):
    """The reply to one recipient."""
    with server.client(**options) as c:
        c.must(("EHLO client.example.net", "250"),
               ("MAIL FROM:<a@example.org>", "250"))
        return str(c.command(f"RCPT TO:<{recipient}>"))
