#!/usr/bin/env python3
"""smtpd-auth-conf: what it refuses, in one line that says what and what to
type, and that nothing half made is left behind."""
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.extra_conf import (  # noqa: E402
    BIN, DIR, HOST, conf, fresh, install, path_of, put, text, tree)

extra_world.enter()
install()
# What a run can change.
PLACES = ("/etc", "/var")
STAGE = DIR + "/.smtpd-auth-conf"
NAME = r"^smtpd-auth-conf: fatal: "


def places():
    """All of it. Tools of the accounts leave backups and locks."""
    found = {}
    for top in PLACES:
        for path, what in tree(top).items():
            if not re.fullmatch(r"(passwd|group|shadow|gshadow|subuid|subgid)"
                                r"(-|\.lock)|mtab", path):
                found[os.path.join(top, path)] = what
    return found


def refused(what, pattern, *arguments, status=111, warnings=0, before=None,
            **options):
    """It fails with this line, and has changed nothing."""
    old = before or places()
    done_ = conf(*arguments, **options)
    is_(done_.returncode, status, f"{what}: exit {status}")
    lines = [line for line in done_.stderr.splitlines()
             if " warning: " not in line]
    is_(len(lines), 1, f"{what}: one line")
    like("\n".join(lines), NAME + pattern, f"{what}: says what and what to "
         "type")
    is_(len(done_.stderr.splitlines()) - len(lines), warnings,
        f"{what}: warnings")
    is_(done_.stdout, "", f"{what}: nothing else is said")
    new = places()
    is_({path: (old.get(path), new.get(path)) for path in {*old, *new}
         if old.get(path) != new.get(path)}, {}, f"{what}: nothing is left")
    return done_


def script(name, content):
    """A PATH on which this program is a script."""
    directory = path_of()
    path = os.path.join(directory, name)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n" +
                   content)
    os.chmod(path, 0o755)
    return directory


def usage():
    """What is typed wrong."""
    for words, pattern in (
            ((), "no host name; type: smtpd-auth-conf mail.example.com"),
            (("-x", HOST), "unknown option -x; see -h"),
            (("-S",), "option -S takes a value; see -h"),
            (("-S", "sysv", HOST), "-S sysv: not daemontools, runit, s6, "
             "xinetd or systemd"),
            (("-a", "", HOST), '"" is no account\'s name'),
            (("-a", "-r", HOST), '"-r" is no account\'s name'),
            (("-l", "a;b", HOST), '"a;b" is no account\'s name'),
            (("-l", "a/b", HOST), '"a/b" is no account\'s name'),
            (("-a", "a" * 33, HOST), '"a+" is no account\'s name'),
            (("-p", "10.0.0.5"), "no host name; type: "),
            (("-p", "", HOST), '-p "" is no address and no prefix, as '
             "192.0.2.7 or 2001:db8::/64"),
            (("-p", "10.0.0.5", "-p", "lb.example.com", HOST),
             '-p "lb.example.com" is no address'),
            (("-p", "1", HOST), '-p "1" is no address'),
            (("-p", "0.0.0.0/0", HOST), '-p "0.0.0.0/0" is no address'),
            (("-p", "::/0", HOST), '-p "::/0" is no address'),
            (("-p", "10.0.0.5 10.0.0.6", HOST),
             '-p "10.0.0.5 10.0.0.6" is no address'),
            (("-p", "10.0.0.5,10.0.0.6", HOST), '-p "10.0.0.5,10.0.0.6" is'),
            (("-p", "10.0.0.0/33", HOST), '-p "10.0.0.0/33" is no address'),
            (("-p", "2001:db8::/129", HOST), '-p "2001:db8::/129" is no'),
            (("-p", "10.0.0.5/", HOST), '-p "10.0.0.5/" is no address'),
            (("-p", "fe80::1%eth0", HOST), '-p "fe80::1%eth0" is no address'),
            (tuple(word for n in range(40) for word in
                   ("-p", f"10.20.30.1{n:02}")) + (HOST,),
             r'-p "10\.20\.30\.\d+" is one too many; give a prefix'),
            (("-d", "here", HOST), '-d "here": a whole path of letters'),
            (("-d", "/", HOST), '-d "/": a whole path'),
            (("-d", "/etc/a b", HOST), '-d "/etc/a b": a whole path'),
            (("-d", "/etc/$(x)", HOST), r'-d "/etc/\$\(x\)": a whole path'),
            (("-d", "/" + "x" * 300, HOST), '-d "/x+": a whole path'),
            ((HOST, "0"), 'port "0" is not a number from 1 to 65535'),
            ((HOST, "65536"), 'port "65536" is not a number'),
            ((HOST, "smtp"), 'port "smtp" is not a number'),
            ((HOST, "587", "-c"), 'port "-c" is not a number'),
            ((HOST, "587", "587"), "port 587 twice"),
            ((HOST, *map(str, range(1, 18))), "more than 16 ports"),
            (("-a", "root", HOST), "account root is root; name another")):
        refused(" ".join(words)[:60], pattern, *words, status=100)
    for name, pattern in (
            ("mail", "without a domain"), ("", "not letters, digits"),
            ("10.0.0.1", "an address; a name is wanted"),
            ("mail.example.com.", "not letters, digits"),
            ("mail_1.example.com", "not letters, digits"),
            ("-mail.example.com", None), ("mail-.example.com", "not letters"),
            ("mail..example.com", "not letters"),
            ("mail.example.com/x", "not letters"),
            ("joe@example.com", "not letters"),
            ("a" * 64 + ".example.com", "not letters"),
            ("ma\u00efl.example.com", "not letters"),
            (".".join(["a" * 60] * 5), "longer than 253 octets")):
        if pattern is None:
            refused(name, "unknown option -m; see -h", name, status=100)
        else:
            refused("host " + name[:40],
                    'host name ".*" is ' + pattern + ".*; type the whole "
                    "name, as mail.example.com", name, status=100)


