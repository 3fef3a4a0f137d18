#!/usr/bin/env python3
"""A session that was taken over: every request in every state, forged, short,
long and repeated; and what its descriptors let it do. What docs/architecture.md
lists under "What is left" it can; nothing else is to be won."""
import os
import re
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Servers, Tally  # noqa: E402
from support.extra_auth import Scram  # noqa: E402
from support.extra_puppet import (  # noqa: E402
    ASK, CHALLENGE, CHANNEL, CLOSE, OK, SHUTDOWN, WRITE, Dead, Hostile)

JOE = "joe@example.com"
PATHS = b"Fa@example.org\0Tb@example.com\0"
RANDOMS = b"r" * 64
SIGN = RANDOMS + b"\3\0\x17\x41\4" + b"p" * 64
SHA256 = 4

# -------------------------------------------------- the table, as a model ---

CODE = {"ASK_TLS": "TLS", "TELL_TLS": "TELL_TLS"}


def table():
    """docs/architecture.md's: name: (least, most, needs, not in, times)."""
    found = {}
    with open(os.path.join(TOP, "docs", "architecture.md"),
              encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().split("|")[1:-1]]
            if len(cells) != 6 or not re.match("`(ASK|TELL)_", cells[0]):
                continue
            name = cells[0].strip("`")
            name = CODE.get(name) or name.split("_", 1)[1]
            low, _, high = cells[1].partition(",")[0].partition(" to ")
            found[name] = (int(low), int(high or low),
                           set(re.findall(r"\w+", cells[2])),
                           set(re.findall(r"\w+", cells[3])),
                           int(cells[4] or 0))
    return found


RULES = table()
is_(sorted(RULES), sorted(ASK), "the table in docs/architecture.md is read")

# ------------------------------------------------------------- the states ---


def key(s):
    """The private key is in the keeper's memory."""
    assert s.ask("TLS")[1] == OK
    assert s.ask("CERTIFICATE")[1] == OK


def signed(s):
    """... and was used."""
    key(s)
    assert s.ask("SIGN", SIGN, SHA256)[2]


def tls(s):
    """TLS is on, says the session."""
    signed(s)
    s.tell("TELL_TLS", struct.pack("=HHiHH", 0x303, 0xC02B, 0, 0, 0))


def exchange(s):
    """The client's turn."""
    first = Scram("SCRAM-SHA-256", JOE, "secret").first.encode()
    assert s.ask("AUTH", b"SCRAM-SHA-256\0" + first, 1)[1] == CHALLENGE


def login(s):
    """With the right password."""
    assert s.ask("AUTH", b"PLAIN\0\0" + JOE.encode() + b"\0secret", 1)[1] == OK


def mail(s):
    """A sender and a recipient."""
    assert s.ask("PATHS", b"Fa@example.org\0")[1] == OK
    assert s.ask("PATHS", b"Tb@example.com\0")[1] == OK


def opened(s, octets=b"Subject: x\n\ny\n"):
    """A message, some of it written."""
    verdict, pipe = s.open(struct.pack("=II", 1, 0) + PATHS)
    assert (verdict, pipe) == (OK, 2)
    if octets:
        s.call(WRITE, pipe, ("room", 0), len(octets), given=octets)


def commit(octets=14, written=14, broken=0, more=b""):
    """The body of ASK_COMMIT."""
    return struct.pack("=QQII", octets, written, broken, 0) + more


def committed(s):
    """The commit was asked for; the pipe is still open, so no answer comes."""
    opened(s)
    s.tell("COMMIT", commit())


def over(s):
    """Its last word."""
    s.tell("END", b"", 1)


STATES = {  # what the table calls it; "pending": it may ask nothing
    None: (lambda s: None, set()), key: (key, {"key"}),
    signed: (signed, {"signed"}), tls: (tls, {"signed", "tls"}),
    exchange: (exchange, {"exchange"}), login: (login, {"login"}),
    mail: (mail, {"mail"}), opened: (opened, {"mail", "open"}),
    committed: (committed, {"mail", "open", "pending"}),
    over: (over, {"pending", "over"})}


def allowed(kind, length, now):
    """Does the table let it come once?"""
    if kind not in RULES:
        return False
    least, most, needs, forbids, _ = RULES[kind]
    note = kind in ("TRACE", "END")
    if "pending" in now and not note or kind == "END" and "over" in now:
        return False
    return least <= length <= most and needs <= now and not forbids & now


# --------------------------------------------------------------- attempts ---

