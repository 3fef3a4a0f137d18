#!/usr/bin/env python3
"""queue-maildir, seen from outside: a message is in new/ if and only if the
program exited 0, and a failure leaves nothing behind.

Run from the top of the tree by prove. QUEUE_MAILDIR_PROGRAM names another
program. What needs root, a mount or strace is skipped where it is missing."""

import array
import fcntl
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import termios
import threading
import time

PROGRAM = os.path.abspath(
    os.environ.get("QUEUE_MAILDIR_PROGRAM", "./queue-maildir"))
MESSAGE = b"Subject: test\n\nline one\nline two\n"
ENVELOPE = b"Fjoe@example.com\0Tann@example.org\0Tbob@example.org\0\0"
HEADER = (b"Return-Path: <joe@example.com>\nDelivered-To: ann@example.org\n"
          b"Delivered-To: bob@example.org\n")
SECONDS = 300  # for a run; one that takes longer is killed, so it fails
NAME = re.compile(r"^\d+\.M\d+P\d+Q\d+\.[^/:]+$")
FATAL = re.compile(rb"\Aqueue-maildir: fatal: unable to [^\n]+: [^\n]+\n\Z")

tests = failures = 0


def ok(good, what, *notes):
    global tests, failures
    tests += 1
    failures += not good
    print("%sok %d - %s" % ("" if good else "not ", tests, what))
    for note in () if good else notes:
        print("# %r" % (note,))


def skip(what, reason):
    global tests
    tests += 1
    print("ok %d # SKIP %s: %s" % (tests, what, reason))


def feed(fd, data):
    try:
        with os.fdopen(fd, "wb") as pipe:
            pipe.write(data)
    except BrokenPipeError:
        pass


class Run:
    """One run of the program; message and envelope go through pipes. Left
    open (close=False) they stay with the caller, who ends them."""

    def __init__(self, path, prefix=(), environ=None, limits=None, uid=None,
                 ignore=None):
        env = {"PATH": os.environ["PATH"]}
        if path is not None:
            env["QUEUE_MAILDIR"] = path
        env.update(environ or {})

        def prepare():
            for signo in ignore or ():
                signal.signal(signo, signal.SIG_IGN)
            for what, value in (limits or {}).items():
                resource.setrlimit(what, (value, value))
            if uid is not None:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)

        message, self.message = os.pipe()
        envelope, self.envelope = os.pipe()
        self.process = subprocess.Popen(
            list(prefix) + [PROGRAM], stdin=message, stdout=envelope,
            stderr=subprocess.PIPE, env=env, preexec_fn=prepare)
        os.close(message)
        os.close(envelope)

    def finish(self, message, envelope):
        """Feeds what is given and returns (exit code, stderr)."""
        guard = threading.Timer(SECONDS, self.process.kill)
        threads = [threading.Thread(target=feed, args=pair) for pair in (
            (self.message, message), (self.envelope, envelope))]
        guard.start()
        for thread in threads:
            thread.start()
        self.error = self.process.stderr.read()
        for thread in threads:
            thread.join()
        self.code = self.process.wait()
        guard.cancel()
        return self.code, self.error

    def end_message(self):
        """The whole of it is in the pipe."""
        os.write(self.message, MESSAGE)
        os.close(self.message)
        self.message = os.open(os.devnull, os.O_WRONLY)

    def drained(self, pipe):
        """Waits until it has read all that is in there and wants more."""
        def is_empty():
            number = array.array("i", [0])
            fcntl.ioctl(pipe, termios.FIONREAD, number)
            return number[0] == 0

        def sleeps():
            with open("/proc/%d/stat" % self.process.pid, "rb") as file:
                return file.read().rpartition(b")")[2].split()[0] in b"SZ"
        wait_until(lambda: is_empty() and sleeps())

    def kill(self, signo):
        self.process.send_signal(signo)
        self.error = self.process.stderr.read()
        self.code = self.process.wait()
        os.close(self.message)
        os.close(self.envelope)


def deliver(path, message=MESSAGE, envelope=ENVELOPE, **how):
    return Run(path, **how).finish(message, envelope)


def listing(path, folder):
    try:
        return sorted(os.listdir(os.path.join(path, folder)))
    except (FileNotFoundError, NotADirectoryError):
        return []


def contents(path):
    texts = []
    for name in listing(path, "new"):
        with open(os.path.join(path, "new", name), "rb") as file:
            texts.append(file.read())
    return texts


