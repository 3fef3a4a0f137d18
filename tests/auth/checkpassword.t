#!/usr/bin/env python3
"""A checkpassword program in place of the user file: what it is given, what
its exit status comes to, and that it ends when nobody waits for it."""
import base64
import hmac
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_auth import b64, offer  # noqa: E402
from support.extra_checkpassword import Program  # noqa: E402
from support.extra_process import (  # noqa: E402
    Family, Process, gone, wait_for)
from support.extra_tls import read  # noqa: E402

JOE = "joe@example.com"
OK = "235 2.7.0 ok, go ahead"
FAILED = "535 5.7.8 authentication failed"
TEMPORARY = "454 4.7.0"
UNKNOWN = "504 5.5.4"
NONE = "0000000000000000"
TRUE = "/bin/true"


def checking(program, *arguments, env=None, **options):
    """A server with this program."""
    return Server(args=[program.path, *(arguments or (TRUE,))],
                  env={**program.env, **(env or {})}, **options)


def plain(user, password, authzid=""):
    """The AUTH line."""
    return "AUTH PLAIN " + b64(f"{authzid}\0{user}\0{password}")


# Sixty seconds pass while the rest of this file runs.
patience = {}


def hang():
    """A program that never ends; for the check at the end."""
    program = Program()
    with checking(program) as server:
        client = Client(server.port, deadline=300)
        try:
            patience["got"] = client.command(plain(JOE, "hang"))
            patience["left"] = gone([program.last().pid], 2)
            patience["more"] = client.command("NOOP")
        finally:
            client.close()
        patience["runs"] = program.directory
        patience["log"] = server.log()
        patience["left"] += gone(server.processes(), 2)


waiting = threading.Thread(target=hang)
waiting.start()

for root in (True, False) if ROOT else (False,):
    how = "as root" if root else "as the account"
    watched = Program()
    with case(how), checking(watched, "/bin/true", "a b", root=root,
                             env={"LAUNCHER": "its word"}) as server:
        for name in ("PLAIN", "LOGIN"):
            for initial in (True, False):
                what = f"{how}, {name}, initial response {initial}"
                with case(what), server.client() as c:
                    c.hello()
                    if name == "LOGIN" and initial:
                        c.must(("AUTH LOGIN " + b64(JOE), "334 "))
                        got = c.command(b64("secret"))
                    else:
                        got = c.login(name, JOE, "secret", initial=initial)
                    is_(got, OK, what)
                    run = watched.last()
                    is_(run.record, b"joe@example.com\0secret\0\0",
                        what + ": login, password, no challenge")
                    starts(c.message("\r\n", JOE, "x@example.net"), "250 ",
                           what + ": it relays")
                    is_(server.messages()[-1].env["SMTPAUTHUSER"], JOE,
                        what + ": the login in the environment")
                    is_(server.messages()[-1].env["SMTPAUTHMETHOD"], name,
                        what + ": the mechanism, too")
        is_(run.argv, ["/bin/sh", watched.path, "/bin/true", "a b"],
            f"{how}: its arguments")
        ok(b"secret" not in run.read("env") + run.read("argv"),
           f"{how}: the password is in neither arguments nor environment")
        is_(run.env["LAUNCHER"], "its word",
            f"{how}: the launcher's environment")
        is_(run.env["TCPREMOTEIP"], "127.0.0.1", f"{how}: and tcpserver's")
        is_([k for k in run.env if "AUTH" in k and k != "REQUIREAUTH"], [],
            f"{how}: nothing about AUTH is in it")
        found = run.descriptors
        is_(sorted(found), [0, 1, 2, 3], f"{how}: its descriptors")
        is_([found[0], found[1]], ["/dev/null"] * 2,
            f"{how}: it cannot read from or write to the client")
        ok(found[3].startswith("pipe:"), f"{how}: 3 is a pipe")
        status = run.status
        if ROOT:
            account = str(pwd.getpwnam(ACCOUNT).pw_uid)
            is_(status["Uid"].split(), [account] * 4, f"{how}: its uid")
        is_((status["NoNewPrivs"], status["Seccomp"]), ("0", "0"),
            f"{how}: it may be setuid")
        for field in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            is_(status[field], NONE, f"{how}: {field}")
        is_((ignored(status), status["SigBlk"]), (0, NONE),
            f"{how}: default signals")
        is_(int(run.read("group")), run.pid,
            f"{how}: a process group of its own")
        with server.client() as c:
            is_(c.command(plain(JOE, "wrong")), FAILED, f"{how}: refused")
        server.wait_log(rf"auth fail user={JOE} mech=PLAIN reason=password$")
        server.wait_log(rf"auth ok user={JOE} mech=LOGIN$", 2)
        is_(server.wait_idle(2), [], f"{how}: nothing is left")
        ok("secret" not in server.log(), f"{how}: no password is logged")

