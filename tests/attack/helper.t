#!/usr/bin/env python3
"""A helper of UCSPI-TLS that means it badly, by its answer to Y: TLS is on if
and only if it is whole and names a protocol; else the connection ends without
another clear octet. No line of the log is forged, nothing hangs."""
import contextlib
import os
import re
import socket
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Servers, Tally  # noqa: E402

ON, OFF = "tls ok", "tls fail"
GOOD = b"SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER=TLS_AES_256_GCM_SHA384\0"
FORGERY = b"x\nsmtpd-auth: 1 192.0.2.1 auth ok user=root"
HASH = b"SSL_PEER_CERT_HASH=SHA256:"


def words(*entries, end=b"\0"):
    """An answer."""
    return b"".join(entry + b"\0" for entry in entries) + end


PROTOCOL = b"SSL_PROTOCOL=TLSv1.3"
ROWS = [  # what, the answer, TLS?
    ("as it should be", GOOD + b"\0", ON), ("nothing", b"", OFF),
    ("an empty entry", b"\0", OFF), ("two", b"\0\0", OFF),
    ("a Y", b"Y", OFF), ("no end", GOOD, OFF), ("no NUL", GOOD[:-1], OFF),
    ("no protocol", words(b"SSL_CIPHER=x"), OFF),
    ("an empty protocol", words(b"SSL_PROTOCOL="), OFF),
    ("the protocol unset", words(b"SSL_PROTOCOL"), OFF),
    ("set and unset", words(PROTOCOL, b"SSL_PROTOCOL"), OFF),
    ("unset and set", words(b"SSL_PROTOCOL", PROTOCOL), ON),
    ("set and emptied", words(PROTOCOL, b"SSL_PROTOCOL="), OFF),
    ("small letters", words(b"ssl_protocol=TLSv1.3"), OFF),
    ("a blank before", words(b" SSL_PROTOCOL=TLSv1.3"), OFF),
    ("a blank behind", words(b"SSL_PROTOCOL =TLSv1.3"), OFF),
    ("a longer name", words(b"SSL_PROTOCOLS=TLSv1.3"), OFF),
    ("no =", words(b"SSL_PROTOCOL TLSv1.3"), OFF),
    ("in front of it X", words(b"XSSL_PROTOCOL=TLSv1.3"), OFF),
    ("behind the end", words() + GOOD, OFF),
    ("more behind the end", GOOD + b"\0" + b"x" * 100, ON),
    ("two answers", GOOD + b"\0" + words(), ON),
    ("a log line for a protocol", words(b"SSL_PROTOCOL=" + FORGERY), None),
    ("a log line for a cipher", words(PROTOCOL, b"SSL_CIPHER=" + FORGERY), ON),
    ("a log line for a name", words(
        PROTOCOL, b"SSL_TLS_SNI_SERVERNAME=" + FORGERY), ON),
    ("a log line for a hash", words(PROTOCOL, HASH + FORGERY), ON),
    ("8 bits", words(b"SSL_PROTOCOL=\xff\xfe"), None),
    ("ESC", words(PROTOCOL, b"SSL_CIPHER=\x1b[2J"), ON),
    ("= in a value", words(PROTOCOL, b"SSL_CIPHER=a=b=c"), ON),
    ("%s%n", words(PROTOCOL, b"SSL_CIPHER=%s%n%s%n"), ON),
    ("LD_PRELOAD", words(PROTOCOL, b"LD_PRELOAD=/tmp/x"), ON),
    ("RELAYCLIENT", words(PROTOCOL, b"RELAYCLIENT="), ON),
    ("TCPREMOTEIP", words(PROTOCOL, b"TCPREMOTEIP=192.0.2.1"), ON),
    ("QMAILQUEUE", words(PROTOCOL, b"QMAILQUEUE=/bin/true"), ON),
    ("entries of = alone", words(PROTOCOL, *[b"="] * 100), ON),
    ("a thousand entries", words(PROTOCOL, *[b"a=b"] * 1000), ON),
    ("8,192 octets", words(PROTOCOL, b"x" * (8192 - 21 - 2)), ON),
    ("8,193 octets", words(PROTOCOL, b"x" * (8192 - 21 - 1)), OFF),
    ("a megabyte", GOOD + b"x" * 1000000, OFF),
    ("a megabyte of NUL", b"\0" * 1000000, OFF),
    ("HTTP", b"HTTP/1.0 200 OK\r\n\r\n", OFF), ("LF for NUL",
                                                GOOD.replace(b"\0", b"\n"),
                                                OFF),
]
for length in (0, 1, 255, 256, 1000, 8000):
    ROWS.append((f"a protocol of {length}", words(
        b"SSL_PROTOCOL=" + b"T" * length), ON if 0 < length < 256 else OFF))
    ROWS.append((f"a cipher of {length}", words(
        PROTOCOL, b"SSL_CIPHER=" + b"T" * length), ON))
