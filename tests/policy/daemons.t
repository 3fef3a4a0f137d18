#!/usr/bin/env python3
"""policysocket with real policy daemons: postgrey (greylisting),
policyd-rate-limit, policyd-spf (behind tcpserver, with a DNS server of the
test's)."""
import os
import pwd
import socket
import struct
import subprocess
import sys
import threading
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support import place  # noqa: E402
from support.extra_dovecot import installed, why_not  # noqa: E402
from support.extra_process import wait_for  # noqa: E402

MESSAGE = "Subject: x\r\n\r\ny\r\n"
DAEMONS = ["postgrey", "policyd-rate-limit", "postfix-policyd-spf-python"]
why = why_not(DAEMONS)
if why:
    skip_all(why)


class Place:
    """Where nobody, who runs the daemon, may write."""

    def __init__(self, name):
        self.directory = place.home(name)
        account = pwd.getpwnam("nobody")
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        os.chmod(self.directory, 0o755)

    def path(self, name):
        """A path in it."""
        return os.path.join(self.directory, name)


class Running:
    """A daemon, until the block ends."""

    def __init__(self, command, package, where, inside=None):
        self.where = where
        self.log = open(os.path.join(place.home("log"), package), "w+b")
        if inside:
            command = ["sh", "-c", inside + ' && exec "$@"', "sh", *command]
        self.process = subprocess.Popen(
            [*installed([package]), *command], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log)
        wait_for(self.answers, f"{package}: {where}")

    def answers(self):
        """Does it listen?"""
        if self.process.poll() is not None:
            self.log.seek(0)
            raise RuntimeError(self.log.read().decode("utf-8", "replace"))
        host, _, port = self.where.rpartition(":")
        with socket.socket(socket.AF_INET if host else socket.AF_UNIX) as s:
            try:
                s.connect((host, int(port)) if host else self.where)
                return True
            except OSError:
                return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def documented(text):
    """docs/running.md says so, but for ports, paths and seconds."""
    with open(os.path.join(TOP, "docs/running.md"), encoding="utf-8") as file:
        ok(text in file.read(), "documented: " + text)


def free_port():
    """Where nobody listens yet."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ------------------------------------------------------------- postgrey ---

def tried(server):
    """Is the message taken now?"""
    with server.client() as c:
        c.must(("EHLO client.example.net", "250"),
               ("MAIL FROM:<a@example.org>", "250"))
        if not str(c.command("RCPT TO:<joe@example.com>")).startswith("250"):
            return False
        c.must(("DATA", "354"))
        c.send(MESSAGE + ".\r\n")
        return str(c.reply()).startswith("250 2.0.0")


with case("postgrey"):
    documented('POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=300"')
    home = Place("postgrey")
    port = free_port()
    where = f"127.0.0.1:{port}"
    with Running(["/usr/sbin/postgrey", f"--inet={where}",
                  "--dbdir=" + home.path("."), "--user=nobody",
                  "--group=nogroup", "--delay=1",
                  "--auto-whitelist-clients=0"], "postgrey", where), \
            Server(env={"POLICYSOCKET": where},
                   late_env={"TCPREMOTEIP": "192.0.2.1"}) as server, \
            server.client() as c:
        c.must(("EHLO client.example.net", "250"),
               ("MAIL FROM:<a@example.org>", "250"))
        like(c.command("RCPT TO:<joe@example.com>"),
             "^450 4.2.0 Greylisted, see ", "the first time: later")
        line = server.wait_log(r"rcpt refused .*$")[0][0]
        like(line, rf"reason=policy server={where} said=450\\x204.2.0",
             "the log says so")
        c.close()
        wait_for(lambda: tried(server), "a later try")
        ok(True, "a later try is taken, with its message")
        like(server.messages()[0].message.decode(),
             r"^X-Greylist: delayed \d+ seconds? by postgrey.*\nReceived: ",
             "with postgrey's line above Received")


# --------------------------------------------------- policyd-rate-limit ---

# All that Debian 13's wants to find: it has no default for some.
RATE = """\
debug: True
user: "nobody"
group: "nogroup"
pidfile: "{home}/pid"
sqlite_config:
    database: "{home}/db.sqlite3"
backend: 0
SOCKET: ["127.0.0.1", {port}]
limits:
    - [2, 3600]
