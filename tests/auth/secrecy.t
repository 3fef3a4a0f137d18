#!/usr/bin/env python3
"""No password where it does not belong: log, trace, environment, command
line, memory of the processes that stay."""
import base64
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_auth import Scram, b64, challenge_of  # noqa: E402

JOE = "joe@example.com"
PASSWORD = "Tr0ub4dor&3-horse-staple"
WRONG = "c0rrect-battery-wr0ng!"
ALL = ("PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256")


def forms(text):
    """All in which a log might show it."""
    octets = text.encode()
    found = {octets, octets[::-1], octets.hex().encode(),
             octets.hex().upper().encode(), octets[:12], octets[-12:]}
    # Base64 of a part of something longer: at three offsets, inner letters.
    for shift in range(3):
        inner = base64.b64encode(b"\0" * shift + octets)[4:-4]
        found |= {inner, inner[::-1]}
    found.add(b"".join(b"\\x%02X" % c for c in octets))
    found.add(octets.replace(b"&", b"\\x26"))
    return found


def holds(data, text):
    """Which of the forms."""
    return [form for form in forms(text) if form in data]


ok(holds(b"xx" + b64(f"\0{JOE}\0{PASSWORD}").encode(), PASSWORD)
   and holds(PASSWORD.encode().hex().encode(), PASSWORD)
   and not holds(b"Tr0ub4dor", PASSWORD), "the search finds what it should")

with case("TRACE"), Server(users={JOE: PASSWORD}, certificate="ec",
                           env={"TRACE": "1"}) as server:
    for name in ALL:
        for initial in (True, False):
            for password in (PASSWORD, WRONG):
                with server.client() as c:
                    c.hello()
                    c.login(name, JOE, password, initial=initial)
                    c.command("QUIT")
    with server.client() as c:
        c.starttls()
        c.hello()
        c.login("PLAIN", JOE, PASSWORD)
        c.message("Subject: the-subject\r\n\r\nthe-body-text\r\n", JOE)
        c.command("QUIT")
    # What people do wrong: a password where a command belongs.
    slips = (PASSWORD, b64(PASSWORD), b64(f"\0{JOE}\0{PASSWORD}"),
             "AUTHPLAIN " + b64(f"\0{JOE}\0{PASSWORD}"),
             "AUTH " + PASSWORD, "AUTH PLAIN=" + b64(PASSWORD),
             "AUTH  PLAIN " + b64(f"\0{JOE}\0{PASSWORD}"),
             "AUTH\tPLAIN\t" + b64(f"\0{JOE}\0{PASSWORD}"),
             "AUTH NTLM " + b64(PASSWORD), "AUTH PLAIN !" + PASSWORD,
             "AUTH PLAIN * " + b64(PASSWORD), "PASS " + PASSWORD,
             "AUTH PLAIN " + b64(f"\0{JOE}\0{PASSWORD}") + " x")
    heard = b""
    for slip in slips:
        with server.client() as c:
            got = c.command(slip)
            heard += got.encode()
            if got.code == 334:
                heard += c.command(PASSWORD).encode()
            heard += c.command("QUIT").encode()
    with server.client() as c:
        c.must(("AUTH LOGIN", "334"), (b64(JOE), "334"))
        heard += c.command(PASSWORD).encode()
        heard += c.command("A" * 20000 + b64(PASSWORD)).encode()
    scram = Scram("SCRAM-SHA-256", JOE, PASSWORD)
    with server.client() as c:
        got = c.command(f"AUTH SCRAM-SHA-256 {b64(scram.first)}")
        final = scram.final(challenge_of(got))
        c.must((b64(final), "334"), ("", "235"))
        c.command("QUIT")
    server.wait_idle()
    log = server.log().encode()
    for text, what in ((PASSWORD, "the password"), (WRONG, "a wrong one")):
        is_(holds(log, text), [], f"TRACE: {what} is not in the log")
    is_(holds(heard, PASSWORD), [], "nor in any reply")
    for text, what in ((b64(final), "SCRAM's proof"),
                       (b64(scram.first), "SCRAM's first message"),
                       (final.partition(",p=")[2], "the bare proof"),
                       (got[4:], "SCRAM's challenge"),
                       (b64("v=" + b64(scram.server_signature)),
                        "the server's signature"),
                       (b64(JOE), "LOGIN's name")):
        ok(text.encode() not in log and text[::-1].encode() not in log,
           f"TRACE: {what} is not in the log")
    for pattern, what in ((r"> 220 mx\.example\.org ESMTP", "the greeting"),
                          (r"< EHLO ", "a command"),
                          (r"< AUTH PLAIN <hidden \d+ bytes>",
                           "AUTH's argument hidden"),
                          (r"< <hidden \d+ bytes>", "a response hidden"),
                          (r"> 334 <hidden \d+ bytes>", "a challenge hidden"),
                          (r"> 535 5\.7\.8", "a reply"),
                          (r"< MAIL FROM:<joe@example\.com>",
                           "a command under TLS")):
        ok(re.search(pattern, log.decode()), f"TRACE shows {what}")
    ok(b"the-body-text" not in log and b"the-subject" not in log,
       "TRACE: no message")

