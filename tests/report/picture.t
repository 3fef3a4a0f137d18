#!/usr/bin/env python3
"""README's picture is what smtpd-report makes of the day that
tests/support/extra_report.py makes up.

  tests/report/picture.t --write    puts it there"""
import os
import re
import sys
import xml.etree.ElementTree
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_report import day, label, report

PICTURE = os.path.join(TOP, "docs/report.svg")

with case("README's picture"):
    page = report("-f", "html", stdin="".join(
        f"{label(t)} {text}\n" for t, text in day()))
    made = re.search(r"<svg class=\"hours\".*?</svg>\n", page, re.S)[0]
    if sys.argv[1:] == ["--write"]:
        with open(PICTURE, "w", encoding="utf-8") as file:
            file.write(made)
    with open(PICTURE, encoding="utf-8") as file:
        ok(file.read() == made, "it is fresh")
    root = xml.etree.ElementTree.fromstring(made)
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        shown = re.search(r'<img src="docs/report\.svg"[^>]*>', file.read())[0]
    ok(f'height="{root.get("height")}"' in shown, "README gives it its height")
    ok(re.search(r'alt="[^"]{20,}"', shown), "and words in its place")

done()