def around():
    """What this host has not, or has already."""
    fresh(names=())
    refused("no account", "no account qmaild; make it: useradd --system "
            r"--no-create-home --shell /usr/sbin/nologin qmaild \(or let -c",
            HOST)
    fresh(names=["qmaild"])
    refused("no log account", "no account qmaill; make it: useradd .* qmaill",
            "-S", "daemontools", HOST)
    fresh()
    for port in ("587", "465"):
        conf("-S", "daemontools", HOST, port)
        refused(f"{port} exists", f"{DIR}/{port} exists already; to make it "
                f"anew: mv {DIR}/{port} {DIR}/{port}.old", HOST)
        shutil.rmtree(DIR)
    os.mkdir(DIR)
    os.symlink("nowhere", DIR + "/587")
    refused("a dangling link", f"{DIR}/587 exists already", HOST)
    shutil.rmtree(DIR)
    for family, address in ((socket.AF_INET, "0.0.0.0"),
                            (socket.AF_INET, "127.0.0.1"),
                            (socket.AF_INET6, "::1")):
        with socket.socket(family) as sock:
            try:
                sock.bind((address, 465))
            except OSError:
                skip(f"465 in use at {address}", "no IPv6 here")
                continue
            sock.listen()
            refused(f"465 in use at {address}", "port 465 is in use; see by "
                    "whom: ss -ltnp 'sport = :465'", HOST)
    refused("no supervisor", r"no supervisor found; install one \(apt-get "
            r"install daemontools-run\) or name the one to come: -S daem",
            HOST, path=path_of(without=["supervise"]))
    refused("no tcprules", "no tcprules in PATH: apt-get install ucspi-tcp",
            "-S", "s6", HOST, path=path_of(without=["tcprules"]))
    done_ = conf("-S", "runit", HOST, path=path_of("chpst"))
    is_(done_.returncode, 0, "a missing tool is no reason to stop")
    like(done_.stderr, "warning: no svlogd in PATH, which the service "
         "needs: apt-get install runit\n", "but it is told")
    shutil.rmtree(DIR)
    like(conf("-S", "s6", HOST, path=path_of(without=["tcpserver"])).stderr,
         "no tcpserver in PATH.*apt-get install ucspi-tcp\n",
         "tcpserver too")
    shutil.rmtree(DIR)
    ok("resolve" not in conf("-S", "daemontools", "no.example.com",
                             path=path_of(without=["getent"])).stderr,
       "without getent nothing is said of the name")
    shutil.rmtree(DIR)
    refused("not root", r"must be run by root; type: sudo smtpd-auth-conf "
            + HOST, HOST, user=65534)
    os.mkdir("/tmp/alone")
    shutil.copy(BIN + "/smtpd-auth-conf", "/tmp/alone")
    other("alone", "/tmp/alone", "no smtpd-auth in /tmp/alone, beside this "
          "program: make install")
    shutil.copytree(BIN, "/tmp/with blank")
    other("a blank", "/tmp/with blank", 'the programs lie in "/tmp/with '
          'blank": a name without blanks')
    long_name = "/tmp/" + "/".join(["x" * 98] * 5)
    long_name = long_name[:498]
    shutil.copytree(BIN, long_name)
    shutil.rmtree("/var/qmail")
    other("a long name", long_name, "name too long: /tmp/x")
    fresh()
    passwd = text("/etc/passwd")
    os.unlink("/etc/passwd")
    refused("no /etc/passwd", "unable to read /etc/passwd: No such file", HOST)
    put("/etc/passwd", passwd.rstrip())
    what = "without /proc"
    done_ = subprocess.run(["unshare", "-m", "sh", "-c", "umount -l /proc && "
                            "smtpd-auth-conf -S s6 " + HOST], text=True,
                           capture_output=True, check=False)
    is_(done_.returncode, 111, what + ": exit 111")
    like(done_.stderr, NAME + "unable to read /proc/self/exe: No such", what)


