"""How far a reader has to go: counts for docs/architecture.md's table."""
import collections
import os
import re
import struct
import subprocess

from . import place
from .server import Server

MAX = 1 << 20  # of tests/ways.c
NOT_READ = "lib/", "musl/"  # files that a reader knows
TWINS = {"session", "keeper"}, {"keeper", "auth"}


# What stands in the text.

def code(path, code_of):
    """Code lines of a file, as one text."""
    with open(path, encoding="utf-8") as file:
        return "\n".join(code_of(file.read()))


def members(text, name):
    """Members of a struct at its own level; None: there is no such struct."""
    found = re.search(r"^struct %s \{\n(.*?)^\}" % name, text, re.M | re.S)
    if not found:
        return None
    own, depth = "", 0
    for char in found[1]:
        depth -= char == "}"
        own += char if depth == 0 else ""
        depth += char == "{"
    own = re.sub(r"\([^()]*\)|\[[^\]]*\]", "", own)
    return sum(1 + part.count(",") for part in own.split(";") if part.strip())


def functions(text):
    """Functions that a header declares."""
    text = re.sub(r"\{[^{}]*\}", "", text)
    return len([part for part in text.split(";")
                if re.search(r"\w\)*\s*\([^;]*\)\s*(__attribute__.*)?$", part,
                             re.S) and "typedef" not in part])


def longest_function(text):
    """Its lines, from its name to its last brace."""
    lines, start, most = text.split("\n"), None, 0
    for number, line in enumerate(lines):
        if re.match(r"[a-z_]\w*\(", line):
            start = number
        elif line == "}" and start is not None:
            most = max(most, number - start + 1)
            start = None
    return most


# What runs.

class Traced(Server):
    """A server of the traced build."""

    def command(self):
        return [os.path.join(self.build, "smtpd-auth") if
                word.endswith("/smtpd-auth") else word
                for word in super().command()]


def build(top, paths):
    """Builds the server with a trace; its directory."""
    home = place.home("ways")
    flags = ["-std=c17", "-D_GNU_SOURCE", '-DVERSION="ways"', "-I.", "-g",
             "-O0", "-fno-inline", "-static", "-no-pie",
             "-finstrument-functions"]
    linked = ["-Wl,--start-group"] + [
        "-l" + name for name in
        "bearssl cdb crypt idn hogweed nettle gmp".split()]
    own = os.path.join(place.TOP, "tests/ways.c")
    subprocess.run(
        ["gcc", *flags, "-o", os.path.join(home, "smtpd-auth"), own,
         *(path for path in paths if path.endswith(".c")), *linked,
         "-Wl,--end-group"], cwd=top, check=True)
    return home


def names(program):
    """Address: (function, file below the tree)."""
    listed = subprocess.run(["nm", "-l", program], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return {int(m[1], 16): (m[2], m[3]) for m in re.finditer(
        r"^(\w+) [tT] (\S+)\t(\S+):\d+$", listed, re.M)}


def entered(path):
    """(process, address) of functions, in the order they were entered."""
    with open(path, "rb") as file:
        count = struct.unpack("II", file.read(8))[0]
        if count > MAX:
            raise AssertionError(f"more than {MAX} functions were entered")
        return list(struct.iter_unpack("II", file.read(8 * count)))


def way(steps, known, top):
    """(files, changes of file): each process's for itself, lib left out."""
    paths = collections.defaultdict(list)
    for process, address in steps:
        name = os.path.relpath(known.get(address, ("", "/"))[1], top)
        if not name.startswith(NOT_READ) and not name.startswith(".."):
            paths[process].append(name)
    return (len(set(sum(paths.values(), []))),
            sum(a != b for path in paths.values()
                for a, b in zip(path, path[1:])))


def ways(top, paths):
    """(a password's, a message's) files and changes of file: the least of
    some connections, for a process that wakes once more reads on twice."""
    home = build(top, paths)
    trace = os.path.join(home, "trace")
    with open(trace, "wb") as file:
        file.truncate(8 * (MAX + 1))
    os.chmod(trace, 0o666)
    known = names(os.path.join(home, "smtpd-auth"))
    Traced.build = home
    found = []
    with Traced(users={"joe@example.com": "secret"},
                env={"WAYS": trace}) as server:
        for number in range(1, 6):
            with server.client() as client:
                client.hello()
                marks = [len(entered(trace))]
                client.login("PLAIN", "joe@example.com", "secret")
                server.wait_log(" auth ", number)
                marks.append(len(entered(trace)))
                client.message("Subject: x\r\n\r\ny\r\n")
                server.wait_log(" message ", number)
                marks.append(len(entered(trace)))
            server.wait_idle()
            steps = entered(trace)
            found.append([way(steps[a:b], known, top)
                          for a, b in zip(marks, marks[1:])])
    return [min(one) for one in zip(*found)]


def biggest(counts, most=4):
    """The largest of {name: count}, as words."""
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in rows[:most])


def doubles(paths):
    """Names that stand for files of several folders, but for the twins."""
    folders = collections.defaultdict(set)
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders[name[:-2]].add(folder)
    return sorted(name for name, found in folders.items()
                  if len(found) > 1 and found not in TWINS)


def counts(top, server, every, code_of):
    """(what, count) a row."""
    texts = {path: code(os.path.join(top, path), code_of) for path in every}
    headers = {path: functions(text) for path, text in texts.items()
               if path.endswith(".h")}
    structs = {name: members(text, name) for text in texts.values()
               for name in re.findall(r"^struct (\w+) \{$", text, re.M)}
    physical = {}
    for path in every:
        with open(os.path.join(top, path), encoding="utf-8") as file:
            physical[path] = len(file.read().splitlines())
    longest = {path: longest_function(text) for path, text in texts.items()}
    password, message = ways(top, server)
    return (
        ("code lines of the server, of all programs",
         f"{sum(texts[p].count(chr(10)) + 1 for p in server):,}, "
         f"{sum(t.count(chr(10)) + 1 for t in texts.values()):,}"),
        ("files of the server, of all programs",
         f"{len(server)}, {len(every)}"),
        ("a password, `lib/` left out: files, changes of file",
         "%d, %d" % password),
        ("a message: the same", "%d, %d" % message),
        ("members of `struct keeper`, `struct session`",
         f"{structs.get('keeper')}, {structs.get('session')}"),
        ("functions of the largest headers", biggest(headers)),
        ("longest files, lines", biggest(physical, 2)),
        ("longest function, code lines", biggest(longest, 1)),
        ("names that stand for several files, but for the twins",
         str(len(doubles(every)))),
    )