tally = Tally("hostile session")
SETTINGS = {"users": {JOE: "secret"}, "certificate": "ec",
            "env": {"TRACE": "1", "AUTHMECHS": "SCRAM-SHA-256 PLAIN",
                    "DATABYTES": "100000", "TIMEOUTQUEUE": "15"}}
HEADER = re.compile(rb"Received: [\x20-\x7e]+\n(?:[ \t][\x20-\x7e]+\n)*"
                    rb"Subject: x\n")
THREADS = 4
servers = Servers(tally)


def attempt(item):
    """Brings a session into its state, and lets it try."""
    what, state, action, expected, limits = item
    logins, runs = limits
    with servers.attempt(what) as turn:
        with turn.server.session() as s:
            try:
                state(s)
                action(s)
            except Dead:
                pass
        turn.end()
        text = turn.text()
        said = re.findall(r"(?m)^smtpd-auth: \d+ \S+ (auth \w+) ", text)
        if said.count("auth ok") > logins:
            turn.wins.append("a login")
        if said.count("auth fail") > 3:
            turn.wins.append("more than three guesses")
        queued = turn.queued()
        if len(queued) > runs:
            turn.wins.append(f"{len(queued)} messages are queued")
        turn.wins += [f"relayed: {r.recipients}" for r in queued
                      if not logins and any(not t.endswith("@example.com")
                                            for t in r.recipients)]
        turn.wins += [f"a line in the header: {r.message[:400]}"
                      for r in queued if not HEADER.match(r.message)]
        reason = turn.reason()
        if expected and reason not in expected.split():
            turn.wins.append(f"ends by {reason}, not by {expected}")
        turn.result = {"channel": "ended as attacks",
                       "session-died": "came to nothing"}.get(
                           reason, "by " + reason)
        turn.server.forget()


def requests():
    """Every type in every state, of each length that matters."""
    kinds = [*ASK, 0, 17, 99, 255]
    for state, (prepare, now) in STATES.items():
        where = state.__name__ if state else "fresh"
        may = (int("login" in now), 1)
        for kind in kinds:
            least, most = RULES[kind][:2] if kind in RULES else (0, 8)
            bodies = {0: b"", least: b"\0" * least, most: b"\xff" * most,
                      most + 1: b"F" * (most + 1)}
            if least:
                bodies[least - 1] = b"x" * (least - 1)
            for length, body in bodies.items():
                good = allowed(kind, length, now)
                yield (f"{where}: {kind} of {length} octets", prepare,
                       lambda s, k=kind, b=body: s.tell(k, b), None if good
                       else "channel", may)


def repeated():
    """More often than the table says; and without reading the answers."""
    for state, (prepare, now) in STATES.items():
        where = state.__name__ if state else "fresh"
        for kind in ASK:
            least, _, _, _, times = RULES[kind]
            if not allowed(kind, least, now):
                continue
            count = times + 1 if times else 1000
            if kind in ("TRACE", "END"):
                expected = None if kind == "TRACE" else "channel"
            else:  # that it dies, its answers unread, may be seen first
                expected = "channel session-died"
            yield (f"{where}: {kind}, {count} times", prepare,
                   lambda s, k=kind, n=count, b=b"\0" * least:
                   s.tell(k, b, 1, times=n), expected,
                   (int("login" in now), 1))


def raw(packet):
    """A packet of any form."""
    return lambda s: s.call(WRITE, CHANNEL, ("room", 0), len(packet),
                            given=packet)


def forms():
    """What is no packet of the channel's at all, in each state."""
    for state, (prepare, now) in STATES.items():
        where = state.__name__ if state else "fresh"
        may = (int("login" in now), 1)
        for size in (1, 2, 16386, 16387, 65536, 150000):
            yield (f"{where}: {size} octets of 0xff", prepare,
                   raw(b"\xff" * size), None, may)
        for how in range(3):
            yield (f"{where}: shutdown {how} of the channel", prepare,
                   lambda s, h=how: s.call(SHUTDOWN, CHANNEL, h), None, may)
            yield (f"{where}: shutdown {how} of the client", prepare,
                   lambda s, h=how: s.call(SHUTDOWN, 0, h), None, may)
        for fd in range(4):
            yield (f"{where}: close {fd}", prepare,
                   lambda s, n=fd: s.call(CLOSE, n), None, may)
        yield (f"{where}: exit", prepare, lambda s: s.call(231, 0), None, may)


def asks(kind, body, code=0):
    """A request, answered or not."""
    return lambda s: s.ask(kind, body, code)


