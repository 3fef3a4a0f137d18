#!/usr/bin/env python3
"""A Dovecot that means it badly, or somebody in its place: nobody is logged in
but by an OK for our own exchange with a usable name; nothing hangs, no line of
the log is forged."""
import re
import sys
import time
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Servers, Tally, relays  # noqa: E402
from support.extra_auth import b64  # noqa: E402
from support.extra_dovecot import HELLO, Fake  # noqa: E402

JOE = "joe@example.com"
PLAIN = "AUTH PLAIN " + b64(f"\0{JOE}\0secret")
OK, NO, BROKEN, CHALLENGE = "235 2.7.0", "535 5.7.8", "454 4.7.0", "334 "
GOOD, BAD = f"OK\t1\tuser={JOE}\n", f"FAIL\t1\tuser={JOE}\n"
LONG = "x" * 16380
FORGERY = "joe\nsmtpd-auth: 1 192.0.2.1 auth ok user=root"
HELD = object()  # nothing more comes, and the connection stays

ANSWERS = [  # what, what it says, the reply
    ("a login", GOOD, OK), ("a no", BAD, NO),
    ("a login, bare", "OK\t1\n", BROKEN),
    ("no id", f"OK\tuser={JOE}\n" + BAD, NO),
    ("an empty id", f"OK\t\tuser={JOE}\n" + BAD, NO),
    ("another's id", f"OK\t2\tuser={JOE}\n" + BAD, NO),
    ("id 0", f"OK\t0\tuser={JOE}\n" + BAD, NO),
    ("id 01", f"OK\t01\tuser={JOE}\n" + BAD, None),
    ("id -1", f"OK\t-1\tuser={JOE}\n" + BAD, NO),
    ("id +1", f"OK\t+1\tuser={JOE}\n" + BAD, NO),
    ("id 1x", f"OK\t1x\tuser={JOE}\n" + BAD, NO),
    ("id 2^64+1", f"OK\t18446744073709551617\tuser={JOE}\n" + BAD, NO),
    ("id 2^32+1", f"OK\t4294967297\tuser={JOE}\n" + BAD, NO),
    ("a blank for a tab", f"OK 1 user={JOE}\n" + BAD, NO),
    ("a blank before it", f" OK\t1\tuser={JOE}\n" + BAD, NO),
    ("in small letters", f"ok\t1\tuser={JOE}\n" + BAD, NO),
    ("OKAY", f"OKAY\t1\tuser={JOE}\n" + BAD, NO),
    ("an empty name", "OK\t1\tuser=\n", BROKEN),
    ("a user of another word", f"OK\t1\toriginal_user={JOE}\n", BROKEN),
    ("USER", f"OK\t1\tUSER={JOE}\n", BROKEN),
    ("a name with NUL", "OK\t1\tuser=joe\0root\n", BROKEN),
    ("a name with CR", "OK\t1\tuser=joe\rroot\n", BROKEN),
    ("a name with ESC", "OK\t1\tuser=joe\x1b[2J\n", BROKEN),
    ("a name with Dovecot's escape", "OK\t1\tuser=joe\x01nroot\n", BROKEN),
    ("a name with DEL", "OK\t1\tuser=joe\x7f\n", BROKEN),
    ("a name that is a log line", f"OK\t1\tuser={FORGERY}\n", OK),
    ("a name with blanks", "OK\t1\tuser=joe user=root label=x\n", OK),
    ("a name of 8 bits", "OK\t1\tuser=j\xf6\xff\n", OK),
    ("a name of 255", "OK\t1\tuser=" + "x" * 255 + "\n", OK),
    ("a name of 256", "OK\t1\tuser=" + "x" * 256 + "\n", BROKEN),
    ("a name of 16,000", "OK\t1\tuser=" + "x" * 16000 + "\n", BROKEN),
    ("two names", "OK\t1\tuser=joe\tuser=root\n", OK),
    ("a name behind much else", "OK\t1" + "\tx=y" * 3000 + "\tuser=joe\n", OK),
    ("a login, then a no", GOOD + BAD, OK),
    ("a no, then a login", BAD + GOOD, NO),
    ("two logins", GOOD + f"OK\t1\tuser=root\n", OK),
    ("unknown commands before", "X\nYY\t1\nFOO\t1\tuser=x\n\n\t\n" + GOOD, OK),
    ("MECH behind the handshake", "MECH\tLOGIN\nDONE\n" + GOOD, OK),
    ("VERSION behind the handshake", "VERSION\t9\t9\n" + BAD, None),
    ("the master's words", f"USER\t1\t{JOE}\nNOTFOUND\t1\n" + BAD, NO),
    ("ten thousand lines of nobody's", "FOO\t1\n" * 10000 + BAD, None),
    ("a no for everybody, then ours", "FAIL\t2\nFAIL\t3\n" + GOOD, OK),
    ("a temporary no", "FAIL\t1\ttemp\n", BROKEN),
    ("a temporary code", "FAIL\t1\tcode=temp_fail\n", BROKEN),
    ("a disabled user", "FAIL\t1\tuser_disabled\n", NO),
    ("a code that is a log line", f"FAIL\t1\tcode={FORGERY}\n", NO),
    ("a no with a bad name", "FAIL\t1\tuser=a\x1bb\n", NO),
    ("a no with a long name", "FAIL\t1\tuser=" + "x" * 9000 + "\n", NO),
    ("a no without an id", "FAIL\n", HELD),
    ("a login, CR LF", f"OK\t1\tuser={JOE}\r\n", BROKEN),
    ("a login with NUL in front", "\0" + GOOD + BAD, NO),
    ("a login cut", GOOD[:-1], HELD), ("a login cut, closed",
                                      (GOOD[:-1], None), BROKEN),
    ("a login cut early, closed", ("OK\t1\tuser=", None), BROKEN),
    ("an octet, closed", ("O", None), BROKEN),
    ("closed", None, BROKEN), ("nothing", "", HELD),
    ("a line of 16,384", "OK\t1\tuser=joe\tx=" + LONG[:16384 - 17] + "\n",
     None),
    ("a line of 16,385", "OK\t1\tuser=joe\tx=" + LONG[:16384 - 16] + "\n",
     None),
    ("a line of 20,000", "OK\t1\tuser=joe\tx=" + LONG + "x" * 4000 + "\n",
     BROKEN),
    ("a megabyte without an end", "x" * (1 << 20), BROKEN),
    ("a megabyte of NUL", "\0" * (1 << 20), BROKEN),
    ("a challenge", "CONT\t1\teA==\n", CHALLENGE + "eA=="),
    ("an empty challenge", "CONT\t1\t\n", CHALLENGE),
    ("a challenge without a word", "CONT\t1\n", CHALLENGE),
    ("no base64", "CONT\t1\t****\n", BROKEN),
    ("base64 with LF", "CONT\t1\teA=\n=\n", None),
    ("base64 with NUL", "CONT\t1\te\0==\n", BROKEN),
    ("base64 with blanks", "CONT\t1\te A = =\n", BROKEN),
    ("a reply in it", "CONT\t1\t" + b64("\r\n235 2.7.0 ok\r\n") + "\n",
     CHALLENGE + b64("\r\n235 2.7.0 ok\r\n")),
    ("a challenge of 6,000", "CONT\t1\t" + b64("x" * 6000) + "\n", CHALLENGE),
    ("a challenge of 12,000", "CONT\t1\t" + b64("x" * 12000) + "\n", BROKEN),
    ("another's challenge", "CONT\t2\teA==\n" + BAD, NO),
    ("a challenge, then a login", "CONT\t1\teA==\n" + GOOD, CHALLENGE),
    ("two challenges", "CONT\t1\teA==\nCONT\t1\teQ==\n", CHALLENGE),
    ("a login an octet at a time", list(GOOD), OK),
    ("a no an octet at a time", list(BAD), NO),
    ("HTTP", "HTTP/1.1 200 OK\r\n\r\n", HELD),
    ("SMTP", "235 2.7.0 ok\r\n", HELD),
    ("a terminal's codes", "\x1b]0;x\x07\x1b[2J\n" + BAD, NO),
]
MECHS = "".join(f"MECH\tX{n}\tplaintext\n" for n in range(5000))


