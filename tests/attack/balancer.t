#!/usr/bin/env python3
"""A balancer that means it badly, and a reader of its header that was taken
over: what is no header is answered by nothing and named in the log; nobody is
let in by one that is not whole, and no line of the log is forged."""
import re
import socket
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Servers, Tally, forged  # noqa: E402
from support.extra_puppet import WRITE, Hostile  # noqa: E402

ON = {"PROXYPROTOCOL": "1", "PROXYTLS": "1", "REQUIREAUTH": "0"}
CLIENT = "198.51.100.7"
V1 = b"PROXY TCP4 198.51.100.7 203.0.113.1 50000 25\r\n"
V1_6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 25\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ENDS4 = socket.inet_aton(CLIENT) + socket.inet_aton("203.0.113.1") + \
    struct.pack("!HH", 50000, 25)
ENDS6 = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + \
    struct.pack("!HH", 50000, 25)
TLS = b"\x20\x00\x0f\x01\0\0\0\0\x21\0\7TLSv1.3"
FORGERY = b"x\nsmtpd-auth: 1 192.0.2.1 auth ok user=root"


def v2(kind, body, command=0x21, length=None):
    """A header of version 2."""
    return SIGNATURE + struct.pack(
        "!BBH", command, kind, len(body) if length is None else length) + body


def tlv(kind, value, length=None):
    """One of it."""
    return struct.pack("!BH", kind, len(value) if length is None else
                       length) + value


def ssl(*inner, client=1, verify=0):
    """PP2_TYPE_SSL."""
    return tlv(0x20, struct.pack("!BI", client, verify) + b"".join(inner))


NONE, SYNTAX, SHORT, FAMILY = "none", "syntax", "short", "family"
IN, CHECK = "in", "check"  # greeted; a health check of the balancer's own


def line(text):
    """A line of version 1."""
    return b"PROXY " + text + b"\r\n"


