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


SCRAM_256 = b"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
    b"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
    b"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
SCRAM_1 = b"{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=," \
    b"D+CSWLOshSulAsxiupA+qs2/fTE="


def userfile():
    """Lines of the user file."""
    hexes = b"00112233445566778899aabbccddeeff"
    yield b"# users\njoe:{PLAIN}pencil:::\nann@example.com:!{PLAIN}x:::\n"
    yield b"joe:" + SCRAM_256 + b":::smtp_secret_a=" + SCRAM_1 + b"\n"
    yield b"joe:" + SCRAM_1 + b":::smtp_secret_phone={PLAIN}y " \
        b"smtp_expires_phone=2030-01-01 smtp_expires_=2031-12-31 " \
        b"smtp_sender=@example.com,a@b smtp_sender=c@d\n"
    yield b"joe::::smtp_secret_a={CRAM-MD5}" + hexes * 2 + \
        b" smtp_secret_b={DIGEST-MD5}mx.example.org," + hexes + \
        b" smtp_secret_c={CERT-SHA256}" + hexes * 2 + b"\n"
    yield b"Joe:{PLAIN}a:::\njoe:{PLAIN}b:::\nbad line\n:x:::\n"
    yield b"# smtpd-key MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n" \
        b"j\xc3\xb6e@example.com:{PLAIN}p\xc3\xa4ss:::\n"
    yield b"".join(b"u%d:{PLAIN}x:::\n" % i for i in range(60))


def formats():
    """The first octet is the format; from 128 on a dump of a database."""
    yield b"\0joe@example.com:{PLAIN}pencil:1000:1000::/home/joe::x=y\n" \
        b"ann:" + SCRAM_256 + b"::::::\n"
    yield b"\1joe:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\nann:{PLAIN}x\n"
    yield b"\2joe:!:19000:0:99999:7:::\nann:*:19000::::1:\nbob::1:::::\n"
    yield b"\3joe:x:1:0:Joe:/home/joe:NOQUOTA:pencil\n"
    yield b"\4joe:{PLAIN}pencil\nann@example.com:x:1:2\n"
    yield b"\5joe\0example.com\0userPassword\0pencil\n"
    for kind in range(6):
        yield bytes([128 + kind + 4]) + b"joe\nHEADER=END\n" \
            b" joe\\00example.com\\00userPassword\n pencil\nDATA=END\n"
        yield bytes([kind]) + b"joe:pencil\nann@example.com:secret:::\n"


def cdb(records):
    """A constant database, as https://cr.yp.to/cdb/cdb.txt has it."""
    out, tables = b"", [[] for _ in range(256)]
    for key, data in records:
        hashed = 5381
        for octet in key:
            hashed = (hashed * 33 & 0xffffffff) ^ octet
        tables[hashed % 256].append((hashed, 2048 + len(out)))
        out += struct.pack("<II", len(key), len(data)) + key + data
    head = b""
    for table in tables:
        slots = [(0, 0)] * (2 * len(table))
        for hashed, at in table:
            i = hashed // 256 % len(slots)
            while slots[i][1]:
                i = (i + 1) % len(slots)
            slots[i] = hashed, at
        head += struct.pack("<II", 2048 + len(out), len(slots))
        out += b"".join(struct.pack("<II", *slot) for slot in slots)
    return head + out


def validrcptto():
    """A recipient, the text, the database."""
    some = b"# x\njoe@example.com\n-spam@example.com\n@example.org\n" \
        b"-@example.net\n"
    keys = [(line, b"") for line in some.splitlines()]
    for recipient in (b"Joe@example.com", b"spam@example.com", b"x@example.org",
                      b"postmaster@example.net", b"y@example.net", b"z"):
        yield recipient + b"\n" + some
        yield recipient + b"\n\0" + cdb(keys)
        yield recipient + b"\n" + some + b"\0" + cdb(keys[1:3])
    yield b"joe\n\0" + cdb([(b"-joe", b"x" * 2000)])
    yield b"joe\n\0" + cdb([])


def state():
    """How the file is damaged, then by what."""
    for length in (1, 95, 500, 2048):
        yield b"\0" + b"smtpd-1\0" + struct.pack("=II", 4, 4) + b"x" * length
        yield b"\1" + bytes(range(250)) * (length // 250 + 1)
    yield b"\2" + b"".join(struct.pack("!HB", at, 255)
                           for at in range(0, 96, 3))
    yield b"\2" + b"".join(struct.pack("!HB", 4096 + at, 1)
                           for at in range(0, 512, 5))


def tls_words():
    """What a launcher says once TLS has begun."""
    yield b"SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER=TLS_AES_128_GCM_SHA256\0" \
        b"SSL_TLS_SNI_SERVERNAME=mx.example.org\0SSL_PEER_CERT_HASH=SHA256:" + \
        b"0123456789abcdef" * 4 + b"\0\0"


SEEDS = {"proxyheader": proxyheader, "auth": auth, "certificate": certificate,
         "envelope": envelope, "qmqp": qmqp, "dovecot": dovecot, "line": line,
         "userfile": userfile, "formats": formats, "validrcptto": validrcptto,
         "state": state, "tls_words": tls_words}


def write(name, directory):
    """Puts them into a directory."""
    for number, octets in enumerate(SEEDS.get(name, tuple)()):
        with open(f"{directory}/seed-{number}", "wb") as file:
            file.write(octets)
