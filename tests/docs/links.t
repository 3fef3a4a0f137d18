#!/usr/bin/env python3
"""Links of every document: a file of the tree, and a heading of it."""
import glob
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402


def anchors(text):
    """Those of its headings, as GitHub makes them."""
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in re.findall(r"(?m)^#+ (.*)$", text)}


for document in sorted(glob.glob("*.md", root_dir=TOP) +
                       glob.glob("docs/*.md", root_dir=TOP)):
    for target in re.findall(r"\]\(([^):\s]+)\)", text_of(document)):
        name, _, heading = target.partition("#")
        path = (os.path.normpath(
            os.path.join(os.path.dirname(document), name))
                if name else document)
        ok(os.path.exists(os.path.join(TOP, path)) and
           (not heading or heading in anchors(text_of(path))),
           f"{document}: a link to {target}")

done()
