#!/usr/bin/env python3
"""README.md: its table of sizes is what tests/size counts, give or take a
little, and the files that it names are there. docs/architecture.md names no
file that is not there, either."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402

NUMBER = re.compile(r"\d[\d,]*")


def near(shown, counted):
    """Two in a hundred, or twenty lines; two files: no new table for each
    small change."""
    (lines, files), (counted_lines, counted_files) = shown, counted
    return (abs(lines - counted_lines) <= max(20, counted_lines // 50) and
            abs(files - counted_files) <= 2)


def numbers(row):
    """Code lines and files of a row."""
    return [int(cell.strip(" *").replace(",", ""))
            for cell in row.split("|")[2:4]]


def form(row):
    """The row without its numbers."""
    return NUMBER.sub("N", row)


readme = text_of("README.md")
counted = subprocess.run([os.path.join(TOP, "tests/size")], check=False,
                         capture_output=True, text=True)
is_(counted.stderr, "", "tests/size knows a row for every file")
rows = counted.stdout.splitlines()[2:]
ok(len(rows) > 10, f"it prints {len(rows)} rows")
shown = {form(line): line for line in readme.splitlines()
         if line.startswith("|")}
for row in rows:
    there = shown.get(form(row))
    good = there is not None and near(numbers(there), numbers(row))
    ok(good, "README: " + row.split("|")[1].strip(" *"),
       f"README.md has: {there}", f"write there:   {row}",
       "or have tests/size --write do it")

for name in ("README.md", "docs/architecture.md"):
    paths = sorted(set(re.findall(r"`((?:\w[\w-]*/)+[\w.-]+\.[cht])`",
                                  text_of(name))))
    gone = [path for path in paths
            if not os.path.exists(os.path.join(TOP, path))]
    is_(gone, [], f"{name} names {len(paths)} files, all there")

done()