def nothing(path):
    return listing(path, "new") + listing(path, "tmp") == []


def fails(path, code, what, **how):
    """The run fails with that code, says so in one line, leaves nothing."""
    got, error = deliver(path, **how)
    ok(got == code and FATAL.match(error) and nothing(path or ""), what,
       got, error, listing(path or "", "new"), listing(path or "", "tmp"))


def wait_until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_options(path):
    for args, code in ((["-h"], 0), (["-V"], 0), (["-x"], 100),
                       (["argument"], 100)):
        run = subprocess.run([PROGRAM] + args, capture_output=True,
                             stdin=subprocess.DEVNULL)
        text = run.stderr if code else run.stdout
        ok(run.returncode == code and text.count(b"queue-maildir") == 1,
           "%s exits %d" % (args[0], code), run)


def test_normal(path):
    code, error = deliver(path)
    ok((code, error) == (0, b""), "a message is taken, without a word",
       code, error)
    ok(contents(path) == [HEADER + MESSAGE], "it has its lines on top",
       contents(path))
    ok(listing(path, "tmp") == [] and listing(path, "cur") == [],
       "nothing in tmp and cur")
    name = listing(path, "new")[0]
    ok(NAME.match(name), "its name is the convention's", name)
    modes = [stat.S_IMODE(os.stat(os.path.join(path, part)).st_mode)
             for part in ("", "tmp", "new", "cur", "new/" + name)]
    ok(modes == [0o700] * 4 + [0o600], "directories 0700, message 0600",
       [oct(mode) for mode in modes])


def test_messages(path):
    big = os.urandom(5 << 20)
    block = b"x" * 65536
    for what, message in (
            ("an empty message", b""),
            ("a message without a line end", b"Subject: x"),
            ("NUL, CR and all octets", bytes(range(256)) * 3),
            ("64 KiB", block), ("64 KiB and one", block + b"x"),
            ("5 MiB", big)):
        shutil.rmtree(path, ignore_errors=True)
        code, error = deliver(path, message)
        ok(code == 0 and contents(path) == [HEADER + message],
           what + " is taken as it is", code, error)


def test_envelopes(path):
    long = b"a" * 991 + b"@example.com"
    for what, envelope, header in (
            ("the empty sender", b"F\0Ta@b\0\0",
             b"Return-Path: <>\nDelivered-To: a@b\n"),
            ("control characters", b"Fa\nb\x7f\0Tc\r\n\td\0\0",
             b"Return-Path: <a?b?>\nDelivered-To: c???d\n"),
            ("UTF-8", "Fj\u00f6@b\0Tk\u00e4@d\0\0".encode(),
             "Return-Path: <j\u00f6@b>\nDelivered-To: k\u00e4@d\n".encode()),
            ("1003 octets", b"F" + long + b"\0T" + long + b"\0\0",
             b"Return-Path: <" + long + b">\nDelivered-To: " + long + b"\n"),
            ("what follows the end", b"Fa\0Tb\0\0Tc\0\0",
             b"Return-Path: <a>\nDelivered-To: b\n")):
        shutil.rmtree(path, ignore_errors=True)
        code, error = deliver(path, envelope=envelope)
        ok(code == 0 and contents(path) == [header + MESSAGE],
           "envelope: " + what, code, error, contents(path))
    shutil.rmtree(path)
    fails(path, 11, "a sender of 1004 octets",
          envelope=b"Fx" + long + b"\0Ta\0\0")
    fails(path, 11, "a recipient of 1004 octets",
          envelope=b"Fa\0Tb\0Tx" + long + b"\0\0")
    fails(path, 11, "an address without an end",
          envelope=b"Fa\0T" + b"x" * 300000)
    for envelope in (b"\0", b"Ta\0\0", b"fa\0Tb\0\0", b"Fa\0\0",
                     b"Fa\0Fb\0Tc\0\0", b"Fa\0Tb\0Fc\0\0", b"Fa\0Tb\0b\0\0",
                     b"Fa\0Tb\0\n\0"):
        fails(path, 91, "malformed: %r" % envelope, envelope=envelope)


def test_prefixes(path):
    for size in range(len(ENVELOPE)):
        fails(path, 54, "%d octets of the envelope" % size,
              envelope=ENVELOPE[:size])
    run = Run(path)
    run.end_message()
    for octet in ENVELOPE[:-1]:
        os.write(run.envelope, bytes([octet]))
        run.drained(run.envelope)
    ok(listing(path, "new") == [], "all but the last octet: not there yet")
    code, error = run.finish(b"", ENVELOPE[-1:])
    ok(code == 0 and contents(path) == [HEADER + MESSAGE],
       "octet by octet it is taken", code, error)