limits_by_id: {{}}
sql_limits_by_id: ""
delay_to_close: 300
limit_by_sasl: True
count_mode: 0
limit_by_sender: False
limit_by_ip: False
limited_networks: []
success_action: "dunno"
fail_action: "defer_if_permit Rate limit reach, retry later"
db_error_action: "dunno"
report: False
"""

with case("policyd-rate-limit"):
    documented('SOCKET: ["127.0.0.1", 8552]\nlimits:\n    - [2, 3600]\n'
               "limit_by_sasl: True\ncount_mode: 0\n")
    home = Place("rate")
    port = free_port()
    place.write(home.path("rate.yaml"), RATE.format(home=home.directory, port=port),
                0o644)
    with Running(["/usr/bin/policyd-rate-limit", "-f", home.path("rate.yaml")],
                 "policyd-rate-limit", f"127.0.0.1:{port}"), \
            Server(env={"POLICYSOCKET": f"127.0.0.1:{port}"},
                   users={"joe@example.com": "secret",
                          "ann@example.com": "secret"}) as server:
        for user, replies in (("joe", ["250", "250", "450 4.7.1 Rate limit"]),
                              ("ann", ["250", "250", "450 4.7.1 Rate limit"])):
            for number, reply in enumerate(replies):
                with server.client() as c:
                    c.must(("EHLO x", "250"))
                    c.login("PLAIN", f"{user}@example.com", "secret")
                    c.must((f"MAIL FROM:<{user}@example.com>", "250"))
                    c.talk(("RCPT TO:<far@example.net>", reply,
                            f"{user}, recipient {number + 1}"))


# ---------------------------------------------------------- policyd-spf ---

RECORDS = {b"good.example": b"v=spf1 ip4:192.0.2.1 -all"}


def dns_answer(query):
    """TXT of RECORDS; all else is not there."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]])
        at += query[at] + 1
    name, kind = b".".join(labels).lower(), query[at + 1:at + 3]
    text = RECORDS.get(name)
    found = text is not None and kind == b"\0\x10"
    flags = 0x8580 if text is not None else 0x8583
    answer = query[:2] + struct.pack(">HHHHH", flags, 1, found, 0, 0)
    answer += query[12:at + 5]
    if found:
        answer += (b"\xc0\x0c\0\x10\0\x01\0\0\0\x3c" +
                   struct.pack(">HB", len(text) + 1, len(text)) + text)
    return answer


def serve_dns(sock):
    """Until it is closed."""
    while True:
        try:
            query, peer = sock.recvfrom(4096)
            sock.sendto(dns_answer(query), peer)
        except OSError:
            return


with case("policyd-spf"):
    documented("tcpserver -HRl0 -u 65534 -g 65534 127.0.0.1 10031 "
               "/usr/bin/policyd-spf\n")
    home = Place("spf")
    port = free_port()
    dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for last in range(77, 99):
        try:
            dns.bind((f"127.0.77.{last}", 53))
            break
        except OSError:
            continue
    threading.Thread(target=serve_dns, args=(dns,), daemon=True).start()
    place.write(home.path("resolv.conf"),
                f"nameserver {dns.getsockname()[0]}\n", 0o644)
    place.write(home.path("conf"), "debugLevel = 1\nTestOnly = 1\n"
                "HELO_reject = Fail\nMail_From_reject = Fail\n"
                "skip_addresses = 127.0.0.0/8\n", 0o644)
    with Running(["tcpserver", "-HRl0", "-u", "65534", "-g", "65534",
                  "127.0.0.1", str(port), "/usr/bin/policyd-spf",
                  home.path("conf")],
                 "postfix-policyd-spf-python", f"127.0.0.1:{port}",
                 f"mount --bind {home.path('resolv.conf')} "
                 f"$(realpath /etc/resolv.conf)"):
        for address, reply, what in (
                ("192.0.2.1", "250", "an address that may"),
                ("192.0.2.9", "550 5.7.23", "one that may not")):
            with Server(env={"POLICYSOCKET": f"127.0.0.1:{port}"},
                        late_env={"TCPREMOTEIP": address}) as server, \
                    server.client() as c:
                c.must(("EHLO client.example.net", "250"),
                       ("MAIL FROM:<a@good.example>", "250"))
                c.talk(("RCPT TO:<joe@example.com>", reply, what))
                if reply != "250":
                    continue
                c.must(("DATA", "354"))
                c.send(MESSAGE + ".\r\n")
                starts(c.reply(), "250 2.0.0", "and its message")
                like(server.messages()[0].message.decode(),
                     r"^(Received-SPF: Pass|Authentication-Results: .*pass)"
                     r"[^\n]*\nReceived: from client", "with the result above")
    dns.close()

done()
