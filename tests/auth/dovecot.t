#!/usr/bin/env python3
"""Dovecot's auth socket in place of the user file: what is offered, what goes
there and what comes back, and 454 in time when it does not work."""
import base64
import os
import pwd
import re
import signal
import socket
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_auth import b64, offer  # noqa: E402
from support.extra_dovecot import (  # noqa: E402
    Dovecot, Fake, why_not, words)
from support.extra_process import Family, gone, wait_for  # noqa: E402

JOE = "joe@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
TEMPORARY = "454 4.7.0"
UNKNOWN = "504 5.5.4"
PLAIN = "AUTH PLAIN " + b64(f"\0{JOE}\0secret")
GOOD = f"OK\t1\tuser={JOE}\n"


def asking(fake, env=None, **options):
    """A server that asks there."""
    return Server(env={"AUTHSOCKET": fake.socket, **(env or {})}, **options)


def hello(*mechanisms, version="1\t2", flags="plaintext"):
    """A handshake."""
    return (f"VERSION\t{version}\n" + "".join(
        f"MECH\t{name}\t{flags}\n" for name in mechanisms) +
        "SPID\t7\nCUID\t7\nCOOKIE\t0123456789abcdef\nDONE\n")


# A minute passes while the rest of this file runs.
patience = {}


def wait_a_minute():
    """A Dovecot that takes AUTH and never answers; for the end."""
    with Fake(answers=[""]) as fake, asking(fake) as server:
        client = Client(server.port, deadline=300)
        try:
            patience["got"] = client.command(PLAIN)
            patience["more"] = client.command("NOOP")
        finally:
            client.close()
        patience["log"] = server.log()
        patience["left"] = server.wait_idle(2)


waiting = threading.Thread(target=wait_a_minute)
waiting.start()

with case("what is said"), Fake(answers=[GOOD]) as fake, asking(
        fake, late_env={"TCPREMOTEIP": "203.0.113.7",
                        "TCPLOCALIP": "192.0.2.1", "TCPLOCALPORT": "587",
                        "TCPREMOTEPORT": "4711"}) as server:
    with server.client() as c:
        is_(offer(c), "PLAIN LOGIN", "what Dovecot offers is offered")
        is_(c.command(PLAIN), OK, "a login")
        starts(c.message("\r\n", JOE, "x@example.net"), "250 ", "relays")
        env = server.messages()[0].env
        is_((env["SMTPAUTHUSER"], env["SMTPAUTHMETHOD"]), (JOE, "PLAIN"),
            "login and mechanism in the environment")
    server.wait_log(f"203.0.113.7 auth ok user={JOE} mech=PLAIN$")
    first = fake.lines[-1]
    is_(first[0], "VERSION\t1\t1", "the client's side of the handshake")
    like(first[1], r"^CPID\t[1-9][0-9]*$", "and its process id")
    auth = fake.auths()[-1]
    is_(auth[:3], ["AUTH", "1", "PLAIN"], "AUTH, a number, the mechanism")
    is_(auth[-1], "resp=" + b64(f"\0{JOE}\0secret"),
        "the response stands last")
    is_({k: v for k, v in words(auth[3:]).items() if k != "resp"},
        {"service": "smtp", "nologin": True, "rip": "203.0.113.7",
         "lip": "192.0.2.1", "rport": "4711", "lport": "587"},
        "service, addresses and ports; no secured in clear")
    is_(len({heard[1] for heard in fake.lines}), len(fake.lines),
        "each connection has a process id of its own")

with case("addresses"), Fake(answers=[GOOD]) as fake, asking(
        fake, late_env={"TCPREMOTEIP": "a\tb", "TCPLOCALIP": "2001:db8::1",
                        "TCPREMOTEPORT": "x", "TCPLOCALPORT": "5 8"}) as server:
    with server.client() as c:
        is_(c.command(PLAIN), OK, "a launcher that says nonsense")
    is_({k for k in words(fake.auths()[0][3:])},
        {"service", "nologin", "lip", "resp"}, "is not repeated")

