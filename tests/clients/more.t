#!/usr/bin/env python3
"""gsasl, curl, swaks and msmtp: CRAM-MD5, DIGEST-MD5 and EXTERNAL, the
mechanisms that only a list turns on."""
import math
import shutil
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_clients, sasl  # noqa: E402
from support.extra_auth import user_file  # noqa: E402
from support.extra_clients import (  # noqa: E402
    JOE, MESSAGE, MSMTP_WORD, NAME, PASSWORD, RECIPIENT, SENDER, WRONG,
    arrived, authority, message_file, nothing, run)

FILE = message_file()
# One for the address that is connected to; the other clients go by NAME.
LOCAL = certificate("ec", "localhost")
CLIENT = Authority().sign(f"/CN={JOE}")
STRANGER = certificate("ec", "stranger")
ENV = {"AUTHMECHS": "CRAM-MD5 DIGEST-MD5 EXTERNAL PLAIN", "FORCETLS": "1"}
PINNED = "smtp_secret_laptop={CERT-SHA256}" + CLIENT.fingerprint()


def lines(stored):
    """The user file: a clear password, or what each mechanism stores."""
    if not stored:
        return [f"{JOE}:{{PLAIN}}{PASSWORD}:::{PINNED}"]
    # As doveadm pw -s CRAM-MD5 makes it.
    outer, inner = (sasl_context(PASSWORD, mask) for mask in (0x5c, 0x36))
    digest = sasl.digest_user_hash(JOE, NAME, PASSWORD).hex()
    return [f"{JOE}:{{CRAM-MD5}}{outer}{inner}:::smtp_secret_digest-md5="
            f"{{DIGEST-MD5}}{NAME},{digest} {PINNED}"]


def sasl_context(password, mask):
    """MD5's state after one block: its compression function, RFC 1321."""
    key = password.encode().ljust(64, b"\0")
    words = struct.unpack("<16I", bytes(b ^ mask for b in key))
    a, b, c, d = start = (0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
    turns = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23),
             (6, 10, 15, 21))
    for i in range(64):
        if i < 16:
            f, k = (b & c) | (~b & d), i
        elif i < 32:
            f, k = (d & b) | (~d & c), 5 * i + 1
        elif i < 48:
            f, k = b ^ c ^ d, 3 * i + 5
        else:
            f, k = c ^ (b | ~d), 7 * i
        f = (f + a + int(abs(math.sin(i + 1)) * 2 ** 32) +
             words[k % 16]) & 0xffffffff
        n = turns[i // 16][i % 4]
        a, d, c = d, c, b
        b = (b + (f << n | f >> 32 - n)) & 0xffffffff
    return struct.pack("<4I", *((x + y) & 0xffffffff for x, y in
                                zip((a, b, c, d), start))).hex()


def gsasl(server, mechanism, password, pair):
    """It logs in and quits, without a message."""
    words = ["gsasl", "--client", "--smtp", "--no-cb", "--verbose",
             f"--connect=localhost:{server.port}", "--mechanism=" + mechanism,
             "--hostname=localhost", "--service=smtp", "--starttls",
             "--quality-of-protection=qop-auth",
             "--x509-ca-file=" + LOCAL.certificate]
    if mechanism == "EXTERNAL":
        words += ["--authorization-id=" + JOE,
                  "--x509-cert-file=" + pair.certificate,
                  "--x509-key-file=" + pair.key]
    else:
        words += ["--authentication-id=" + JOE, "--password=" + password,
                  "--realm=" + NAME]
    return run(words)


def curl(server, mechanism, password, pair):
    """A message."""
    words = ["curl", "-sS", "-v", "--max-time", "30", "--ssl-reqd",
             "--cacert", authority(), "--resolve",
             f"{NAME}:{server.port}:127.0.0.1",
             f"smtp://{NAME}:{server.port}/client.example.org",
             "--mail-from", SENDER, "--mail-rcpt", RECIPIENT,
             "--upload-file", FILE, "--login-options", "AUTH=" + mechanism]
    if mechanism == "EXTERNAL":
        words += ["--cert", pair.certificate, "--key", pair.key, "--user",
                  JOE + ":"]  # it wants an empty password
    else:
        words += ["--user", f"{JOE}:{password}"]
    return run(words)


def swaks(server, mechanism, password, pair):
    """A message."""
    del pair
    return run(["swaks", "--server", "127.0.0.1", "--port",
                str(server.port), "--helo", "client.example.org", "--from",
                SENDER, "--to", RECIPIENT, "--auth-user", JOE, "--tls",
                "--auth", mechanism, "--auth-password", password, "--data",
                MESSAGE.rstrip("\n")])


def msmtp(server, mechanism, password, pair):
    """A message."""
    return extra_clients.msmtp(
        server, mechanism, password, more=f"tls_cert_file {pair.certificate}\n"
        f"tls_key_file {pair.key}\n" if mechanism == "EXTERNAL" else "")


CAN = {
    gsasl: run(["gsasl", "--client-mechanisms"])[1].split()
    if shutil.which("gsasl") else [],
    curl: ["CRAM-MD5", "DIGEST-MD5", "EXTERNAL"],
    swaks: [m for m in ("CRAM-MD5", "DIGEST-MD5")
            if f"AUTH {m} supported" in run(["swaks", "--support"])[1]]
    if shutil.which("swaks") else [],
    msmtp: [m.upper() for m in run(["msmtp", "--version"])[1].split()]
    if shutil.which("msmtp") else [],
}


def attempt(server, client, mechanism, what):
    """The right password or certificate, and a wrong one."""
    code, output = client(server, mechanism, PASSWORD, CLIENT)
    ok(code == 0, f"{what}: exit 0", output[-1500:])
    ok(server.wait_log(f"auth ok user={JOE} mech={mechanism}( label=laptop)?$"),
       f"{what}: logged")
    if client is not gsasl:
        arrived(server, what, mechanism,
                MSMTP_WORD if client is msmtp else "ESMTPSA")
    code, output = client(server, mechanism, WRONG, STRANGER)
    nothing(server, what + ", wrong", code, output)


for client in (gsasl, curl, swaks, msmtp):
    name = client.__name__
    pair = LOCAL if client is gsasl else certificate("ec")
    if shutil.which(name) is None:
        skip(name, "is not installed")
        continue
    for mechanism in ("CRAM-MD5", "DIGEST-MD5", "EXTERNAL"):
        if mechanism not in CAN[client]:
            skip(f"{name}: {mechanism}", f"this {name} has it not")
            continue
        for stored in (False, True):
            what = f"{name}: {mechanism}, " + (
                "hashes stored" if stored else "clear password stored")
            with case(what), Server(env=ENV, control={
                    "servercert.pem":
                    pair.certificate_text() + pair.key_text()}) as server:
                user_file(server, lines(stored))
                attempt(server, client, mechanism, what)

done()
