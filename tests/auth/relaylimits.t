#!/usr/bin/env python3
"""relaylimits: recipients a day, given back when not queued, and the hook."""
import os
import re
import shutil
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_safety import Guarded  # noqa: E402
from support.record import records  # noqa: E402

JOE = "joe@example.com"
ANN = "ann@example.com"
FREE = "250 2.1.5 ok"
OVER = "450 4.7.1 too many recipients for one day"
PREFIX = r"^smtpd-auth: \d+ \S+ "


def serve(limits=f"{JOE}:3\n", **options):
    """A server with limits."""
    control = {"relaylimits": limits, **options.pop("control", {})}
    return Guarded(control=control, **options)


def ready(client, login=JOE):
    """Logged in, and MAIL."""
    client.hello()
    starts(client.login("PLAIN", login, "secret"), "235", f"{login} logs in")
    client.must((f"MAIL FROM:<{login}>", "250"))
    return client


def take(client, count, prefix="r"):
    """Replies to so many RCPT."""
    return [str(client.command(f"RCPT TO:<{prefix}{i}@example.net>"))
            for i in range(count)]


def left(server, login=JOE, most=10):
    """How many recipients login has left; RSET gives them back."""
    with server.client() as c:
        replies = take(ready(c, login), most)
        c.must(("RSET", "250"))
    return replies.count(FREE)


def whole(client):
    """The text of a message whose envelope is there."""
    client.must(("DATA", "354 "))
    client.send("Subject: x\r\n\r\ny\r\n.\r\n")
    return client.reply()


with case("a limit"), serve() as server:
    with server.client() as c:
        is_(take(ready(c), 5), [FREE] * 3 + [OVER] * 2, "three of five")
        starts(whole(c), "250 2.0.0", "the message goes to the three")
        is_(len(server.messages()[0].recipients), 3, "as the envelope says")
        c.must((f"MAIL FROM:<{JOE}>", "250"))
        is_(take(c, 1), [OVER], "no more in the same connection")
        starts(c.command("DATA"), "554 5.5.1", "without a recipient no DATA")
    is_(left(server), 0, "nor in another")
    is_(left(server, ANN), 10, "who is not in the list has no limit")
    found = server.wait_log(PREFIX + "rcpt refused .*$", 2)
    like(found[0][0], PREFIX + r"rcpt refused rcpt=r3@example\.net "
         r"reason=limit user=joe@example\.com limit=3$", "logged")
    is_(len(found), 2, "once a connection")
    with server.client() as c:
        c.envelope("x@example.org", "a@example.com")
        starts(whole(c), "250 2.0.0", "who is not logged in is not counted")
    with server.client() as c:
        ready(c)
        c.must(("RSET", "250"))
        for _ in range(30):
            last = take_one = c.command(f"MAIL FROM:<{JOE}>")
            if not take_one.startswith("250"):
                break
            c.must(("RCPT TO:<x@example.net>", "450"), ("RSET", "250"))
        starts(last, "250", "a user's 450 is no error that ends a connection")

with case("others"), serve(f"# a day\n{JOE}:2\n:4\n{ANN}:0\n") as server:
    is_(left(server), 2, "one who is named")
    is_(left(server, "bob@example.com"), 4, ":N is for all others")
    is_(left(server, ANN), 10, "0 is no limit")
    server.write("relaylimits", f"{JOE.upper()}:1\n")
    is_(left(server), 1, "named in another case")
    server.write("relaylimits", f"{JOE}:5\n")
    is_(left(server), 5, "a change counts at once")

