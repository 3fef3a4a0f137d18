#!/usr/bin/env python3
"""Each system call of a session with TLS, a login and a message, refused by
itself, as the filter of a container does it: what docs/containers.md says
comes of it, in the same isolation, and nothing hangs or is left."""
import errno
import os
import re
import shutil
import ssl
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_process import Family  # noqa: E402

JOE = "joe@example.com"
ALL = "goes on"
# What is read of a process: a filter must not make less of it.
SEEN = ("NoNewPrivs", "Seccomp", "Seccomp_filters", "Groups", "CapPrm", "CapEff",
        "CapBnd")
DESCRIPTORS = len(SEEN) + 1  # where isolation() has them
# The stub itself is exec'ed behind the filter; a program that cannot be
# exec'ed has tests of its own.
UNTRIED = {"execve"}
# Which C library does without which calls, in some release at least.
WITHOUT = {"musl": {"brk", "gettid", "newfstatat", "readlink", "readlinkat",
                    "rseq", "set_robust_list"},
           "glibc": {"fork", "fstat", "gettid", "newfstatat", "open", "readlink",
                     "readlinkat"}}
LIBC = os.path.basename(os.environ.get("BUILD") or "build/musl")


class Refused(Server):
    """Started by a launcher, with all that keeps state."""

    def __init__(self, launcher, root):
        self.launcher = launcher
        state, self.box = place.home("state"), place.home("box")
        for directory in (state, self.box):
            os.chmod(directory, 0o700)
            shutil.chown(directory, ACCOUNT)
        super().__init__(
            users={JOE: "secret"}, certificate="ec", root=root,
            control={"relaylimits": ":100\n"},
            env={"STATEDIR": state, "CONNLIMIT": "50",
                 "QUEUE_MAILDIR": self.box + "/Maildir",
                 "QMAILQUEUE": place.installed("queue-maildir")})

    def command(self):
        return [*self.launcher, *super().command()]

    def queued(self):
        """How many messages were delivered."""
        path = self.box + "/Maildir/new"
        return len(os.listdir(path)) if os.path.isdir(path) else 0


def isolation(server, c):
    """Of session and keeper, as far as /proc tells."""
    family, found = Family(server, c), {}
    for name in ("session", "keeper"):
        process = getattr(family, name)
        status = process.status()
        found[name] = [status[key] for key in SEEN] + [
            process.root() == server.empty, set(process.descriptors()),
            # Of the session it is another one each time, and nobody's.
            int(status["Uid"].split()[0]) >= 1900000000 or status["Uid"]]
    return found


def talk_to(server):
    """A session; the first reply that is a no, "ends", or ALL; and what the
    isolation was, once TLS was on."""
    seen = None
    try:
        with server.client(greet=False) as c:
            def said(reply):
                if str(reply)[:1] not in ("2", "3"):
                    raise LookupError(str(reply)[:3] or "ends")
            said(c.reply())
            said(c.command("EHLO client.example.org"))
            said(c.command("STARTTLS"))
            c.wrap()
            said(c.command("EHLO client.example.org"))
            seen = isolation(server, c)
            said(c.login("SCRAM-SHA-256", JOE, "secret"))
            for line in (f"MAIL FROM:<{JOE}>", "RCPT TO:<x@example.net>",
                         "DATA"):
                said(c.command(line))
            c.send("Subject: x\r\n\r\n.\r\n")
            said(c.reply())
            said(c.command("QUIT"))
            return ALL, seen
    except LookupError as answer:
        return answer.args[0], seen
    except (ConnectionError, ssl.SSLError):
        return "ends", seen


def calls_of(root):
    """Those that are made, by strace, and what is seen without a filter."""
    trace = os.path.join(place.home("trace"), "calls")
    place.write(trace, "", 0o666)
    with Refused(["strace", "-f", "-qq", "-o", trace], root) as server:
        said, seen = talk_to(server)
        is_(said, ALL, f"root={root}: with all calls")
        server.wait_idle()
    with open(trace, encoding="utf-8", errors="replace") as file:
        names = set(re.findall(r"(?m)^\d+ +(\w+)\(", file.read()))
    # A filter that nobody runs into, so that there are as many.
    with Refused([place.stub("denied"), NUMBERS["acct"],
                  str(errno.EPERM)], root) as server:
        return sorted(names - UNTRIED), talk_to(server)[1]


def numbers():
    """Of <asm/unistd.h>."""
    text = subprocess.run(
        ["cc", "-dM", "-E", "-include", "sys/syscall.h", "-"], check=True,
        stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout
    return dict(re.findall(r"(?m)^#define __NR_(\w+) (\d+)$", text))


def table():
    """docs/containers.md: call: (what the client sees, words of the log)."""
    with open(place.TOP + "/docs/containers.md", encoding="utf-8") as file:
        text = file.read().split("\n## System calls\n")[1].split("\n## ")[0]
    rows = {}
    for calls, client, log in re.findall(
            r"(?m)^\| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", text):
        for call in re.findall(r"`(\w+)`", calls):
            ok(call not in rows, f"{call} stands in one row")
            rows[call] = client, re.findall(r"`([^`]*)`", log)
    return rows


ROWS, NUMBERS = table(), numbers()


def refuse(case_):
    """One call, one error."""
    call, number, root, without = case_
    what = f"{call}: {errno.errorcode[number]}, root={root}"
    with case(what), Refused([place.stub("denied"), NUMBERS[call],
                              str(number)], root) as server:
        said, seen = talk_to(server)
        client, words = ROWS.get(call, ("not in the table", []))
        ok(said in client, f"{what}: {said}", f"the table says: {client}",
           server.log())
        is_(server.wait_idle(3), [], f"{what}: nothing is left")
        if seen is not None:
            for name, facts in seen.items():
                descriptors = facts.pop(DESCRIPTORS)
                expected = list(without[name])
                ok(descriptors <= expected.pop(DESCRIPTORS),
                   f"{what}: {name} holds no more", descriptors)
                is_(facts, expected, f"{what}: {name} isolated as ever")
        ok(server.queued() == 1 or said != ALL, f"{what}: nothing is lost")
        if said != ALL:
            ok(any(word in server.log() for word in words) or not words,
               f"{what}: logged", f"expected one of {words}", server.log())


def kernels():
    """The page's table of kernels says the same of these calls."""
    meant = {"all goes on": ALL, "nothing is served": "421", "no mail": "451"}
    with open(place.TOP + "/docs/containers.md", encoding="utf-8") as file:
        text = file.read().split("\n## Kernels\n")[1]
    rows = re.findall(r"(?m)^\| [\d.]+ \| .*`(\w+)` \| ([^;:|]*?)[;:|]", text)
    ok(len(rows) > 3, "the table of kernels was read")
    for call, then in rows:
        ok(meant[then.strip()] in ROWS[call][0], f"kernels: {call}: {then}")


made = set()
kernels()
for as_root in sorted({ROOT, False}, reverse=True):
    with case(f"root={as_root}"):
        names, reference = calls_of(as_root)
        made.update(names)
        parallel(refuse, [(name, number, as_root, reference)
                          for name in names
                          for number in (errno.EPERM, errno.ENOSYS)],
                 threads=4)
if ROOT:
    is_(sorted(set(ROWS) - made - UNTRIED - WITHOUT[LIBC]), [],
        "no row is about a call that is not made")
done()
