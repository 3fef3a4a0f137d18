#!/usr/bin/env python3
"""make dist: what was committed, in the same octets whoever makes it."""
import os
import shutil
import subprocess
import sys
import tarfile
sys.path.insert(0, sys.path[0])
from support import TOP, case, done, home, is_, ok, skip_all  # noqa: E402

if not os.path.exists(os.path.join(TOP, ".git")) or not shutil.which("git"):
    skip_all("no clone, or no git")


def run(*words, **env):
    """Its output."""
    return subprocess.run(words, check=True, text=True, capture_output=True,
                          env={**os.environ, **env}).stdout


def git(where, *words):
    """As somebody, on this clone whoever owns it."""
    return run("git", "-c", "safe.directory=*", "-C", where, *words)


def made(where, umask, **env):
    """The tar that make dist makes there."""
    before = os.umask(umask)
    try:
        said = run("make", "-s", "-C", where, "dist",
                   GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory",
                   GIT_CONFIG_VALUE_0="*", **env)
    finally:
        os.umask(before)
    return os.path.join(where, "build", said.split()[-1])


def octets(path):
    """Of a file."""
    with open(path, "rb") as file:
        return file.read()


with case("two clones"):
    clones = [os.path.join(home(), name) for name in ("one", "another/place")]
    for clone in clones:
        git(TOP, "clone", "-q", "--no-local", TOP, clone)
    first = made(clones[0], 0o022, TZ="UTC")
    second = made(clones[1], 0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    ok(octets(first) == octets(second), "the same octets")
    name = os.path.basename(first)[:-len(".tar.gz")]
    with tarfile.open(first) as tar:
        members = {m.name: m for m in tar.getmembers() if m.isfile()}
    is_(sorted(members), sorted(
        name + "/" + file for file in git(clones[0], "ls-files").split("\n")
        if file), "what was committed, and nothing else")
    ok(all(m.mode in (0o644, 0o755) for m in members.values()),
       "modes for everybody")
    version = run("make", "-s", "-C", clones[0], "--eval",
                  "say: ; @echo $(VERSION)", "say").strip()
    is_(name, "smtpd-auth-" + version, "its name says the version")

done()