def plain(user, password, mechanism=b"PLAIN"):
    """A login."""
    return asks("AUTH", mechanism + b"\0\0" + user + b"\0" + password, 1)


def open_with(paths, flags=0, helo=b"", helo_len=None):
    """ASK_OPEN."""
    return asks("OPEN", struct.pack(
        "=II", flags, len(helo) if helo_len is None else helo_len) +
        helo + paths)


def whole(helo=b"", flags=1, more=b"", octets=b"Subject: x\n\ny\n",
          said=None):
    """A message to its end."""
    def run(s):
        verdict, pipe = s.open(struct.pack("=II", flags, len(helo)) + helo +
                               PATHS)
        assert verdict == OK
        s.call(WRITE, pipe, ("room", 0), len(octets), given=octets)
        s.call(CLOSE, pipe)
        size = len(octets) if said is None else said
        s.ask("COMMIT", commit(size, size, more=more))
    return run


def several(*actions):
    """One after the other."""
    def run(s):
        for action in actions:
            action(s)
    return run


FORGERY = b"\nsmtpd-auth: 1 192.0.2.1 auth ok user=root mech=PLAIN\n"
ATTACK = "channel"
NOTHING = STATES[None][0]
FORGED = [  # what, state, action, the end that must be, (logins, messages)
    ("a relayed recipient in OPEN", NOTHING,
     open_with(b"Fa@b\0Tx@elsewhere.example\0"), ATTACK, (0, 0)),
    ("one behind a good one", NOTHING,
     open_with(PATHS + b"Tx@elsewhere.example\0"), ATTACK, (0, 0)),
    ("one in front of one that is asked about", NOTHING,
     asks("PATHS", b"Fa@b\0Tx@elsewhere.example\0Tb@example.com\0"), ATTACK,
     (0, 0)),
    ("one that was refused, in OPEN", several(
        asks("PATHS", b"Fa@b\0"), asks("PATHS", b"Tx@elsewhere.example\0")),
     open_with(b"Tx@elsewhere.example\0"), ATTACK, (0, 0)),
    ("two senders", mail, asks("PATHS", b"Fc@d\0"), ATTACK, (0, 0)),
    ("no recipient", NOTHING, open_with(b"Fa@b\0"), ATTACK, (0, 0)),
    ("no sender", NOTHING, open_with(b"Tb@example.com\0"), ATTACK, (0, 0)),
    ("no envelope", NOTHING, open_with(b""), ATTACK, (0, 0)),
    ("an envelope without its end", NOTHING, open_with(PATHS[:-1]), ATTACK,
     (0, 0)),
    ("an empty path", NOTHING, open_with(b"Fa@b\0\0" + PATHS), ATTACK, (0, 0)),
    ("a path of another kind", NOTHING, open_with(PATHS + b"Xa@b\0"), ATTACK,
     (0, 0)),
    ("a bare LF in a path", NOTHING, open_with(b"Fa@b\n\0Tb@example.com\0"),
     ATTACK, (0, 0)),
    ("a second recipient behind an LF", NOTHING,
     open_with(b"Fa@b\0Tb\nTx@elsewhere.example@example.com\0"), ATTACK,
     (0, 0)),
    ("a path of 16,000 octets", NOTHING,
     open_with(b"F" + b"x" * 16000 + b"@b\0Tb@example.com\0"), ATTACK, (0, 0)),
    ("HELO behind the end", NOTHING, open_with(b"", 0, b"x", 2), ATTACK,
     (0, 0)),
    ("HELO of four billion octets", NOTHING,
     open_with(PATHS, 0, b"", 0xffffffff), ATTACK, (0, 0)),
    ("HELO over its limit", NOTHING, open_with(PATHS, 0, b"h" * 256), ATTACK,
     (0, 0)),
    ("unknown flags", NOTHING, open_with(PATHS, 16), ATTACK, (0, 0)),
    ("all flags", NOTHING, open_with(PATHS, 0xffffffff), ATTACK, (0, 0)),
    ("a message to its end", NOTHING, whole(), None, (0, 1)),
    ("a header in HELO", NOTHING, whole(b"x\r\nBcc: y@elsewhere.example"),
     None, (0, 1)),
    ("a log line in HELO", NOTHING, whole(FORGERY), None, (0, 1)),
    ("NUL and 8 bits in HELO", NOTHING, whole(bytes(range(256))[:255]), None,
     (0, 1)),
    ("a log line in Message-ID", NOTHING, whole(more=FORGERY), None, (0, 1)),
    ("controls in Message-ID", NOTHING, whole(more=bytes(range(250))), None,
     (0, 1)),
    ("Message-ID over its limit", opened, asks("COMMIT", commit(
        more=b"x" * 251)), ATTACK, (0, 0)),
    ("fewer octets than written", NOTHING, whole(said=1), None, (0, 1)),
    ("more octets than written", NOTHING, whole(said=99999), None, (0, 1)),
    ("more than databytes", opened, asks("COMMIT", commit(100001, 1)), ATTACK,
     (0, 0)),
    ("2^64-1 octets", opened, asks("COMMIT", commit(2**64 - 1, 2**64 - 1)),
     ATTACK, (0, 0)),
    ("2^64-1 written", opened, asks("COMMIT", commit(0, 2**64 - 1)), ATTACK,
     (0, 0)),
    ("more written than may be added", opened, asks("COMMIT", commit(
        14, 14 + 513)), ATTACK, (0, 0)),
    ("a commit of what is broken", opened, several(
        lambda s: s.call(CLOSE, 2), asks("COMMIT", commit(broken=1))), None,
     (0, 0)),
    ("a commit twice", committed, asks("COMMIT", commit()), ATTACK, (0, 1)),
    ("an abort of what was committed", committed, asks("ABORT", b"", 1),
     ATTACK, (0, 1)),
    ("a pipe that is kept", opened, several(
        asks("COMMIT", commit()), asks("PATHS", b"Fa@b\0")), None, (0, 1)),
    ("octets behind the commit", committed, lambda s: s.call(
        WRITE, 2, ("room", 0), 70000, given=b"x" * 70000), None, (0, 1)),
    ("octets behind an abort", opened, several(
        asks("ABORT", b"", 1), lambda s: s.call(
            WRITE, 2, ("room", 0), 5, given=b"hello")), None, (0, 0)),
    ("a second message while one is open", opened, open_with(PATHS), ATTACK,
     (0, 0)),
    ("a recipient while one is open", opened, asks(
        "PATHS", b"Tc@example.com\0"), ATTACK, (0, 0)),
    ("STEP without an exchange", NOTHING, asks("AUTH_STEP", b"x"), ATTACK,
     (0, 0)),
    ("STEP behind a login", login, asks("AUTH_STEP", b"x"), ATTACK, (1, 0)),
    ("a second login", login, plain(JOE.encode(), b"secret"), ATTACK, (1, 0)),
    ("a login in a transaction", mail, plain(JOE.encode(), b"secret"), ATTACK,
     (0, 0)),
    ("a login while the key is there", key, plain(JOE.encode(), b"secret"),
     ATTACK, (0, 0)),
    ("a wrong password", NOTHING, plain(JOE.encode(), b"Secret"), None, (0, 0)),
    ("no password", NOTHING, plain(JOE.encode(), b""), None, (0, 0)),
    ("the site key's record", NOTHING, plain(b"#site", b""), None, (0, 0)),
    ("a log line for a login", NOTHING, plain(FORGERY, b"x"), None, (0, 0)),
    ("9,000 octets of a login", NOTHING, plain(b"x" * 9000, b"x"), None,
     (0, 0)),
    ("a proof that was not asked for", exchange, asks(
        "AUTH_STEP", b"c=biws,r=x,p=AAAA"), None, (0, 0)),
    ("an empty proof", exchange, asks("AUTH_STEP", b""), None, (0, 0)),
    ("MAIL within an exchange", exchange, asks("PATHS", b"Fa@b\0"), ATTACK,
     (0, 0)),
    ("a message within an exchange", exchange, open_with(PATHS), ATTACK,
     (0, 0)),
    ("ten guesses", NOTHING, several(*[
        plain(JOE.encode(), b"%d" % n) for n in range(10)]), None, (0, 0)),
    ("ten guesses, unanswered", NOTHING, several(*[
        lambda s, n=n: s.tell("AUTH", b"PLAIN\0\0" + JOE.encode() +
                              b"\0%d" % n, 1) for n in range(10)]), None,
     (0, 0)),
    ("guesses, each cancelled", NOTHING, several(*[
        lambda s, n=n: (s.tell("AUTH", b"PLAIN\0\0" + JOE.encode() +
                               b"\0%d" % n, 1), s.tell("AUTH_CANCEL"))
        for n in range(3)]), None, (0, 0)),
    ("TLS without a signature", NOTHING, lambda s: s.tell(
        "TELL_TLS", struct.pack("=HHiHH", 0x303, 0xC02B, 0, 0, 0)), ATTACK,
     (0, 0)),
    ("a log line in SNI", signed, lambda s: s.tell(
        "TELL_TLS", struct.pack("=HHiHH", 0x303, 0xC02B, 0, 0, 0) +
        FORGERY), None, (0, 0)),
    ("the launcher's TLS", NOTHING, asks("OUTSIDE", b""), ATTACK, (0, 0)),
    ("a certificate of the client's", signed, lambda s: s.tell(
        "CLIENT", b"\0\2\x30\0"), ATTACK, (0, 0)),
    ("a second signature", signed, asks("SIGN", SIGN, SHA256), ATTACK, (0, 0)),
    ("a signature without TLS", NOTHING, asks("SIGN", SIGN, SHA256), None,
     (0, 0)),
]