with case("without TRACE"), Server(users={JOE: PASSWORD}) as server:
    with server.client() as c:
        c.login("PLAIN", JOE, PASSWORD)
        c.command(PASSWORD)
        c.command("QUIT")
    server.wait_log("end ")
    ok(not re.search(r" [<>] ", server.log()), "no conversation in the log")
    is_(holds(server.log().encode(), PASSWORD), [], "no password")


def read(path):
    """Of a process that may be gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


with case("/proc"), Server(users={JOE: PASSWORD}) as server:
    for name in ALL:
        with server.client() as c:
            c.hello()
            if name == "PLAIN":
                c.must(("AUTH PLAIN", "334"))
            else:
                c.must(("AUTH LOGIN", "334"), (b64(JOE), "334"))
            for when in ("in the exchange", "after it"):
                if when == "after it":
                    c.command("*")
                    is_(c.login(name, JOE, PASSWORD)[:3], "235",
                        f"{name}: logged in")
                pids = server.processes()
                ok(len(pids) >= 2, f"{name}: processes to look at {when}")
                seen = b"".join(read(f"/proc/{pid}/{file}") for pid in pids
                                for file in ("environ", "cmdline", "comm"))
                is_(holds(seen, PASSWORD), [],
                    f"{name}: not in environment or arguments {when}")
                ok(b"smtpd-auth" in seen, f"{name}: something was read")
            c.message("\r\n", JOE)
    env = server.messages()[-1].env
    is_(holds(str(env).encode(), PASSWORD), [],
        "not in the queue program's environment")
    is_(holds(" ".join(server.messages()[-1].argv).encode(), PASSWORD), [],
        "nor its arguments")


def memory(pid):
    """What a process has written in: its private mappings."""
    found = b""
    for line in read(f"/proc/{pid}/maps").decode().splitlines():
        span, rights = line.split()[:2]
        if rights[:2] != "rw":
            continue
        start, end = (int(x, 16) for x in span.split("-"))
        try:
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
                file.seek(start)
                found += file.read(end - start)
        except OSError:
            pass
    return found


if ROOT:
    for tls in (False, True):
        where = "under TLS" if tls else "in clear"
        with case("memory"), Server(users={JOE: PASSWORD},
                                    certificate="ec") as server:
            for name in ("PLAIN", "LOGIN"):
                with server.client() as c:
                    if tls:
                        c.starttls()
                    c.hello()
                    c.login(name, JOE, PASSWORD)
                    pids = server.processes()
                    is_(len(pids), 2, f"{name}, {where}: keeper and session")
                    all_memory = {pid: memory(pid) for pid in pids}
                    ok(all(len(m) > 10000 for m in all_memory.values()),
                       f"{name}, {where}: their memory can be read")
                    for pid, octets in all_memory.items():
                        is_(PASSWORD.encode() in octets, False,
                            f"{name}, {where}: no password in the memory "
                            f"of {'keeper' if pid == min(pids) else 'session'}")
                is_(server.wait_idle(), [], f"{name}, {where}: then nobody")
else:
    skip("memory of the processes", "needs root")

done()