with case("TLS"), Fake(answers=[GOOD]) as fake, asking(
        fake, env={"FORCETLS": "1"}, certificate="ec") as server:
    with server.client() as c:
        is_(offer(c), None, "FORCETLS: nothing is offered in clear")
        starts(c.command(PLAIN), "538 5.7.11", "nor taken")
        starts(c.command("AUTH GSSAPI"), "538 5.7.11", "whatever it is")
        is_(fake.lines, [], "and Dovecot is not bothered")
        c.starttls()
        is_(offer(c), "PLAIN LOGIN", "under TLS it is offered")
        is_(c.command(PLAIN), OK, "and taken")
    is_(words(fake.auths()[0]).get("secured"), True,
        "Dovecot is told that it is TLS")
with case("TLS outside"), Fake(answers=[GOOD]) as fake, asking(
        fake, env={"SSL_PROTOCOL": "TLSv1.3"}) as server:
    with server.client() as c:
        is_(c.command(PLAIN), OK, "TLS by the launcher")
    is_(words(fake.auths()[0]).get("secured"), True, "is TLS, too")

with case("behind a balancer"), Fake(answers=[GOOD]) as fake, asking(
        fake, env={"PROXYPROTOCOL": "1"}) as server:
    with server.client(greet=False) as c:
        c.send("PROXY TCP4 198.51.100.7 203.0.113.1 50000 25\r\n")
        c.expect("220 ")
        is_(c.command(PLAIN), OK, "a client of a balancer's")
    said = words(fake.auths()[0])
    is_([said.get(word) for word in ("rip", "rport", "lip", "lport")],
        ["198.51.100.7", "50000", "203.0.113.1", "25"],
        "Dovecot is told what the header says")

with case("the dialogue"), Fake(
        hello("SCRAM-SHA-256", "XOAUTH2", "CRAM-MD5"),
        [f"CONT\t1\t{b64('first')}\n", "CONT\t1\t\n", "CONT\t1\n",
         f"CONT\t1\t{b64(bytes(range(256)))}\n", GOOD]) as fake, asking(
             fake) as server:
    with server.client() as c:
        is_(c.command("AUTH XOAUTH2"), "334 " + b64("first"),
            "no initial response; a challenge")
        ok(not any(w.startswith("resp") for w in fake.auths()[0]),
           "none is told")
        is_(c.command(b64("one")), "334 ", "an empty challenge")
        is_(c.command(""), "334 ", "one that Dovecot leaves out")
        is_(c.command("="), "501 5.5.2 malformed authentication response",
            "= is no response")
    with server.client() as c:
        is_(c.command("auth xoauth2 ="), "334 " + b64("first"),
            "an empty initial response, in lower case")
        is_(fake.auths()[1][-1], "resp=", "is told as such")
        is_(fake.auths()[1][2], "XOAUTH2", "in upper case")
        c.must((b64("a"), "334 "), (b64(b"\0\xff\n\t"), "334 "))
        is_(c.command(""), "334 " + b64(bytes(range(256))), "any octet")
        is_(c.command(b64("last")), OK, "the verdict")
        is_([w.split("\t") for w in fake.lines[-1][3:]],
            [["CONT", "1", b64("a")], ["CONT", "1", b64(b"\0\xff\n\t")],
             ["CONT", "1", ""], ["CONT", "1", b64("last")]],
            "each response as it was sent")
    server.wait_log("auth ok user=joe@example.com mech=XOAUTH2$")
    with server.client() as c:
        c.must(("AUTH XOAUTH2", "334 "))
        is_(c.command("*"), "501 5.7.0 authentication cancelled", "*")
        is_(gone([other.pid for other in Family(server, c).others()], 2), [],
            "nobody is left")
        starts(c.command("AUTH CRAM-MD5 " + b64("x")), "501 5.7.0",
               "no initial response where the server speaks first")

