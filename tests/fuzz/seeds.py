"""First inputs of fuzz targets: one of each kind that is whole and good, where
chance would not come upon it (a signature of twelve octets, a certificate).
From them on it is fuzzing's, and what it keeps is in corpus/."""
import base64
import os
import re
import socket
import struct

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def proxyheader():
    """The first octet is the longest piece."""
    ends4 = socket.inet_aton("198.51.100.7") + socket.inet_aton(
        "203.0.113.1") + struct.pack("!HH", 50000, 25)
    ends6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + \
        socket.inet_pton(socket.AF_INET6, "2001:db8::1") + \
        struct.pack("!HH", 50000, 25)

    def tlv(kind, value):
        return struct.pack("!BH", kind, len(value)) + value

    tls = tlv(0x20, b"\x01\0\0\0\0" + tlv(0x21, b"TLSv1.3") +
              tlv(0x23, b"TLS_AES_128_GCM_SHA256"))
    name = tlv(0x02, b"mail.example.com")

    def header(command, kind, body):
        return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(
            "!BBH", command, kind, len(body)) + body

    for first in (b"\1", b"\x10", b"\xff"):
        yield first + b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 25\r\n"
        yield first + b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 25\r\n"
        yield first + b"PROXY UNKNOWN\r\n"
        yield first + header(0x21, 0x11, ends4 + name + tls)
        yield first + header(0x21, 0x21, ends6 + tls + tlv(0xE0, b"x" * 300))
        yield first + header(0x20, 0, b"")
        yield first + header(0x20, 0x11, ends4)
        yield first + header(0x21, 0, name)


def auth():
    """The first octet is the mechanism; 0xFF ends a response."""
    scram = base64.b64encode(bytes(range(18)))
    digest = base64.b64encode(bytes(range(24)))
    for kind, proof in ((0, 32), (1, 20)):
        yield bytes([kind]) + b"n,,n=joe,r=abc\xffc=biws,r=abc" + scram + \
            b",p=" + base64.b64encode(b"x" * proof)
        yield bytes([kind]) + b"y,a=joe,n=joe,r=abc,x=y\xffc=" + \
            base64.b64encode(b"y,a=joe,") + b",r=abc" + scram + b",p=" + \
            base64.b64encode(b"x" * proof)
    for kind, proof in ((6, 32), (7, 20)):
        yield bytes([kind]) + b"p=tls-unique,,n=joe,r=abc\xffc=" + \
            base64.b64encode(b"p=tls-unique,," + b"0123456789abcdef" * 2) + \
            b",r=abc" + scram + b",p=" + base64.b64encode(b"x" * proof)
        yield bytes([kind]) + b"p=tls-server-end-point,,n=joe,r=abc\xffc=" + \
            base64.b64encode(b"p=tls-server-end-point,," +
                             b"0123456789abcdef" * 2) + \
            b",r=abc" + scram + b",p=" + base64.b64encode(b"x" * proof)
    for password in (b"pencil", b"wrong"):
        yield b"\2\0joe\0" + password
        yield b"\2joe\0joe\0" + password
        yield b"\3joe\xff" + password
        yield b"\2\0off\0" + password
    yield b"\4joe " + b"0123456789abcdef" * 2
    yield b'\5username="joe",realm="mx.example.org",nonce="' + digest + \
        b'",cnonce="abc",nc=00000001,qop=auth,charset=utf-8,' \
        b'digest-uri="smtp/mx.example.org",response=' + \
        b"0123456789abcdef" * 2 + b"\xff"


def certificate():
    """A chain: two octets of length before each certificate."""
    with open(TOP + "/tests/joe-certificate.h", encoding="ascii") as file:
        der = bytes.fromhex("".join(re.findall(
            r'"([0-9a-f]+)"', file.read().split("JOE_DER_HEX")[1])))
    one = len(der).to_bytes(2, "big") + der
    yield one
    yield one + one
    yield one + b"\0"


def envelope():
    """Paths, as ASK_PATHS has them."""
    yield b"Fjoe@example.com\0Tann@example.org\0Tbob@example.org\0"
    yield b"HHe\0F\0Tann@example.org\0"
    yield b"Eclient.example.org\0Fjoe@example.com\0T" + b"x" * 300 + \
        b"@example.org\0" + b"".join(b"Tu%d@example.org\0" % i
                                     for i in range(40))
    yield b"Fa@b\0Tx@[192.0.2.1]\0Tpostmaster\0"


def qmqp():
    """The first octets: the longest piece, and how many runs of x."""
    for first in (b"\0\0", b"\x40\0", b"\1\1"):
        yield first + b"16:Kok 1795858979 q,"
        yield first + b"5:Zbusy,"
        yield first + b"3:Dno,"
        yield first + b"192.0.2.1\n192.0.2.2:628\n# x\n[2001:db8::1]:629\n" \
            b"2001:db8::2\n/run/qmqp\n"


def dovecot():
    """A handshake; behind 0xFF the answers."""
    shake = b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tSCRAM-SHA-256\t" \
        b"mutual-auth\nMECH\tEXTERNAL\nMECH\tCRAM-MD5\tdictionary\tactive\n" \
        b"MECH\tX\tprivate\nSPID\t1\nCUID\t2\nCOOKIE\tabc\nDONE\n\xff"
    yield shake + b"OK\t1\tuser=joe@example.com\toriginal_user=joe\n"
    yield shake + b"CONT\t1\tPDEyMz4=\nFAIL\t1\tuser=joe\tauthz\n"
    yield shake + b"FAIL\t1\tuser=joe\ttemp\n"
    yield shake + b"FAIL\t1\tcode=user_disabled\treason=x\n"
    yield shake + b"CONT\t1\t\nOK\t1\tuser=x\tresp=cnNwYXV0aD0=\n"


def line():
    """Lines of logs: ours, with each launcher's label."""
    for label in (b"@400000006b0c2f3a12345678 ", b"2026-11-28T09:00:00Z ",
                  b"Nov 28 09:00:00 mx ", b""):
        yield label + b"smtpd-auth: 1 192.0.2.1 auth ok user=joe mech=PLAIN\n"
        yield label + b"smtpd-auth: 1 192.0.2.1 message accepted id=1.1 " \
            b"from=<a@b> rcpts=1 octets=2 user=joe\n"
        yield label + b"smtpd-auth: 1 192.0.2.1 end seconds=0.1 " \
            b"messages=1 reason=quit\n"


SEEDS = {"proxyheader": proxyheader, "auth": auth, "certificate": certificate,
         "envelope": envelope, "qmqp": qmqp, "dovecot": dovecot, "line": line}


def write(name, directory):
    """Puts them into a directory."""
    for number, octets in enumerate(SEEDS.get(name, lambda: ())()):
        with open(f"{directory}/seed-{number}", "wb") as file:
            file.write(octets)
