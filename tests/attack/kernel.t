#!/usr/bin/env python3
"""What the kernel lets a session or an authenticator do that was taken over:
every system call there is, out of the real process; and, as if the filter had
a hole, what it could do to the keeper and to others without it."""
import contextlib
import os
import signal
import struct
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_attempts import Servers, Tally, forged  # noqa: E402
from support.extra_process import Family, Process  # noqa: E402
from support.extra_puppet import (  # noqa: E402
    FOREIGN, OK, Dead, Hostile, Puppet)

X32 = 1 << 30
ALL = -1
KERNELS_OWN = (335, 336)  # uretprobe, uprobe: pass whatever a filter says
# Number: arguments with which it comes back at once.
EVERYBODY = {0: (ALL,), 1: (ALL,), 7: (ALL, ALL), 228: (ALL, ALL), 219: ()}
ALLOWED = {
    "session": {**EVERYBODY, 20: (ALL,), 47: (ALL,), 3: (ALL,), 48: (ALL,)},
    "authenticator": {**EVERYBODY, 17: (ALL,), 12: (), 11: (ALL,),
                      10: (1, 0, 0), 9: (0, 4096, 3, 0x22, ALL)}}
EXIT = 231
NUMBERS = [*range(471), *range(471, 600, 8), 1000, 65535, (1 << 31) - 1,
           1 << 31, (1 << 32) - 1]
OTHER_FORMS = [0, 1, 2, 3, 7, 9, 20, 37, 39, 41, 47, 48, 56, 57, 59, 62, 101,
               228, 231, 257, 520, 545]
SETTINGS = {"users": {"joe@example.com": "secret"}, "env": {
    "AUTHMECHS": "PLAIN"}}
tally = {who: Tally(f"hostile {who}, system calls") for who in ALLOWED}
THREADS = 4
servers = {who: Servers(tally[who]) for who in tally}


def killed(who, server, number, *arguments):
    """Does this call end it?"""
    try:
        if who == "session":
            with server.session() as s:
                s.call(number, *arguments)
        else:
            with Puppet(server) as p:
                p.call(number, *arguments)
        return False
    except Dead:
        return True


def one(item):
    """A number: killed, unless it is in the list."""
    who, number, arguments, what = item
    with servers[who].attempt(what) as turn:
        may = number in ALLOWED[who] or number in KERNELS_OWN
        gone = killed(who, turn.server, number, *arguments)
        turn.result = "killed" if gone else "allowed"
        if may == gone and number not in (*KERNELS_OWN, EXIT):
            turn.wins.append("killed" if gone else "it came back")


def numbers(who):
    """Each number, and the two other ways to number them."""
    for number in NUMBERS:
        yield (who, number, ALLOWED[who].get(number, (0,)),
               f"system call {number}")
    for number in OTHER_FORMS:
        yield who, number | X32, (0,), f"system call {number} of x32"
        yield who, number | FOREIGN, (0,), f"system call {number} of i386"


