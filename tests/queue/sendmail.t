#!/usr/bin/env python3
"""queue-sendmail by itself, in front of a sendmail that does as it is told:
its arguments, its exits, and what goes wrong before it. The real ones have
tests of their own, sendmail-*.t."""
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import ROOT, case, done, home, is_, like, ok, skip  # noqa: E402
from support.place import program as place_of_program  # noqa: E402
from support.extra_sendmail import Run, envelope, queue, write  # noqa: E402

# Every run of it writes down what it was given.
PRETEND = """#!/bin/sh
cd "$OUT" || exit 99
printf '%s\\0' "$@" >arguments
cat >message
ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> .*/\\1/p' >descriptors
grep -E '^Sig(Blk|Ign)' /proc/self/status >signals
grep -E '^Max (address|data)' /proc/self/limits >limits
: >ran
[ -z "$WORDS" ] || printf "$WORDS" >&2
[ -z "$LEAVE" ] || (exec sleep "$LEAVE") &
[ -z "$DIE" ] || kill -"$DIE" $$
[ -z "$WAIT" ] || read -r line <"$WAIT"
exit ${EXIT-0}
"""
MESSAGE = b"Received: x\nSubject: y\n\n.\nz\n"
ENVELOPE = envelope("joe@example.com", "ann@example.org", "bob@example.net")
FATAL = r"\Aqueue-sendmail: fatal: unable to [^\n]+: [^\n]+\n\Z"


class Place:
    """A sendmail with a directory for what it writes."""

    def __init__(self, name="sendmail"):
        self.path = home("place")
        self.out = os.path.join(self.path, "out")
        self.spool = os.path.join(self.path, "spool")
        self.sendmail = os.path.join(self.path, name)
        write(self.sendmail, PRETEND, 0o755)
        for directory in (self.out, self.spool):
            os.mkdir(directory)
            os.chmod(directory, 0o777)

    def env(self, env=None):
        """The environment of a run."""
        made = {"SENDMAIL": self.sendmail, "OUT": self.out,
                "TMPDIR": self.spool, **(env or {})}
        return {k: v for k, v in made.items() if v is not None}

    def run(self, message=MESSAGE, what=ENVELOPE, env=None, **how):
        """One message through it."""
        return queue(message, what, env=self.env(env), **how)

    def start(self, env=None, **how):
        """A run that waits for its message."""
        return Run(env=self.env(env), **how)

    def ran(self):
        """Was it started, and did it read everything?"""
        return os.path.exists(os.path.join(self.out, "ran"))

    def read(self, name):
        """What it wrote down."""
        with open(os.path.join(self.out, name), "rb") as file:
            return file.read()

    def arguments(self):
        """Behind its name."""
        return self.read("arguments").decode().split("\0")[:-1]

    def clean(self):
        """Nothing is left in the spool."""
        return os.listdir(self.spool) == []


def fails(place, code, reason, name, **how):
    """It fails so, says so in one line, and sendmail was not started."""
    got = place.run(**how)
    ok(got.code == code and re.match(FATAL, got.log) and reason in got.log and
       not place.ran() and place.clean(), name, got)


with case("arguments"):
    place = Place()
    got = place.run(env={"BODY": "8BITMIME"})
    is_((got.code, got.custom, got.log), (0, b"", ""), "taken, in silence")
    is_(place.arguments(), ["-i", "-B8BITMIME", "-f", "joe@example.com", "--",
                            "ann@example.org", "bob@example.net"],
        "the arguments")
    is_(place.read("message"), MESSAGE, "the message is its input")
    is_(place.read("descriptors").split(), [b"0", b"1", b"2", b"3"],
        "no other descriptor (3 is that of ls)")
    signals = dict(line.split(":") for line in
                   place.read("signals").decode().splitlines())
    is_((int(signals["SigBlk"], 16), int(signals["SigIgn"], 16) &
         (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)), (0, 0),
        "default signals")
    ok(place.clean(), "nothing is left")
    for body, wanted in (("7BIT", ["-i", "-B7BIT", "-f"]),
                         ("x", ["-i", "-f", "<>"]),
                         (None, ["-i", "-f", "<>"])):
        place.run(what=envelope("", "a@b"), env={"BODY": body})
        is_(place.arguments()[:3], wanted, f"BODY={body}")
    for name, beside, first in (("exim4", None, "-oep"),
                                ("exim", None, "-oep"),
                                ("sendmail", "postdrop", "-G"),
                                ("smtpctl", None, "-i"),
                                ("xexim", None, "-i")):
        place = Place(name)
        if beside:
            write(os.path.join(place.path, beside), "")
        link = os.path.join(place.path, "link")
        os.symlink(name, link)
        is_(place.run(env={"SENDMAIL": link}, what=envelope("", "-a@b")).code,
            0, f"{name} behind a link")
        is_(place.arguments()[0], first, "its own option")
        is_(place.arguments()[-1], "<-a@b>" if first == "-i" and
            name != "smtpctl" else "-a@b", "its own way with dashes")
    place = Place("send mail;$(x)")
    is_(place.run().code, 0, "no shell: any name")
    place = Place()
    is_(place.run(what=envelope("$(x)@b", "`y`@b")).code, 82,
        "nor any address")
    is_(place.run(what=envelope("$x@b", "`y`@b")).code, 0, "and no word")
    is_(place.arguments()[-3:], ["$x@b", "--", "`y`@b"], "is looked at")

