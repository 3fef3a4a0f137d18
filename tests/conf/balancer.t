#!/usr/bin/env python3
"""smtpd-auth-conf -p: a service behind a balancer. What is made of it for
each supervisor, and that mail goes through a real haproxy, configured with
the lines that were printed, to what was made."""
import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys
import textwrap
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import extra_world  # noqa: E402
from support.client import Client  # noqa: E402
from support.extra_balancer import Haproxy, why_not  # noqa: E402
from support.extra_conf import (  # noqa: E402
    DIR, HOST, add_user, conf, fresh, install, live, mail, put, record_into,
    running, started, text, with_peer)
from support.extra_process import wait_for  # noqa: E402

extra_world.enter()
install()
PORTS = (587, 465)
TCPSERVER = ("daemontools", "runit", "s6")
OUR = "127.0.0.2"  # haproxy has the ports at 127.0.0.1


def made(name, *balancers):
    """A host for which it was typed; what it printed."""
    fresh()
    live()
    words = [word for one in balancers for word in ("-p", one)]
    done_ = conf("-S", name, *words, HOST)
    is_(done_.returncode, 0, f"{name}: made")
    return done_.stdout


for name in (*TCPSERVER, "xinetd", "systemd"):
    with case(name + ": files"):
        said = made(name, "10.0.0.5", "2001:db8:1::/64", "10.1.0.0/16")
        like(said, r"(?m)^  balancers +10\.0\.0\.5 2001:db8:1::/64 "
             r"10\.1\.0\.0/16$", f"{name}: says which")
        for port in PORTS:
            where = f"{DIR}/{port}"
            is_(text(where + "/env/PROXYPROTOCOL"),
                "10.0.0.5 2001:db8:1::/64 10.1.0.0/16\n",
                f"{name}, {port}: PROXYPROTOCOL")
            files = [path for path in glob.glob(where + "/**", recursive=True)
                     if os.path.isfile(path) and not path.endswith(".cdb")]
            for path in files:
                ok("@" not in text(path).replace(f"{port}@.service", ""),
                   f"{path}: filled in", text(path))
                ok(not re.search(r"(?m)^[^#\n]*FORCETLS", text(path)),
                   f"{path}: nobody is without TLS", text(path))
            if name in TCPSERVER:
                is_(re.findall(r"(?m)^[^#\n].*$", text(where + "/tcp.rules")),
                    [":allow"], f"{name}, {port}: tcp.rules")
            elif name == "xinetd":
                like(text(where + "/xinetd"), r"\tper_source\t= UNLIMITED\n",
                     f"{name}, {port}: the balancer has all connections")
            else:
                like(text(f"{where}/smtpd-auth-{port}.socket"),
                     r"\nMaxConnectionsPerSource=0\n",
                     f"{name}, {port}: the balancer has all connections")
            output = subprocess.run(["smtpd-check", where], text=True,
                                    capture_output=True, check=False).stdout
            ok(not re.search("(?m)^.*PROXY.*$", output),
               f"{name}, {port}: smtpd-check has nothing against it", output)
    with case(name + ": without"):
        ok("send-proxy" not in made(name) and not
           glob.glob(DIR + "/*/env/PROXYPROTOCOL"),
           f"{name}: without -p there is none of it")


def configured(said):
    """haproxy's sections as they were printed, with our address."""
    printed = re.search(r"(?ms)^at the balancer: .*?ADDRESS\n(.*?)\n$",
                        said + "\n")
    sections = textwrap.dedent(printed[1].partition("\n\n")[0]) + "\n"
    is_(sections.count(" ADDRESS:"), 2, "a server for each port")
    sections = sections.replace(" ADDRESS:", f" {OUR}:")
    for port in PORTS:
        is_(sections.count(f"bind :{port}\n"), 1, f"bind :{port}")
        sections = sections.replace(f"bind :{port}\n",
                                    f"bind 127.0.0.1:{port}\n")
    return ("global\n    stats socket {home}/admin.sock mode 660 level admin\n"
            "listen ready\n    mode tcp\n    timeout client 5s\n"
            "    timeout server 5s\n    timeout connect 5s\n"
            "    bind 127.0.0.1:{port}\n" + sections)


def is_up(proxy, port):
    """Has the health check been answered?"""
    rows = [line.split(",") for line in proxy.ask("show stat").splitlines()]
    status = rows[0].index("status")
    check = rows[0].index("check_status")
    return [(row[status], row[check]) for row in rows
            if row[:2] == [f"smtp-{port}", "front1"]] == [("UP", "L7OK")]