# Of those that are allowed, what is not. 10: mprotect, 9: mmap.
VARIANTS = (
    ("mprotect, executable", 10, (0x400000, 4096, 5)),
    ("mprotect, all bits", 10, (0x400000, 4096, ALL)),
    ("mmap, executable", 9, (0, 4096, 7, 0x22, ALL, 0)),
    ("mmap of the user file", 9, (0, 4096, 1, 2, 1, 0)),
    ("mmap of the user file, shared", 9, (0, 4096, 1, 1, 1, 0)),
    ("mmap without flags", 9, (0, 4096, 3, 0, ALL, 0)),
    ("mmap, anonymous, executable, high bits", 9,
     (0, 4096, 1 << 32 | 4, 0x22, ALL, 0)),
)
FILTERED = (  # what, number, arguments; "pid": each of the targets
    ("kill", 62, ("pid", 9)), ("kill, stop", 62, ("pid", 19)),
    ("tkill", 200, ("pid", 9)), ("tgkill", 234, ("pid", "pid", 9)),
    ("rt_sigqueueinfo", 129, ("pid", 9, 0)),
    ("ptrace, attach", 101, (16, "pid", 0, 0)),
    ("ptrace, seize", 101, (0x4206, "pid", 0, 0)),
    ("process_vm_readv", 310, ("pid", "vector", 1, "vector", 1, 0)),
    ("process_vm_writev", 311, ("pid", "vector", 1, "vector", 1, 0)),
    ("pidfd_open", 434, ("pid", 0)), ("kcmp", 312, ("pid", "pid", 0, 0, 0)),
    ("prlimit64, no files", 302, ("pid", 7, ("room", 0), 0)),
    ("prlimit64, no processor", 302, ("pid", 0, ("room", 0), 0)),
    ("prlimit64, no memory", 302, ("pid", 9, ("room", 0), 0)),
    ("sched_setaffinity", 203, ("pid", 8, ("room", 256))),
    ("sched_setscheduler, idle", 144, ("pid", 5, ("room", 0))),
    ("setpriority", 141, (0, "pid", 19)),
    ("ioprio_set", 251, (1, "pid", 3 << 13)),
    ("migrate_pages", 256, ("pid", 8, ("room", 256), ("room", 256))),
    ("get_robust_list", 274, ("pid", ("room", 0), ("room", 8))),
    ("setpgid", 109, ("pid", 0)),
    ("F_SETOWN", 72, (0, 8, "pid")),
)
ALONE = (
    ("kill everybody", 62, (ALL, 9)), ("kill its group", 62, (0, 9)),
    ("open, /etc/passwd", 2, (("path", b"/etc/passwd"), 0)),
    ("open, the root", 2, (("path", b"/"), 0o200000)),
    ("openat, .", 257, (-100, ("path", b"."), 0o200000)),
    ("openat below the client", 257, (0, ("path", b"x"), 0)),
    ("open, its memory", 2, (("path", b"/proc/self/mem"), 2)),
    ("make a file", 2, (("path", b"/x"), 0o102, 0o600)),
    ("mkdir", 83, (("path", b"/x"), 0o700)),
    ("socket, IPv4", 41, (2, 1, 0)), ("socket, Unix", 41, (1, 1, 0)),
    ("socket, netlink", 41, (16, 3, 0)), ("socketpair", 53, (1, 1, 0, 0)),
    ("dup", 32, (0,)), ("F_DUPFD", 72, (0, 0, 60)),
    ("memfd_create", 319, (("path", b"x"), 0)), ("fork", 57, ()),
    ("vfork", 58, ()), ("clone, a thread", 56, (0x10f00, 0)),
    ("clone3", 435, (("room", 0), 88)),
    ("execve", 59, (("path", b"/bin/sh"), 0, 0)),
    ("setuid 0", 105, (0,)), ("setresuid 0", 117, (0, 0, 0)),
    ("setgroups", 116, (0, 0)), ("chroot ..", 161, (("path", b".."),)),
    ("mount", 165, (("path", b"x"), ("path", b"/"), 0, 0, 0)),
    ("unshare, a mount namespace", 272, (0x20000,)),
    ("unshare, a user namespace", 272, (0x10000000,)),
    ("setrlimit, more files", 160, (7, ("limit", 4096))),
    ("io_uring", 425, (1, ("room", 0))), ("bpf", 321, (0, ("room", 0), 48)),
    ("perf_event_open", 298, (("room", 0), 0, ALL, ALL, 0)),
    ("userfaultfd", 323, (0,)), ("epoll_create1", 291, (0,)),
    ("inotify_init", 253, ()), ("timerfd_create", 283, (1, 0)),
    ("TIOCSTI", 16, (0, 0x5412, ("path", b"x"))),
    ("TIOCSCTTY", 16, (0, 0x540e, 1)), ("vhangup", 153, ()),
    ("reboot", 169, (0xfee1dead, 0x28121969, 0, 0)),
    ("ftruncate of the client", 77, (0, 0)),
    ("lseek of the client", 8, (0, 0, 0)),
    ("F_SETLEASE", 72, (0, 1024, 1)),
    ("a message queue", 240, (("path", b"x"), 0o102, 0o600, 0)),
    ("syslog", 103, (3, ("room", 0), 100)),
    ("add_key", 248, (("path", b"user"), ("path", b"user"), 0, 0, -3)),
)
# Without the filter these come back, and change nothing but the process. (To
# kill everybody is answered with 0 where nobody may be killed.)
HARMLESS = ("F_SETOWN", "kill its group", "kill everybody")
# And in the session, whose limit leaves room for one descriptor, a message's.
ONE_MORE = ("pidfd_open", "socket, IPv4", "socket, Unix", "socket, netlink",
            "dup", "memfd_create", "io_uring", "userfaultfd", "bpf",
            "perf_event_open", "epoll_create1", "inotify_init",
            "timerfd_create")
