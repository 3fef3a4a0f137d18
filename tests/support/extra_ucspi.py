"""A launcher of UCSPI-TLS: it speaks TLS 1.3 with the client once the server
writes Y on the control socket. Run as a program, between tcpserver and the
server under test; Ucspi is a Server behind it.

Modes, of what there is in the world and what there should not be:
  s6          the server is the parent, the helper ends quietly
  sslserver   the helper is the parent, and sends SIGTERM when TLS ends,
              a handshake fails, or the control socket closes
  silent      no answer to Y
  closes      the control socket is closed in place of an answer
  absent      ... before it was asked
  cut         half an answer, then the end
  drip        an octet of the answer at a time
"""
import contextlib
import fcntl
import hashlib
import json
import os
import select
import signal
import socket
import ssl
import sys

PLAIN = ("SSLCTLFD", "SSLREADFD", "SSLWRITEFD")


class Helper:
    """The process that does TLS."""

    def __init__(self, options, control, read_fd, write_fd):
        self.options, self.control = options, control
        self.read_fd, self.write_fd = read_fd, write_fd
        self.sni = None
        self.tls = None

    def asked(self):
        """Waits for Y; false at the end of the control socket."""
        octet = self.control.recv(1)
        flags = fcntl.fcntl(0, fcntl.F_GETFL)
        self.report(octet=octet.decode(),
                    nonblocking=bool(flags & os.O_NONBLOCK))
        return octet == b"Y"

    def report(self, **facts):
        """For the test to read, whole or not at all."""
        path = self.options["report"]
        with open(path + ".new", "w", encoding="ascii") as file:
            json.dump(facts, file)
        os.rename(path + ".new", path)

    def shake(self):
        """The handshake, TLS 1.3 or none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(*self.options["pair"])
        if self.options.get("ca"):
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(self.options["ca"])

        def named(_tls, name, _context):
            self.sni = name
        context.sni_callback = named
        os.set_blocking(0, True)
        sock = socket.socket(fileno=os.dup(0))
        os.close(0)
        os.close(1)
        self.tls = context.wrap_socket(sock, server_side=True)

    def environment(self):
        """As s6 has it: a name alone is unset."""
        shown = self.tls.getpeercert(True)
        words = [
            "SSL_PROTOCOL=" + self.tls.version(),
            "SSL_CIPHER=" + self.tls.cipher()[0],
            "SSL_TLS_SNI_SERVERNAME" + (f"={self.sni}" if self.sni else ""),
            "SSL_PEER_CERT_HASH" + (
                f"=SHA256:{hashlib.sha256(shown).hexdigest()}"
                if shown else "")]
        words += self.options.get("say", [])
        text = b"".join(word.encode() + b"\0" for word in words)
        wanted = self.options.get("octets", 0) - len(text) - 1
        if wanted > 0:
            text = b"PADDING=" + b"x" * (wanted - 9) + b"\0" + text
        return text + b"\0"

    def answer(self):
        """To Y."""
        text = self.environment()
        if self.options["mode"] == "cut":
            self.control.sendall(text[:len(text) // 2])
            return False
        pieces = [text[i:i + 1] for i in range(len(text))] \
            if self.options["mode"] == "drip" else [text]
        for piece in pieces:
            self.control.sendall(piece)
        return True

    def copy(self):
        """Until the client or the server has ended."""
        while True:
            ready = [self.tls] if self.tls.pending() else \
                select.select([self.tls, self.read_fd], [], [])[0]
            if self.tls in ready:
                data = self.tls.recv(65536)
                if not data:
                    return self.client_ended()
                while data:
                    data = data[os.write(self.write_fd, data):]
            elif self.read_fd in ready:
                data = os.read(self.read_fd, 65536)
                if not data:
                    self.tls.settimeout(5)
                    self.tls.unwrap()
                    return None
                self.tls.sendall(data)

    def client_ended(self):
        """What the server still says, for who has closed but its half."""
        if self.options["mode"] == "sslserver":
            return
        os.close(self.write_fd)
        while data := os.read(self.read_fd, 65536):
            self.tls.sendall(data)

    def run(self):
        """All of it."""
        mode = self.options["mode"]
        with contextlib.suppress(OSError):  # ssl's are of these, too
            if mode == "absent":
                self.control.close()
                return
            if not self.asked() or mode == "closes":
                return
            if mode == "silent":
                self.control.recv(1)  # to its end, which is the server's
                return
            self.shake()
            if self.answer():
                self.copy()


def number(options, control, read_fd, write_fd):
    """Gives the three the numbers that the test wants, and tells them."""
    above = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20)
             for fd in (control, read_fd, write_fd)]
    for name, fd, wanted in zip(PLAIN, above, options["numbers"]):
        os.dup2(fd, wanted)
        os.environ[name] = str(wanted)
        os.close(fd)


def main():
    """The launcher: two processes of it."""
    options, program = json.loads(sys.argv[1]), sys.argv[2:]
    control, theirs = socket.socketpair()
    from_client, to_program = os.pipe()
    from_program, to_client = os.pipe()
    if options.get("nonblocking"):
        os.set_blocking(0, False)
    reverse = options["mode"] == "sslserver"
    child = os.fork()
    if (child == 0) == reverse:
        number(options, theirs.fileno(), from_client, to_client)
        os.environ.update(options.get("env", {}))
        os.execvp(program[0], program)
    theirs.close()
    os.close(from_client)
    os.close(to_client)
    Helper(options, control, from_program, to_program).run()
    if reverse:
        os.kill(child, signal.SIGTERM)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 127)


if __name__ == "__main__":
    main()
else:
    from . import place
    from .certificate import certificate
    from .server import Server

    class Ucspi(Server):
        """A server whose launcher begins TLS.

        mode      see above
        numbers   of control, read and write, as the server gets them
        launcher  further options: octets (of the environment), say (further
                  words in it), ca (of clients), env (beside the three),
                  nonblocking (the client's socket, from the beginning)
        """

        def __init__(self, mode="s6", numbers=(7, 5, 4), launcher=None,
                     **options):
            pair = certificate("ec", "outside")
            reports = place.home("report")
            os.chmod(reports, 0o777)
            self.options = {
                "mode": mode, "numbers": numbers,
                "pair": [pair.certificate, pair.key],
                "report": os.path.join(reports, "report"),
                **(launcher or {})}
            super().__init__(**options)

        def command(self):
            """Behind the launcher."""
            return [sys.executable, os.path.abspath(__file__),
                    json.dumps(self.options), *super().command()]

        def report(self):
            """What the launcher saw when it was asked."""
            with open(self.options["report"], encoding="ascii") as file:
                return json.load(file)