BAD = [  # what, the octets, the word on the log
    ("EHLO", b"EHLO client.example.org\r\n", NONE),
    ("a TLS client", b"\x16\x03\x01\x02\0\x01\0\0\0\0\0\0", NONE),
    ("HTTP", b"GET / HTTP/1.1\r\n\r\n", NONE), ("NUL", b"\0" * 100, NONE),
    ("small letters", V1.lower(), NONE), ("a blank before", b" " + V1, NONE),
    ("two blanks", b"PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", SYNTAX),
    ("a tab", b"PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n", NONE),
    ("LF alone", V1.replace(b"\r\n", b"\n"), SYNTAX),
    ("CR alone", V1.replace(b"\r\n", b"\r") + b"x" * 200, SYNTAX),
    ("CR CR LF", V1.replace(b"\r\n", b"\r\r\n"), SYNTAX),
    ("nothing behind PROXY", line(b""), SYNTAX),
    ("a family that is none", line(b"TCP5 1.2.3.4 1.2.3.4 1 2"), SYNTAX),
    ("UDP4", line(b"UDP4 1.2.3.4 1.2.3.4 1 2"), SYNTAX),
    ("UNIX", line(b"UNIX /a /b"), SYNTAX),
    ("tcp4", line(b"tcp4 1.2.3.4 1.2.3.4 1 2"), SYNTAX),
    ("no address", line(b"TCP4"), SYNTAX),
    ("one address", line(b"TCP4 1.2.3.4"), SYNTAX),
    ("one port", line(b"TCP4 1.2.3.4 1.2.3.4 1"), SYNTAX),
    ("three ports", line(b"TCP4 1.2.3.4 1.2.3.4 1 2 3"), SYNTAX),
    ("a blank behind", line(b"TCP4 1.2.3.4 1.2.3.4 1 2 "), SYNTAX),
    ("no blank", line(b"TCP4 1.2.3.4,1.2.3.4 1 2"), SYNTAX),
    ("a port over 65535", line(b"TCP4 1.2.3.4 1.2.3.4 65536 2"), SYNTAX),
    ("a port below 0", line(b"TCP4 1.2.3.4 1.2.3.4 -1 2"), SYNTAX),
    ("a port with +", line(b"TCP4 1.2.3.4 1.2.3.4 +1 2"), SYNTAX),
    ("a port in hex", line(b"TCP4 1.2.3.4 1.2.3.4 0x1 2"), SYNTAX),
    ("a port with zeros", line(b"TCP4 1.2.3.4 1.2.3.4 01 2"), SYNTAX),
    ("a port of 2^32", line(b"TCP4 1.2.3.4 1.2.3.4 4294967297 2"), SYNTAX),
    ("an empty port", line(b"TCP4 1.2.3.4 1.2.3.4  2"), SYNTAX),
    ("an address over 255", line(b"TCP4 1.2.3.256 1.2.3.4 1 2"), SYNTAX),
    ("three octets", line(b"TCP4 1.2.3 1.2.3.4 1 2"), SYNTAX),
    ("octal", line(b"TCP4 01.2.3.4 1.2.3.4 1 2"), SYNTAX),
    ("a name", line(b"TCP4 localhost 1.2.3.4 1 2"), SYNTAX),
    ("IPv6 in TCP4", line(b"TCP4 ::1 ::1 1 2"), SYNTAX),
    ("IPv4 in TCP6", line(b"TCP6 1.2.3.4 1.2.3.4 1 2"), SYNTAX),
    ("a scope", line(b"TCP6 fe80::1%lo fe80::1 1 2"), SYNTAX),
    ("brackets", line(b"TCP6 [::1] ::1 1 2"), SYNTAX),
    ("NUL in an address", line(b"TCP4 1.2.3.4\0 1.2.3.4 1 2"), SYNTAX),
    ("NUL in a port", line(b"TCP4 1.2.3.4 1.2.3.4 1\0 2"), SYNTAX),
    ("a log line", line(b"TCP4 " + FORGERY.replace(b"\n", b"\r") +
                        b" 1.2.3.4 1 2"), SYNTAX),
    ("108 octets", line(b"UNKNOWN " + b"x" * 92), SYNTAX),
    ("a megabyte", b"PROXY UNKNOWN " + b"x" * 100000, SYNTAX),
    ("version 1 in version 2", v2(0x11, ENDS4, 0x11), SYNTAX),
    ("version 3", v2(0x11, ENDS4, 0x31), SYNTAX),
    ("version 0", v2(0x11, ENDS4, 0x01), SYNTAX),
    ("no address at all", v2(0x11, b""), SHORT),
    ("IPv6 that is IPv4", v2(0x21, ENDS4), SHORT),
    ("a TLV cut in its head", v2(0x11, ENDS4 + b"\4"), SHORT),
    ("a TLV cut behind it", v2(0x11, ENDS4 + b"\4\0"), SHORT),
    ("a TLV without its value", v2(0x11, ENDS4 + tlv(4, b"", 1)), SHORT),
    ("a TLV of 65535", v2(0x11, ENDS4 + tlv(4, b"x", 65535)), SHORT),
    ("a TLV too long by one", v2(0x11, ENDS4 + tlv(4, b"xx", 3)), SHORT),
    ("one good and one not", v2(0x11, ENDS4 + tlv(4, b"xx") + b"\4\0\1"),
     SHORT),
    ("SSL of no octet", v2(0x11, ENDS4 + tlv(0x20, b"")), None),
    ("SSL of four", v2(0x11, ENDS4 + tlv(0x20, b"\1\0\0\0")), None),
    ("SSL whose inner one is longer", v2(0x11, ENDS4 + ssl(
        tlv(0x21, b"TLSv1.3", 200))), SHORT),
    ("SSL whose inner one is cut", v2(0x11, ENDS4 + ssl(b"\x21\0")), SHORT),
    ("SSL that reaches into the next", v2(0x11, ENDS4 + tlv(
        0x20, b"\1\0\0\0\0" + tlv(0x21, b"T", 8)) + tlv(4, b"xxxxxxx")), SHORT),
    ("a log line for a version", v2(0x11, ENDS4 + ssl(tlv(0x21, FORGERY))),
     IN), ("a log line for a cipher", v2(0x11, ENDS4 + ssl(tlv(
         0x21, b"TLSv1.3"), tlv(0x23, FORGERY))), IN),
    ("a log line for a name", v2(0x11, ENDS4 + tlv(2, FORGERY) + TLS), IN),
    ("a name of 60,000", v2(0x11, ENDS4 + tlv(2, b"x" * 60000)), IN),
    ("a version of 60,000", v2(0x11, ENDS4 + ssl(tlv(0x21, b"x" * 60000))),
     IN), ("20,000 TLV", v2(0x11, ENDS4 + tlv(4, b"") * 20000), IN),
    ("SSL in SSL in SSL", v2(0x11, ENDS4 + ssl(ssl(ssl()))), IN),
    ("two of SSL", v2(0x11, ENDS4 + ssl(client=0) + ssl(tlv(
        0x21, b"TLSv1.3"))), IN),
    ("every bit of it", v2(0x11, ENDS4 + tlv(0x20, b"\xff" * 100)), SHORT),
    ("an IPv4 client", v2(0x11, ENDS4), IN), ("an IPv6 one", v2(
        0x21, ENDS6), IN), ("version 1", V1, IN), ("and TCP6", V1_6, IN),
    ("a client 0.0.0.0", line(b"TCP4 0.0.0.0 0.0.0.0 0 0"), IN),
    ("a broadcast", line(b"TCP4 255.255.255.255 1.2.3.4 1 2"), IN),
    ("UNKNOWN", line(b"UNKNOWN"), CHECK),
    ("UNKNOWN with a log line", line(
        b"UNKNOWN " + FORGERY.replace(b"\n", b"\r")), CHECK),
    ("LOCAL", v2(0, b"", 0x20), CHECK),
    ("LOCAL with 60,000", v2(0x11, b"x" * 60000, 0x20), CHECK),
    ("UNSPEC", v2(0, b""), CHECK),
]
for command in (0x22, 0x2f, 0xa1, 0xff):
    BAD.append((f"command {command:#x}", v2(0x11, ENDS4, command), SYNTAX))