def other(what, directory, pattern):
    """As refused(), by a program that lies elsewhere."""
    done_ = subprocess.run([directory + "/smtpd-auth-conf", "-S", "s6", HOST],
                           capture_output=True, text=True, check=False)
    is_(done_.returncode, 111, f"{what}: exit 111")
    like(done_.stderr.splitlines()[-1], NAME + pattern, what)
    ok(not os.path.exists(DIR), f"{what}: nothing is made")


def halfway():
    """What fails while it is made."""
    fresh()
    refused("no directory above", "unable to make /etc/no/such: no directory "
            "above it; mkdir -p /etc/no/such", "-S", "xinetd", "-d",
            "/etc/no/such", HOST)
    put("/etc/file", "x")
    refused("a file", "unable to open /etc/file: Not a directory", "-S",
            "xinetd", "-d", "/etc/file", HOST)
    refused("below a file", "unable to make /etc/file/x: Not a directory",
            "-S", "xinetd", "-d", "/etc/file/x", HOST)
    os.makedirs(STAGE)
    refused("another run", f"{STAGE} exists: another run is under way, or was "
            f"killed; then: rm -r {STAGE}", "-S", "daemontools", HOST)
    shutil.rmtree(DIR)
    for what, program, content, pattern in (
            ("openssl fails", "openssl", "echo x >&2; echo no luck >&2; "
             "echo >&2; exit 3", "unable to make a certificate: openssl: no "
             "luck$"),
            ("openssl is killed", "openssl", "kill -9 $$",
             "unable to make a certificate: openssl: ended by signal 9$"),
            ("openssl makes nothing", "openssl", "exit 0",
             f"unable to change the mode of {DIR}/control/serverkey.pem: No"),
            ("openssl is silent", "openssl", "exit 3",
             "unable to make a certificate: openssl: exit 3$"),
            ("tcprules fails", "tcprules", "echo bad rules >&2; exit 111",
             "unable to compile tcp.rules: tcprules: bad rules$"),
            ("SIGTERM", "openssl", "kill -TERM $PPID; exec openssl \"$@\"",
             "stopped by signal 15; nothing was changed$"),
            ("SIGINT", "tcprules", "kill -INT $PPID; exec tcprules \"$@\"",
             "stopped by signal 2; nothing was changed$"),
            ("SIGHUP", "openssl", "kill -HUP $PPID; exit 1",
             "unable to make a certificate: openssl: exit 1$")):
        refused(what, pattern, "-S", "daemontools", HOST,
                path=script(program, content))
    refused("no openssl", "unable to make a certificate: openssl: unable to "
            "run it: No such file or directory; apt-get install openssl$",
            "-S", "daemontools", HOST, path=path_of(without=["openssl"]))
    # The same where control/ is there, and a port.
    conf("-S", "daemontools", HOST, "2525")
    os.unlink(DIR + "/control/servercert.pem")
    os.unlink(DIR + "/control/serverkey.pem")
    refused("openssl fails, second run", "unable to make a certificate", "-S",
            "daemontools", HOST, path=script("openssl", "exit 1"))
    shutil.rmtree(DIR)