program = Program()
with case("exit status"), checking(program) as server:
    for sent, expected, logged in (
            ("exit 1", FAILED, "auth fail .*reason=password$"),
            ("exit 2", TEMPORARY, r"auth temp .*detail=exit\\x202$"),
            ("exit 3", TEMPORARY, r"auth temp .*detail=exit\\x203$"),
            ("exit 100", TEMPORARY, r"auth temp .*detail=exit\\x20100$"),
            ("exit 111", TEMPORARY,
             rf"auth temp user={JOE} mech=PLAIN reason=backend "
             r"detail=exit\\x20111$"),
            ("exit 127", TEMPORARY, r"detail=exit\\x20127$"),
            ("exit 255", TEMPORARY, r"detail=exit\\x20255$"),
            ("signal", TEMPORARY, r"detail=signal\\x2011$"),
            ("talk", FAILED, r"^to-the-log$")):
        with case(sent), server.client() as c:
            starts(c.command(plain(JOE, sent)), expected, f"{sent}")
            server.wait_log(logged)
            starts(c.command("NOOP"), "250 2.0.0",
                   f"{sent}: not a byte of the program's reached the client")
            is_(c.command(plain(JOE, "secret")), OK,
                f"{sent}: then another is let in")
    with server.client() as c:
        is_([c.command(plain(JOE, "exit 111"))[:3] for _ in range(4)],
            ["454"] * 4, "a temporary failure does not count as a failure")
        is_([c.command(plain(JOE, "no"))[:3] for _ in range(3)],
            ["535"] * 3, "three refusals")
        starts(c.reply(), "421 4.7.0", "end the connection")

with case("what does not read descriptor 3"):
    for what, text in (
            ("true", "exit 0\n"),
            ("a program that reads the login", "head -c 4 <&3 >/dev/null\n"),
            ("one that leaves the last octet",
             "head -c 23 <&3 >/dev/null\n")):
        program = Program(text)
        with case(what), checking(program) as server:
            with server.client() as c:
                starts(c.command(plain(JOE, "secret")), TEMPORARY,
                       f"{what}: lets nobody in")
                starts(c.command("MAIL FROM:<a@b.example>"), "250 ",
                       f"{what}: the connection goes on")
                starts(c.command("RCPT TO:<x@example.net>"), "550 5.7.1",
                       f"{what}: it does not relay")
            server.wait_log(
                r"auth temp .*detail=descriptor\\x203\\x20not\\x20read$")
    with case("exactly"), checking(
            Program("head -c 24 <&3 >/dev/null\n")) as server:
        with server.client() as c:
            is_(c.command(plain(JOE, "secret")), OK,
                "one that reads all but the end of the file")
    for name, expected in (("/bin/true", TEMPORARY), ("true", TEMPORARY),
                           ("/bin/false", FAILED)):
        with case(name), Server(args=[name]) as server:
            with server.client() as c:
                starts(c.command(plain(JOE, "secret")), expected,
                       f"{name} as the program: {expected[:3]}")

with case("a program that cannot be run"):
    directory = home()
    plain_file = Program("exit 0\n", mode=0o644).path
    for name, reason in ((directory + "/absent", "No such file"),
                         (plain_file, "Permission denied"),
                         (directory, "Permission denied"),
                         ("no-such-program", "No such file")):
        with case(name), Server(args=[name, TRUE], env={
                "PATH": "/usr/bin:/bin"}) as server:
            with server.client() as c:
                starts(c.command(plain(JOE, "secret")), TEMPORARY,
                       f"{reason}: 454")
                is_(c.command("NOOP")[:3], "250", f"{reason}: goes on")
            server.wait_log("config fail file=" + re.escape(name) +
                            " reason=" + reason.replace(" ", r"\\x20"))
            server.wait_log(r"auth temp .*reason=backend detail=")
            is_(server.wait_idle(2), [], f"{reason}: nothing is left")

program = Program()
with case("the login"), checking(
        program, env={"AUTHDOMAIN": "Example.ORG"}) as server:
    for user, seen in (("Joe@Example.COM", "joe@example.com"),
                       ("Joe", "joe@example.org"),
                       ("j\u00f6e@example.com", "j\u00f6e@example.com")):
        with server.client() as c:
            is_(c.command(plain(user, "secret")), OK, f"{user} is let in")
            is_(program.last().record, f"{seen}\0secret\0\0".encode(),
                f"{user}: the program is asked for {seen}")
    server.wait_log(f"auth ok user={'joe@example.org'} ")
    for user, password, authzid, expected in (
            (JOE, "secret\0more", "", "501 5.5.2"),
            ("", "secret", "", "501 5.5.2"),
            (JOE, "", "", "501 5.5.2"),
            ("a\x01b", "secret", "", "501 5.5.2"),
            (JOE, "secret", "eve@example.com", FAILED)):
        with server.client() as c:
            starts(c.command(plain(user, password, authzid)), expected,
                   f"{user!r} {password!r} {authzid!r}: {expected[:3]}")
    is_(program.runs(), [], "the program was not run for those")
    with server.client() as c:
        is_(c.command(plain(JOE, "secret", JOE)), OK,
            "an authorization id that is the login")

