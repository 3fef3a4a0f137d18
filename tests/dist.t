#!/usr/bin/env python3
"""One version everywhere; make dist: what was committed, in the same octets
whoever makes it, where, when, and with which settings."""
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
sys.path.insert(0, sys.path[0])
from support import TOP, case, done, home, is_, like, ok, skip  # noqa: E402

DATE = r"[0-9]{8}"


def run(*words, **env):
    """Its output."""
    return subprocess.run(words, check=True, text=True, capture_output=True,
                          env={**os.environ, **env}).stdout


def git(where, *words):
    """As somebody, on this clone whoever owns it."""
    return run("git", "-c", "safe.directory=*", "-C", where, *words)


def told(where, name):
    """What a variable of the Makefile is."""
    return run("make", "-s", "-C", where, "--eval",
               f"say: ; @echo $({name})", "say").strip()


def text(*path):
    """Of a file of the tree."""
    with open(os.path.join(TOP, *path), encoding="utf-8") as file:
        return file.read()


def dist(where, umask, **env):
    """make dist there."""
    settings = {"safe.directory": "*", **env.pop("settings", {})}
    config = {"GIT_CONFIG_COUNT": str(len(settings))}
    for i, (key, value) in enumerate(settings.items()):
        config |= {f"GIT_CONFIG_KEY_{i}": key, f"GIT_CONFIG_VALUE_{i}": value}
    return subprocess.run(
        ("make", "-s", "-C", where, "dist"), check=False, text=True,
        capture_output=True, umask=umask, env={**os.environ, **config, **env})


def made(where, umask, **env):
    """The tar that it makes."""
    ended = dist(where, umask, **env)
    ended.check_returncode()
    return os.path.join(where, "build", ended.stdout.split()[-1])


def octets(path):
    """Of a file."""
    with open(path, "rb") as file:
        return file.read()


def write(path, what):
    """Its octets from now on."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(what)


version = told(TOP, "VERSION")

with case("one version"):
    like(version, r"^[0-9]+(\.[0-9]+)+$", "the Makefile's")
    changes = text("CHANGES")
    sections = re.findall(r"(?m)^([0-9]\S*), (.*)$", changes)
    is_(sections[0][0], version, "the first of CHANGES")
    like(sections[0][1], f"^(not yet released|{DATE})$", "its date, or none")
    ok(all(re.fullmatch(DATE, date) for _, date in sections[1:]),
       "each of those before was released", sections)
    numbers = [[int(n) for n in name.split(".")] for name, _ in sections]
    is_(numbers, sorted(numbers, reverse=True), "newest first")
    is_([block for block in re.split(r"\n\n|\n(?=- )", changes)[2:]
         if not re.match(rf"(\n|- {DATE} (new|bug|doc|build): "
                         rf"|[0-9]\S*, [^\n]*$)", block)], [],
        "nothing in CHANGES but versions and DATE kind: what")
    like(text("debian", "changelog"),
         rf"^smtpd-auth \({re.escape(version)}-[0-9]+\) ",
         "the first of debian/changelog")
    for name in told(TOP, "PROGRAMS").split():
        is_(run(os.path.join(TOP, name), "-V"), f"{name} {version}\n",
            f"{name} -V")


def compare():
    """Clones at two places, each with another's settings."""
    clones = [os.path.join(home(), name) for name in ("one", "another/place")]
    for clone in clones:
        git(TOP, "clone", "-q", "--no-local", TOP, clone)
    first = made(clones[0], 0o022, TZ="UTC")
    # Of later, and beside what was not committed.
    for name in ("CHANGES", "Makefile"):
        os.utime(os.path.join(clones[1], name), (2000000000, 2000000000))
    write(os.path.join(clones[1], "README.md"), "changed\n")
    write(os.path.join(clones[1], "notes"), "mine\n")
    attributes = os.path.join(home(), "attributes")
    write(attributes, "CHANGES export-ignore\n* text\n")
    second = made(clones[1], 0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8",
                  GZIP="--rsyncable", settings={
                      "tar.umask": "0077", "core.autocrlf": "true",
                      "core.attributesFile": attributes})
    ok(octets(first) == octets(second), "the same octets")
    is_(os.path.basename(second), f"smtpd-auth-{version}.tar.gz",
        "its name says the version")
    is_(struct.unpack("<I", octets(first)[4:8])[0], 0, "no time of packing")
    with tarfile.open(first) as tar:
        members = tar.getmembers()
        top = f"smtpd-auth-{version}/"
        is_(tar.extractfile(top + "CHANGES").read(),
            git(clones[0], "show", "HEAD:CHANGES").encode(), "CHANGES in it")
        unpacked_below = home()
        tar.extractall(unpacked_below)
    is_(sorted(m.name for m in members if m.isfile()), sorted(
        top + file for file in git(clones[0], "ls-files").split("\n")
        if file), "what was committed, and nothing else")
    ok(all(m.mode in (0o644, 0o755) for m in members if m.isfile()),
       "modes for everybody")
    is_({m.mtime for m in members},
        {int(git(clones[0], "log", "-1", "--format=%ct"))},
        "every time is the commit's")
    return os.path.join(unpacked_below, top)


def from_tar(place):
    """make dist in what is no clone."""
    ended = dist(place, 0o022, GIT_CEILING_DIRECTORIES=os.path.dirname(place))
    ok(ended.returncode != 0, "make dist fails", ended)
    like(ended.stderr, "not a git repository", "and says why")
    is_([name for name in os.listdir(os.path.join(place, "build"))
         if name.endswith(".gz")], [], "leaving no tar")


if os.path.exists(os.path.join(TOP, ".git")) and shutil.which("git"):
    with case("two clones"):
        unpacked = compare()
    with case("what was unpacked"):
        from_tar(unpacked)
else:
    skip("make dist", "no clone, or no git")

done()