IMAGE = 0x400000  # where each program begins


def resolved(arguments, pid):
    """Arguments as numbers, and what the room holds for them."""
    given, found = b"", []
    for argument in arguments:
        if argument == "pid":
            argument = pid
        elif argument == "vector":
            given = struct.pack("=QQ", IMAGE, 8)
            argument = ("room", 0)
        elif isinstance(argument, tuple) and argument[0] == "path":
            argument, given = ("room", len(given)), given + argument[1] + b"\0"
        elif isinstance(argument, tuple) and argument[0] == "limit":
            given = struct.pack("=QQ", argument[1], argument[1])
            argument = ("room", 0)
        found.append(argument)
    return found, given


def state_of(pid):
    """What nobody else may change of a process."""
    p = Process(pid)
    return (p.fields()[16:18], p.limits(), os.sched_getaffinity(pid),
            sorted(p.descriptors()), p.status()["State"][0] in "SR",
            os.sched_getscheduler(pid), p.fields()[2])


class Victim:
    """A connection of its own, whose processes others would like to get at:
    it is asked again when they have tried."""

    def __init__(self, server):
        self.client = server.client()
        self.family = Family(server, self.client)
        self.targets = {"another keeper": self.family.keeper.pid,
                        "another session": self.family.session.pid,
                        "the launcher": server.process.pid}

    def answers(self):
        """Still?"""
        return self.client.command("NOOP").code == 250


@contextlib.contextmanager
def beside(who, label, **options):
    """A puppet, and another server, a victim, that nothing happens to."""
    with Hostile(who, **options, **SETTINGS) as server:
        with Hostile("", **options, **SETTINGS) as other:
            victim = Victim(other)
            before = {pid: state_of(pid) for pid in victim.targets.values()}
            yield server, victim
            is_({pid: state_of(pid) for pid in before}, before,
                f"{label}: the others are as they were")
            ok(victim.answers(), f"{label}: and answer")
            victim.client.close()
        is_(server.wait_idle(12), [], f"{label}: nothing is left")
        is_(forged(server.log()), [], f"{label}: no line is forged")


def filtered(who, root):
    """By name, with each target: killed."""
    mode = "root" if root else "account"
    with beside(who, f"{who}, {mode}", root=root) as (server, victim):
        table = [(f"{mode}: {what}, {name}", number, arguments, pid)
                 for what, number, arguments in FILTERED
                 for name, pid in victim.targets.items()]
        table += [(f"{mode}: {what}", number, arguments, 0)
                  for what, number, arguments in ALONE]
        if who == "authenticator":
            table += [(f"{mode}: {what}", number, arguments, 0)
                      for what, number, arguments in VARIANTS]

        def attempt(row):
            what, number, arguments, pid = row
            values, _ = resolved(arguments, pid)
            gone = killed(who, server, number, *values)
            tally[who].count(what, "killed" if gone else "came back",
                             [] if gone else ["it came back"])
        parallel(attempt, table, THREADS)


def unfiltered(who):
    """As root and without the filter: uid, root directory, Landlock and
    limits are left. Nothing of another's is changed."""
    with beside(f"{who} unfiltered", f"{who} without a filter") as (
            server, victim):
        def attempt(row):
            what, number, arguments, name, pid = row
            values, given = resolved(arguments, pid)
            with (server.session() if who == "session" else
                  Puppet(server)) as s:
                if name == "its keeper":
                    pid = s.call(110)
                    values, given = resolved(arguments, pid)
                try:
                    result = s.call(number, *values, given=given)
                except Dead:
                    result = "dead"
            one = who == "session" and what in ONE_MORE and result == 2
            came_back = result != "dead" and result >= 0
            tally[who].count(
                f"no filter: {what}, {name}", "died of it" if
                result == "dead" else "one descriptor" if one else
                "harmless" if came_back else os.strerror(-result),
                [f"it came back with {result}"] if came_back and not one
                and what not in HARMLESS else [])
        table = [(*row, name, pid) for row in FILTERED
                 for name, pid in [*victim.targets.items(), ("its keeper", 0)]]
        table += [(*row, "", 0) for row in ALONE]
        parallel(attempt, table, THREADS)


