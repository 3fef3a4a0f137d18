"""Time that belongs to what is tested: a busy machine's is taken off.

A limit that the server promises is looked for as strictly as the machine
allows: seconds in which something waited for a processor or a disk
(/proc/pressure), or in which the processors were another's (steal), do not
count. On a quiet machine they are the clock's seconds.
"""
import os
import time

# Nothing is waited for longer, whatever the machine does.
AT_MOST = float(os.environ.get("TEST_DEADLINE", "60"))
# The kernel adds pressure up every two seconds.
PRESSURE_SECONDS = 2.2


def _pressure(name):
    try:
        with open("/proc/pressure/" + name, encoding="ascii") as file:
            return int(file.readline().rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):
        return None


def _stolen():
    try:
        with open("/proc/stat", encoding="ascii") as file:
            return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0


def _stalled():
    """Seconds lost since the machine started; None where it does not tell."""
    cpu, disk = _pressure("cpu"), _pressure("io")
    return None if cpu is None else cpu + (disk or 0) + _stolen()


class Stopwatch:
    """Seconds since it was made, until stop()."""

    def __init__(self):
        self.begun, self.stalled = time.monotonic(), _stalled()
        self.end = None

    def stop(self):
        """Once is enough."""
        if self.end is None:
            self.end = time.monotonic()

    def clock(self):
        """By the clock."""
        return (self.end or time.monotonic()) - self.begun

    def undisturbed(self):
        """Without what was lost; what was lost just now may still count."""
        stalled = _stalled()
        if stalled is None:
            # Without /proc/pressure nobody can tell: only AT_MOST counts.
            return 0 if self.clock() < AT_MOST else self.clock()
        return max(0, self.clock() - (stalled - self.stalled))

    def exceeds(self, seconds):
        """More than so many, were the machine its own? Waits to be sure."""
        self.stop()
        if self.clock() < seconds or self.undisturbed() < seconds:
            return False
        time.sleep(max(0, self.end + PRESSURE_SECONDS - time.monotonic()))
        return self.undisturbed() >= seconds


class Patience:
    """For a loop that waits: so many undisturbed seconds."""

    def __init__(self, seconds):
        self.seconds, self.watch = seconds, Stopwatch()
        self.passed = None  # when they may have passed

    def left(self):
        """Seconds until it is worth a look; 0: it was waited long enough."""
        if self.watch.clock() >= max(AT_MOST, self.seconds * 2):
            return 0
        missing = self.seconds - self.watch.undisturbed()
        if missing > 0:
            self.passed = None
            return min(1, missing + 0.01)
        if self.passed is None:
            self.passed = time.monotonic()
        return max(0, self.passed + PRESSURE_SECONDS - time.monotonic())