with case("length"):
    big = base64.b64encode(os.urandom(9216)).decode()
    assert len(big) == 12288
    with Fake(hello("GSSAPI"), [f"CONT\t1\t{big}\n", GOOD]) as fake, asking(
            fake) as server, server.client() as c:
        c.must(("AUTH GSSAPI =", "334 " + big))
        is_(c.command(big[:12284]), OK,
            "12288 octets of base64 each way, the line end among ours")
        is_(fake.lines[-1][-1], "CONT\t1\t" + big[:12284], "nothing is lost")
    for text, what in ((f"CONT\t1\t{big}AAAA\n", "a longer challenge"),
                       ("CONT\t1\t!\n", "no base64"),
                       ("CONT\t1\tAAA\n", "half of base64"),
                       ("CONT\t1\t" + "A" * 20000 + "\n", "a longer line"),
                       ("A" * 20000, "a line without an end"),
                       ("OK\t1\n", "a login without a name"),
                       ("OK\t1\tuser=\n", "a login with an empty name"),
                       ("OK\t1\tuser=a\x01tb\n", "a login with a tab"),
                       ("OK\t1\tuser=" + "u" * 256 + "\n", "a long login"),
                       ("SOMETHING\telse\n" * 300, "other things"),
                       ("\n" * 300, "empty lines"),
                       ("\0\0\0\n\xff\xfe\n" * 200, "octets"),
                       ("OK\t2\tuser=x\n" * 300, "another's login"),
                       ("OK\t\tuser=x\n" * 300, "nobody's login"),
                       ("OK\n" * 300, "OK")):
        with case(what), Fake(answers=[text]) as fake, asking(
                fake) as server, server.client() as c:
            starts(c.command(PLAIN), TEMPORARY, f"{what}: 454")
            starts(c.command("NOOP"), "250 ", f"{what}: goes on")
            server.wait_log("auth temp .*mech=PLAIN reason=backend detail=")

with case("answers"):
    for text, expected, logged in (
            ("FAIL\t1\n", FAILED, "auth fail mech=PLAIN reason=password"),
            (f"FAIL\t1\tuser={JOE}\n", FAILED,
             f"auth fail user={JOE} mech=PLAIN reason=password"),
            ("FAIL\t1\tuser=x\ttemp\n", TEMPORARY,
             r"auth temp user=x mech=PLAIN reason=backend "
             r"detail=temporary\x20failure"),
            ("FAIL\t1\tuser=x\tcode=temp_fail\n", TEMPORARY,
             "auth temp user=x "),
            ("FAIL\t1\tuser=x\tauthz\n", FAILED, "reason=password"),
            ("FAIL\t1\tuser=x\tcode=authz_fail\n", FAILED,
             "reason=password"),
            ("FAIL\t1\tuser=x\tuser_disabled\n", FAILED, "reason=disabled"),
            ("FAIL\t1\tuser=x\tcode=user_disabled\n", FAILED,
             "auth fail user=x mech=PLAIN reason=disabled"),
            ("FAIL\t1\tuser=x\tpass_expired\n", FAILED, "reason=expired"),
            ("FAIL\t1\tuser=x\tcode=pass_expired\treason=a b\n", FAILED,
             "auth fail user=x mech=PLAIN reason=expired"),
            ("FAIL\t1\tuser=x\tcode=something_new\n", FAILED,
             "reason=password"),
            ("FAIL\t1\tuser=a\x01tb\n", FAILED, "auth fail mech=PLAIN"),
            ("NEWS\t1\tx\nOK\t7\tuser=eve\nOK\t1\tx=y\tuser=Joe\tz\n", OK,
             "auth ok user=Joe "),
            ("OK\t1\tuser=joe doe\n", OK, r"auth ok user=joe\x20doe ")):
        with case(text[:40]), Fake(answers=[text]) as fake, asking(
                fake) as server, server.client() as c:
            starts(c.command(PLAIN), expected, f"{text!r}: {expected[:3]}")
            server.wait_log(re.escape(logged))
    with Fake(answers=["FAIL\t1\n"]) as fake, asking(
            fake) as server, server.client() as c:
        is_([c.command(PLAIN)[:3] for _ in range(3)], ["535"] * 3,
            "three refusals")
        starts(c.reply(), "421 4.7.0", "end the connection")
    with Fake(answers=["OK\t1\tuser=joe\n"]) as fake, asking(
            fake, env={"AUTHDOMAIN": "example.org"}) as server:
        with server.client() as c:
            is_(c.command(PLAIN), OK, "authdomain")
        server.wait_log("auth ok user=joe@example.org ")

