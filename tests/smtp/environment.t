#!/usr/bin/env python3
"""What the queue program is given: environment, descriptors, signals."""
import os
import pwd
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

USERS = {"joe@example.com": "secret"}
LOGIN = ("TCPREMOTEINFO", "SMTPAUTHUSER", "SMTP_AUTH_USER", "AUTHUSER",
         "AUTHINFO")
MECHANISM = ("SMTPAUTHMETHOD", "AUTHPROTOCOL")
OTHERS = [name for name in LOGIN + MECHANISM if name != "TCPREMOTEINFO"]
ROOTS = [True, False] if ROOT else [False]

with case("environment"), Server(users=USERS, env={
        "PASSED": "through", "BODY": "forged", "SMTPUTF8": "1",
        **{name: "forged" for name in OTHERS}}) as server:
    with server.client() as c:
        c.hello()
        c.message("\r\n")
        env = server.messages()[-1].env
        for name in OTHERS + ["BODY", "SMTPUTF8", "RELAYCLIENT"]:
            is_(env.get(name), None, f"without AUTH there is no {name}")
        is_(env.get("PASSED"), "through", "the launcher's passes through")
        is_(env.get("TCPREMOTEIP"), "127.0.0.1", "TCPREMOTEIP")
        is_(env.get("TCPLOCALPORT"), str(server.port), "TCPLOCALPORT")
        is_(env.get("PROTO"), "TCP", "PROTO")
        for parameters, body, utf8 in ((" BODY=8BITMIME", "8BITMIME", None),
                                       (" BODY=7BIT", "7BIT", None),
                                       (" SMTPUTF8", None, "1"),
                                       (" SMTPUTF8 BODY=8BITMIME",
                                        "8BITMIME", "1"),
                                       ("", None, None)):
            c.must((f"MAIL FROM:<a@example.org>{parameters}", "250"),
                   ("RCPT TO:<b@example.com>", "250"), ("DATA", "354"),
                   (".", "250"))
            env = server.messages()[-1].env
            is_((env.get("BODY"), env.get("SMTPUTF8")), (body, utf8),
                f"BODY and SMTPUTF8 after{parameters or ' neither'}")
        for mechanism in ("SCRAM-SHA-256",):
            starts(c.login(mechanism, "joe@example.com", "secret"), "235",
                   "login")
            c.message("\r\n")
            env = server.messages()[-1].env
            for name in LOGIN:
                is_(env.get(name), "joe@example.com", f"AUTH: {name}")
            for name in MECHANISM:
                is_(env.get(name), mechanism, f"AUTH: {name}")
            is_(env.get("RELAYCLIENT"), "", "AUTH: RELAYCLIENT is empty")
            ok("secret" not in str(env), "no password")

with case("AUTH keeps RELAYCLIENT"), Server(
        users=USERS, env={"RELAYCLIENT": ".sfx"}) as server:
    with server.client() as c:
        c.login("PLAIN", "joe@example.com", "secret")
        c.message("\r\n", "a@example.org", "b@example.net")
        is_(server.messages()[0].recipients, ["b@example.net.sfx"],
            "a launcher's RELAYCLIENT is still appended after AUTH")

with case("a failed AUTH"), Server(users=USERS) as server:
    with server.client() as c:
        c.login("PLAIN", "joe@example.com", "wrong")
        c.message("\r\n")
        env = server.messages()[0].env
        for name in OTHERS + ["RELAYCLIENT"]:
            is_(env.get(name), None, f"after a failed AUTH: no {name}")

for root in ROOTS:
    started = "started as root" if root else "started without root"
    with case(started), Server(root=root, env={"RELAYCLIENT": ""}) as server:
        with server.client() as c:
            c.message("\r\n")
            c.message("\r\n")
        one, m = server.messages()
        is_(m.argv, [one.env["QMAILQUEUE"]], started + ": no arguments")
        is_(sorted(m.descriptors), [0, 1, 2, 6], started + ": descriptors")
        ok(all(m.descriptors[n].startswith("pipe:") for n in (0, 1, 6)),
           started + ": 0, 1 and 6 are pipes", m.descriptors)
        is_(len({m.descriptors[n] for n in (0, 1, 6)}), 3,
            started + ": three different ones")
        status = m.status
        uid = pwd.getpwnam(ACCOUNT).pw_uid if ROOT else os.geteuid()
        is_(status["Uid"].split(), [str(uid)] * 4, started + ": uid")
        if ROOT:
            gid = pwd.getpwnam(ACCOUNT).pw_gid
            is_(status["Gid"].split(), [str(gid)] * 4, started + ": gid")
            ok("0" not in status["Groups"].split(), started + ": not in "
               "group 0", status["Groups"])
            is_(int(status["CapEff"], 16), 0, started + ": no capability")
        is_(ignored(status), 0, started + ": no signal ignored")
        is_(int(status["SigBlk"], 16), 0, started + ": no signal blocked")
        is_(status["NoNewPrivs"], "0", started + ": may gain privileges, "
            "qmail-queue is setuid")
        is_(status["Seccomp"], "0", started + ": no filter")
        with open(f"/proc/{server.process.pid}/status",
                  encoding="ascii") as file:
            outside = re.search(r"^Umask:\s*(\d+)", file.read(), re.M)[1]
        is_(status["Umask"], outside, started + ": the launcher's umask")
        with open(f"/proc/{server.process.pid}/limits",
                  encoding="ascii") as file:
            is_(m.read("limits").decode(), file.read(),
                started + ": the launcher's limits")

with case("ERROR_FD"), Server(env={"ERROR_FD": "9"}) as server:
    with server.client() as c:
        c.message("\r\n")
        is_(sorted(server.messages()[0].descriptors), [0, 1, 2, 9],
            "ERROR_FD=9")
for fd in ("2", "6", None):
    with case("error text"), Server(
            env={"ERROR_FD": fd},
            record={"EXIT": 82, "TEXT": "Dno thanks (#5.7.1)"}) as server:
        with server.client() as c:
            like(c.message("\r\n"), r"^554 5\.7\.1 .*no thanks",
                 f"exit 82 with its own text, ERROR_FD={fd}")

done()