def turned_away(what):
    """Who comes without the balancer's address."""
    with Client(587, host=OUR, greet=False) as c:
        with contextlib.suppress(ConnectionResetError):
            is_(c.rest(), b"", what)


def through(what, said, log):
    """Mail by both ports of haproxy to the service, which runs."""
    with Haproxy(configured(said)) as proxy:
        for port in PORTS:
            wait_for(lambda p=port: is_up(proxy, p), f"{what}, {port}: up")
            ok(True, f"{what}, {port}: haproxy's check is answered")
            found = mail(f"{what}, {port}, behind haproxy", port)
            is_(found[0].env.get("TCPREMOTEIP"), "127.0.0.1",
                f"{what}, {port}: the client's address")
        with Client(587) as c:
            ok(not any(word.startswith("AUTH") for word in c.hello()),
               f"{what}: no AUTH without TLS, though all is on this host")
        if log:
            wait_for(lambda: re.search(r" connect port=465 "
                                       r"proxy=127\.0\.0\.1\n", log()),
                     f"{what}: the log names the balancer: {log()}")
            ok(" reason=proxy " not in log(), f"{what}: no header is refused",
               log())


def prepared(name):
    """Made for a balancer at 127.0.0.1, with a user."""
    said = made(name, "127.0.0.1")
    add_user()
    for port in PORTS:
        record_into(port)
    return said


def supervised(name, words):
    """One supervisor with tcpserver."""
    said = prepared(name)
    for port in PORTS:
        put(f"{DIR}/{port}/env/IP", OUR)
    shutil.rmtree("/service", ignore_errors=True)
    os.mkdir("/service")
    for port in PORTS:
        os.symlink(f"{DIR}/{port}", f"/service/{port}")

    def log():
        """Of both."""
        return "".join(text(f"{DIR}/{port}/log/main/current")
                       for port in PORTS)

    with started([*words, "/service"]):
        through(name, said, log)


def by_xinetd():
    """xinetd, and who comes without a header."""
    said = prepared("xinetd")
    shutil.rmtree("/etc/xinetd.d", ignore_errors=True)
    os.mkdir("/etc/xinetd.d")
    for port in PORTS:
        put(f"/etc/xinetd.d/smtpd-auth-{port}",
            text(f"{DIR}/{port}/xinetd").replace(
                "{\n", f"{{\n\tbind = {OUR}\n").rstrip())
    put("/etc/xinetd.conf", "includedir /etc/xinetd.d")
    with started(["xinetd", "-dontfork", "-filelog", "/var/xinetd.log",
                  "-pidfile", "/run/xinetd.pid"]):
        through("xinetd", said, None)
        # Twenty at once, which is one client's share elsewhere, and more.
        with Haproxy(configured(said)), contextlib.ExitStack() as stack:
            many = [stack.enter_context(Client(587)) for _ in range(25)]
            is_(len(many), 25, "xinetd: 25 clients of one balancer")
        put(DIR + "/587/env/PROXYPROTOCOL", "192.0.2.7")
        turned_away("xinetd: another address is turned away")


def by_systemd(libraries):
    """A connection as systemd accepts it."""
    said = prepared("systemd")
    env = {**os.environ, "LD_LIBRARY_PATH": libraries}
    with contextlib.ExitStack() as stack:
        # Each of them ends all that runs when it goes: one world, one end.
        other = subprocess.Popen(
            activated(465), env=env, stderr=subprocess.DEVNULL)
        stack.callback(other.wait)
        stack.callback(other.terminate)
        stack.enter_context(started(activated(587), env=env,
                                    log="/var/systemd.log"))
        through("systemd", said, None)


def activated(port):
    """systemd-socket-activate on this port."""
    return ["systemd-socket-activate", "--accept", "--inetd", "-l",
            f"{OUR}:{port}", "-E", "REMOTE_ADDR=127.0.0.1", "-E",
            "PATH=" + os.environ["PATH"], f"{DIR}/{port}/run"]


why = why_not("haproxy")
if why:
    skip("behind haproxy", why)
else:
    with case("daemontools"):
        supervised("daemontools", ["svscan"])
    with case("runit"):
        with_peer("runit", lambda _: supervised("runit", ["runsvdir"]))
    with case("s6"):
        with_peer("s6", lambda _: supervised("s6", ["s6-svscan"]))
    with case("xinetd"):
        with_peer("xinetd", lambda _: by_xinetd())
    with case("systemd"):
        with_peer("systemd", by_systemd)
is_(running(), {}, "nothing is left")
done()
