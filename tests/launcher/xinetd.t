#!/usr/bin/env python3
"""Under a real xinetd, where 0, 1 and 2 are the client."""
import glob
import os
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_launcher import (  # noqa: E402
    Direct, connect, free_port, syslog)

PEER = os.path.join(TOP, "build", "peers", "xinetd")
PROGRAM = os.path.join(PEER, "usr", "sbin", "xinetd")
LIBRARIES = ":".join({os.path.dirname(name) for name in glob.glob(
    PEER + "/**/*.so*", recursive=True)})
JOE = "joe@example.com"

if not ROOT:
    skip_all("xinetd sets uids")
if not os.access(PROGRAM, os.X_OK):
    skip_all("xinetd is not unpacked: ./deps check")

CONF = """service smtpd-auth-test
{{
	type		= UNLISTED
	port		= {port}
	bind		= 127.0.0.1
	socket_type	= stream
	protocol	= tcp
	wait		= no
	user		= root
	server		= {program}
	server_args	= {arguments}
	env		= {environment}
	instances	= 200
	log_type	= FILE {home}/xinetd.service
	disable		= no
}}
"""


class Xinetd(Direct):
    """One service."""

    def start(self):
        super().start()
        program, *arguments = self.command()
        self.port = free_port()
        env = {**self.env}
        path = env.pop("PATH")
        text = CONF.format(
            port=self.port, program=program, arguments=" ".join(arguments),
            environment=" ".join(f"{k}={v}" for k, v in env.items()),
            home=self.home)
        conf = os.path.join(self.home, "xinetd.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(text)
        self.started.append(subprocess.Popen(
            [PROGRAM, "-dontfork", "-f", conf, "-pidfile",
             self.home + "/xinetd.pid", "-filelog", self.home + "/xinetd.log"],
            stdin=subprocess.DEVNULL, stdout=self.log_reader.write_fd,
            stderr=self.log_reader.write_fd, cwd="/",
            env={"PATH": path, "LD_LIBRARY_PATH": LIBRARIES},
            start_new_session=True))

    def client(self, **options):
        return connect(self.port, **options)

    def members(self):
        """All but xinetd itself."""
        return [pid for pid in super().members()
                if pid != self.started[0].pid]


def octets(c):
    """A conversation by hand: every octet that came."""
    c.send("EHLO x\r\nAUTH PLAIN AGpvZUBleGFtcGxlLmNvbQB3cm9uZw==\r\nQUIT\r\n")
    return c.rest()


with syslog() as log:
    with case("a session"), Xinetd(users={JOE: "secret"},
                                   certificate="ec") as server:
        with server.client() as c:
            c.hello()
            starts(c.login("PLAIN", JOE, "wrong"), "535", "AUTH fails")
            c.starttls()
            c.hello()
            starts(c.login("SCRAM-SHA-256", JOE, "secret"), "235", "AUTH")
            starts(c.message(b"Subject: x\r\n\r\n", JOE, "x@example.net"),
                   "250 2.0.0", "a message")
            starts(c.command("QUIT"), "221", "QUIT")
            c.ends("QUIT")
        record = server.messages()[0]
        is_(record.recipients, ["x@example.net"], "is queued")
        like(record.received, r"\(.*127\.0\.0\.1|authenticated",
             "the address is asked of the socket")
        is_(record.descriptors[2], "/dev/null", "2 is /dev/null")
        is_(server.left(), [], "no process is left")
        if log:
            ok(log.wait([" 127.0.0.1 ", "auth fail"]), "auth fail: syslog")
            ok(log.wait([" 127.0.0.1 ", "auth ok"]), "auth ok: syslog")
            ok(log.wait([" 127.0.0.1 ", "message ok"]), "message: syslog")
        else:
            skip("syslog", "there is a syslog already")

    with case("octets"), Xinetd(users={JOE: "secret"}) as server:
        with server.client(greet=False) as c:
            lines = octets(c).split(b"\r\n")
            is_(lines.pop(), b"", "the last line is whole")
            ok(len(lines) > 8 and all(
                line[:3].isdigit() and line[3:4] in b" -"
                for line in lines), "nothing but replies", lines)
            ok(any(line.startswith(b"535 ") for line in lines),
               "with a login that fails", lines)

    with case("a program that talks"), Xinetd(
            env={"QMAILQUEUE": "/bin/ls"}) as server:
        with server.client() as c:
            starts(c.message(), "451 4.3.0", "a program that talks: 451")
            starts(c.command("QUIT"), "221", "not a byte of it is heard")

    for what, control, env, expected in (
            ("no me", {"me": None}, {}, "421 4.3.0"),
            ("NUL in me", {"me": "a\0b"}, {}, "421 4.3.0"),
            ("a user file that is none", {"authusers.cdb": "x"}, {}, None),
            ("a certificate that is none", {"servercert.pem": "x"}, {},
             None)):
        with case(what), Xinetd(control=control, env=env) as server:
            with server.client(greet=False) as c:
                if expected:
                    is_(c.rest(), b"421 4.3.0 service not available\r\n",
                        f"{what}: 421 and nothing else")
                else:
                    lines = octets(c).split(b"\r\n")
                    ok(all(line[:3].isdigit() for line in lines[:-1]) and
                       lines[-2].startswith(b"221 "),
                       f"{what}: nothing but replies", lines)
            is_(server.left(), [], f"{what}: no process is left")
        if log and expected:
            ok(log.wait([" 127.0.0.1 ", "config fail", "me"]),
               f"{what}: in the syslog")

done()