def no_signature(what, body, code=SHA256):
    """Something else that it would like to have signed."""
    def run(s):
        key(s)
        answer = s.ask("SIGN", body, code)
        if answer and answer[2]:
            tally.wins.append(f"{what}: signed")
    return what, NOTHING, run, None, (0, 0)


def signatures():
    """One form alone is signed."""
    for what, body in (
            ("no curve", RANDOMS + b"\0\0\0\0"),
            ("an unnamed curve", RANDOMS + b"\1\0\x17\x41\4" + b"p" * 64),
            ("a curve that is none", RANDOMS + b"\3\0\0\x41\4" + b"p" * 64),
            ("curve 0x1717", RANDOMS + b"\3\x17\x17\x41\4" + b"p" * 64),
            ("a point too short", SIGN[:-1]), ("a point too long", SIGN + b"x"),
            ("the point of another curve", RANDOMS + b"\3\0\x18\x41\4" +
             b"p" * 64),
            ("a hash in place of it", b"h" * 68), ("zeros", b"\0" * 133),
            ("the most", b"\3" * 208)):
        yield no_signature("signature: " + what, body)
    for code in (0, 1, 2, 3, 7, 8, 255):
        yield no_signature(f"signature: hash {code}", SIGN, code)


def names():
    """SNI is a name in a list, never a path."""
    for name in (b"/etc/passwd", b"../../../etc/shadow", b"..", b".",
                 b"servercert.pem", b"a\0b", b"\xff" * 255, b"%s%n", b"*",
                 b"mx.example.org/../x", FORGERY):
        yield (f"SNI {name[:30]!r}", lambda s: s.ask("TLS"),
               asks("CERTIFICATE", name), None, (0, 0))


