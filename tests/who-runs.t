#!/usr/bin/env python3
"""The first comment of each file: who runs the code.

"Run by the keeper; keeper_open() by main before it forks." names processes
and tools. Whom it may name follows from the object files: the process of the
file's own room, and whoever runs a file that uses one of its functions. And
each file that uses them must find somebody of its own there."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

PROCESSES = {"main", "reader", "session", "keeper", "authenticator"}
TOOLS = {"smtpd-passwd", "smtpd-check", "smtpd-auth-conf", "smtpd-report"}
# Whose code it is by the folder alone. Rooms without a process: nobody's.
OWN = {"session": {"session"}, "keeper": {"keeper"},
       "auth": {"authenticator"}, "proxy": {"reader"}, "queue": {"queue"},
       "sasl": set(), "users": set(), "control": set(), "lib": set(),
       "queue-handoff": set()}
# Programs of one process: their files need not say it.
PROGRAMS = {"passwd": {"smtpd-passwd"}, "check": {"smtpd-check"},
            "conf": {"smtpd-auth-conf"}, "client": {"smtpd-check"},
            "report": {"smtpd-report"}}
MAINS = {"smtpd-auth.c": {"main", "reader", "session", "keeper"},
         "smtpd-passwd.c": {"smtpd-passwd"}, "smtpd-check.c": {"smtpd-check"},
         "smtpd-auth-conf.c": {"smtpd-auth-conf"},
         "smtpd-report.c": {"smtpd-report"}}
# What the texts call them.
WORDS = {**{name: {name} for name in PROCESSES | TOOLS},
         "every process": PROCESSES, "every tool": TOOLS,
         "queue programs": {"queue"}, "qmail-queue programs": {"queue"},
         "queue-sendmail": {"queue"}, "queue-maildir": {"queue"},
         "queue-qmqp": {"queue"}}


def sources(rooms, ends):
    """The files of these folders, as ROOM/NAME."""
    return [f"{room}/{name}" for room in rooms
            for name in sorted(os.listdir(os.path.join(TOP, room)))
            if name.endswith(ends)]


def first_comment(path):
    """Its words, blanks between."""
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        text = file.read()
    found = re.match(r"/\*(.*?)\*/", text, re.S)
    return " ".join(found[1].replace("\n *", " ").split()) if found else ""


def named(path):
    """Who runs it, by its own word; None where it says nothing."""
    found = re.search(r"\bRun by (.*?)(?:\. |\.$)", first_comment(path))
    if not found:
        return None
    return set().union(*(who for word, who in WORDS.items() if
                         re.search(rf"(?<![\w-]){word}(?![\w-])", found[1])))


def symbols(path):
    """What the file's object defines, what it wants of others."""
    defined, wanted = set(), set()
    made = os.path.join(TOP, BUILD, path[:-2] + ".o")
    for line in subprocess.run(["nm", made], capture_output=True, text=True,
                               check=True).stdout.splitlines():
        kind, name = line.split()[-2:]
        if kind == "U":
            wanted.add(name)
        elif kind.isupper():
            defined.add(name)
    return defined, wanted


BUILD = os.environ.get("BUILD") or "build/musl"
if not os.path.isdir(os.path.join(TOP, BUILD, "session")):
    skip_all(f"nothing is built in {BUILD}")

says, objects = dict(MAINS), {}
for path in [*sources([*OWN, *PROGRAMS], ".c"), *MAINS]:
    objects[path] = symbols(path)
    room = path.split("/")[0]
    if room in PROGRAMS:
        says[path] = PROGRAMS[room]
    elif room in OWN:
        says[path] = named(path)
        if "main" in objects[path][0]:
            says[path] = OWN[room]
        ok(says[path], f"{path} says who runs it", first_comment(path))
        says[path] = says[path] or set()

definer = {name: path for path, (defined, _) in objects.items()
           for name in defined if name != "main"}
users = {path: set() for path in objects}
for path, (_, wanted) in objects.items():
    for name in wanted & definer.keys():
        users[definer[name]].add(path)

for path in sources(OWN, ".c"):
    may = OWN[path.split("/")[0]].union(*(says[user] for user in users[path]))
    ok(says[path] <= may, f"{path}: whom it names can reach it",
       f"not {says[path] - may}")
    missed = [f"{user} ({', '.join(sorted(says[user]))})"
              for user in sorted(users[path]) if not says[path] & says[user]]
    is_(missed, [], f"{path}: who uses it is named")
for path in sources(OWN, ".h"):
    if named(path):
        code = path[:-2] + ".c"
        ok(named(path) <= says.get(code, set()), f"{path} says as {code} does")

done()
