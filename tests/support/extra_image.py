"""Reads a Containerfile and does what it says, without an engine: each stage
is a layer above a Debian of extra_system, each RUN a chroot in it. What comes
before the first COPY is kept below build/containers, as an engine would."""
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess

from . import extra_system, place

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BASES = {"debian:bookworm-slim": extra_system.BELOW + "/base"}
KEPT = extra_system.BELOW + "/layers"


def instructions(path):
    """(word, the rest) of each; comments and broken lines as engines do."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file
                 if not re.match(r"\s*#", line)]
    text = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.strip().split(None, 1)) for line in text.split("\n")
            if line.strip()]


class Stage:
    """One FROM, and what comes of it."""

    def __init__(self, base):
        self.directory = "/"
        self.env = {"PATH": PATH}
        self.user = self.name = None
        self.command = {"ENTRYPOINT": [], "CMD": []}
        self.ports, self.volumes = [], []
        self.key = hashlib.sha256(base.encode())
        self.copied = base == "scratch"  # then there is nothing to keep
        self.lower = [BASES[base]] if base != "scratch" else \
            [place.home("scratch")]
        self.root = None

    def mounted(self):
        """Where its files are."""
        if self.root is None:
            self.root = extra_system.layer(*self.lower)
        return self.root

    def run(self, line):
        """RUN, by /bin/sh."""
        self.key.update(line.encode())
        kept = f"{KEPT}/{self.key.hexdigest()[:16]}"
        if self.copied:
            _run(self.mounted(), line, self.env, self.directory)
            return
        if not os.path.exists(kept + ".complete"):
            shutil.rmtree(kept, ignore_errors=True)
            root = extra_system.layer(*self.lower, upper=kept)
            _run(root, line, self.env, self.directory)
            subprocess.run(["umount", "--recursive", root], check=True)
            with open(kept + ".complete", "w", encoding="ascii"):
                pass
        self.lower.insert(0, kept)

    def copy(self, source, target):
        """COPY: what is in a directory, below another."""
        self.copied = True
        target = os.path.join(self.mounted() + self.directory,
                              self.mounted() + target)
        os.makedirs(target, exist_ok=True)
        subprocess.run(["cp", "-a", source + "/.", target], check=True)


def _run(root, line, env, directory):
    """With the network, and what an engine mounts."""
    with open("/etc/resolv.conf", "rb") as file:
        place.write(root + "/etc/resolv.conf", file.read())
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--",
         "sh", "-euc", 'mount -t proc proc "$0/proc"; '
         'mount --rbind /dev "$0/dev"; exec chroot "$0" /bin/sh -ec '
         '"cd $1; $2"', root, directory, line],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
        env={**env, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"})
    if done.returncode:
        raise AssertionError(f"RUN {line}: {done.stdout[-3000:]}")


def build(path, context):
    """The last stage of the file; what it does not know is an error."""
    stages = []
    for word, rest in instructions(path):
        stage = stages[-1] if stages else None
        if word == "FROM":
            base, *name = rest.split(" AS ")
            stages.append(Stage(base))
            stages[-1].name = name[0] if name else None
        elif word == "RUN":
            stage.run(rest)
        elif word == "COPY":
            *options, source, target = rest.split()
            lower = context
            for option in options:
                name = option.removeprefix("--from=")
                lower = next(s for s in stages if s.name == name).mounted()
            stage.copy(os.path.normpath(lower + "/" + source), target)
        elif word == "WORKDIR":
            stage.directory = rest
        elif word == "ENV":
            stage.env.update(pair.split("=", 1) for pair in shlex.split(rest))
        elif word == "USER":
            stage.user = rest
        elif word == "EXPOSE":
            stage.ports = rest.split()
        elif word == "VOLUME":
            stage.volumes = json.loads(rest)
        elif word in stage.command:
            stage.command[word] = json.loads(rest)
        else:
            raise ValueError("no such instruction: " + word)
    return stages[-1]


def command(stage, rights, volumes, words=None, entry=None, writable=False,
            tmpfs=()):
    """What an engine would start of it: these rights and no new privileges, a
    root that is read-only, {volume: directory outside}."""
    mounts = [f"mount --bind {stage.mounted()} /mnt",
              "mkdir -p /mnt/proc /mnt/dev"]
    mounts += [f"mount --bind {outside} /mnt{inside}"
               for inside, outside in volumes.items()]
    mounts += [f"mount -t tmpfs -o mode=1777 none /mnt{inside}"
               for inside in tmpfs]
    if not writable:
        mounts += [f"mount -o remount,bind,ro /mnt{inside}"
                   for inside in volumes if inside.startswith("/etc/")]
    mounts += ["mount -o remount,bind,ro /mnt", "mount -t proc proc /mnt/proc",
               "mount -t tmpfs none /mnt/dev", *(
                   f"touch /mnt/dev/{name} && mount --bind /dev/{name} "
                   f"/mnt/dev/{name}" for name in ("null", "zero", "urandom"))]
    return ["unshare", "--mount", "--propagation", "private", "--pid",
            "--fork", "--kill-child", "--", "sh", "-euc",
            "; ".join(mounts) + '; exec "$@"', "sh", "setpriv",
            "--no-new-privs", "--inh-caps", "-all", "--bounding-set",
            "-all," + ",".join("+" + right.lower() for right in rights), "--",
            "chroot", "/mnt",
            *([entry] if entry else stage.command["ENTRYPOINT"]),
            *(words if words is not None else stage.command["CMD"])]
