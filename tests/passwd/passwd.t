#!/usr/bin/env python3
"""smtpd-passwd from outside: every command, and what may never happen."""
import base64
import hashlib
import hmac
import itertools
import os
import pty
import re
import select
import shutil
import signal
import stat
import struct
import subprocess
import tempfile
import termios
import time

# A copy that every account can run, wherever the tree lies.
PLACE = tempfile.TemporaryDirectory()
os.chmod(PLACE.name, 0o755)
PROGRAM = shutil.copy(os.environ.get("SMTPD_PASSWD", "./smtpd-passwd"),
                      PLACE.name)
DOVEADM = "/usr/bin/doveadm"
PASSWORD = "correct horse battery staple"
SECONDS = 300  # for a run; one that takes longer hangs
count = failed = 0


def ok(good, what, detail=None):
    global count, failed
    count += 1
    print(("ok" if good else "not ok"), count, "-", what, flush=True)
    if not good:
        failed += 1
        print("#", detail)


def run(*arguments, stdin="", file="authusers", **more):
    """Runs in the temporary directory; bytes or text go in, text comes out."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    command = [PROGRAM] + (["-f", file] if file else []) + list(arguments)
    done = subprocess.run(command, input=stdin, capture_output=True,
                          timeout=SECONDS, **more)
    done.out = done.stdout.decode()
    done.err = done.stderr.decode()
    return done


def read(name="authusers"):
    with open(name, "rb") as file:
        return file.read()


def write(text, name="authusers"):
    with open(name, "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)


def fresh():
    for name in os.listdir("."):
        if os.path.isdir(name):
            shutil.rmtree(name)
        else:
            os.unlink(name)


def records(name="authusers.cdb"):
    """All records of a cdb, in order."""
    data = read(name)
    end = min(struct.unpack_from("<I", data, 8 * i)[0] for i in range(256))
    at, found = 2048, []
    while at < end:
        klen, dlen = struct.unpack_from("<II", data, at)
        at += 8
        found.append((data[at:at + klen].decode(),
                      data[at + klen:at + klen + dlen].decode()))
        at += klen + dlen
    return dict(found)


def scram_is_right(text, password):
    """RFC 5802 section 3, computed here: does the secret fit?"""
    name, rest = re.fullmatch(r"\{SCRAM-SHA-(256|1)\}(.*)", text).groups()
    algorithm = "sha256" if name == "256" else "sha1"
    iterations, salt, stored, server = rest.split(",")
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(),
                                 base64.b64decode(salt), int(iterations))
    client = hmac.new(salted, b"Client Key", algorithm).digest()
    return (hashlib.new(algorithm, client).digest() == base64.b64decode(stored)
            and hmac.new(salted, b"Server Key", algorithm).digest()
            == base64.b64decode(server))


def user_line(login="joe@example.com", name="authusers"):
    for line in read(name).decode().splitlines():
        if line.startswith(login + ":"):
            return line
    return None


def secrets_of(line):
    fields = line.split(":")
    return fields[1], fields[4].split("smtp_secret_scram-sha-1=")[1].split()[0]


def test_usage():
    done = run("-h", file=None)
    ok(done.returncode == 0 and "set USER" in done.out and not done.err,
       "-h explains, on standard output", done)
    done = run("-V", file=None)
    ok(done.returncode == 0 and re.match(r"smtpd-passwd \S+\n$", done.out),
       "-V tells the version", done)
    for arguments, word in (
            ([], "command"), (["frobnicate"], "frobnicate"),
            (["set"], "USER"), (["set", "a", "b"], "USER"),
            (["del"], "USER"), (["list", "x"], "argument"),
            (["build", "x"], "argument"), (["-x", "list"], "-x"),
            (["-i"], "-i"), (["-i", "4095", "set", "joe"], "-i"),
            (["-i", "1000001", "set", "joe"], "-i"),
            (["-i", "many", "set", "joe"], "-i"),
            (["-m", "apop", "set", "joe"], "cram-md5"),
            (["set", "#joe"], "login"), (["set", ""], "login"),
            (["set", "j oe"], "login"), (["set", "j:oe"], "login"),
            (["set", "j\noe"], "login"), (["set", "j" * 256], "login")):
        done = run(*arguments, stdin="x\n")
        ok(done.returncode == 100 and word in done.err
           and done.err.count("\n") == 1 and not done.out,
           "wrong usage: " + repr(arguments)[:60], done)
    ok(os.listdir(".") == [], "and no file was made")


def test_set():
    fresh()
    done = run("set", "Joe@Example.COM", stdin=PASSWORD + "\n", umask=0)
    ok(done.returncode == 0 and done.out == "new user joe@example.com: can "
       "use SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\n" and not done.err,
       "set makes a user, in lower case", done)
    for name in ("authusers", "authusers.cdb", "authusers.lock"):
        ok(stat.S_IMODE(os.stat(name).st_mode) == 0o600, name + " is 0600")
    line = user_line()
    ok(re.fullmatch(r"joe@example\.com:\{SCRAM-SHA-256\}16384,[^:]*:::"
                    r"smtp_secret_scram-sha-1=\{SCRAM-SHA-1\}16384,[^: ]*:::",
                    line), "the line is a Dovecot passwd-file's", line)
    first, second = secrets_of(line)
    ok(scram_is_right(first, PASSWORD), "the SCRAM-SHA-256 secret fits")
    ok(scram_is_right(second, PASSWORD), "the SCRAM-SHA-1 secret fits")
    ok(not scram_is_right(first, PASSWORD + "x"), "no other password does")
    ok(first.split(",")[1] != second.split(",")[1], "each has its own salt")
    ok(len(base64.b64decode(first.split(",")[1])) == 16, "of 16 octets")
    done = run("-i", "5000", "set", "joe@example.com", stdin="other")
    ok(done.returncode == 0 and done.out.startswith(
        "password changed for joe@example.com: can use "),
       "set changes a password; no line end is needed", done)
    first, second = secrets_of(user_line())
    ok(first.startswith("{SCRAM-SHA-256}5000,")
       and second.startswith("{SCRAM-SHA-1}5000,"), "-i counts for both")
    ok(scram_is_right(first, "other") and not scram_is_right(first, PASSWORD),
       "the old password is gone")
    ok(read().count(b"joe@example.com:") == 1, "there is one line of the user")
    run("set", "joe@example.com", stdin="p" * 511)
    ok(scram_is_right(secrets_of(user_line())[0], "p" * 511),
       "511 octets are taken")
    before = read()
    for name, text in (("empty", b"\n"), ("nothing at all", b""),
                       ("512 octets", b"p" * 512), ("a NUL", b"a\0b\n"),
                       ("CR LF", b"abc\r\n")):
        done = run("set", "joe@example.com", stdin=text)
        ok(done.returncode == 100 and "password" in done.err
           and read() == before, "refused: a password of " + name, done)


def test_secrecy():
    fresh()
    word = "xyzzy-plugh-1234"
    done = run("set", "joe@example.com", stdin=word + "\n")
    done2 = run("check", "joe@example.com", stdin=word + "\n")
    everything = b"".join(read(name) for name in os.listdir("."))
    encoded = base64.b64encode(word.encode()).rstrip(b"=")[:-1]
    ok(word.encode() not in everything and encoded not in everything
       and word.encode().hex().encode() not in everything.lower(),
       "no file holds the password, in clear or base64 or hex")
    ok(word not in done.out + done.err + done2.out + done2.err,
       "nor does the output")
    ok("{SCRAM" not in done.out + done.err, "nor a stored secret")


def test_text():
    fresh()
    write("# a comment, kept\n\njoe@example.com:{SCRAM-SHA-256}x:5:6:"
          "Joe  Doe smtp_sender=@example.com smtp_future=1:/home:/bin/sh:"
          "quota=1\n# last")
    run("set", "joe@example.com", stdin="x\n")
    ok(re.fullmatch(
        rb"# a comment, kept\n\njoe@example\.com:\{SCRAM-SHA-256\}[^:]*:5:6:"
        rb"Joe  Doe smtp_sender=@example\.com smtp_future=1 "
        rb"smtp_secret_scram-sha-1=[^ :]*:/home:/bin/sh:quota=1\n# last\n"
        rb"# smtpd-key \S{44}\n", read()),
       "comments, fields and words that are not ours stay", read())
    text = read()
    ok(run("build").returncode == 0 and read() == text,
       "build does not touch a text that has its key")
    write(text.replace(b":{SCRAM", b":!{SCRAM"))
    run("build")
    ok(": disabled: SCRAM-SHA-256" in run("list").out, "! disables")
    run("set", "joe@example.com", stdin="x\n")
    ok(": enabled: SCRAM-SHA-256" in run("list").out, "set enables again")


def test_authdomain():
    fresh()
    write("Example.ORG\n", "authdomain")
    done = run("set", "joe", stdin="x\n")
    ok("new user joe@example.org:" in done.out and user_line("joe@example.org"),
       "a login without @ gets authdomain", done)
    ok(run("check", "joe", stdin="x\n").returncode == 0, "check finds it")
    run("set", "ann@example.com", stdin="x\n")
    ok(user_line("ann@example.com"), "one with @ stays as it is")
    ok(run("del", "joe").returncode == 0 and not user_line("joe@example.org"),
       "del finds it")
    fresh()
    run("set", "joe", stdin="x\n")
    ok(user_line("joe"), "without authdomain it stays as it is")
    os.mkdir("control")
    environment = dict(os.environ, CONTROLDIR=os.path.abspath("control"))
    done = run("set", "joe", stdin="x\n", file=None, env=environment)
    ok(done.returncode == 0 and user_line("joe", "control/authusers"),
       "without -f the file is authusers in the control directory", done)


def test_check():
    fresh()
    run("set", "joe@example.com", stdin="right\n")
    done = run("check", "JOE@example.com", stdin="right\n")
    ok(done.returncode == 0, "check: the right password, any case", done)
    done = run("check", "joe@example.com", stdin="wrong\n")
    ok(done.returncode == 1, "check: a wrong one", done)
    ok(run("check", "joe@example.com", stdin="right" + "t" * 600).returncode
       == 1, "check: one that is too long")
    ok(run("check", "ann@example.com", stdin="right\n").returncode == 1,
       "check: an unknown user")
    write(read().replace(b":{SCRAM", b":!{SCRAM"))
    ok(run("check", "joe@example.com", stdin="right\n").returncode == 0,
       "check looks in the cdb: a text not compiled does not count")
    run("build")
    done = run("check", "joe@example.com", stdin="right\n")
    ok(done.returncode == 1 and "disabled" in done.err,
       "check: a disabled user", done)
    whole = read("authusers.cdb")
    write(whole[:2000], "authusers.cdb")
    ok(run("check", "joe@example.com", stdin="right\n").returncode == 111,
       "check: a broken cdb is trouble, not a wrong password")
    os.unlink("authusers.cdb")
    ok(run("check", "joe@example.com", stdin="right\n").returncode == 111,
       "check: so is a missing one")


def test_list():
    fresh()
    run("set", "joe@example.com", stdin="x\n")
    write(read() + b"ANN:!{PLAIN}x\nbob:{MYSTERY}x\neve:$1$ab$cd:::"
          b"smtp_secret_phone={PLAIN}y\n")
    done = run("list")
    ok(done.returncode == 0 and done.out ==
       "joe@example.com: enabled: SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN\n"
       "ann: disabled: PLAIN LOGIN\nbob: cannot log in\n"
       "eve: enabled: PLAIN LOGIN\n"
       "eve: app phone: never expires: PLAIN LOGIN\n",
       "list: one line a user and one an app password", done)
    ok("older" in done.err, "list warns of a cdb older than the text", done)
    os.utime("authusers", (1, 1))
    ok("older" in run("list").err, "whatever the clock says")
    run("build")
    for when in (1, time.time() + 1e6):
        os.utime("authusers", (when, when))
        ok(run("list").err == "", "and not of one that was made of the text")
    write(b"rubbish", "authusers.cdb")
    ok("broken" in run("list").err, "list warns of a broken cdb")
    os.unlink("authusers.cdb")
    ok("missing" in run("list").err, "list warns of a missing cdb")
    os.unlink("authusers")
    done = run("list")
    ok(done.returncode == 111 and "authusers" in done.err,
       "list without a text file: 111", done)
    ok(run("build").returncode == 111, "build without a text file: 111")


def test_build():
    fresh()
    run("set", "joe@example.com", stdin="x\n")
    key = re.search(rb"# smtpd-key (\S+)\n", read()).group(1).decode()
    site = records()["#site"].split(" ")
    ok(len(base64.b64decode(key)) == 32 and site[:5] ==
       ["1", key, "16384", "16", "0"], "#site is as it should be", site)
    ok(re.fullmatch(r"\{SCRAM-SHA-256\}16384,\S+", site[5])
       and site[5] not in read().decode(), "with a made-up secret", site)
    ok(records()["joe@example.com"] == user_line().split(":", 1)[1],
       "a user's record is the rest of his line")
    write(read() + b"ANN:{PLAIN}x\n")
    done = run("build")
    ok(done.returncode == 0 and done.out ==
       "2 users; every enabled user can use: PLAIN LOGIN\n",
       "build counts, and tells what all can use", done)
    ok("differ in kind or cost" in done.err, "and warns of mixed kinds", done)
    ok(int(records()["#site"].split(" ")[4]) >= 1,
       "failures then have a floor")
    ok(records()["ann"] == "{PLAIN}x", "a login in upper case is compiled low")
    ok(records()["#mechs"] == "PLAIN LOGIN", "#mechs says the same")
    ok(records()["#site"].split(" ")[1] == key, "the key stays")
    write("SCRAM-SHA-256\nPLAIN\n", "authmechs")
    done = run("build")
    ok("authmechs offers SCRAM-SHA-256, which 1 of 2" in done.err,
       "build tells whom authmechs shuts out", done)
    write("")
    os.unlink("authmechs")
    done = run("build")
    ok(done.out == "0 users; every enabled user can use: SCRAM-SHA-256 "
       "SCRAM-SHA-1 PLAIN LOGIN\n", "no users: all mechanisms", done)
    ok(records()["#site"].split(" ")[1] == key, "still the same key")
    write("bob:{MYSTERY}x\n")
    done = run("build")
    ok(done.returncode == 0 and "authusers:1:" in done.err
       and "bob" in records(), "a user of an unknown scheme: a warning", done)
    write("".join(f"{login}:{{PLAIN}}x\n" for login in (
        "joe@example.com", "Joe+x@Example.com", "joe-y@example.com",
        "joe+z@example.org", "+joe@example.com", "ann", "ann+b", "ann+b+c")))
    for delimiters, lines in ((None, {2, 7, 8}), ("+-\n", {2, 3, 7, 8}),
                              ("-\n", {3}), ("", set()), ("\n", set())):
        if delimiters is not None:
            write(delimiters, "recipientdelimiter")
        done = run("build")
        ok({int(n) for n in re.findall(
            r"authusers:(\d+): \S+ is a sub-address of", done.err)} == lines
           and done.returncode == 0,
           f"recipientdelimiter {delimiters!r}: build warns of a login that "
           "is another's sub-address", done)
    os.unlink("recipientdelimiter")
    ok("2: Joe+x@Example.com is a sub-address of Joe@Example.com" in
       run("build").err, "and names both")


BAD_LINES = (
    ("no colon", b"broken\n"), ("an empty login", b":x\n"),
    ("a blank in a login", b"a b:x\n"), ("a tab in a login", b"a\tb:x\n"),
    ("a long record", b"a:" + b"x" * 4097 + b"\n"),
    ("a long login", b"a" * 256 + b":x\n"), ("a NUL", b"a:x\0y\n"),
    ("a CR", b"a:x\ry\n"), ("a login twice", b"JOE@example.com:x\n"))


def test_bad_lines():
    fresh()
    run("set", "joe@example.com", stdin="x\n")
    run("set", "ann@example.com", stdin="x\n")
    good, compiled = read(), read("authusers.cdb")
    number = good.count(b"\n") + 2
    for what, line in BAD_LINES:
        bad = good + b"# comment\n" + line
        write(bad)
        for command in (["build"], ["set", "bob"]):
            done = run(*command, stdin="x\n")
            ok(done.returncode == 111 and done.err.startswith(
                "smtpd-passwd: fatal: authusers:%d: " % number)
               and done.err.count("\n") == 1 and read() == bad
               and read("authusers.cdb") == compiled,
               "%s: %s names the line and changes nothing"
               % (what, command[0]), done)
        if what != "a login twice":
            done = run("list")
            ok(done.returncode == 111 and "authusers:%d:" % number in done.err
               and "ann@example.com: enabled" in done.out,
               "%s: list names the line and shows the others" % what, done)
    ok(sorted(os.listdir(".")) ==
       ["authusers", "authusers.cdb", "authusers.lock"], "no litter")
    for what, line in BAD_LINES:
        write(good + b"# comment\n" + line)
        done = run("del", "ann@example.com")
        ok(done.returncode == 0 and "authusers:%d:" % (number - 1) in done.err
           and b"ann@" not in read() and "ann@example.com" not in records()
           and "joe@example.com" in records()
           and read().endswith(b"# comment\n" + line),
           "%s: del works all the same, with a warning" % what, done)


def test_del():
    fresh()
    write("Joe:{PLAIN}x\njoe:{PLAIN}y\nann:{PLAIN}z\n")
    ok(run("del", "joe").returncode == 0 and b"oe:" not in read()
       and "joe" not in records() and "ann" in records(),
       "del removes every line of the login")
    done = run("del", "joe")
    ok(done.returncode == 1 and "no such user" in done.err,
       "del of an unknown user: 1", done)
    write(read().replace(b"ann:{PLAIN}z\n", b""))
    ok(run("del", "ann").returncode == 0 and "ann" not in records(),
       "a user whom only the cdb knows is forgotten too")
    os.unlink("authusers")
    before = read("authusers.cdb")
    done = run("set", "bob", stdin="x\n")
    ok(done.returncode == 111 and not os.path.exists("authusers")
       and read("authusers.cdb") == before,
       "a lost text does not become a cdb of one user", done)


def test_rights():
    fresh()
    run("set", "joe@example.com", stdin="x\n")
    os.chmod("authusers", 0o640)
    os.chmod("authusers.cdb", 0o644)
    root = os.getuid() == 0
    if root:
        os.chown("authusers", 12345, 23456)
        os.chown("authusers.cdb", 12346, 23457)
    before = [os.stat(name) for name in ("authusers", "authusers.cdb")]
    run("set", "ann@example.com", stdin="x\n", umask=0o777)
    after = [os.stat(name) for name in ("authusers", "authusers.cdb")]
    ok([(s.st_uid, s.st_gid, s.st_mode) for s in before] ==
       [(s.st_uid, s.st_gid, s.st_mode) for s in after],
       "owner, group and mode of text and cdb are kept")
    ok(before[0].st_ino != after[0].st_ino, "though the files are new ones")
    os.rename("authusers", "elsewhere")
    os.symlink("elsewhere", "authusers")
    run("set", "bob@example.com", stdin="x\n")
    ok(os.path.islink("authusers") and b"bob@" in read("elsewhere"),
       "a symbolic link is followed, not replaced")
    if not root:
        print("# not root: the owner's part is not tested")
        return
    fresh()
    run("set", "joe@example.com", stdin="x\n")
    os.chmod("authusers", 0o644)
    os.chown(".", 65534, 65534)
    os.chown("authusers.lock", 65534, 65534)
    text, compiled = read(), read("authusers.cdb")
    done = run("set", "ann@example.com", stdin="x\n", user=65534, group=65534,
               extra_groups=[])
    ok(done.returncode == 111 and "owner" in done.err and read() == text
       and read("authusers.cdb") == compiled and len(os.listdir(".")) == 3,
       "an owner that cannot be kept: an error, nothing changes", done)
    os.chown(".", 0, 0)


def test_concurrent():
    fresh()
    runs = []
    for i in range(20):
        one = subprocess.Popen(
            [PROGRAM, "-f", "authusers", "-i", "4096", "set", "user%d" % i],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        one.stdin.write(b"password%d\n" % i)
        one.stdin.close()
        runs.append(one)
    ok(all(one.wait(60) == 0 for one in runs), "20 at the same time succeed")
    for one in runs:
        one.stdout.close()
    ok(all(user_line("user%d" % i) for i in range(20)),
       "all 20 are in the text")
    ok(all("user%d" % i in records() for i in range(20)), "and in the cdb")
    ok(run("check", "user7", stdin="password7\n").returncode == 0,
       "each with his own password")


def test_killed():
    fresh()
    write("".join("user%d@example.com:{PLAIN}secret\n" % i
                  for i in range(2000)))
    run("set", "joe@example.com", stdin="right\n")
    run("-i", "4096", "set", "other@example.com", stdin="x\n")
    broken, killed = [], 0
    for call in ("openat", "pread64", "pwrite64", "read", "write", "writev",
                 "fchown", "fchmod", "fstat", "lseek", "ftruncate", "fsync",
                 "close", "rename", "renameat", "unlink", "unlinkat"):
        for n in itertools.chain(range(1, 6), range(6, 60, 9)):
            # Killed as it comes to its nth call of that name.
            one = subprocess.run(
                ["strace", "-qq", "-o", os.devnull, "-e", "trace=" + call,
                 "-e", f"inject={call}:signal=KILL:when={n}", PROGRAM, "-f",
                 "authusers", "-i", "4096", "set", "other@example.com"],
                input=b"password\n", stdout=subprocess.DEVNULL, check=False)
            if one.returncode == 0:
                break
            killed += one.returncode in (-signal.SIGKILL, 137)
            text = read()
            if (not text.endswith(b"\n") or text.count(b"\n") != 2003
                    or run("check", "joe@example.com",
                           stdin="right\n").returncode):
                broken.append((call, n))
    ok(killed >= 10, "killed at %d points" % killed)
    ok(not broken, "text and cdb stay whole through all of them", broken)
    done = run("set", "last@example.com", stdin="x\n")
    ok(done.returncode == 0 and sorted(os.listdir(".")) ==
       ["authusers", "authusers.cdb", "authusers.lock"],
       "the next run clears away what they left", done)


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.text = b""
        self.process = subprocess.Popen(
            [PROGRAM, "-f", "authusers"] + list(arguments), stdin=slave,
            stdout=slave, stderr=slave, start_new_session=True)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def expect(self, word):
        while word not in self.text and select.select(
                [self.master], [], [], SECONDS)[0]:
            try:
                self.text += os.read(self.master, 4096)
            except OSError:
                break  # EIO: nobody has the other end any more
        return word in self.text

    def answer(self, prompt, line):
        good = self.expect(prompt)
        self.text = b""
        os.write(self.master, line)
        return good

    def end(self):
        status = self.process.wait(60)
        self.expect(b"\n")
        os.close(self.master)
        os.close(self.slave)
        return status


def test_terminal():
    fresh()
    one = Terminal("set", "joe")
    good = one.expect(b"New password: ") and not one.echoes()
    good = good and one.answer(b"New password: ", b"hidden-word\n")
    good = good and one.answer(b"Again: ", b"hidden-word\n")
    ok(good and one.expect(b"new user joe") and one.end() == 0,
       "set asks twice on a terminal, echo off", one.text)
    ok(b"hidden-word" not in one.text, "and shows nothing of it")
    ok(run("check", "joe", stdin="hidden-word\n").returncode == 0,
       "the password is what was typed")
    before = read()
    one = Terminal("set", "joe")
    one.answer(b"New password: ", b"first\n")
    one.answer(b"Again: ", b"second\n")
    ok(one.expect(b"differ") and one.echoes() and one.end() == 100
       and read() == before, "two that differ change nothing", one.text)
    one = Terminal("check", "joe")
    one.answer(b"Password: ", b"hidden-word\n")
    ok(one.end() == 0, "check asks once")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        one = Terminal("set", "joe")
        silent = one.expect(b"New password: ") and not one.echoes()
        one.process.send_signal(number)
        one.process.wait(60)
        ok(silent and one.echoes() and one.end() == -number
           and read() == before,
           "%s: echo is back, the password the old one" % number.name)
    one = Terminal("set", "joe")
    one.expect(b"New password: ")
    one.process.send_signal(signal.SIGSTOP)
    one.process.send_signal(signal.SIGCONT)
    one.answer(b"New password: ", b"hidden-word\n")
    one.answer(b"Again: ", b"hidden-word\n")
    ok(one.end() == 0, "stopped and continued, it goes on")


def test_app_passwords():
    fresh()
    salt = base64.b64encode(b"0123456789abcdef").decode()
    keys = base64.b64encode(b"k" * 32).decode()
    app = "{SCRAM-SHA-256}6000,%s,%s,%s" % (salt, keys, keys)
    write("joe@example.com:x:::smtp_secret_phone=%s:::\n" % app)
    done = run("-i", "8000", "set", "joe@example.com", stdin="x\n")
    first, second = secrets_of(user_line())
    ok(first.startswith("{SCRAM-SHA-256}6000,%s," % salt) and
       scram_is_right(first, "x"),
       "set takes salt and count of the app passwords", first)
    ok("-i" in done.err and second.startswith("{SCRAM-SHA-1}8000,"),
       "says so, and keeps -i for the other hash", done)
    ok("smtp_secret_phone=" + app in user_line(), "the app password stays")


def test_dovecot():
    fresh()
    run("set", "joe@example.com", stdin=PASSWORD + "\n")
    secret = user_line().split(":")[1]
    if not os.access(DOVEADM, os.X_OK):
        print("# no doveadm: only the form was checked")
        return
    for word, right in ((PASSWORD, True), ("wrong", False)):
        done = subprocess.run([DOVEADM, "pw", "-t", secret, "-p", word],
                              capture_output=True)
        ok((done.returncode == 0 and b"verified" in done.stdout) == right,
           "doveadm %s it" % ("verifies" if right else "refuses"), done)


with tempfile.TemporaryDirectory() as directory:
    os.chmod(directory, 0o755)
    os.chdir(directory)
    os.environ.pop("CONTROLDIR", None)
    for test in (test_usage, test_set, test_secrecy, test_text,
                 test_authdomain, test_check, test_list, test_build,
                 test_bad_lines, test_del, test_rights, test_concurrent,
                 test_killed, test_terminal, test_app_passwords,
                 test_dovecot):
        test()
    os.chdir("/")
print("1..%d" % count)
raise SystemExit(failed > 0)
