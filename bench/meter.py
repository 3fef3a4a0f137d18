"""CPU time and memory of a whole process tree.

The server of a side starts inside a control group of its own and on its own
CPU, so that every process it forks is counted, whoever reaps it. Where no
group can be made (no root), the CPU time is read from /proc: what the roots
of the tree used and what their reaped children used (cutime, cstime); that
counts in clock ticks, and leaves out children that others reap.
"""

import os
import time

V1 = "/sys/fs/cgroup/cpuacct"
V2 = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def read(path):
    with open(path) as file:
        return file.read()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def own_group(version):
    """Where this process is, below the mount."""
    for line in read("/proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if (version == 2 and number == "0" or
                version == 1 and "cpuacct" in controllers.split(",")):
            return path
    return "/"


def children(pid):
    """The process and all below it."""
    found = [pid]
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                stat = read("/proc/%s/stat" % process)
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found += children(int(process))
    return found


class Meter:
    """with Meter() as m: with m.inside(): side.start() ..., m.cpu()"""

    def __init__(self):
        self.roots = []
        self.path = self.home = None
        self.kind = "/proc/PID/stat"
        for version, mount in ((1, V1),) + tuple((2, m) for m in V2):
            marker = "cpuacct.usage" if version == 1 else "cgroup.controllers"
            if os.path.exists(os.path.join(mount, marker)):
                home = mount + own_group(version).rstrip("/")
                if self.make(version, home):
                    return

    def make(self, version, home):
        path = os.path.join(home, "bench-%d" % os.getpid())
        try:
            os.mkdir(path)
            write(path + "/cgroup.procs", str(os.getpid()))
            write(home + "/cgroup.procs", str(os.getpid()))
        except OSError:
            if os.path.isdir(path):
                os.rmdir(path)
            return False
        self.path, self.home, self.version = path, home, version
        self.kind = "cgroup v%d" % version
        return True

    def enter(self):
        """What is started from now on is counted, on the server's CPU."""
        if self.path:
            write(self.path + "/cgroup.procs", str(os.getpid()))
        pin(SERVER)

    def leave(self):
        if self.path:
            write(self.home + "/cgroup.procs", str(os.getpid()))
        pin(LOAD)

    def processes(self):
        if self.path:
            return [int(p) for p in read(self.path + "/cgroup.procs").split()]
        return [p for root in self.roots for p in children(root)]

    def cpu(self):
        """Seconds so far."""
        if self.path and self.version == 1:
            return int(read(self.path + "/cpuacct.usage")) / 1e9
        if self.path:
            stat = dict(line.split() for line in
                        read(self.path + "/cpu.stat").splitlines())
            return int(stat["usage_usec"]) / 1e6
        total = 0
        for pid in self.processes():
            fields = read("/proc/%d/stat" % pid).rpartition(")")[2].split()
            total += sum(int(n) for n in fields[11:15])
        return total / CLOCK_TICKS

    def settled(self, seconds=3):
        """CPU once it stands still: the last processes have gone."""
        last, end = self.cpu(), time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.05)
            now = self.cpu()
            if now - last < 0.0001:
                return now
            last = now
        return last

    def pss(self):
        """KB of all processes; a shared page counts in parts."""
        total = 0
        for pid in self.processes():
            try:
                rollup = read("/proc/%d/smaps_rollup" % pid)
            except ProcessLookupError:
                continue
            for line in rollup.splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        return total

    def close(self):
        """The group must be empty: everything in it was stopped."""
        end = time.monotonic() + 5
        while self.path:
            try:
                os.rmdir(self.path)
                self.path = None
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


CPUS = sorted(os.sched_getaffinity(0))
LOAD, SERVER = {CPUS[0]}, {CPUS[1] if len(CPUS) > 1 else CPUS[0]}


def pin(cpus):
    os.sched_setaffinity(0, cpus)