program = Program()
with case("length"), checking(program) as server:
    most = 512 - len(JOE) - 3
    for length, expected in ((most, OK), (most + 1, FAILED), (5000, FAILED)):
        with server.client() as c:
            starts(c.command(plain(JOE, "secret" + "x" * (length - 6))),
                   expected, f"a password of {length} octets: {expected[:3]}")
    is_([len(run.record) for run in program.runs()], [512],
        "the program is never given more than 512 octets")

program = Program()
with case("offer"), checking(program, users={JOE: "in the file"}) as server:
    with server.client() as c:
        is_(offer(c), "PLAIN LOGIN", "what is offered")
        for name in ("SCRAM-SHA-256", "SCRAM-SHA-1", "EXTERNAL", "X"):
            starts(c.command(f"AUTH {name}"), UNKNOWN, f"not {name}")
        is_(c.command(plain(JOE, "in the file")), FAILED,
            "the user file does not count")
        is_(c.command(plain(JOE, "secret")), OK, "the program does")
    for env, expected in (
            ({"AUTHMECHS": "SCRAM-SHA-256 LOGIN PLAIN"}, "LOGIN PLAIN"),
            ({"AUTHMECHS": "LOGIN"}, "LOGIN"),
            ({"AUTHMECHS": "SCRAM-SHA-1"}, None),
            ({"SMTPAUTH": ""}, "PLAIN LOGIN"),
            ({"SMTPAUTH": "+cram"}, "PLAIN LOGIN CRAM-MD5"),
            ({"SMTPAUTH": "cram"}, "CRAM-MD5"),
            ({"AUTHMECHS": "cram-md5 SCRAM-SHA-256 plain"},
             "CRAM-MD5 PLAIN"),
            ({"SMTPAUTH": "!"}, "PLAIN LOGIN"),
            ({"SMTPAUTH": "-"}, None)):
        with case(str(env)), checking(program, env=env) as other:
            with other.client() as c:
                is_(offer(c), expected, f"{env}: {expected}")
                if expected is None or "PLAIN" not in expected:
                    starts(c.command(plain(JOE, "secret")), UNKNOWN,
                           f"{env}: nor is PLAIN accepted")

program = Program()
with case("CRAM-MD5"), checking(program, env={
        "SMTPAUTH": "+cram", "AUTHDOMAIN": "example.com"}) as server:
    for user, seen in ((JOE, JOE), ("Joe", JOE)):
        with server.client() as c:
            challenge = base64.b64decode(c.command("AUTH CRAM-MD5")[4:])
            digest = hmac.new(b"secret", challenge, "md5").hexdigest()
            is_(c.command(b64(f"{user} {digest}")), FAILED,
                f"CRAM-MD5: {user}: the program decides")
            run = program.last()
            is_(run.record, b"\0".join((seen.encode(), digest.encode(),
                                        challenge, b"")),
                "login, response, challenge")
            c.must(("AUTH CRAM-MD5", "334 "))
            starts(c.command(b64(user + " nodigits")), "501 5.5.2",
                   "what is no response")
            starts(c.command("AUTH CRAM-MD5 " + b64(user)), "501 5.7.0",
                   "it takes no initial response")
            is_(c.command(plain(user, "secret")), OK, "PLAIN beside it")
            is_(program.last().record, seen.encode() + b"\0secret\0\0",
                "with no challenge")
with case("CRAM-MD5, checked"), checking(Program(r'''
user=; IFS= read -r line <<EOF
$(tr '\0' ' ' <&3)
EOF
set -- $line
expected=$(printf %s "$3" | openssl dgst -md5 -hmac secret | sed 's/.* //')
test "$1 $2" = "joe@example.com $expected"
'''), env={"SMTPAUTH": "cram"}) as server:
    for password, expected in (("secret", OK), ("wrong", FAILED)):
        with server.client() as c:
            is_(c.login("CRAM-MD5", JOE, password), expected,
                f"a program that knows CRAM-MD5: {password}")