def hello(*lines, version="VERSION\t1\t2\n", end="DONE\n"):
    """A handshake of these lines."""
    return version + "".join(line + "\n" for line in lines) + end


HELLOS = [  # what, the handshake, the reply where a login would follow
    ("as it is", HELLO, OK),
    ("no version", hello("MECH\tPLAIN", version=""), BROKEN),
    ("version 2", hello("MECH\tPLAIN", version="VERSION\t2\t0\n"), BROKEN),
    ("version 1.0", hello("MECH\tPLAIN", version="VERSION\t1\t0\n"), BROKEN),
    ("version 1.999", hello("MECH\tPLAIN", version="VERSION\t1\t999\n"), OK),
    ("version x", hello("MECH\tPLAIN", version="VERSION\tx\t1\n"), BROKEN),
    ("version 2^64", hello("MECH\tPLAIN", version=
                           "VERSION\t18446744073709551617\t1\n"), BROKEN),
    ("version with NUL", hello("MECH\tPLAIN", version="VERSION\t1\0\t1\n"),
     BROKEN),
    ("two versions", hello("VERSION\t2\t0", "MECH\tPLAIN"), BROKEN),
    ("MECH first", "MECH\tPLAIN\n" + HELLO, BROKEN),
    ("an empty line first", "\n" + HELLO, BROKEN),
    ("no mechanism", hello(), "5"), ("none of ours", hello("MECH\tNTLM"), "5"),
    ("an empty name", hello("MECH\t", "MECH\tPLAIN"), OK),
    ("a name with blanks", hello("MECH\tA B", "MECH\tPLAIN"), OK),
    ("a name with CR", hello("MECH\tPLAIN\r250 x", "MECH\tPLAIN"), OK),
    ("a name with NUL", hello("MECH\tPLAIN\0X", "MECH\tPLAIN"), OK),
    ("a name of 8 bits", hello("MECH\t\xff\xfe", "MECH\tPLAIN"), OK),
    ("a name of 16,000", hello("MECH\t" + "X" * 16000, "MECH\tPLAIN"), OK),
    ("a private one", hello("MECH\tPLAIN\tprivate"), "5"),
    ("EXTERNAL", hello("MECH\tEXTERNAL", "MECH\tANONYMOUS",
                       "MECH\tSCRAM-SHA-256-PLUS", "MECH\tPLAIN"), OK),
    ("the same 190 times", hello(*["MECH\tPLAIN"] * 190), OK),
    ("the same 2,000 times", hello(*["MECH\tPLAIN"] * 2000), BROKEN),
    ("unknown lines", hello("X", "\t", "", "\0", "MECH\tPLAIN"), OK),
    ("DONE twice", hello("MECH\tPLAIN") + "DONE\n", OK),
    ("a login before it is asked", HELLO + GOOD, None),
    ("a no before it is asked", HELLO + BAD, None),
    ("5,000 mechanisms", hello() and "VERSION\t1\t2\nMECH\tPLAIN\n" + MECHS +
     "DONE\n", None),
    ("a megabyte in a line", "VERSION\t1\t2\n" + "x" * (1 << 20) + "\nDONE\n",
     BROKEN),
    ("CR LF", HELLO.replace("\n", "\r\n"), BROKEN),
    ("closed at once", None, BROKEN),
]
tally = Tally("hostile Dovecot")
THREADS = 4
servers = Servers(tally)