with case("sendmail's exit"):
    for code, custom in ((65, b"Dsaid so (#5.6.0)"),
                         (67, b"Dsaid so (#5.1.1)"),
                         (68, b"Dsaid so (#5.1.2)"),
                         (69, b"Dsaid so (#5.0.0)")):
        place = Place()
        got = place.run(env={"EXIT": str(code),
                             "WORDS": "\n\nsaid so\nand \\033 more\n"})
        is_((got.code, got.custom), (82, custom), f"exit {code} is for good")
        is_(got.log, "queue-sendmail: said so\nqueue-sendmail: and ? more\n"
            "queue-sendmail: fatal: unable to hand the message to "
            f"{place.sendmail}: exit {code}\n", "and logged")
        got = place.run(env={"EXIT": str(code)})
        like(got.custom, r"^b'D[a-z ]{8,} \(#5\.", "without words")
        is_(place.run(env={"EXIT": str(code)}, error_fd=None).code, 31,
            "without a descriptor for them")
    for code in (1, 64, 66, 70, 71, 72, 73, 74, 75, 76, 77, 78, 100, 127,
                 255):
        got = place.run(env={"EXIT": str(code), "WORDS": "secret\n"})
        is_((got.code, got.custom), (71, b""), f"exit {code} is for now")
        like(got.log, f"secret\n.*exit {code}\n", "and logged")
    for name in ("KILL", "SEGV", "TERM"):
        got = place.run(env={"DIE": name})
        is_((got.code, got.custom), (71, b""), "killed by SIG" + name)
        like(got.log, f"signal {getattr(signal, 'SIG' + name):d}\n", "logged")
    for reply, custom in (("550 5.1.1 no", b"D550 5.1.1 no (#5.0.0)"),
                          ("450 4.2.1 no", b"Z450 4.2.1 no (#4.0.0)")):
        got = place.run(env={"EXIT": "69", "WORDS":
                             f"msmtp: a\\nmsmtp: server message: {reply}\\n"})
        is_((got.code, got.custom), (82, custom), "the next server's reply")
    got = place.run(env={"EXIT": "69", "WORDS":
                         "msmtp: server message: 450 no\\n"}, error_fd=None)
    is_(got.code, 71, "likewise without a descriptor")
    got = place.run(env={"WORDS": "careful\\n"})
    is_((got.code, got.custom, got.log), (0, b"", "queue-sendmail: careful\n"),
        "a warning is only logged")
    got = place.run(env={"EXIT": "69", "WORDS": "x" * 600})
    is_((got.code, len(got.custom)), (82, 310), "long words are cut")
    got = place.run(env={"WORDS": "y\\n" + "x" * 5000})
    ok(got.code == 0 and len(got.log) < 5200, "too many words are dropped",
       got)
    run = place.start(env={"LEAVE": "30"})
    got = run.finish(MESSAGE, ENVELOPE)
    is_(got.code, 0, "a process that it leaves behind is not waited for")
    os.killpg(run.process.pid, signal.SIGKILL)

with case("ERROR_FD"):
    place = Place()
    for number, code in (("2", 82), ("9", 82), ("6", 82), ("1", 31),
                         ("10", 31), ("x", 31), ("", 31)):
        fd = int(number) if code == 82 else 6
        got = place.run(env={"EXIT": "69", "ERROR_FD": number}, error_fd=fd)
        is_(got.code, code, f"ERROR_FD={number}")
        is_(got.custom[:1], b"D" if code == 82 else b"",
            f"ERROR_FD={number}: nothing stands before the text")

    def closed_reader():
        reader, writer = os.pipe()
        os.dup2(writer, 6)
        os.close(reader)
    is_(place.run(env={"EXIT": "69"}, prepare=closed_reader).code, 31,
        "nobody reads it")
    is_(place.run(env={"EXIT": "69"}, prepare=lambda: os.dup2(
        os.open("/dev/null", os.O_RDWR), 6)).code, 31, "6 is no pipe")
    is_(place.run(env={"EXIT": "69", "ERROR_FD": "6"}, prepare=lambda: os.dup2(
        os.open("/dev/null", os.O_RDONLY), 6)).code, 31, "6 is for reading")

