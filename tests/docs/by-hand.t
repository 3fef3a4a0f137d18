#!/usr/bin/env python3
"""docs/by-hand.md: each transcript is played with the programs it names, and
each shell command prints what it says."""
import os
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_clients import need  # noqa: E402
from support.transcript import Player, blocks, shell  # noqa: E402

need("telnet", "nc", "openssl", "base64", "gsasl")
DOCUMENT = os.path.join(TOP, "docs/by-hand.md")
JOE, PASSWORD = "joe@example.com", "secret"
NAME = "mail.example.com"
WORK = home("by-hand")  # where the document's scripts are saved


def served(block):
    """Options of the server that a transcript is played against."""
    connect = next(line for line in block.lines if line.startswith((
        "$ telnet", "$ nc", "$ openssl s_client")))
    play = dict(block.play)
    needs = play.pop("needs", None)
    env = {"FORCETLS": "1", "REQUIREAUTH": "1",
           **{k: v.replace(",", " ") for k, v in play.items()}}
    options = {"env": env, "control": {"me": NAME + "\n"},
               "certificate": "ec",
               "users": {JOE: (PASSWORD, "-m", needs) if needs else PASSWORD}}
    if ":465" in connect:
        options["args"] = ["-s"]
    return options, needs


def missing(needs):
    """True when this build has no such mechanism."""
    with Server() as server:
        done = server.passwd("-m", needs, "set", JOE, stdin=PASSWORD,
                             check=False)
        if done.returncode != 0:
            return True
        server.passwd("build")
    with Server(users={JOE: (PASSWORD, "-m", needs)},
                env={"AUTHMECHS": needs.upper()}) as server:
        with server.client() as c:
            return "AUTH " + needs.upper() not in c.hello()


def console(block):
    """Commands and what they print, in a shell."""
    printed, command = [], ""
    for offset, line in enumerate(block.lines, 1):
        here = f"line {block.number + offset}: {line}"
        if line.startswith("$ "):
            is_(printed, [], f"{here}: nothing more from the last command")
            command = line[2:]
            printed = shell(command, WORK)
        else:
            is_(printed.pop(0) if printed else None, line, here)
    is_(printed, [], f"line {block.number}: nothing more from {command}")


played = 0
for block in blocks(DOCUMENT):
    where = f"line {block.number}"
    with case(where):
        if block.info[0] == "console":
            console(block)
        elif block.info[0] == "sh" and len(block.info) > 1:
            path = os.path.join(WORK, block.info[1].removeprefix("file="))
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(block.lines) + "\n")
        elif block.info[0] == "sh":
            with Server(users={JOE: PASSWORD}) as server:
                text = "\n".join(block.lines).replace(
                    ":587", f":{server.port}")
                ok(shell(text, WORK), f"{where}: {block.lines[0]}")
                ok(server.wait_log("auth ok user=joe@example.com "
                                   "mech=SCRAM-SHA-256$"),
                   f"{where}: logs in")
        elif block.play is not None:
            options, needs = served(block)
            if needs and missing(needs):
                skip(where, f"{needs.upper()} is not offered yet")
                continue
            with Server(**options) as server:
                Player(block, server, WORK).play()
            played += 1
ok(played >= 18, f"{played} transcripts were played")

done()