for kind in (0x12, 0x22, 0x31, 0x32, 0x13, 0x41, 0xf1, 0x1f, 0xff):
    BAD.append((f"family {kind:#x}", v2(kind, ENDS6 + b"\0" * 200), FAMILY))
for place in range(12):
    wrong = bytearray(v2(0x11, ENDS4))
    wrong[place] ^= 1
    BAD.append((f"octet {place} of the signature", bytes(wrong), NONE))
for length in (0, 1, 11, 35):
    BAD.append((f"length {length}", v2(0x21, ENDS6, length=length), SHORT))
CUT = [(f"{name}, cut behind {n}", octets[:n]) for name, octets in (
    ("version 1", V1), ("version 2", v2(0x11, ENDS4 + tlv(4, b"xx") + TLS)))
    for n in range(1, len(octets))]
tally = Tally("hostile balancer")
readers = Tally("hostile reader")
THREADS = 4
servers = Servers(tally)


def outcome(text):
    """From the log: how it was taken."""
    found = re.search(r"(?m) connect refused .*detail=(\w+)$", text)
    if found:
        return found[1]
    return IN if re.search(r"(?m)^smtpd-auth: \d+ \S+ connect port=", text) \
        else CHECK


def attempt(item):
    """One header; cut: nothing more comes behind it."""
    what, octets, expected, cut = item
    with servers.attempt(what) as turn:
        with turn.server.client(greet=False) as c:
            try:
                c.send(octets)
                if cut:
                    c.shutdown()
                else:
                    c.send(b"QUIT\r\n")
                got = c.rest()
            except OSError:  # it was reset
                got = b""
        turn.server.wait_idle(12)
        turn.result = outcome(turn.text())
        if expected is not None and turn.result != expected:
            turn.wins.append(f"is {turn.result}, not {expected}: {turn.text()}")
        if turn.result in (IN, CHECK):
            if not got.startswith(b"220 "):
                turn.wins.append(f"no greeting: {got}")
        elif got:
            turn.wins.append(f"a reply: {got}")
        turn.wins += [f"a line is forged: {text!r}"
                      for text in forged(turn.text())]