with case("offer"):
    everything = ("VERSION\t1\t9\nMECH\tPLAIN\tplaintext\n"
                  "MECH\tANONYMOUS\tanonymous\nMECH\tEXTERNAL\n"
                  "MECH\tGSSAPI\tmutual-auth\tforward-secrecy\n"
                  "MECH\tSCRAM-SHA-256-PLUS\tmutual-auth\n"
                  "MECH\tDOVECOT-TOKEN\tprivate\nMECH\tODD\tanonymous\n"
                  "MECH\tlower\nMECH\ta b\nMECH\nMECH\t\n"
                  "MECH\tTHIS-NAME-IS-TOO-LONG\nMECH\tPLAIN\tplaintext\n"
                  "MECH\tOAUTHBEARER\tnew-flag=1\nOTHER\tthing\nDONE\n")
    with Fake(everything, [GOOD]) as fake, asking(fake) as server:
        with server.client() as c:
            is_(offer(c), "PLAIN GSSAPI OAUTHBEARER",
                "all but those that are nobody's, private, or want our TLS")
            is_(offer(c), "PLAIN GSSAPI OAUTHBEARER", "again")
            is_(len(fake.lines), 1, "without asking again")
            for name in ("ANONYMOUS", "EXTERNAL", "DOVECOT-TOKEN", "ODD",
                         "SCRAM-SHA-256-PLUS", "NTLM", "PL\x0bAIN", "secret!",
                         "X" * 21, "LOWER", "OTHER"):
                starts(c.command("AUTH " + name), UNKNOWN, f"not {name!r}")
            is_([auth[2] for auth in fake.auths()], [],
                "Dovecot hears of none of them")
            is_(c.command(PLAIN), OK, "then a login")
        ok("secret!" not in server.log() and "NTLM" not in server.log(),
           "what is no mechanism is not logged")
        server.wait_log("auth refused mech=other reason=not-offered$")
    for env, control, expected in (
            ({"AUTHMECHS": "oauthbearer PLAIN ntlm"}, {},
             "OAUTHBEARER PLAIN"),
            ({}, {"authmechs": "GSSAPI\nLOGIN\nPLAIN\n"}, "GSSAPI PLAIN"),
            ({"AUTHMECHS": "ANONYMOUS EXTERNAL"}, {}, None),
            ({"AUTHMECHS": "NTLM"}, {}, None),
            ({"SMTPAUTH": ""}, {}, "PLAIN"),
            ({"SMTPAUTH": "!"}, {}, "PLAIN GSSAPI OAUTHBEARER"),
            ({"SMTPAUTH": "-"}, {}, None)):
        with case(str(env)), Fake(everything, [GOOD]) as fake, asking(
                fake, env, control=control) as server:
            with server.client() as c:
                is_(offer(c), expected, f"{env} {control}: {expected}")
                starts(c.command(PLAIN),
                       "235" if expected and "PLAIN" in expected else UNKNOWN,
                       f"{env} {control}: AUTH PLAIN")
    for text in (hello(), "VERSION\t1\t1\nDONE\n"):
        with Fake(text) as fake, asking(fake) as server, server.client() as c:
            is_(offer(c), None, "a Dovecot that offers nothing")
            starts(c.command(PLAIN), UNKNOWN, "and AUTH is refused")
    with Fake(hello(*(f"M{n}-{'X' * 15}" for n in range(100, 200)))
              ) as fake, asking(fake) as server, server.client() as c:
        names = offer(c).split()
        ok(20 < len(names) < 30 and all(len(n) == 20 for n in names),
           "a hundred of them: as many as fit a line", names)