def by_pidfd():
    """A handle of another process is its one descriptor, and of no use."""
    with beside("session unfiltered", "by pidfd") as (server, victim):
        for name, pid in victim.targets.items():
            for what, number, arguments in (
                    ("pidfd_send_signal", 424, (2, 9, 0, 0)),
                    ("pidfd_getfd", 438, (2, 0, 0)),
                    ("setns", 308, (2, 0x20000)),
                    ("process_madvise", 440, (2, "vector", 1, 21, 0))):
                values, given = resolved(arguments, pid)
                with server.session() as s:
                    opened = s.call(434, pid, 0)
                    result = s.call(number, *values, given=given)
                tally["session"].count(
                    f"no filter: {what}, {name}", os.strerror(-result) if
                    result < 0 else "came back", [] if opened == 2 and
                    result < 0 else [f"{opened}, {result}"])


def descriptors():
    """sendmsg with descriptors attached, which the filter forbids: the keeper
    takes none."""
    with Hostile("session unfiltered", **SETTINGS) as server:
        for count in (1, 3, 200):
            with server.session() as s:
                keeper = Process(s.call(110))
                # Answered: so it is past its preparations.
                assert s.ask("PATHS", b"Fa@b\0")[1] == OK
                assert s.ask("ABORT", b"", 1)[1] == OK
                before = sorted(keeper.descriptors().values())
                at = s.room()
                size = 16 + 4 * count
                head = struct.pack("=QIIQQQQiI", 0, 0, 0, at + 64, 1,
                                   at + 128, size, 0, 0).ljust(64, b"\0")
                parts = (head + struct.pack("=QQ", at + 1024, 7)).ljust(
                    128, b"\0") + struct.pack("=QII", size, 1, 1) + \
                    struct.pack("=i", 3) * count
                packet = bytes([11, 0]) + b"Fa@b\0"
                sent = s.call(46, 3, ("room", 0), 0,
                              given=parts.ljust(1024, b"\0") + packet)
                # It is answered: so the packet was received.
                heard = s.hear()
                after = sorted(keeper.descriptors().values())
                tally["session"].count(
                    f"{count} descriptors attached", "not taken",
                    [] if before == after and sent == 7 and heard else
                    [f"{sent}, {heard}, {before}, {after}"])


def signals_by_io():
    """The kernel's own signals for input and output, sent to the keeper."""
    with Hostile("session unfiltered", **SETTINGS) as server:
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM,
                       signal.SIGIO):
            with server.session() as s:
                keeper = s.call(110)
                s.call(72, 3, 10, number)
                s.call(72, 3, 8, keeper)
                s.call(72, 3, 4, 0o20002)
                answers = [s.ask("PATHS", b"Fa@example.org\0"),
                           s.ask("ABORT", b"", 1)]
                ok_ = all(a and a[1] == 1 for a in answers) and \
                    Process(keeper).alive()
                tally["session"].count(
                    f"F_SETSIG {number} to the keeper", "not sent",
                    [] if ok_ else [f"{answers}"])


with case("system calls"):
    for who in ALLOWED:
        for _ in range(THREADS):
            servers[who].put(Hostile(who, **SETTINGS))
        parallel(one, list(numbers(who)), THREADS)
        servers[who].close()
for root in ([True, False] if ROOT else [False]):
    for who in ALLOWED:
        with case(f"{who}: by name"):
            filtered(who, root)
if ROOT:
    for who in ALLOWED:
        with case(f"{who}: without the filter"):
            unfiltered(who)
    with case("handles"):
        by_pidfd()
    with case("descriptors"):
        descriptors()
    with case("signals"):
        signals_by_io()
tally["authenticator"].check(500)
tally["session"].check(500)
done()