with case("no sendmail"):
    for what, path in (("missing", "/nonexistent/sendmail"),
                       ("not executable", "/etc/passwd"), ("a directory", "/"),
                       ("with arguments", "/bin/true -x")):
        place = Place()
        fails(place, 120, path.replace(" ", "\\x20"), what,
              env={"SENDMAIL": path})
    got = place.run(env={"SENDMAIL": ""})
    like(got.log or "/usr/sbin/sendmail", "/usr/sbin/sendmail", "the default")

with case("the envelope"):
    place = Place()
    for what, text, code in (
            ("none", b"", 54), ("no end", ENVELOPE[:-1], 54),
            ("no recipient", b"Fa@b\0\0", 91), ("malformed", b"Ta@b\0\0", 91),
            ("a long address", b"F" + b"a" * 1004 + b"\0", 11)):
        fails(place, code, "read envelope", what, what=text)
    for address in ("a,b@c", "a b@c", "a@b,c", "|x", "/x", "a\nb@c", "a@",
                    "@b"):
        for text in (envelope(address, "a@b"), envelope("a@b", "x@y", address,
                                                        "z@y")):
            got = place.run(what=text)
            is_((got.code, got.custom[:1], place.ran()), (82, b"D", False),
                f"{address!r} is refused")
            is_(place.run(what=text[:-1]).code, 54,
                "unless the envelope is not complete")
    is_(place.run(what=envelope("a@b", "")).code, 82, "an empty recipient")

with case("many recipients"):
    place = Place()

    def stack(octets):
        return lambda: resource.setrlimit(resource.RLIMIT_STACK,
                                          (octets, octets))
    many = [f"u{n:05}@example.org" for n in range(30000)]
    is_(place.run(what=envelope("a@b", *many),
                  prepare=stack(8 << 20)).code, 0, "30,000")
    is_(place.arguments()[4:], many, "all of them")
    place = Place()
    long = ["x" * 991 + "@example.org"] * 2000
    is_(place.run(what=envelope("a@b", *long),
                  prepare=stack(8 << 20)).code, 0,
        "2,000 of the greatest length")
    is_(place.arguments()[4:], long, "all of them")
    place = Place()
    for what, how in (
            ("by our own count", {"what": envelope("a@b", *many * 4)}),
            ("by the kernel's", {"what": envelope("a@b", *many),
                                 "env": {f"E{n}": "x" * 100000
                                         for n in range(17)}})):
        got = place.run(prepare=stack(8 << 20), **how)
        is_((got.code, got.custom, place.ran()),
            (82, b"Dtoo many recipients for one message (#5.5.3)", False),
            "too many " + what)
    place.run(what=envelope("a@b", *many * 4)[:-1], prepare=stack(8 << 20))
    ok(not place.ran(), "nor a part of them")
    memory = 16 << 20
    got = place.run(what=envelope("a@b", *many), prepare=lambda: (
        stack(8 << 20)(), resource.setrlimit(resource.RLIMIT_DATA,
                                             (200000, 200000))))
    is_((got.code, place.ran()), (51, False), "no memory for them")

with case("limits"):
    place = Place()

    def soft(*limits):
        def set_them():
            for what in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
                resource.setrlimit(what, limits)
        return set_them
    for hard, shown in ((resource.RLIM_INFINITY, "unlimited"),
                        (100000000, "100000000")):
        is_(place.run(prepare=soft(8000000, hard)).code, 0,
            "memory's soft limit is ours alone")
        is_(re.findall(rb"(?m)^Max .{22}(\w+) ", place.read("limits")),
            [shown.encode()] * 2, "sendmail's is the hard one")

with case("signals"):
    for signo in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT,
                  signal.SIGHUP):
        place = Place()
        for where in ("message", "envelope"):
            run = place.start()
            os.write(run.message, MESSAGE)
            if where == "envelope":
                os.close(run.message)
                run.message = os.open(os.devnull, os.O_WRONLY)
                os.write(run.envelope, ENVELOPE[:-1])
            # It has its file once its descriptor 3 or 4 is one.
            while not any("spool" in os.readlink(f"/proc/{run.process.pid}/fd/"
                                                 + fd) for fd in os.listdir(
                    f"/proc/{run.process.pid}/fd")):
                pass
            run.process.send_signal(signo)
            got = run.finish(b"", b"")
            ok(got.code == -signo and not place.ran() and place.clean(),
               f"{signo.name} in the {where}", got)
    for signo, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 0)):
        place = Place()
        gate = os.path.join(place.path, "gate")
        os.mkfifo(gate)
        os.chmod(gate, 0o666)
        run = place.start(env={"WAIT": gate})
        os.write(run.message, MESSAGE)
        os.close(run.message)
        os.write(run.envelope, ENVELOPE)
        with open(gate, "wb"):      # it is being read: sendmail runs
            run.process.send_signal(signo)
        run.message = os.open(os.devnull, os.O_WRONLY)
        got = run.finish(b"", b"")
        is_((got.code, place.read("message")), (code, MESSAGE),
            f"{signo.name} while sendmail works: it has all of the message")