with case("settings"):
    with Fake(answers=[GOOD]) as fake, Server(
            control={"authsocket": fake.socket + "\n"},
            users={JOE: "in the file"}) as server, server.client() as c:
        is_(c.command("AUTH PLAIN " + b64(f"\0{JOE}\0in the file")), OK,
            "the file authsocket, before the user file")
        is_(len(fake.auths()), 1, "Dovecot was asked")
    with Fake(answers=[GOOD]) as fake, asking(
            fake, args=["/bin/false"]) as server, server.client() as c:
        is_(offer(c), "PLAIN LOGIN", "a checkpassword program goes before")
        is_(c.command(PLAIN), FAILED, "and is what is asked")
        is_(fake.lines, [], "Dovecot is not")
    with Fake() as fake, Server(
            env={"AUTHSOCKET": ""}, control={"authsocket": fake.socket},
            users={JOE: "secret"}) as server, server.client() as c:
        is_(c.command(PLAIN), OK, "AUTHSOCKET set to nothing: the user file")
    with Server(env={"AUTHSOCKET": "/" + "x" * 107}) as server:
        with server.client(greet=False) as c:
            starts(c.rest().decode(), "421 4.3.0", "a path of 108 octets")
        server.wait_log(r"config fail file=AUTHSOCKET reason=too\\x20long$")

with case("no Dovecot"):
    empty = home()
    path = empty + "/absent"
    for name, mode in (("absent", None), ("a file", 0o666),
                       ("deaf", 0o666)):
        if name == "a file":
            open(path, "w", encoding="ascii").close()
            os.chmod(path, mode)
        elif name == "deaf":
            os.unlink(path)
            with socket.socket(socket.AF_UNIX) as nobody:
                nobody.bind(path)
            os.chmod(path, mode)
        with case(name), Server(env={"AUTHSOCKET": path}) as server:
            with server.client() as c:
                is_(offer(c), "PLAIN LOGIN",
                    f"socket {name}: AUTH is offered all the same")
                starts(c.command(PLAIN), TEMPORARY, f"socket {name}: 454")
                starts(c.message("\r\n"), "250 ", f"socket {name}: mail")
            reason = "No such file" if name == "absent" else "Connection ref"
            server.wait_log(f"config fail file={re.escape(path)} reason=" +
                            reason.replace(" ", r"\\x20"), 2)
            server.wait_log("auth temp mech=PLAIN reason=backend detail=")
            is_(server.wait_idle(2), [], f"socket {name}: nothing is left")
    with case("names"), Server(env={
            "AUTHSOCKET": path, "AUTHMECHS": "gssapi login"}) as server:
        with server.client() as c:
            is_(offer(c), "GSSAPI LOGIN", "what was chosen is offered")
            starts(c.command("AUTH GSSAPI"), TEMPORARY, "and 454")
            starts(c.command(PLAIN), UNKNOWN, "what was not, is not")
        server.wait_log("auth temp mech=other reason=backend")
    if ROOT:
        with Fake(mode=0o600) as fake, asking(fake) as server:
            with server.client() as c:
                starts(c.command(PLAIN), TEMPORARY,
                       "a socket that the account may not use: 454")
            server.wait_log(r"config fail .*reason=Permission\\x20denied$")
    else:
        skip("a socket that the account may not use", "needs root")

with case("a Dovecot that is none"):
    for text, what in (
            (None, "one that closes"), ("", "one that is silent"),
            ("VERSION\t1\t2\nMECH\tPLAIN\n", "one that stops half-way"),
            ("VERSION\t2\t0\nMECH\tPLAIN\nDONE\n", "version 2"),
            ("VERSION\t1\t0\nMECH\tPLAIN\nDONE\n", "version 1.0"),
            ("VERSION\t1\nDONE\n", "half a version"),
            ("VERSION\tx\ty\nDONE\n", "no version"),
            ("MECH\tPLAIN\nVERSION\t1\t1\nDONE\n", "version too late"),
            ("DONE\n", "no version at all"),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", "a web server"),
            ("VERSION\t1\t1\n" + "NEWS\n" * 500, "no end"),
            ("x" * 50000, "a long line"), ("\0" * 100 + "\n", "NULs")):
        silent = text == "" or what.endswith("half-way")
        with case(what), Fake(text) as fake, asking(fake) as server:
            with server.client() as c:
                limits = (4.9, 8) if silent else (0, 4)
                when = "after 5 seconds" if silent else "at once"
                watch = Stopwatch()
                is_(offer(c), "PLAIN LOGIN", f"{what}: offered")
                took(watch, *limits, f"{what}: offered {when}")
                watch = Stopwatch()
                starts(c.command(PLAIN), TEMPORARY, f"{what}: 454")
                took(watch, *limits, f"{what}: {when}")
                server.wait_log("config fail file=" + re.escape(fake.socket),
                                2)