def accounts_made():
    """What fails when accounts are to be made, or have been made."""
    fresh(names=())
    refused("useradd fails", "unable to make account qmaild: useradd: sorry$",
            "-c", "-S", "daemontools", HOST, warnings=1,
            path=script("useradd", "echo sorry >&2; exit 1"))
    refused("the second useradd fails", "unable to make account qmaill: "
            "useradd: exit 1$", "-c", "-S", "daemontools", HOST, warnings=1,
            path=script("useradd", "case $* in *qmaill) exit 1;; esac; "
                        "exec useradd \"$@\""))
    refused("another name service", "useradd has made qmaild, but not in "
            "/etc/passwd, where smtpd-auth looks", "-c", "-S",
            "daemontools", HOST, warnings=2, path=script("useradd", "exit 0"))
    # Somebody makes 465 while we do.
    raced = script("openssl", f"mkdir {DIR}/465; exec openssl \"$@\"")
    before = places()
    done_ = conf("-c", "-S", "daemontools", HOST, path=raced)
    is_(done_.returncode, 111, "465 is made meanwhile: exit 111")
    like(done_.stderr, f"(?m){NAME}unable to make {DIR}/465: File exists$",
         "465 is made meanwhile")
    is_(sorted(os.listdir(DIR)), ["465"],
        "465 is made meanwhile: theirs stays, all of ours goes")
    shutil.rmtree(DIR)
    is_(places(), before, "465 is made meanwhile: and the accounts go")
    os.unlink(raced + "/userdel")
    os.symlink(script("userdel", "echo busy >&2; exit 8") + "/userdel",
               raced + "/userdel")
    done_ = conf("-c", "-S", "daemontools", HOST, path=raced)
    shutil.rmtree(DIR)
    like(done_.stderr, "warning: unable to remove account qmaild again: "
         "userdel: busy", "userdel fails: a warning")
    fresh()
    done_ = subprocess.run(
        ["setpriv", "--bounding-set", "-chown", BIN + "/smtpd-auth-conf",
         "-S", "s6", HOST], capture_output=True, text=True, check=False)
    like(done_.stderr, f"{NAME}unable to change the owner of "
         f"{DIR}/587/log/main: Operation not permitted$".replace("^", "(?m)^"),
         "without the right to chown")
    ok(not os.path.exists(DIR), "without the right to chown: nothing left")


def disk():
    """The file system says no."""
    fresh()
    os.mkdir(DIR)
    for what, options, pattern in (
            ("read-only", "ro", f"unable to make {STAGE}: Read-only"),
            ("no inode", "nr_inodes=6", f"unable to (make|write) {DIR}/\\S+: "
             "No space left"),
            ("full", "size=8k", f"unable to write {DIR}/\\S+: No space")):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", DIR],
                       check=True)
        refused(what, pattern, "-S", "daemontools", HOST)
        subprocess.run(["umount", DIR], check=True)
    limit = (64, 64)
    refused("a file-size limit", f"unable to write {DIR}/\\S+: File too "
            "large", "-S", "daemontools", HOST, preexec_fn=lambda:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    done_ = conf("-S", "daemontools", HOST, path=script(
        "openssl", f"mount -t tmpfs none {STAGE}/control; exit 1"))
    like(done_.stderr, f"(?m)^smtpd-auth-conf: warning: unable to remove "
         f"{STAGE}: (Device or r|R)esource busy$", "what cannot be removed is "
         "told")
    subprocess.run(["umount", STAGE + "/control"], check=True)
    shutil.rmtree(DIR)
    with open("/dev/full", "wb") as full:
        for words in (("-S", "daemontools", HOST), ("-h",)):
            done_ = subprocess.run(
                [BIN + "/smtpd-auth-conf", *words], stdout=full,
                stderr=subprocess.PIPE, text=True, check=False)
            is_(done_.returncode, 111, f"{words[0]} to a full disk: exit 111")
            like(done_.stderr, f"(?m){NAME}unable to write to standard "
                 "output", f"{words[0]} to a full disk")
    ok(os.path.exists(DIR + "/587/run"), "what was made is told to be")


for what, function in (("usage", usage), ("around", around),
                       ("halfway", halfway), ("accounts", accounts_made),
                       ("disk", disk)):
    with case(what):
        fresh()
        function()
done()
