"""System calls that are made to fail, one at a time: tests/stub/inject.c."""
import collections
import errno
import os
import platform
import random

from . import place
from .extra_alone import all_tried, spread
from .tap import ok

POSSIBLE = platform.machine() == "x86_64"
SHORT = 0  # in place of an errno: one octet is read or written
CRASHES = {4, 5, 6, 7, 8, 11, 31}

# Of <asm/unistd.h> for x86-64. What cannot fail (getpid, clock_gettime, the
# count of what is left in a pipe) is not here, nor what is no fault but another
# truth: ENOENT, EPIPE of the channel, whose other end lives, ECHILD of our own.
_CALLS = {
    "read": (0, "EINTR EIO EAGAIN ECONNRESET ENOMEM"),
    "write": (1, "EINTR EAGAIN EPIPE ECONNRESET ENOSPC EIO"),
    "open": (2, "EMFILE ENFILE EACCES EIO EINTR ENOMEM"),
    "close": (3, "EINTR EIO"),
    "stat": (4, "EACCES EIO ENOMEM"),
    "fstat": (5, "EIO ENOMEM"),
    "lstat": (6, "EACCES EIO ENOMEM"),
    "poll": (7, "EINTR ENOMEM"),
    "lseek": (8, "EIO"),
    "mmap": (9, "ENOMEM EAGAIN"),
    "mprotect": (10, "ENOMEM"),
    "brk": (12, ""),  # it fails by the old end, and knows no errors
    "ioctl": (16, ""),
    "pread64": (17, "EINTR EIO ENOMEM"),
    "pwrite64": (18, "EINTR EIO ENOSPC"),
    "readv": (19, "EINTR EIO EAGAIN"),
    "writev": (20, "EINTR EIO ENOSPC EPIPE"),
    "access": (21, "EACCES EIO"),
    "pipe": (22, "EMFILE ENFILE"),
    "dup": (32, "EMFILE"),
    "dup2": (33, "EBUSY EMFILE EINTR"),
    "socket": (41, "EMFILE ENFILE ENOBUFS EACCES"),
    "connect": (42, "EINTR EAGAIN ECONNREFUSED EACCES"),
    "sendto": (44, "EINTR EAGAIN ENOBUFS EPIPE ECONNRESET"),
    "recvfrom": (45, "EINTR EAGAIN ENOMEM ECONNRESET"),
    "sendmsg": (46, "EINTR EAGAIN ENOBUFS ENOMEM ETOOMANYREFS"),
    "recvmsg": (47, "EINTR EAGAIN ENOMEM ECONNRESET EMFILE"),
    "shutdown": (48, "ENOTCONN ENOBUFS"),
    "getsockname": (51, "ENOBUFS ENOTSOCK"),
    "getpeername": (52, "ENOBUFS ENOTCONN"),
    "socketpair": (53, "EMFILE ENFILE ENOMEM"),
    "setsockopt": (54, "ENOMEM EINVAL"),
    "getsockopt": (55, "ENOMEM EINVAL"),
    "clone": (56, "EAGAIN ENOMEM EPERM"),
    "fork": (57, "EAGAIN ENOMEM"),
    "execve": (59, "EACCES ENOMEM ETXTBSY EIO"),
    "wait4": (61, "EINTR"),
    "kill": (62, "EPERM ESRCH"),
    "fcntl": (72, "EPERM EINTR ENOLCK"),
    "flock": (73, "EINTR ENOLCK"),
    "fsync": (74, "EIO ENOSPC EINTR"),
    "ftruncate": (77, "EIO EINTR"),
    "chdir": (80, "EACCES EIO ENOMEM"),
    "rename": (82, "EIO ENOSPC EACCES"),
    "mkdir": (83, "ENOSPC EACCES"),
    "unlink": (87, "EIO EACCES"),
    "readlink": (89, "EACCES EIO ENOMEM"),
    "fchmod": (91, "EPERM EIO"),
    "fchown": (93, "EPERM EIO"),
    "setpgid": (109, "EPERM EACCES"),
    "setsid": (112, "EPERM"),
    "setgroups": (116, "EPERM ENOMEM"),
    "setresuid": (117, "EAGAIN EPERM"),
    "setresgid": (119, "EAGAIN EPERM"),
    "capget": (125, "EPERM"),
    "capset": (126, "EPERM"),
    "prctl": (157, "EPERM EINVAL"),
    "chroot": (161, "EPERM EACCES"),
    "getdents64": (217, "EIO"),
    "exit_group": (231, ""),
    "openat": (257, "EMFILE ENFILE EACCES EIO EINTR ENOMEM"),
    "mkdirat": (258, "ENOSPC EACCES"),
    "unlinkat": (263, "EIO EACCES"),
    "renameat": (264, "EIO ENOSPC"),
    "linkat": (265, "EIO ENOSPC EMLINK"),
    "unshare": (272, "EPERM ENOSPC"),
    "signalfd4": (289, "EMFILE ENFILE ENOMEM"),
    "pipe2": (293, "EMFILE ENFILE"),
    "prlimit64": (302, "EPERM"),
    "syncfs": (306, "EIO"),
    "renameat2": (316, "EIO ENOSPC"),
    "seccomp": (317, "EINVAL EACCES ENOMEM"),
    "getrandom": (318, "EINTR EAGAIN ENOSYS"),
    "memfd_create": (319, "EMFILE ENFILE ENOMEM"),
    "pwritev2": (328, "EINTR EAGAIN EPIPE ENOSPC EOPNOTSUPP"),
    "statx": (332, "EACCES EIO"),
    "pidfd_open": (434, "EMFILE ENFILE ENOMEM"),
    "close_range": (436, "EMFILE ENOMEM ENOSYS"),
    "openat2": (437, "EMFILE ENFILE EACCES EIO"),
    "pidfd_getfd": (438, "EPERM"),
    "faccessat2": (439, "EACCES EIO"),
    "landlock_create_ruleset": (444, "ENOSYS EOPNOTSUPP ENOMEM"),
    "landlock_restrict_self": (446, "EPERM E2BIG"),
}
NUMBERS = {name: number for name, (number, _) in _CALLS.items()}
NAMES = {number: name for name, (number, _) in _CALLS.items()}
ERRORS = {number: [getattr(errno, word) for word in words.split()]
          for number, words in _CALLS.values()}