with case("a queue that is full"), Fake(accept=False) as fake, asking(
        fake) as server:
    waiting_ = []
    try:
        while True:
            waiting_.append(socket.socket(socket.AF_UNIX))
            waiting_[-1].setblocking(False)
            waiting_[-1].connect(fake.socket)
    except BlockingIOError:
        pass
    with server.client() as c:
        watch = Stopwatch()
        starts(c.command(PLAIN), TEMPORARY, "nobody accepts: 454")
        took(watch, 4.9, 8, "after 5 seconds")
        server.wait_log(r"detail=\w+\\x20timed\\x20out$")
    for sock in waiting_:
        sock.close()

with case("mid-exchange"):
    for answers, what in (([None], "at AUTH"),
                          (["CONT\t1\t\n", None], "at CONT")):
        with case(what), Fake(answers=answers) as fake, asking(
                fake) as server, server.client() as c:
            if len(answers) == 2:
                c.must(("AUTH PLAIN", "334 "))
                starts(c.command(PLAIN[11:]), TEMPORARY, f"closes {what}")
            else:
                starts(c.command(PLAIN), TEMPORARY, f"closes {what}")
            server.wait_log(
                r"auth temp mech=PLAIN reason=backend "
                r"detail=connection\\x20closed$")
    with Fake(answers=["CONT\t1\t\n"]) as fake, asking(
            fake) as server, server.client() as c:
        c.must(("AUTH PLAIN", "334 "))
        fake.close()
        starts(c.command(PLAIN[11:]), TEMPORARY, "closed in the client's turn")
        starts(c.command("NOOP"), "250 ", "goes on")

with case("clients that go"), Fake(answers=[""]) as fake, asking(
        fake) as server:
    with server.client() as c:
        c.send(PLAIN + "\r\n")
        wait_for(fake.auths, "AUTH")
        family = Family(server, c)
        pids = [p.pid for p in family.others()] + [family.keeper.pid]
        c.close()
        is_(gone(pids, 2), [], "while Dovecot thinks: gone in 2 seconds")
    with Fake("") as mute, asking(mute) as other, other.client() as c:
        c.send("EHLO x\r\n")
        wait_for(lambda: mute.lines, "a connection")
        family = Family(other, c)
        pids = [p.pid for p in family.others()] + [family.keeper.pid]
        c.close()
        is_(gone(pids, 2), [], "at EHLO: gone in 2 seconds")