program = Program()
with case("clients that go"), checking(program) as server:
    for step in ("AUTH PLAIN", "AUTH LOGIN", "AUTH LOGIN " + b64(JOE)):
        with server.client() as c:
            c.must((step, "334 "))
            is_(c.command("*"), "501 5.7.0 authentication cancelled",
                f"* to {step[:11]}")
            family = Family(server, c)
            is_(gone([other.pid for other in family.others()], 2), [],
                f"* to {step[:11]}: nobody is left")
            c.must((step, "334 "))
            others = [p.pid for p in family.others()]
            is_(len(others), 1, f"{step[:11]}: the authenticator")
            others += [p.pid for p in Process(others[0]).children()]
            is_(len(others), 2, f"{step[:11]}: and its collector")
            c.close()
            is_(gone(others + [family.keeper.pid], 2), [],
                f"gone at {step[:11]}: all are gone within 2 seconds")
    with server.client() as c:
        c.send(plain(JOE, "hang") + "\r\n")
        run = wait_for(program.runs, "the program")[0]
        wait_for(lambda: os.path.exists(run.path + "/child"), "its child")
        family = Family(server, c)
        c.close()
        is_(gone([family.keeper.pid, run.pid, run.child], 2), [],
            "gone while the program works: program, child and all are gone")
    server.wait_idle(2)

with case("processes"), checking(program) as server:
    if not ROOT:
        skip("who they are", "needs root")
    else:
        with server.client() as c:
            c.must(("AUTH LOGIN", "334 "))
            family = Family(server, c)
            runner = family.other()
            collector = wait_for(
                lambda: [p for p in runner.children()
                         if p.status()["Seccomp"] == "2"], "it")[0]
            status = collector.status()
            is_(status["Uid"].split(), [str(1900000000 + collector.pid)] * 4,
                "the collector has a uid of its own")
            is_(collector.root(), server.empty, "and an empty root directory")
            is_(status["NoNewPrivs"], "1", "and no new privileges")
            ok(set(collector.descriptors().values()) == set(
                collector.descriptors()[n] for n in (0,)),
               "and no descriptor but that of the one that it tells")
            account = str(pwd.getpwnam(ACCOUNT).pw_uid)
            is_(runner.status()["Uid"].split(), [account] * 4,
                "the one that will start the program is the account")
            ok(family.target not in runner.descriptors().values(),
               "and does not hold the client's socket")
            for victim, what in ((collector, "the collector"),
                                 (runner, "the authenticator")):
                if victim is runner:
                    c.must(("AUTH LOGIN", "334 "))
                    victim = family.other()
                os.kill(victim.pid, signal.SIGKILL)
                starts(c.command(b64(JOE)), TEMPORARY,
                       f"{what} killed: 454")
                is_(gone([other.pid for other in family.others()], 2), [],
                    f"{what} killed: nobody is left")
            is_(c.command(plain(JOE, "secret")), OK, "then a login")

with case("what a program leaves behind"), checking(program) as server:
    with server.client() as c:
        c.send(plain(JOE, "leave") + "\r\n")
        is_(c.reply(), OK, "a program that leaves a child behind")
        run = program.runs()[-1]
        ok(Process(run.child).alive(), "it is left alone")
        os.kill(run.child, signal.SIGKILL)

def killed_by_us(server, line):
    """The kills of a connection with that line, as strace has seen them."""
    trace = os.path.join(home("trace"), "calls")
    # Its input ends when all was answered: a client that is gone is another end.
    with subprocess.Popen(
            ["strace", "-f", "-o", trace, "-e", "trace=kill",
             *server.command()], env=server.env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL) as ran:
        ran.stdin.write(f"{line}\r\nQUIT\r\n")
        ran.stdin.flush()
        replies = []
        for reply in ran.stdout:
            replies.append(reply)
            if reply.startswith("221 "):
                break
        else:
            raise AssertionError(str(replies))
    return [call for call in read(trace).split("\n") if "kill(" in call]


with case("a usual end"), checking(program) as server:
    if not shutil.which("strace"):
        skip("the collector ends by itself", "no strace")
    else:
        # Once is enough: a machine that is busy may need more than a second.
        for password in ("secret", "wrong"):
            kills = [killed_by_us(server, plain(JOE, password))]
            while kills[-1] and len(kills) < 10:
                kills.append(killed_by_us(server, plain(JOE, password)))
            is_(kills[-1], [], f"{password}: the collector ends by itself")

with case("60 seconds"):
    waiting.join()
    starts(patience["got"], TEMPORARY, "a program that hangs: 454")
    is_(patience["left"], [], "it is killed")
    starts(patience["more"], "250 ", "the connection goes on")
    like(patience["log"], r"(?m)auth temp mech=PLAIN reason=backend "
         r"detail=timeout$", "and its line in the log")

done()