TEXT_MAX = int(re.search(r"#define TLV_TEXT_MAX (\d+)", open(
    TOP + "/proxy/tlv.h", encoding="utf-8").read())[1])


def record(verdict=1, step=0, tls=0, family=2, text=b"", length=None):
    """struct reader_record (proxy/reader.h)."""
    one = struct.pack("=Q", len(text) if length is None else length) + \
        text[:TEXT_MAX].ljust(TEXT_MAX, b"\0")
    one += b"\0" * (-len(one) % 8)
    head = struct.pack("=BBBxH", verdict, step, tls, family) + \
        b"\xc6\x33\x64\7" + b"\0" * 12 + b"\1\2" + b"\xcb\0\x71\1" + \
        b"\0" * 12 + b"\0\x19"
    return head + b"\0" * (-len(head) % 8) + one * 3


def taken_over(item):
    """What it writes in place of a record."""
    what, packets = item
    with Hostile("reader", env=ON) as server, \
            readers.attempt(what, server) as turn:
        with server.session() as s:
            for packet in packets:
                s.call(WRITE, 1, ("room", 0), len(packet), given=packet,
                       mute=True)
            try:
                s.client.shutdown()
                got = s.client.rest()
            except OSError:  # it was reset
                got = b""
        left = server.wait_idle(12)
        text = turn.text()
        turn.wins += [f"a line is forged: {line!r}" for line in forged(text)]
        turn.wins += [f"left: {left}"] if left else []
        turn.result = "421" if got.startswith(b"421 ") else outcome(text)
        if turn.result == "421" and " config fail " not in text:
            turn.wins.append("no line says why")
        if turn.result == IN and packets[0][:1] != b"\1":
            turn.wins.append("it is let in")


WHOLE = len(record())
RECORDS = [("it exits", []), ("nothing", [b""]),
           ("two records", [record(), record()]),
           ("in two pieces", [record()[:50], record()[50:]]),
           ("a log line for all texts", [record(tls=1, text=FORGERY)]),
           ("all octets in its texts", [record(tls=1, text=bytes(range(256)))]),
           ("too much", [record() + b"x" * 60000])]
RECORDS += [(f"{n} octets", [record()[:n]]) for n in range(1, WHOLE, 40)]
RECORDS += [(f"verdict {n}", [record(n)]) for n in (*range(13), 127, 255)]
RECORDS += [(f"step {n} of its jail", [record(9, n)]) for n in (
    0, 1, 10, 11, 255)]
RECORDS += [(f"family {n}", [record(family=n)]) for n in (
    0, 1, 10, 16, 0xffff)]
RECORDS += [(f"texts of {n}", [record(tls=1, length=n)]) for n in (
    0, 1, TEXT_MAX, TEXT_MAX + 1, 1 << 31, (1 << 64) - 1)]
RECORDS += [(f"{n:#x} everywhere", [bytes([n]) * WHOLE]) for n in (
    0, 1, 2, 10, 32, 127, 128, 255)]

with case("hostile balancer"):
    for _ in range(THREADS):
        servers.put(Server(env=ON))
    parallel(attempt, [
        *((*row, False) for row in BAD),
        *((what, octets, SHORT, True) for what, octets in CUT)], THREADS)
    servers.close()
with case("slow"), Server(env=ON) as server:
    def slowly(item):
        """Less than a header in five seconds: no reply."""
        what, octets = item
        watch = Stopwatch()
        with server.client(greet=False) as c:
            c.send(octets)
            got = c.rest()
        took(watch, 4.5, 12, f"slow: {what}: five seconds")
        tally.count(f"slow: {what}", "timeout", [repr(got)] if got else [])
    parallel(slowly, [("an octet", b"P"), ("no end", V1[:-2]),
                      ("half a signature", SIGNATURE[:6]),
                      ("no addresses", v2(0x11, b"", length=12)),
                      ("no TLV", v2(0x11, ENDS4, length=60000))], 5)
with case("hostile reader"):
    parallel(taken_over, RECORDS, THREADS)
readers.check(50)
tally.check(100)
done()
