#!/usr/bin/env python3
"""rcptcheck: a program is asked whether there is a recipient."""
import os
import re
import signal
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_process import (Family, gone, queue_script,  # noqa: E402
                                   wait_for)

PREFIX = r"^smtpd-auth: \d+ 127\.0\.0\.1 "
THERE = "250 2.1.5 ok"
NOBODY = "550 5.1.1"
NOT_NOW = "451 4.3.0"


class Checked(Server):
    """A server whose rcptcheck is this shell script.

    $DIR is a directory that the account can write.
    """

    def __init__(self, script, env=None, **options):
        self.program = queue_script(script, name="check")
        self.directory = os.path.dirname(self.program)
        os.chmod(self.directory, 0o777)
        super().__init__(env={"RCPTCHECK": self.program,
                              "DIR": self.directory, **(env or {})}, **options)

    def put(self, script):
        """Another script."""
        place.write(self.program, "#!/bin/sh\n" + script, 0o755)

    def file(self, name):
        """A path in $DIR."""
        return os.path.join(self.directory, name)

    def read(self, name):
        """What the script has written there, or None."""
        try:
            with open(self.file(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def wait_file(self, name):
        """Waits until the script has written it."""
        return wait_for(lambda: self.read(name), name)


def ask(server, recipient="joe@example.com", **options):
    """The reply to one recipient."""
    with server.client(**options) as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        return str(c.command(f"RCPT TO:<{recipient}>"))


def refusals(server, count):
    """The lines about refusals."""
    return [m[0] for m in server.wait_log(PREFIX + "rcpt refused .*$", count)]


# ----------------------------------------------------------- exit codes ---

CODES = [(0, THERE), (1, THERE), (99, THERE), (101, THERE), (110, THERE),
         (112, THERE), (114, THERE), (119, THERE), (121, THERE),
         (125, THERE), (128, THERE), (255, THERE), (100, NOBODY),
         (111, NOT_NOW), (113, NOT_NOW), (120, NOT_NOW), (126, NOT_NOW),
         (127, NOT_NOW)]

with case("exit codes"), Checked(
        'exit "${RECIPIENT%@*}"\n') as server, server.client() as c:
    c.must(("EHLO x", "250"))
    for code, reply in CODES:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk((f"RCPT TO:<{code}@example.com>", reply, f"exit {code}"))
        c.must(("RSET", "250"))
    is_([re.sub(r".*rcpt refused ", "", line) for line in refusals(server, 6)],
        [f"rcpt={code}@example.com reason=check program={server.program} "
         f"exit={code}" for code, reply in CODES if reply != THERE],
        "each refusal is one line")

for name in ("KILL", "SEGV", "TERM", "PIPE"):
    with case(name), Checked(f"kill -{name} $$\n") as server:
        starts(ask(server), NOT_NOW, f"SIG{name}")
        number = int(getattr(signal, "SIG" + name))
        like(refusals(server, 1)[0], f"reason=check program={server.program} "
             f"signal={number}$", f"SIG{name} on the log")

for what, path, error in (
        ("no such program", "/nowhere/check",
         r"No\x20such\x20file\x20or\x20directory"),
        ("a directory", "/", r"Permission\x20denied")):
    with case(what), Server(env={"RCPTCHECK": path}) as server:
        starts(ask(server), NOT_NOW, what)
        is_(refusals(server, 1)[0].partition("refused ")[2],
            f"rcpt=joe@example.com reason=check program={path} error={error}",
            what + " on the log")
with case("no executable"), Checked("exit 0\n") as server:
    os.chmod(server.program, 0o644)
    starts(ask(server), NOT_NOW, "no executable")
    place.write(server.program, "exit 0\n", 0o755)
    starts(ask(server), NOT_NOW, "no #!")
    like(refusals(server, 2)[1], r"error=Exec\\x20format\\x20error$",
         "no #! on the log")


# ------------------------------------------------------------ the words ---

WORDS = [
    (100, "no mailbox here", "550 5.1.1 no mailbox here"),
    (100, "550 no mailbox here", "550 5.1.1 no mailbox here"),
    (100, "550 5.2.1 mailbox disabled", "550 5.2.1 mailbox disabled"),
    (100, "5.2.2 full", "550 5.2.2 full"),
    (100, "452 4.2.2 full for now", "550 5.1.1 full for now"),
    (100, "553-5.7.1 no", "550 5.7.1 no"),
    (100, "one\nanother", "550 5.1.1 one"),
    (100, "one\r\n250 ok", "550 5.1.1 one"),
    (100, "\nsecond", "550 5.1.1 no such recipient"),
    (100, "", "550 5.1.1 no such recipient"),
    (100, "a\tb\x01c", "550 5.1.1 a b?c"),
    (100, "no m\u00fcller here", "550 5.1.1 no m\u00fcller here"),
    (113, "452 4.2.2 over quota", "451 4.2.2 over quota"),
    (113, "over quota", "451 4.3.0 over quota"),
    (113, "552 5.2.2 over quota", "451 4.3.0 over quota"),
    (111, "552 5.2.2 never", NOT_NOW + " recipient cannot be checked for now"),
    (0, "550 5.1.1 never", THERE),
]

with case("words"), Checked(
        'printf %s "$(cat "$DIR/words")" >&4; exit "$(cat "$DIR/code")"\n'
        ) as server:
    for code, words, reply in WORDS:
        place.write(server.file("words"), words, 0o644)
        place.write(server.file("code"), str(code), 0o644)
        is_(ask(server), reply, f"exit {code}, {words!r}")
    place.write(server.file("code"), "100", 0o644)
    place.write(server.file("words"), "x" * 1000, 0o644)
    is_(ask(server), "550 5.1.1 " + "x" * 300, "300 octets of it")

with case("without descriptor 4"), Checked("exec 4>&-\nexit 100\n") as server:
    is_(ask(server), "550 5.1.1 no such recipient", "descriptor 4 is closed")

with case("descriptor 4 stays open elsewhere"), Checked(
        'echo gone >&4\nsleep 600 4>&4 &\necho $! >"$DIR/pid"\nexit 100\n'
        ) as server:
    watch = Stopwatch()
    is_(ask(server), "550 5.1.1 gone", "a child holds descriptor 4")
    took(watch, 0, 5, "it is not waited for")
    os.kill(int(server.wait_file("pid")), signal.SIGKILL)


# ------------------------------------------- environment, descriptors ---

with case("environment"), Checked(
        'fds=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/4)\n'
        'echo "$fds" >"$DIR/fds"\nls /proc/$$/fd >"$DIR/list"\n'
        'env >"$DIR/env"\n'
        'echo said >&2\n'
        'cut -d " " -f 5 /proc/$$/stat >"$DIR/group"; echo $$ >"$DIR/pid"\n'
        'grep Sig /proc/self/status >"$DIR/signals"\n'
        'id -un >"$DIR/account"\ngrep NoNewPrivs /proc/$$/status >"$DIR/nnp"\n',
        env={"SENDER": "old", "HELO": "old", "OTHER": "kept",
             "USE_FD4": "old"}) as server:
    with server.client() as c:
        c.must(("EHLO he said \t it", "250"),
               ("MAIL FROM:<\"a b\"@example.org>", "250"),
               ("RCPT TO:<joe+x@example.com>", "250"))
    env = dict(line.split("=", 1)
               for line in server.wait_file("env").splitlines() if "=" in line)
    for name, value in (("SENDER", "a b@example.org"),
                        ("RECIPIENT", "joe+x@example.com"),
                        ("HELO", "he said ? it"), ("USE_FD4", "1"),
                        ("OTHER", "kept"), ("TCPREMOTEIP", "127.0.0.1")):
        is_(env.get(name), value, "environment: " + name)
    is_(server.read("env").count("SENDER="), 1, "SENDER stands there once")
    fds = server.read("fds").split()
    is_(fds[:2], ["/dev/null"] * 2, "descriptors 0 and 1")
    starts(fds[2], "pipe:", "descriptor 4 is a pipe")
    is_(sorted(fd for fd in server.read("list").split() if len(fd) == 1),
        ["0", "1", "2", "4"], "no other descriptor (10 and up are the shell's)")
    server.wait_log("^said$")
    is_(server.read("group"), server.read("pid"), "a process group of its own")
    status = dict(line.split(":\t") for line in
                  server.read("signals").splitlines())
    is_((ignored(status), int(status["SigBlk"], 16)), (0, 0),
        "default signals")
    like(server.read("nnp"), r"NoNewPrivs:\t0$", "may run setuid programs")
    if server.root:
        is_(server.read("account"), "nobody\n", "it runs as the account")
    with server.client() as c:
        c.must(("MAIL FROM:<>", "250"), ("RCPT TO:<x@example.com>", "250"))
    env = server.read("env").splitlines()
    ok("SENDER=" in env and "HELO=" in env, "no sender, no HELO: empty", *env)

with case("control/rcptcheck"), Checked("exit 100\n", env={
        "RCPTCHECK": None}) as server:
    starts(ask(server), THERE, "no program")
    server.write("rcptcheck", server.program + "\n")
    starts(ask(server), NOBODY, "control/rcptcheck names it")
with case("RCPTCHECK"), Checked("exit 100\n", env={"RCPTCHECK": ""}, control={
        "rcptcheck": "/nowhere/check\n"}) as server:
    starts(ask(server), THERE, "an empty RCPTCHECK switches it off")


# ----------------------------------------------------- who is asked about ---

COUNT = 'echo "$RECIPIENT" >>"$DIR/asked"\n[ "$RECIPIENT" != ' \
        'gone@example.com ] || exit 100\n'

with case("whom it is asked about"), Checked(
        COUNT, control={"validrcptto": "listed@example.com\n"
                        "-refused@example.com\n",
                        "badrcptto": "bad@example.com\n"}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("RCPT TO:<listed@example.com>", THERE),
               ("RCPT TO:<refused@example.com>", NOBODY),
               ("RCPT TO:<bad@example.com>", "553 5.7.1"),
               ("RCPT TO:<x@elsewhere.example>", "550 5.7.1"),
               ("RCPT TO:<x>", "550 5.1.2"),
               ("RCPT TO:<postmaster>", THERE),
               ("RCPT TO:<Postmaster@example.com>", THERE))
        is_(server.read("asked"), None, "not where something else decides")
        c.talk(("RCPT TO:<other@example.com>", THERE,
                "an entry without - refuses nobody where there is rcptcheck"),
               ("RCPT TO:<gone@example.com>", NOBODY))
        for _ in range(3):
            c.must(("RCPT TO:<other@example.com>", "250"),
                   ("RCPT TO:<gone@example.com>", "550 5.1.1"))
        is_(server.read("asked"), "other@example.com\ngone@example.com\n",
            "once about each within a transaction")
        c.must(("RSET", "250"), ("MAIL FROM:<a@example.org>", "250"),
               ("RCPT TO:<gone@example.com>", "550 5.1.1"),
               ("RCPT TO:<other@example.com>", "250"))
        is_(server.read("asked").count("gone"), 2, "anew in the next one")
        c.must(("DATA", "354"), ("x\r\n.", "250"))
    is_(server.messages()[0].recipients, ["other@example.com"], "a message")
    like(refusals(server, 5)[-1], "rcpt=gone@example.com reason=check program",
         "logged")

for what, options in (
        ("RELAYCLIENT", {"env": {"RELAYCLIENT": ""}}),
        ("a login", {"users": {"joe@example.com": "secret"}})):
    with case(what), Checked("exit 100\n", **options) as server:
        with server.client() as c:
            c.must(("EHLO x", "250"))
            if "users" in options:
                starts(c.login("PLAIN", "joe@example.com", "secret"), "235",
                       "a login")
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.talk(("RCPT TO:<x@example.com>", THERE, what + ": not asked"))


# -------------------------------------------------------- slow and mad ---

HANG = 'sleep 600 & echo $! >"$DIR/pid.new"\nmv "$DIR/pid.new" "$DIR/pid"\n' \
       'sleep 600\n'


def hang(what, script):
    """10 seconds, then its process group is gone, the connection goes on."""
    with Checked(script) as server, server.client() as c:
        c.must(("EHLO x", "250"), ("MAIL FROM:<a@example.org>", "250"))
        watch = Stopwatch()
        c.talk(("RCPT TO:<joe@example.com>", NOT_NOW, what))
        took(watch, 10, 14, what + ": after 10 seconds")
        if "pid" in script:
            is_(gone([int(server.read("pid"))], 2), [],
                what + ": its group is gone")
        like(refusals(server, 1)[0], "exit=timeout$", what + ": logged")
        server.put("exit 0\n")
        c.talk(("RCPT TO:<ann@example.com>", THERE, what + ": then another"))
        c.must(("DATA", "354"))
        c.talk(("x\r\n.", "250 2.0.0", what + ": the message is taken"))
        is_(server.messages()[0].recipients, ["ann@example.com"],
            what + ": for who is there")


MAD = {
    "a program that hangs": HANG,
    "one that ignores SIGTERM": "trap '' TERM INT HUP\n" + HANG,
    "one that writes 1 MB": "head -c 1000000 /dev/zero >&4\nexit 100\n",
    "one that stops itself": 'kill -STOP $$\n',
    "one that closes descriptor 4": "exec 4>&-\n" + HANG}
with case("slow and mad programs"):
    parallel(lambda row: hang(*row), list(MAD.items()), len(MAD))

with case("200 pipelined"), Checked(
        'case $RECIPIENT in\nr7@*) exit 100;;\nr8@*) exit 111;;\nesac\n'
        ) as server, server.client() as c:
    c.send("EHLO x\r\nMAIL FROM:<a@example.org>\r\n" +
           "".join(f"RCPT TO:<r{i}@example.com>\r\n" for i in range(200)) +
           "DATA\r\n")
    c.expect("250")
    c.expect("250 2.1.0")
    got = [str(c.reply()) for _ in range(200)]
    is_([i for i in range(200) if got[i] != THERE], [7, 8],
        "200 pipelined: each has its reply")
    starts(got[7], NOBODY, "200 pipelined: the one")
    starts(got[8], NOT_NOW, "200 pipelined: the other")
    c.expect("354")
    starts(c.command("x\r\n."), "250 2.0.0", "200 pipelined: taken")
    is_(len(server.messages()[0].recipients), 198, "200 pipelined: queued")
    is_(len(refusals(server, 2)), 2, "200 pipelined: two lines")

with case("replies do not wait for a slow one"), Checked(
        '[ "$RECIPIENT" != slow@example.com ] || read x <"$DIR/fifo"\n'
        ) as server, server.client() as c:
    os.mkfifo(server.file("fifo"))
    os.chmod(server.file("fifo"), 0o666)
    c.send("EHLO x\r\nMAIL FROM:<a@example.org>\r\n"
           "RCPT TO:<joe@example.com>\r\nRCPT TO:<slow@example.com>\r\n")
    c.expect("250")
    c.expect("250 2.1.0")
    starts(c.reply(), THERE, "replies to what came before it are sent")
    with open(server.file("fifo"), "w", encoding="ascii") as fifo:
        fifo.write("x\n")
    starts(c.reply(), THERE, "then its own")

with case("20 errors"), Checked("exit 111\n") as server:
    with server.client() as c:
        c.send("MAIL FROM:<a@example.org>\r\n" +
               "".join(f"RCPT TO:<r{i}@example.com>\r\n" for i in range(50)))
        c.expect("250")
        got = [c.reply().code for _ in range(21)]
        is_(got, [451] * 20 + [421], "twenty refusals end the connection")


# ------------------------------------------------------- gone in between ---

for what, leave in (("FIN", lambda c: c.close()),
                    ("RST", lambda c: c.reset()),
                    ("half closed", lambda c: c.shutdown())):
    with case("gone: " + what), Checked(HANG) as server:
        with server.client() as c:
            c.must(("MAIL FROM:<a@example.org>", "250"))
            c.send("RCPT TO:<joe@example.com>\r\n")
            pid = int(server.wait_file("pid"))
            leave(c)
            watch = Stopwatch()
            is_(server.wait_idle(), [], f"gone, {what}: so is all else")
            is_(gone([pid], 2), [], f"gone, {what}: and the program's group")
            took(watch, 0, 3, f"gone, {what}: at once")
        server.wait_log(PREFIX + "end .* reason=client$")
        ok("rcpt refused" not in server.log(), f"gone, {what}: no refusal")

with case("the session is killed"), Checked(HANG) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.send("RCPT TO:<joe@example.com>\r\n")
        pid = int(server.wait_file("pid"))
        Family(server, c).session.signal(signal.SIGKILL)
        is_(server.wait_idle(), [], "the session is killed: all go")
        is_(gone([pid], 2), [], "the session is killed: the program's group, too")
    server.wait_log(PREFIX + "end .* reason=session-died$")

with case("SIGTERM"), Checked(HANG) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.send("RCPT TO:<joe@example.com>\r\n")
        pid = int(server.wait_file("pid"))
        Family(server, c).keeper.signal(signal.SIGTERM)
        watch = Stopwatch()
        starts(c.reply(), "421 4.3.2", "SIGTERM: the client is told")
        is_(server.wait_idle(), [], "SIGTERM: all go")
        took(watch, 0, 3, "SIGTERM: at once")
        is_(gone([pid], 2), [], "SIGTERM: the program's group, too")
    server.wait_log(PREFIX + "end .* reason=term$")

with case("timeouts"), Checked(
        "sleep 2\n", control={"timeoutsmtpd": "1\n"}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<a@example.org>", "250"))
        c.talk(("RCPT TO:<joe@example.com>", THERE,
                "the program's time is not the client's"),
               ("RCPT TO:<ann@example.com>", THERE, "nor the second"))
        c.must(("DATA", "354"))
        c.talk(("x\r\n.", "250 2.0.0", "the message is taken"))

done()
