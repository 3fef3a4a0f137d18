#!/usr/bin/env python3
"""contrib/Containerfile: each step is done as an engine would, without one;
then what the image starts takes mail as docs/containers.md tells to run it."""
import glob
import os
import re
import stat
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_image, extra_system, place  # noqa: E402
from support.extra_launcher import connect  # noqa: E402
from support.extra_process import Process, wait_for  # noqa: E402
from support.extra_qmqp import Qmqp, parse  # noqa: E402

JOE, PASSWORD, HOST = "joe@example.com", "s3cret", "mail.example.com"
CONTROL, STATE = "/etc/smtpd-auth/control", "/var/lib/smtpd-auth"

if not os.environ.get("CONTAINERS"):
    skip_all("an image takes minutes to build: make check-containers")
extra_system.enter(network=True)
with open(place.TOP + "/docs/containers.md", encoding="utf-8") as file:
    TEXT = file.read()
# What the page tells to type.
RUN = re.search(r"(?ms)^podman run -d .*?[^\\]\n", TEXT)[0]
TMPFS = re.findall(r"--tmpfs (\S+)", RUN)
RIGHTS = re.search(r"--cap-add=(\S+)", RUN)[1].split(",")


def made():
    """The image's last stage."""
    context = place.home("context")
    subprocess.run([place.TOP + "/tests/copy-tree", context], check=True)
    # As somebody has it who has built before.
    subprocess.run(["cp", place.TOP + "/smtpd-auth", context], check=True)
    return extra_image.build(place.TOP + "/contrib/Containerfile", context)


def reachable():
    """Is there a mirror, should packages be wanted?"""
    return subprocess.run(["chroot", extra_system.layer(
        extra_system.BELOW + "/base"), "apt-get", "-qq", "update",
        "-o", "APT::Update::Error-Mode=any"], check=False,
        capture_output=True).returncode == 0


def contents(image):
    """Nothing but what it needs."""
    root, files = image.mounted(), {}
    for path, _, names in os.walk(root):
        for name in names:
            whole = os.path.join(path, name)
            files[whole[len(root):]] = os.lstat(whole)
    with open(place.TOP + "/Makefile", encoding="utf-8") as makefile:
        ours = re.search(r"(?m)^PROGRAMS = (.*)$", makefile.read())[1].split()
    is_(sorted(name for name in files if name.startswith("/usr/bin/")),
        sorted("/usr/bin/" + name for name in [*ours, "tcpserver"]),
        "our programs and tcpserver, nothing else: no shell")
    is_([name for name, status in files.items()
         if status.st_mode & (stat.S_ISUID | stat.S_ISGID)], [],
        "nothing is setuid")
    ok(sum(status.st_size for status in files.values()) < 30 << 20,
       "less than 30 megabytes")
    empty = os.stat(root + "/var/empty")
    is_((os.listdir(root + "/var/empty"), stat.S_IMODE(empty.st_mode),
         empty.st_uid), ([], 0o555, 0), "/var/empty")
    is_(image.user, "0", "it is root that is started")
    is_(image.volumes, [CONTROL, STATE], "what is mounted")
    is_(image.ports, ["587", "465"], "ports")


class Container:
    """A running one."""

    def __init__(self, image, volumes, words=None):
        self.log = place.home("log") + "/log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                extra_image.command(image, RIGHTS, volumes, words,
                                    tmpfs=TMPFS),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=image.env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Its process 1 is tcpserver, and ends with unshare.
        self.process.kill()
        self.process.wait()

    def text(self):
        """What podman logs shows."""
        with open(self.log, encoding="utf-8") as file:
            return file.read()


def processes(name):
    """Those that are called so, everywhere in our process name space."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            process = Process(int(pid))
            if process.status()["Name"] == name:
                found.append(process)
        except OSError:
            pass
    return found


def pair_of(found):
    """The list, if it is of two."""
    return found if len(found) == 2 else None


def session(what, port, address, container, queue):
    """A login and a message."""
    # It listens as soon as it can.
    connect(port, greet=False, host=address).close()
    before = len(queue.accepted)
    with case(what), extra_system.submission(port, address, HOST) as c:
        # Those of the connection before may still be ending.
        ours = wait_for(lambda: pair_of(processes("smtpd-auth")),
                        "a keeper and a session")
        uids = sorted(int(p.status()["Uid"].split()[0]) for p in ours)
        ok(uids[0] == 900 and uids[1] > 1900000000,
           f"{what}: keeper and session have uids of their own", uids)
        for process in ours:
            status = process.status()
            is_((status["NoNewPrivs"], status["CapEff"]), ("1", "0" * 16),
                f"{what}: no new privileges, no right in force")
        starts(c.login("SCRAM-SHA-256", JOE, PASSWORD), "235",
               f"{what}: a login")
        starts(c.message(f"Subject: {what}\r\n\r\n", JOE, "x@example.net"),
               "250 2.0.0", f"{what}: a message")
        starts(c.command("QUIT"), "221", f"{what}: the end")
        letter = parse(parse(queue.accepted[before])[0])
        ok(f"Subject: {what}\n".encode() in letter[0] and
           letter[1:] == [JOE.encode(), b"x@example.net"],
           f"{what}: the smart host has it", letter)
        ok(wait_for(lambda: f" {address} message ok " in container.text(),
                    "the log"), f"{what}: logged")
        ok("config fail" not in container.text(), f"{what}: no complaint",
           container.text())


with case("the image"):
    if not glob.glob(extra_image.KEPT + "/*.complete") and not reachable():
        skip_all("no mirror that the image's packages could come from")
    image = made()
    contents(image)
    # From here on there is no network but our own.
    extra_system.alone()
    control, state = place.home("control"), place.home("state")
    os.chown(state, 900, 900)
    os.chmod(state, 0o700)
    smart = Qmqp()
    pair = certificate("ec", HOST)
    for name, text, mode in (
            ("me", HOST + "\n", 0o644), ("qmqpservers", smart.name + "\n",
                                         0o644),
            ("servercert.pem", pair.certificate_text(), 0o644),
            ("serverkey.pem", pair.key_text(), 0o600)):
        place.write(f"{control}/{name}", text, mode)
    ended = subprocess.run(
        extra_image.command(image, ["sys_chroot"],
                            {CONTROL: control}, ["set", JOE],
                            "/usr/bin/smtpd-passwd", writable=True),
        input=PASSWORD, text=True, capture_output=True, check=False,
        env=image.env)
    ok(ended.returncode == 0, "smtpd-passwd of the image makes a user",
       ended.stderr)
    is_(stat.S_IMODE(os.stat(control + "/authusers.cdb").st_mode), 0o600,
        "for root alone")
    volumes = {CONTROL: control, STATE: state}
    with Container(image, volumes) as container:
        for address in ("127.0.0.1", "::1"):
            session(f"587, {address}", 587, address, container, smart)
    ok(os.path.exists(state + "/failures"), "the counters are kept")
    other = re.search(r"(?m)smtpd-auth 465 (.*)$", TEXT)[0].split()[1:]
    with Container(image, volumes, other) as container:
        for address in ("127.0.0.1", "::1"):
            session(f"465, {address}", 465, address, container, smart)
done()
