"""For the tests of TLS: certificates of every sort, and what a client saw."""
import os
import socket
import ssl
import subprocess

from . import place


def openssl(*arguments, directory=None, stdin=""):
    """Runs openssl, returns what it printed."""
    done = subprocess.run(["openssl", *arguments], cwd=directory, check=False,
                          input=stdin, text=True, capture_output=True)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments}: {done.stderr}")
    return done.stdout


def read(*path):
    """A text file."""
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()


def pair(server, certificate_text, key_text, directory=""):
    """Writes servercert.pem and serverkey.pem; None removes."""
    for name, text in (("servercert.pem", certificate_text),
                       ("serverkey.pem", key_text)):
        path = server.path(directory + name)
        if text is not None:
            server.write(directory + name, text)
        elif os.path.lexists(path):
            os.unlink(path)


class Authority:
    """A root, and an intermediate that it signed: chains of two."""

    def __init__(self):
        self.directory = place.home("authority")
        self.make("root", "root.example.org", None)
        self.make("middle", "middle.example.org", "root", ca=True)

    def make(self, file, name, issuer, ca=False, days=30, key=("ec",)):
        """FILE.pem and FILE.key; self-signed without an issuer."""
        kind = {"ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
                "rsa": ["rsa:2048"]}[key[0]]
        extensions = ["-addext", "basicConstraints=critical,CA:TRUE"] \
            if ca or not issuer else ["-addext", "subjectAltName=DNS:" + name]
        issuing = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] \
            if issuer else []
        openssl("req", "-x509", "-newkey", *kind, "-nodes", "-subj",
                "/CN=" + name, "-days", str(days), "-keyout", file + ".key",
                "-out", file + ".pem", *issuing, *extensions,
                directory=self.directory)
        return self.text(file + ".pem"), self.text(file + ".key")

    def text(self, name):
        """A file of it."""
        return read(self.directory, name)

    @property
    def root(self):
        """Path of the root's certificate."""
        return os.path.join(self.directory, "root.pem")


def context(cafile=None, ciphers=None, low=None, high=None):
    """What a client accepts; anything without a cafile."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if cafile:
        made.load_verify_locations(cafile)
    else:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if ciphers:
        made.set_ciphers(ciphers)
    if low:
        made.minimum_version = low
    if high:
        made.maximum_version = high
    return made


def common_name(der):
    """Of a certificate."""
    pem = ssl.DER_cert_to_PEM_cert(der)
    return openssl("x509", "-noout", "-subject", stdin=pem).split("CN")[-1] \
        .strip(" =\n")


def raw_hello(client, **options):
    """Sends a ClientHello made by client_hello() and reads the answer.

    The common name of the certificate in it; None when there is none.
    """
    client.send(client_hello(**options))
    messages = b"".join(content for kind, content in records(client.sock)
                        if kind == 22)
    while messages:
        n = int.from_bytes(messages[1:4], "big")
        if messages[0] == 11:
            leaf = int.from_bytes(messages[7:10], "big")
            return common_name(messages[10:10 + leaf])
        messages = messages[4 + n:]
    return None


def shows(client):
    """The certificate that was served, as PEM."""
    return ssl.DER_cert_to_PEM_cert(
        client.sock.getpeercert(binary_form=True)).strip()


def s_client(port, *arguments, stdin="", starttls=True, deadline=300):
    """openssl s_client; what it printed, on either descriptor."""
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}",
             *(["-starttls", "smtp"] if starttls else []), *arguments]
    done = subprocess.run(words, input=stdin, text=True, check=False,
                          capture_output=True, timeout=deadline,
                          errors="replace")
    return done.stdout + done.stderr


def client_hello(version=0x0303, suites=(0xC02B, 0xC02F), name=None,
                 extensions=b"", groups=(0x17,), signatures=(0x0403, 0x0401)):
    """A ClientHello record; name: of the server, bytes."""
    def block(data, size=2):
        return len(data).to_bytes(size, "big") + data

    def numbers(values):
        return b"".join(v.to_bytes(2, "big") for v in values)

    exts = b""
    if name is not None:
        exts += b"\0\0" + block(block(b"\0" + block(name)))
    if groups:
        exts += b"\0\x0a" + block(block(numbers(groups)))
        exts += b"\0\x0b" + block(block(b"\0", 1))
    if signatures:
        exts += b"\0\x0d" + block(block(numbers(signatures)))
    exts += extensions
    body = (version.to_bytes(2, "big") + bytes(32) + b"\0" +
            block(numbers(suites)) + b"\1\0" + block(exts))
    return (b"\x16\x03\x01" + block(b"\1" + block(body, 3)))


def records(sock):
    """(type, content) of TLS records until the end or a first alert."""
    data = b""
    found = []
    sock.settimeout(15)
    while True:
        try:
            more = sock.recv(65536)
        except (ConnectionResetError, socket.timeout):
            more = b""
        if not more:
            return found
        data += more
        while len(data) >= 5:
            n = int.from_bytes(data[3:5], "big")
            if len(data) < 5 + n:
                break
            found.append((data[0], data[5:5 + n]))
            data = data[5 + n:]
        if found and found[-1][0] == 22 and \
                found[-1][1][-4:] == b"\x0e\0\0\0":
            return found  # ServerHelloDone
