"""For the tests of AUTH: stored secrets made here, a SCRAM client that can
misbehave, and a server without a launcher."""
import base64
import hashlib
import hmac
import os
import socket
import subprocess

from . import place
from .client import DEADLINE, Client

HASHES = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}


def b64(data):
    """Base64 as text."""
    data = data if isinstance(data, bytes) else data.encode()
    return base64.b64encode(data).decode()


def offer(client, prefix="AUTH "):
    """The mechanisms in EHLO's reply, or None."""
    found = [k[len(prefix):] for k in client.hello() if k.startswith(prefix)]
    return found[0] if found else None


def scram_secret(mechanism, password, iterations=4096,
                 salt=b"saltsaltsaltsalt"):
    """{SCHEME}iterations,salt,stored key,server key (RFC 5802 §3)."""
    name = HASHES[mechanism]
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    client_key = hmac.new(salted, b"Client Key", name).digest()
    stored = hashlib.new(name, client_key).digest()
    server_key = hmac.new(salted, b"Server Key", name).digest()
    return (f"{{{mechanism}}}{iterations},{b64(salt)},{b64(stored)},"
            f"{b64(server_key)}")


class Scram:
    """The client's side step by step; the caller may change every part."""

    def __init__(self, mechanism, user, password, header="n,,",
                 nonce="clientnonce"):
        self.name = HASHES[mechanism]
        self.password = password
        self.header = header
        self.nonce = nonce
        self.bare = f"n={user},r={nonce}"
        self.first = header + self.bare
        self.server_signature = b""

    def parts(self, challenge):
        """The attributes of a challenge."""
        return dict(part.split("=", 1) for part in challenge.split(","))

    def final(self, challenge, channel=None, nonce=None, extension="",
              password=None):
        """The answer to the server's first message."""
        parts = self.parts(challenge)
        salted = hashlib.pbkdf2_hmac(
            self.name, (password or self.password).encode(),
            base64.b64decode(parts["s"]), int(parts["i"]))
        channel = b64(self.header) if channel is None else channel
        without = f"c={channel},r={nonce or parts['r']}{extension}"
        message = f"{self.bare},{challenge},{without}".encode()
        key = hmac.new(salted, b"Client Key", self.name).digest()
        stored = hashlib.new(self.name, key).digest()
        signature = hmac.new(stored, message, self.name).digest()
        proof = bytes(a ^ b for a, b in zip(key, signature))
        server_key = hmac.new(salted, b"Server Key", self.name).digest()
        self.server_signature = hmac.new(server_key, message,
                                         self.name).digest()
        return without + ",p=" + b64(proof)


def challenge_of(reply):
    """The text inside a 334."""
    return base64.b64decode(reply[4:]).decode()


class Single:
    """One smtpd-auth at the end of a socket pair, as inetd would start it.

    .client is its Client, .log() what it logged after it has ended.
    """

    def __init__(self, server, env=None, args=()):
        ours, theirs = socket.socketpair()
        environment = {**server.env, **(env or {})}
        environment = {k: v for k, v in environment.items() if v is not None}
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*server.command(), *args], stdin=theirs, stdout=theirs,
            stderr=server.log_reader.write_fd, env=environment, cwd="/")
        theirs.close()
        self.client = attach(ours)

    def __enter__(self):
        return self.client

    def __exit__(self, *_):
        self.client.close()
        self.process.wait(60)


def attach(sock, deadline=DEADLINE):
    """A Client over a socket that is connected already."""
    client = Client.__new__(Client)
    client.deadline = deadline
    client.buffer = b""
    client.sock = sock
    sock.settimeout(deadline)
    client.greeting = client.expect("220 ")
    return client


def user_file(server, lines):
    """Writes authusers and compiles it."""
    path = server.path("authusers")
    place.write(path, "".join(line + "\n" for line in lines), 0o600)
    return server.passwd("build")


def cdb(server):
    """The compiled user file as bytes."""
    with open(server.path("authusers.cdb"), "rb") as file:
        return file.read()


def replace(path, data, mode=0o644):
    """Replaces a file by another in one step, as a renewal does."""
    place.write(path + ".new", data, mode)
    os.rename(path + ".new", path)