with case("process"), Fake(answers=["CONT\t1\t\n"]) as fake:
    if not ROOT:
        skip("who it is", "needs root")
    else:
        with asking(fake) as server, server.client() as c:
            c.must(("AUTH PLAIN", "334 "))
            process = Family(server, c).other()
            status = process.status()
            is_(status["Uid"].split(), [str(1900000000 + process.pid)] * 4,
                "a uid of its own")
            is_((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"),
                "jailed")
            is_(process.root(), server.empty, "an empty root directory")
            is_(sorted(process.descriptors()), [0, 1],
                "two descriptors: keeper and Dovecot")
            is_([k for k, v in status.items() if k.startswith("Cap") and
                 k != "CapBnd" and int(v, 16)], [], "no capabilities")
            os.kill(process.pid, signal.SIGKILL)
            starts(c.command(PLAIN[11:]), TEMPORARY, "killed: 454")
        with asking(fake, root=False) as server, server.client() as c:
            c.must(("AUTH PLAIN", "334 "))
            process = Family(server, c).other()
            is_(process.status()["Uid"].split(),
                [str(pwd.getpwnam(ACCOUNT).pw_uid)] * 4,
                "not started as root: the account")
            is_(process.status()["Seccomp"], "2", "jailed, too")

NEEDED = ["dovecot-core", "dovecot-imapd"]
missing = why_not(NEEDED)
MECHANISMS = ("PLAIN", "LOGIN", "SCRAM-SHA-256")
if missing:
    skip("a real Dovecot", missing)
else:
    with case("a real Dovecot"), Server(users={
            JOE: "secret", "eve@example.com": "other"}) as own:
        with open(own.path("authusers"), encoding="ascii") as file:
            text = file.read()
        own.write("authusers", text.replace("eve@example.com:",
                                            "eve@example.com:!"))
        own.passwd("build")
        with Dovecot(own.path("authusers"),
                     "plain login scram-sha-256 anonymous external"
                     ) as dovecot, asking(
                         dovecot, env={"TRACE": "1"}) as server:
            starts(dovecot.imap(JOE, "secret"), "a OK",
                   "one file: IMAP takes the password")
            starts(dovecot.imap(JOE, "wrong"), "a NO", "and no other")
            starts(dovecot.imap("eve@example.com", "other"), "a NO",
                   "nor a user who is disabled")
            with server.client() as c:
                is_(offer(c), "PLAIN LOGIN SCRAM-SHA-256",
                    "its mechanisms but ANONYMOUS and EXTERNAL")
                for name in ("ANONYMOUS", "EXTERNAL"):
                    starts(c.command(f"AUTH {name} ="), UNKNOWN,
                           f"{name} is refused")
            for name in MECHANISMS:
                for where, what in ((own, "user file"), (server, "Dovecot")):
                    for initial in (True, False):
                        with where.client() as c:
                            is_(c.login(name, JOE, "secret", initial=initial),
                                OK, f"{name}, {what}, initial response "
                                f"{initial}: SMTP takes it too")
                            starts(c.message("\r\n", JOE, "x@example.net"),
                                   "250 ", f"{name}, {what}: relays")
                    for user, password in (
                            (JOE, "wrong"), ("no@example.com", "secret"),
                            ("eve@example.com", "other")):
                        with where.client() as c:
                            is_(c.login(name, user, password), FAILED,
                                f"{name}, {what}: {user} {password}")
            server.wait_log(f"auth ok user={JOE} mech=SCRAM-SHA-256$", 2)
            log = server.log()
            ok("secret" not in log and b64(f"\0{JOE}\0secret") not in log,
               "no password in the log, even when it is traced")
            # Stopped in the middle, then ended in the middle.
            with server.client() as c:
                c.must(("AUTH LOGIN", "334 "))
                for process in dovecot.auth():
                    process.signal(signal.SIGSTOP)
                with server.client() as other:
                    watch = Stopwatch()
                    is_(offer(other), "PLAIN LOGIN",
                        "Dovecot stopped: EHLO offers what is usual")
                    starts(other.command(PLAIN), TEMPORARY,
                           "Dovecot stopped: 454")
                    took(watch, 0, 14, "Dovecot stopped: in bounded time")
                for process in dovecot.auth():
                    process.signal(signal.SIGCONT)
                is_(c.command(b64(JOE)), "334 UGFzc3dvcmQ6",
                    "Dovecot woken up: the exchange goes on")
                is_(c.command(b64("secret")), OK, "and ends well")
            with server.client() as c:
                c.must(("AUTH LOGIN", "334 "))
                for process in dovecot.auth():
                    process.signal(signal.SIGKILL)
                starts(c.command(b64(JOE)), TEMPORARY,
                       "Dovecot's auth process killed in mid-exchange: 454")
                dovecot.stop()
                starts(c.command(PLAIN), TEMPORARY, "Dovecot is gone: 454")
            is_(server.wait_idle(2), [], "nothing is left")

with case("a minute"):
    waiting.join()
    starts(patience["got"], TEMPORARY, "no answer for a minute: 454")
    starts(patience["more"], "250 ", "the connection goes on")
    is_(patience["left"], [], "nothing is left")
    like(patience["log"], r"(?m)auth temp mech=PLAIN reason=backend "
         r"detail=timeout$", "its line in the log")

done()