with case("given back"), serve() as server:
    with server.client() as c:
        is_(take(ready(c), 3), [FREE] * 3, "all taken")
        is_(left(server), 0, "while they are")
        c.must(("RSET", "250"))
    is_(left(server), 3, "by RSET")
    for what, lines in (("QUIT", ("QUIT",)), ("EHLO", ("EHLO x",)),
                        ("FIN", ()), ("DATA and FIN", ("DATA",)),
                        ("BDAT", ("BDAT 3 LAST",))):
        with server.client() as c:
            take(ready(c), 3)
            for line in lines:
                c.send(line + "\r\n")
                c.drained()
            if what == "EHLO":
                is_(left(server), 3, "by EHLO")
        server.wait_idle()
        is_(left(server), 3, "by " + what)
    with server.client() as c:
        take(ready(c), 3)
        c.must(("DATA", "354 "))
        c.send("bare\nLF\r\n.\r\n")
        starts(c.reply(), "554 5.6.0", "a message that is not taken")
        server.wait_idle()
    is_(left(server), 3, "by a bare LF")
    with server.client() as c:
        ready(c)
        is_([c.command(f"RCPT TO:<{to}>")[:3] for to in
             ("x", "x@example.net", "", "x@@", "y@example.net")],
            ["550", "250", "501", "501", "250"], "refused for other reasons")
        is_(left(server), 1, "these count not")
    server.wait_idle()
    with server.client() as c:
        take(ready(c), 2)
        starts(whole(c), "250 2.0.0", "what was queued")
    is_(left(server), 1, "is not given back")

for code, reply in ((31, "554 5.3.0"), (53, "451 4.3.0")):
    with case(f"exit {code}"), serve(record={"EXIT": code}) as server:
        with server.client() as c:
            take(ready(c), 3)
            starts(whole(c), reply, f"exit {code}: not queued")
            is_(left(server), 3, f"exit {code}: given back")

with case("databytes"), serve(control={"databytes": "10\n"}) as server:
    with server.client() as c:
        take(ready(c), 3)
        starts(whole(c), "552 5.3.4", "too big")
        is_(left(server), 3, "too big: given back")

with case("many at once"), serve(f"{JOE}:50\n") as server:
    clients = [server.client() for _ in range(20)]
    parallel(ready, clients, 20)
    got = parallel(lambda c: take(c, 5), clients, 20)
    free = [replies.count(FREE) for replies in got]
    is_(sum(free), 50, "twenty connections have no more than one")
    done_by = parallel(lambda pair: whole(pair[0])[:3] if pair[1] else "",
                       list(zip(clients, free)), 20)
    is_(set(done_by) - {""}, {"250"}, "they are sent")
    for client in clients:
        client.close()
    is_(sum(len(m.recipients) for m in server.messages()), 50,
        "fifty recipients, all in all")
    is_(left(server), 0, "none is left")

with case("RELAYCLIENT"), serve(env={"RELAYCLIENT": ""}) as server:
    with server.client() as c:
        c.must(("MAIL FROM:<x@example.org>", "250"))
        is_(take(c, 5), [FREE] * 5, "without a login no limit")
    is_(left(server), 3, "with one as ever")

# What cannot be counted is logged, and mail goes on.
with case("no statedir"), serve(env={"STATEDIR": None}) as server:
    is_(left(server), 10, "no statedir: no limit")
    found = server.wait_log(PREFIX + "config fail .*$")
    like(found[0][0], r"file=control/relaylimits reason=needs\\x20control/"
         r"statedir$", "no statedir: it is logged")
    is_(left(server), 10, "no statedir: mail goes on")
with case("unusable"), serve() as server:
    os.mkdir(os.path.join(server.state, "recipients"))
    is_(left(server), 10, "a file that cannot be used: no limit")
    found = server.wait_log(PREFIX + "config fail .*$")
    is_(len(found), 1, "it is logged once")
    like(found[0][0], rf"file={re.escape(server.state)}/recipients "
         r"reason=Is\\x20a\\x20directory$", "and why")