class Badly(Fake):
    """Says octets one by one, and nothing for HELD."""

    def _serve(self, sock, heard):
        answer = self.answers[0] if self.answers else ""
        if not isinstance(answer, (list, tuple)):
            super()._serve(sock, heard)
            return
        try:
            sock.sendall(self.hello.encode("latin-1"))
            text = b""
            while b"AUTH\t" not in text or not text.endswith(b"\n"):
                more = sock.recv(65536)
                if not more:
                    return
                text += more
            for part in answer:
                if part is None:
                    sock.close()
                    return
                sock.sendall(part.encode("latin-1"))
                time.sleep(0.001)
        except OSError:
            pass


class World(Server):
    """A server with a Dovecot of its own."""

    def __init__(self):
        self.fake = Badly()
        super().__init__(env={"AUTHSOCKET": self.fake.socket})

    def stop(self):
        """Both."""
        super().stop()
        self.fake.close()


def attempt(row):
    """One handshake, one answer; then what the connection may do."""
    what, said, answers, start = row
    with servers.attempt(what) as turn:
        fake = turn.server.fake
        fake.hello, fake.answers = said, answers
        with turn.server.client() as c:
            words = c.command("EHLO client.example.org")
            if not re.fullmatch(r"[\x20-\x7e\n]{1,1000}", words):
                turn.wins.append(f"EHLO: {words!r}")
            if start is HELD:
                # 60 seconds would pass; a client that does not wait.
                c.send(PLAIN + "\r\n")
                c.sock.settimeout(0.3)
                try:
                    turn.wins.append(f"answered {c.reply()}")
                except TimeoutError:
                    pass
                c.close()
                turn.result = "no answer"
            else:
                reply = c.command(PLAIN)
                turn.result = str(reply.code)
                if start is not None and not reply.startswith(start):
                    turn.wins.append(f"answered {reply}")
                if reply.code == 334:
                    c.must(("*", "501"))
                if relays(c) != (reply.code == 235):
                    turn.wins.append("it relays")
                c.must(("QUIT", "221"))
        turn.end()
        logins = re.findall(r"(?m)^smtpd-auth: \d+ \S+ auth ok ", turn.text())
        if len(logins) != (turn.result == "235"):
            turn.wins.append("a login, says the log: " + turn.text())


with case("hostile Dovecot"):
    for _ in range(THREADS):
        servers.put(World())
    parallel(attempt, [
        *((f"answers with {what}", HELLO, [answer], start)
          for what, answer, start in ANSWERS),
        *((f"begins with {what}", said, [GOOD], start)
          for what, said, start in HELLOS)], THREADS)
    servers.close()
tally.check(100)
done()
