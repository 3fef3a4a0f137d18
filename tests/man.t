#!/usr/bin/env python3
"""The manual page of the settings against config_rows: every row has its
paragraph, file and variable together and with the default, and no paragraph
is about a setting that there is not. Options and exit codes against the
programs. Every page is clean mdoc."""
import glob
import os
import re
import shutil
import subprocess
import sys
sys.path.insert(0, sys.path[0])
from support import TOP, case, done, is_, ok, skip, text_of  # noqa: E402

TABLE = os.path.join(TOP, "control", "config.c")
PAGE = os.path.join(TOP, "man", "smtpd-auth-control.5")
WORD = r'(NULL|"(?:[^"\\]|\\.)*")'
ROW = re.compile(
    r"\{\s*" + WORD + r",\s*" + WORD +
    r",\s*CONFIG_([A-Z]+),\s*(?:AT\((\w+)\)|CONFIG_NOWHERE),\s*" + WORD +
    r',\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}')


def text(word):
    """A C string, or None for NULL."""
    return None if word == "NULL" else word[1:-1]


def rows():
    """(file, variable, default) of each row of the table."""
    with open(TABLE, encoding="utf-8") as file:
        source = file.read()
    table = re.search(r"config_rows\[\] = \{(.*?)\n\};", source, re.S)[1]
    found = [(text(m[1]), text(m[2]), text(m[5]))
             for m in ROW.finditer(table)]
    is_(len(found), len(re.findall(r"\bCONFIG_(?!NOWHERE)", table)),
        "every row of the table was understood")
    return found


def paragraphs():
    """names: text of each paragraph about settings; the names are those
    that its .It line marks as file (Pa) or variable (Ev)."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    start = page.index("\n.Ss ")
    end = page.index("\n.Sh ", start)
    found = []
    for line in page[start:end].splitlines():
        names = re.findall(r"(?:Pa|Ev) ([^ ,]+)", line)
        if line.startswith(".It ") and names:
            found.append((tuple(names), []))
        elif line.startswith((".Ss ", ".Sh ")):
            found.append(((), []))
        elif found:
            found[-1][1].append(line)
    return [(names, "\n".join(lines)) for names, lines in found if names]


with case("settings"):
    TOLD = dict(paragraphs())
    ALL = rows()
    ok(len(ALL) > 30, "the table has its rows")
    is_(len(paragraphs()), len(TOLD), "no paragraph is there twice")
    for row_file, variable, default in ALL:
        key = tuple(name for name in (row_file, variable) if name)
        ok(key in TOLD, f"{' and '.join(key)}: a paragraph")
        if default is None or key not in TOLD:
            continue
        said = TOLD[key]
        if "Default:" in said:
            told = re.search(r"Default:\s*(?:\.Pa )?([^\s]+)", said)[1]
            is_(told.rstrip("."), default, f"{key[-1]}: its default")
        else:
            ok(default in ("0", "unknown") and
               re.search(rf"\b{default}\b|^1:", said),
               f"{key[-1]}: its default goes without saying")
    known = {tuple(name for name in row[:2] if name) for row in ALL}
    for key in TOLD:
        ok(key in known, f"{' and '.join(key)}: there is such a setting")


def section(page, name):
    """What stands below a heading."""
    return re.search(rf"(?ms)^\.Sh {name}\n(.*?)(?=^\.Sh |\Z)",
                     text_of(f"man/{page}.8"))[1]


# What getopt() takes, what -h tells, and what the page has an item for; -D of
# smtpd-passwd belongs to a command.
PROGRAMS = {name: name + ".c" for name in (
    "smtpd-auth-conf", "smtpd-check", "smtpd-passwd", "smtpd-report")}
PROGRAMS["smtpd-auth"] = "control/options.c"
QUEUES = {  # and the files that a queue program is of
    "queue-maildir": "", "queue-sendmail": "arguments refusal spool",
    "queue-qmqp": "letter race refusal servers spool transfer"}
PROGRAMS.update({name: "queue/program.c" for name in QUEUES})
with case("options"):
    for name, source in sorted(PROGRAMS.items()):
        TAKES = re.search(r'getopt(?:_long)?\(\s*argc,\s*argv,\s*"([^"]*)"',
                          text_of(source))[1]
        TAKES = set(re.sub(r"[+:]", "", TAKES)) - {"D"}
        USAGE = subprocess.run([os.path.join(TOP, name), "-h"], text=True,
                               capture_output=True, check=True).stdout
        SAID = set(re.findall(r"(?m)^  -(\w)\b", USAGE)) | set(
            "".join(re.findall(r"\[-(hV)\]|^  -h, -(V)", USAGE, re.M)[0]))
        is_(SAID | {"h"}, TAKES, f"{name}: those that -h tells")
        # Behind its own, queue-sendmail's page has those of sendmail.
        OWN = re.search(r"(?s).*?\n\.It Fl (h , )?V\n",
                        section(name, "DESCRIPTION"))[0]
        is_({letter for found in re.findall(
            r"(?m)^\.It Fl (\w)(?: , (\w))?", OWN) for letter in found
             if letter}, TAKES, f"{name}: the page has them")

with case("exit codes"):
    CODES = {word: int(number) for word, number in re.findall(
        r"(QUEUE_\w+) = (\d+)", text_of("queue-handoff/status.h"))}
    for name, parts in QUEUES.items():
        SOURCE = "".join(text_of(f"queue/{part}.c") for part in
                         [name, "intake", "program", *parts.split()])
        ENDS = {CODES[word] for word in re.findall(r"QUEUE_\w+", SOURCE)
                if word in CODES} | {0, 100}
        is_(sorted(int(number) for number in re.findall(
            r"(?m)^\.It (\d+)", section(name, "EXIT STATUS"))),
            sorted(ENDS), f"{name}: each has its item")

with case("mdoc"):
    PAGES = sorted(glob.glob(os.path.join(TOP, "man", "*.[1-9]")))
    ok(PAGE in PAGES, "the pages were found")
    for path in PAGES:
        name = os.path.basename(path)
        if shutil.which("mandoc") is None:
            skip(f"{name}: clean", "needs mandoc")
            continue
        lint = subprocess.run(["mandoc", "-Tlint", "-Wstyle", path],
                              capture_output=True, text=True, check=False)
        # Pages that are not installed here are no fault of the page.
        is_([line for line in lint.stdout.splitlines()
             if "referenced manual not found" not in line], [],
            f"{name}: clean")

done()
