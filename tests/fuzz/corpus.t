#!/usr/bin/env python3
"""What fuzzing has kept goes through each target once more, as it is built
for this machine; and each target names its parsers."""
import os
import subprocess
import sys
import kept
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

BUILD = os.path.join(TOP, os.environ.get("BUILD", "build/musl"))

for name in kept.targets():
    with case(name):
        named = kept.parsers(name)
        ok(named and all(os.path.exists(os.path.join(TOP, path))
                         for path in named), f"{name}: its parsers", named)
        directory = os.path.join(home(), name)
        os.mkdir(directory)
        count = len(kept.unpack(name, directory))
        replay = subprocess.run([f"{BUILD}/replay/{name}", directory],
                              capture_output=True, check=False)
        is_((replay.returncode, replay.stdout.decode(),
             replay.stderr.decode()),
            (0, f"{count}\n", ""), f"{name}: {count} inputs that were kept")
        ok(count > 1, f"{name}: there are some")

done()