def test_recipients(path):
    many = [b"user%d@example.org" % n for n in range(100000)]
    memory = {resource.RLIMIT_AS: 8 << 20}
    bounded = subprocess.run(
        [PROGRAM, "-V"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_AS, (8 << 20, 8 << 20))).returncode == 0
    for count in (10000, 100000):
        shutil.rmtree(path, ignore_errors=True)
        envelope = b"Fa@b\0" + b"".join(
            b"T" + address + b"\0" for address in many[:count]) + b"\0"
        header = b"Return-Path: <a@b>\n" + b"".join(
            b"Delivered-To: " + address + b"\n" for address in many[:count])
        code, error = deliver(path, envelope=envelope,
                              limits=memory if bounded else {})
        ok(code == 0 and contents(path) == [header + MESSAGE],
           "%d recipients%s" % (count, " in 8 MiB" if bounded else ""),
           code, error)


def start_envelope(path, whole, **how):
    """A run that has read a part of the message, or the whole of it and all
    but the last octet of the envelope, and waits for more."""
    shutil.rmtree(path, ignore_errors=True)
    run = Run(path, **how)
    if whole:
        run.end_message()
        os.write(run.envelope, ENVELOPE[:-1])
    else:
        os.write(run.message, MESSAGE)
    # Signals are held before cur is made; the file has its name from the
    # end of the message on.
    wait_until(lambda: listing(path, "tmp") if whole else
               os.path.isdir(os.path.join(path, "cur")))
    run.drained(run.envelope if whole else run.message)
    return run


def test_signals(path):
    for where in ("message", "envelope"):
        for signo in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT,
                      signal.SIGHUP):
            run = start_envelope(path, where == "envelope")
            run.kill(signo)
            left = listing(path, "tmp")
            ok(run.code == -signo and not listing(path, "new") and
               (left == [] or signo == signal.SIGKILL),
               "%s in the %s" % (signal.Signals(signo).name, where),
               run.code, run.error, left)
    run = start_envelope(path, True, ignore=[signal.SIGHUP])
    run.process.send_signal(signal.SIGHUP)
    code, error = run.finish(b"", ENVELOPE[-1:])
    ok(code == 0 and len(contents(path)) == 1, "SIGHUP under nohup is none",
       code, error)


def test_directories(path):
    fails(None, 55, "QUEUE_MAILDIR is not set")
    fails("", 55, "QUEUE_MAILDIR is empty")
    fails(path + "/a/b", 61, "the parent does not exist")
    ok(not os.path.exists(path), "and is not made")
    open(path, "w").close()
    fails(path, 61, "a file in place of the Maildir")
    os.unlink(path)
    for folder in ("tmp", "new", "cur"):
        os.mkdir(path)
        open(os.path.join(path, folder), "w").close()
        fails(path, 61, "a file in place of " + folder)
        shutil.rmtree(path)
    os.mkdir(path)
    code, error = deliver(".", prefix=("env", "-C", path))
    ok(code == 0 and len(contents(path)) == 1, "a relative path", code, error)
    shutil.rmtree(path)


def test_permissions(path):
    uid = 65534 if os.geteuid() == 0 else None
    if uid is not None and subprocess.run(
            [PROGRAM, "-V"], capture_output=True, user=uid, group=uid,
            extra_groups=[], check=False).returncode != 0:
        return skip("permissions", "the program cannot be run by others")
    for folder in ("", "tmp", "new"):
        for part in ("", "tmp", "new", "cur"):
            os.mkdir(os.path.join(path, part))
            if uid is not None:
                os.chown(os.path.join(path, part), uid, uid)
        if folder == "":
            os.rmdir(os.path.join(path, "new"))
        os.chmod(os.path.join(path, folder), 0o500)
        fails(path, 61, "%s cannot be written to" % (folder or "Maildir"),
              uid=uid)
        os.chmod(os.path.join(path, folder), 0o700)
        shutil.rmtree(path)