with case("the spool"):
    place = Place()
    fails(place, 61, "/nonexistent", "no directory",
          env={"TMPDIR": "/nonexistent"})
    fails(place, 61, "spool/x", "a file in its place",
          env={"TMPDIR": place.sendmail.replace("sendmail", "spool/x")})
    if ROOT:
        fails(place, 61, "/proc", "cannot be written to",
              env={"TMPDIR": "/proc"})
    fails(place, 53, "write message", "over the file size limit",
          message=b"x" * 70000, prepare=lambda: resource.setrlimit(
              resource.RLIMIT_FSIZE, (65536, 65536)))
    is_(place.run(env={"TMPDIR": None}).code, 0, "by default in /tmp")
    is_(place.run(env={"TMPDIR": ""}).code, 0, "and when it is empty")
    small = os.path.join(place.path, "small")
    os.mkdir(small)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=1777",
                       "tmpfs", small], capture_output=True,
                      check=False).returncode:
        skip("full disk", "cannot mount a tmpfs")
    else:
        try:
            place = Place()
            fails(place, 53, "No space left", "full disk",
                  message=b"x" * 200000, env={"TMPDIR": small})
        finally:
            subprocess.run(["umount", small], check=True)

with case("failing system calls"):
    if not shutil.which("strace"):
        skip("failing system calls", "no strace")
    else:
        place = Place()
        log = os.path.join(place.path, "log")
        write(log, "", 0o666)
        trace = ["strace", "-o", log, "-e"]
        failed = set()
        # glibc's own start does not survive a brk that fails: -11.
        for call, error, codes in (
                ("read", "EIO", {53}), ("write", "EIO", {53}),
                ("lseek", "EIO", {53, 0}), ("memfd_create", "EMFILE", {51}),
                ("ftruncate", "EPERM", {51}), ("signalfd4", "EMFILE", {51}),
                ("rt_sigprocmask", "EINVAL", {51, 0, 120}),
                ("open", "EMFILE", {61}), ("openat", "EMFILE", {61}),
                ("brk", "ENOMEM", {0, 51, -11}), ("mmap", "ENOMEM", {0, 51}),
                ("clone", "EAGAIN", {120, 51}),
                ("clone3", "EAGAIN", {120, 51}), ("wait4", "ECHILD", {71})):
            seen, count, code = set(), 0, -1
            while code != 0 and count < 20 or count < 2:
                count += 1
                shutil.rmtree(place.out)
                os.mkdir(place.out)
                os.chmod(place.out, 0o777)
                got = place.run(message=b"x" * 1000, prefix=trace + [
                    f"inject={call}:error={error}:when={count}"])
                code = got.code
                seen.add(code)
                if code != 0 and place.ran() and call != "wait4":
                    ok(False, f"{call} fails: sendmail ran", got)
            failed |= {call} if seen - {0} else set()
            ok(seen - {0} <= codes and 0 in seen, f"{call} fails with {error}",
               count, seen)
        # One of each line, by the C library.
        for calls in ("read", "write", "lseek", "memfd_create", "ftruncate",
                      "signalfd4", "rt_sigprocmask", "mmap brk", "wait4",
                      "open openat", "clone clone3"):
            ok(failed & set(calls.split()), f"{calls} did fail")
        # A file system without files that have no name.
        for call in ("open", "openat"):
            got = place.run(prefix=trace + [
                f"inject={call}:error=EOPNOTSUPP:when=1"])
            ok(got.code == 0 and place.clean(), f"{call}: O_TMPFILE unknown",
               got)

with case("usage"):
    program = place_of_program("queue-sendmail")
    for arguments, code in ((["-h"], 0), (["-V"], 0), (["-x"], 100),
                            (["x"], 100)):
        got = subprocess.run([program, *arguments], capture_output=True,
                             stdin=subprocess.DEVNULL, check=False)
        is_((got.returncode, (got.stdout + got.stderr) != b""), (code, True),
            " ".join(arguments))
    for how in ("<&-", "</dev/null >&-"):
        got = subprocess.run(["sh", "-c", 'exec "$0" ' + how, program],
                             stderr=subprocess.PIPE, check=False)
        is_(got.returncode, 54, "descriptors " + how)

done()