for text in (b"", b"a" * 63, b"a" * 64, b"a" * 65, b"A" * 64, b"g" * 64,
             b"a" * 63 + b"\xff", b"0x" + b"a" * 62, b" " + b"a" * 63):
    ROWS.append((f"a hash {text[:8]!r} of {len(text)}",
                 words(PROTOCOL, HASH + text), ON))
ROWS += [(f"cut behind {n}", (GOOD + b"\0")[:n], OFF)
         for n in range(1, len(GOOD) + 1)]
tally = Tally("hostile helper of TLS")
THREADS = 4
servers = Servers(tally)


class Wired:
    """A server's process, whose helper we are."""

    def __init__(self, server):
        self.client, theirs = socket.socketpair()
        self.control, control = socket.socketpair()
        read_fd, self.to_server = os.pipe()
        self.from_server, write_fd = os.pipe()
        fds = (control.fileno(), read_fd, write_fd)
        names = zip(("SSLCTLFD", "SSLREADFD", "SSLWRITEFD"), map(str, fds))
        self.process = subprocess.Popen(
            server.command(), stdin=theirs, stdout=theirs, pass_fds=fds,
            stderr=server.log_reader.write_fd, cwd="/",
            env={**server.env, **dict(names), "TCPREMOTEIP": "127.0.0.1"})
        theirs.close()
        control.close()
        os.close(read_fd)
        os.close(write_fd)
        self.client.settimeout(60)
        self.control.settimeout(60)

    def clear(self, line, start):
        """A command before TLS."""
        self.client.sendall(line)
        got = b""
        while not re.search(rb"(?m)^\d\d\d .*\r\n\Z", got):
            more = self.client.recv(65536)
            if not more:
                raise AssertionError(f"{line!r}: {got!r}")
            got += more
        if not got.startswith(start):
            raise AssertionError(f"{line!r}: {got!r}")

    def secret(self, line):
        """A command behind it: the reply; none where the server has ended."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.to_server, line)
        got = b""
        while not re.search(rb"(?m)^\d\d\d .*\r\n\Z", got):
            more = os.read(self.from_server, 65536)
            if not more:
                break
            got += more
        return got

    def close(self):
        """All of it; it ends by itself."""
        for end in (self.client, self.control):
            end.close()
        for end in (self.to_server, self.from_server):
            os.close(end)
        self.process.wait(30)


def attempt(row):
    """One answer, and then the end of the control socket."""
    what, answer, expected = row
    with servers.attempt(what) as turn:
        wired = Wired(turn.server)
        try:
            wired.clear(b"", b"220 ")
            wired.clear(b"EHLO x\r\n", b"250")
            wired.clear(b"STARTTLS\r\n", b"220 2.0.0")
            if wired.control.recv(10) != b"Y":
                turn.wins.append("no Y")
            try:
                wired.control.sendall(answer)
                wired.control.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has heard enough
            if expected == OFF:
                left = wired.client.recv(100)
                if left:
                    turn.wins.append(f"a clear octet: {left}")
                result = OFF
            else:
                got = wired.secret(b"EHLO x\r\n")
                result = ON if got else OFF
                if got and (b"STARTTLS" in got or not
                            got.startswith(b"250-")):
                    turn.wins.append(f"EHLO: {got}")
                if got:
                    wired.secret(b"MAIL FROM:<a@example.org>\r\n")
                    got = wired.secret(b"RCPT TO:<x@elsewhere.example>\r\n")
                    if not got.startswith(b"550 5.7.1"):
                        turn.wins.append(f"it relays: {got}")
        finally:
            wired.close()
        turn.end()
        said = re.findall(r"(?m)^smtpd-auth: \d+ \S+ (tls \w+)", turn.text())
        if said != [result] or expected not in (None, result):
            turn.wins.append(f"{said}, not {expected}")
        turn.result = result


def never(item):
    """Not a whole answer in 30 seconds."""
    what, answer = item
    with case(what), Server(env={"REQUIREAUTH": "0"}) as server:
        wired = Wired(server)
        wired.clear(b"", b"220 ")
        wired.clear(b"STARTTLS\r\n", b"220 2.0.0")
        watch = Stopwatch()
        wired.control.sendall(answer)
        left = wired.client.recv(100)
        took(watch, 29, 45, f"{what}: 30 seconds")
        tally.count(what, "timeout", [f"{left}"] if left else [])
        wired.close()


with case("hostile helper"):
    for _ in range(THREADS):
        servers.put(Server(env={"REQUIREAUTH": "0"}))
    parallel(lambda row: (never if len(row) == 2 else attempt)(row), [
        ("silent", b""), ("half an answer, and silent", GOOD), *ROWS],
        THREADS + 2)
    servers.close()
tally.check(100)
done()