with case("rubbish"), serve() as server:
    is_(left(server), 3, "good")
    with open(os.path.join(server.state, "recipients"), "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        ok(size < 5 << 20, "not large", size)
        file.write(os.urandom(size))
    is_(left(server), 3, "rubbish is made anew")
if ROOT and shutil.which("prlimit"):
    with case("no room"), serve() as server:
        server.cramp()
        is_(left(server), 10, "no room: no limit")
        server.wait_log(r"config fail .*File\\x20too\\x20large$")


class Hook:
    """A control/limithook; the recording program below it, for its argv."""

    def __init__(self, server, *commands):
        self.directory = place.home("hook")
        os.chmod(self.directory, 0o777)
        self.server = server
        server.write("limithook", "#!/bin/sh\n" + "\n".join((
            f"RECORD_NOREAD=1 RECORD_DIR={self.directory} "
            f'{place.record_program()} "$@"', *commands,
            'echo "hook done $1 $2"')) + "\n", 0o755)

    def runs(self, count):
        """Waits for the line of the log that each run ends with."""
        self.server.wait_log("^hook done ", count)
        return records(self.directory)


with case("the hook"), serve() as server:
    hook = Hook(server, "echo warning >&2")
    left(server)
    run = hook.runs(1)[0]
    is_(run.argv[1:], [JOE, "3"], "its arguments: login, limit")
    is_((run.env["SMTPAUTHUSER"], run.env["TCPREMOTEIP"]), (JOE, "192.0.2.1"),
        "its environment is the queue program's")
    found = run.descriptors
    is_(sorted(found), [0, 1, 2], "no other descriptor")
    is_((found[0], found[1]), ("/dev/null", found[2]),
        "nothing to read, and the log to write to")
    ok(server.wait_log("^warning$"), "its output is in the log")
    if ROOT:
        is_(run.status["Uid"].split(), ["65534"] * 4, "it is the account")
    for field in ("CapPrm", "CapEff", "SigBlk"):
        is_(int(run.status[field], 16), 0, f"{field}: none")
    is_(ignored(run.status), 0, "no signal is ignored")
    left(server)
    with server.client() as c:
        take(ready(c), 3)
        starts(whole(c), "250 2.0.0", "mail goes on")
        c.must((f"MAIL FROM:<{JOE}>", "250"))
        is_(take(c, 1), [OVER], "over it again")
    server.wait_idle()
    is_(len(hook.runs(1)), 1, "once a login and day")
    server.write("relaylimits", ":1\n")
    left(server, ANN)
    is_(len(hook.runs(2)), 2, "and for another login")
    is_(len(server.messages()[0].recipients), 3, "the queue sees none of it")

with case("at once"), serve(":5\n") as server:
    hook = Hook(server)
    clients = [server.client() for _ in range(20)]
    parallel(ready, clients, 20)
    parallel(lambda c: take(c, 2), clients, 20)
    hook.runs(1)
    for client in clients:
        client.close()
    server.wait_idle()
    is_(len(hook.runs(1)), 1, "twenty connections at once: one hook")

with case("it outlives the client"), serve() as server:
    fifo = os.path.join(place.home("fifo"), "fifo")
    os.mkfifo(fifo)
    os.chmod(fifo, 0o666)
    hook = Hook(server, f"read line <{fifo}", 'echo "hook read $line"')
    with server.client() as c:
        is_(take(ready(c), 4), [FREE] * 3 + [OVER], "nobody waits for it")
        starts(whole(c), "250 2.0.0", "the message is queued meanwhile")
    is_(server.wait_idle(2), [], "the connection is gone within 2 seconds")
    server.wait_log(" end ")
    with open(fifo, "w", encoding="ascii") as file:
        file.write("go\n")
    ok(server.wait_log("^hook read go$"), "the hook is not")
    hook.runs(1)

for what, text, mode, reason in (
        ("no hook", None, 0, None),
        ("a hook that may not be run", "#!/bin/sh\n", 0o644,
         r"Permission\\x20denied"),
        ("a hook that is no program", "hello\n", 0o755,
         r"Exec\\x20format\\x20error"),
        ("a hook without its interpreter", "#!/nonexistent\n", 0o755,
         r"No\\x20such\\x20file\\x20or\\x20directory"),
        ("a hook that fails", "#!/bin/sh\necho started\nexit 1\n", 0o755,
         None)):
    with case(what), serve() as server:
        if text is not None:
            server.write("limithook", text, mode)
        is_(left(server), 3, f"{what}: the limit holds")
        if reason:
            ok(server.wait_log(PREFIX + "config fail file=control/limithook "
                               rf"reason={reason}$"), f"{what}: logged")
        elif text:
            ok(server.wait_log("^started$"), f"{what}: it ran")
        server.wait_idle()
        is_(left(server), 3, f"{what}: mail goes on")
        if not reason:
            ok(" config fail " not in server.log(), f"{what}: not logged")

done()