def test_descriptors(path):
    os.mkdir(path)
    env = dict(os.environ, QUEUE_MAILDIR=path)
    for what, how in (("descriptor 0 is closed", "<&-"),
                      ("descriptor 1 is closed", "</dev/null >&-"),
                      ("descriptor 0 is a directory", "</"),
                      ("descriptor 1 is a directory", "</dev/null 1</")):
        run = subprocess.run(["sh", "-c", 'exec "$0" ' + how, PROGRAM],
                             env=env, stderr=subprocess.PIPE)
        reason = b"directory" if "</" in how[-2:] else b"Bad file"
        ok(run.returncode == 54 and FATAL.match(run.stderr) and
           reason in run.stderr and nothing(path), what, run)
    with tempfile.TemporaryFile() as envelope:
        envelope.write(ENVELOPE)
        envelope.seek(0)
        run = subprocess.run(["sh", "-c", 'exec "$0" 2>&-', PROGRAM],
                             env=env, input=b"", stdout=envelope)
    ok(run.returncode == 0 and contents(path) == [HEADER],
       "from files, without descriptor 2", run)


def test_many_at_once(path):
    runs = [Run(path) for n in range(30)]
    codes = [run.finish(b"%d\n" % n, ENVELOPE)[0]
             for n, run in enumerate(runs)]
    ok(codes == [0] * 30 and sorted(contents(path)) == sorted(
        HEADER + b"%d\n" % n for n in range(30)), "30 at once", codes)


def test_file_size(path):
    limit = {resource.RLIMIT_FSIZE: 65536}
    fails(path, 53, "message over the file size limit", message=b"x" * 70000,
          limits=limit)
    fails(path, 53, "message and header lines over it",
          message=b"x" * 65530, limits=limit)
    fails(path, 53, "header lines over it", limits=limit,
          envelope=b"Fa\0" + b"Tuser@example.org\0" * 4000 + b"\0")


def test_full_disk(path):
    for what, option, message in (
            ("message", "size=128k", b"x" * 200000),
            ("its copy", "size=128k", b"x" * 70000),
            ("no file", "nr_inodes=5", MESSAGE)):
        os.mkdir(path)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs",
                           path], capture_output=True).returncode != 0:
            os.rmdir(path)
            return skip("full disk", "cannot mount a tmpfs")
        try:
            for part in ("tmp", "new", "cur"):
                os.mkdir(os.path.join(path, part))
            if "nodes" in option:
                open(os.path.join(path, "one"), "w").close()
            fails(path, 53, "full disk: " + what, message=message)
        finally:
            subprocess.run(["umount", path], check=True)
        os.rmdir(path)


def test_faults(path):
    """Each system call that matters fails once, at its every occurrence."""
    log = path + ".trace"
    trace = ["strace", "-f", "-o", log]
    try:
        if subprocess.run(trace + ["true"], capture_output=True).returncode:
            raise FileNotFoundError
    except FileNotFoundError:
        return skip("failing system calls", "no strace")
    for call, errors in (("read", ("EIO",)), ("write", ("ENOSPC", "EIO")),
                         ("fsync", ("EIO",)), ("linkat", ("ENOSPC", "EIO")),
                         ("openat", ("EMFILE", "ENOMEM", "ENOSPC")),
                         ("mkdirat", ("EACCES", "ENOSPC")),
                         ("lseek", ("EIO",)), ("syncfs", ("EIO",))):
        for error in errors:
            bad, code, count = [], -1, 0
            while code != 0 and count < 40:
                shutil.rmtree(path, ignore_errors=True)
                count += 1
                inject = "inject=%s:error=%s:when=%d" % (call, error, count)
                code, text = deliver(path, prefix=trace + ["-e", inject])
                if code != 0 and (not nothing(path) or
                                  not 51 <= code <= 61):
                    bad.append((count, code, text))
            ok(not bad and 1 < count < 40 and len(contents(path)) == 1,
               "%s fails with %s" % (call, error), count, *bad)
    shutil.rmtree(path)
    os.mkdir(path)
    deliver(path, prefix=trace + ["-e", "trace=fsync,linkat,syncfs"])
    with open(log) as file:
        calls = re.findall(r"(\w+)\(", file.read())
    ok(calls == ["syncfs", "fsync", "linkat", "fsync"],
       "on the disk before it is in new, and new before exit 0", calls)


def main():
    global PROGRAM

    # A copy that every account can run, wherever the tree lies.
    place = tempfile.TemporaryDirectory()
    os.chmod(place.name, 0o755)
    PROGRAM = shutil.copy(PROGRAM, place.name)
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            with tempfile.TemporaryDirectory() as directory:
                os.chmod(directory, 0o755)
                test(os.path.join(directory, "Maildir"))
    print("1..%d" % tests)
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