for _name in ("read", "write", "pread64", "pwrite64"):
    ERRORS[NUMBERS[_name]].append(SHORT)

Fault = collections.namedtuple("Fault", "process call time error")
NONE = Fault(0, 0, 0, 0)


def shown(fault):
    """For people."""
    error = errno.errorcode.get(fault.error, "one octet")
    return (f"process {fault.process}, {NAMES.get(fault.call, fault.call)} "
            f"number {fault.time}: {error}")


def words(path, fault):
    """In front of a program; the trace goes into the file."""
    return [place.stub("inject"), path, *(str(n) for n in fault)]


class Trace:
    """What was done, and what failed."""

    def __init__(self, path):
        with open(path, encoding="ascii") as file:
            self.rows = [line.split() for line in file]
        self.hit = next((row for row in self.rows if row[2:3] == ["-"]), None)
        self.crashed = [row for row in self.rows if row[1] == "signal" and
                        int(row[2]) in CRASHES]

    def was_on(self, call, fd):
        """Is what failed this call of the first process, on this one?"""
        return self.hit == ["1", str(NUMBERS[call]), "-", str(fd)]

    def foreign(self):
        """Processes of somebody else's program: number, from which row on."""
        found = {}
        for at, row in enumerate(self.rows):
            if row[1] == "exec" and row[0] != "1":
                found.setdefault(row[0], at)
            if row[1] == "made" and row[0] in found:
                found[row[2]] = 0
        return found

    def faults(self, all_ours=False):
        """Each that there can be, but in programs of others."""
        times = collections.Counter()
        foreign = {} if all_ours else self.foreign()
        for at, row in enumerate(self.rows):
            if not row[1].isdigit() or at > foreign.get(row[0], at):
                continue
            process, call = int(row[0]), int(row[1])
            times[process, call] += 1
            # The first is the exec of what is tested.
            if (process, call) == (1, NUMBERS["execve"]):
                continue
            for error in ERRORS.get(call, ()):
                yield Fault(process, call, times[process, call], error)


def try_all(work, jobs, names, effect):
    """work's generator gives (number of the name, was it met, had it that
    effect, what is wrong); a check a name. How many were met, and differ."""
    tried, met, had = (collections.Counter() for _ in range(3))
    differing = collections.defaultdict(list)
    for number, hit, differs, wrong in spread(
            work, jobs, int(os.environ.get("WORKERS", "3"))):
        tried[number] += 1
        met[number] += hit
        had[number] += differs
        if wrong:
            differing[number].append(wrong)
    for number, count in sorted(tried.items()):
        wrong = differing[number]
        ok(not wrong, f"{names[number]}: {count} faults, {met[number]} met, "
           f"{had[number]} {effect}", *sum(wrong[:20], []))
    ok(sum(met.values()) > 0.9 * len(jobs), "most were met", met, tried)
    all_tried(sum(tried.values()), len(jobs))
    return sum(met.values()), sum(map(len, differing.values()))


def try_found(look, work, names, most, effect):
    """What look's generator finds to be possible for each name, mixed, that
    many of it; look gives (number, faults, what is wrong without one)."""
    jobs = []
    for number, found, wrong in spread(look, list(range(len(names))), 2):
        ok(not wrong, f"{names[number]}: {len(found)} faults are possible",
           *wrong)
        jobs += ((number, fault) for fault in found)
    random.shuffle(jobs)
    return try_all(work, jobs[:most], names, effect)