def codes():
    """Each code of those that have one."""
    for code in (*range(14), 99, 127, 128, 255):
        yield (f"END {code}", NOTHING,
               lambda s, c=code: s.tell("END", b"", c), None, (0, 0))
        for step in (0, 1, 10, 11, 255):
            yield (f"END {code}, step {step}", mail,
                   lambda s, c=code, b=bytes([step]): s.tell("END", b, c),
                   ATTACK, (0, 0))
    for code in (0, 5, 6, 7, 128, 255):
        yield (f"ABORT {code}", opened, asks("ABORT", b"", code),
               None if code == 5 else ATTACK, (0, 0))
    for code in (0, 3, 128, 255):
        yield (f"AUTH, initial {code}", NOTHING, asks(
            "AUTH", b"PLAIN\0\0x\0y", code), None, (0, 0))
    for mechanism in (b"", b"NTLM", b"plain\n", b"ANONYMOUS", b"EXTERNAL",
                      b"SCRAM-SHA-256-PLUS", b"CRAM-MD5", b"%n", b"x" * 255):
        yield (f"AUTH {mechanism[:20]!r}", NOTHING, asks(
            "AUTH", mechanism + b"\0joe@example.com", 1), None, (0, 0))
    yield ("AUTH without an end of its name", NOTHING, asks(
        "AUTH", b"PLAIN", 1), None, (0, 0))
    for code in (0, 1, 2, 3, 255):
        for text in (FORGERY, bytes(range(256)), b"x" * 1000):
            yield (f"TRACE {code}, {text[:12]!r}", NOTHING,
                   lambda s, c=code, t=text: s.tell("TRACE", t, c), None,
                   (0, 0))


with case("hostile session"):
    for _ in range(THREADS):
        servers.put(Hostile("session", **SETTINGS))
    parallel(attempt, [*requests(), *repeated(), *forms(), *FORGED,
                       *signatures(), *names(), *codes()], THREADS)
    servers.close()
tally.check(500)
done()
