#!/usr/bin/env python3
"""Archives that are built for glibc, linked into musl: each name that they
want of the C library is one that musl/README has a reason for, and none of
them has an indirect function, which musl's start does not relocate."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
sys.path.insert(0, sys.path[0])
from support import TOP, case, done, is_, ok, skip_all  # noqa: E402

# zlib's reading and writing of files: musl/README.
NOT_LINKED = re.compile(r"gz\w+\.o")

if not shutil.which("musl-gcc"):
    skip_all("no musl-gcc")


def output(*words):
    return subprocess.run(words, cwd=TOP, check=True, text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def variable(name):
    """What the Makefile says."""
    return output("make", "-s", "LIBC=musl", "--eval",
                  f"say: ; @echo $({name})", "say").split()


def names(files):
    """(defined, wanted, indirect) of all members that may be linked."""
    defined, wanted, indirect = set(), set(), set()
    member = ""
    for line in output("nm", "-g", *files).splitlines():
        if line.endswith(":"):
            member = line[:-1]
        match = re.fullmatch(r"(?:[0-9a-f]+)? +([A-Za-z]) (\S+)", line)
        if not match or NOT_LINKED.fullmatch(member):
            continue
        kind, name = match.groups()
        (wanted if kind in "Uw" else defined).add(name)
        if kind == "i":
            indirect.add(name)
    return defined, wanted, indirect


def wanted_of(archives):
    """Of the C library, which here is musl and shims.c."""
    defined, wanted, _ = names(archives)
    return wanted - defined


def rows(heading):
    """The names of one table of the page: {name: reason}."""
    with open(os.path.join(TOP, "musl", "README"),
              encoding="utf-8") as file:
        page = file.read()
    table = page[page.index(heading):].split("\n\n")[0]
    found = {}
    for line in table.splitlines()[2:]:
        _, first, second, _ = line.split("|")
        for name in re.findall(r"`(\S+)`", first):
            found[name] = second.strip()
    return found


def libc(home):
    """Where musl's archive is: the linker says what it reads."""
    main = os.path.join(home, "main.c")
    with open(main, "w", encoding="utf-8") as file:
        file.write("int main(void) { return 0; }\n")
    read = output("musl-gcc", "-static", "-Wl,--trace", "-o", main + ".out",
                  main)
    return re.search(r"\S*/libc\.a", read).group()


ARCHIVES = variable("LIBRARIES")
USED = rows("| names | why it holds |")
UNUSED = rows("| names | of |")
LINKER = {"_GLOBAL_OFFSET_TABLE_"}
MAPS = glob.glob(os.path.join(
    TOP, os.environ.get("BUILD", "build/musl"), "*.map"))

with case("names"):
    unknown = wanted_of(ARCHIVES) - set(USED) - set(UNUSED)
    is_(sorted(unknown), [], "musl/README knows what the archives want")
    is_(sorted(set(USED) & set(UNUSED)), [], "and says one thing of each")
    with tempfile.TemporaryDirectory() as home:
        shims = os.path.join(home, "shims.o")
        output("musl-gcc", "-std=c17", "-D_GNU_SOURCE", "-c", "-o", shims,
               "musl/shims.c")
        there = names([libc(home), shims])[0]
        is_(sorted((set(USED) & wanted_of(ARCHIVES)) - there - LINKER), [],
            "musl and shims.c have all that is used")
        own = names([shims])[0]
        is_(sorted(own - set(USED)), [], "each shim has its reason there")
        is_(sorted(name for name in own if "shims.c" not in USED[name]), [],
            "which names shims.c")
        is_(sorted(name for name, why in USED.items()
                   if "shims.c" in why and name not in own), [],
            "and no other has")

with case("left out"):
    linked = []
    for path in MAPS:
        with open(path, encoding="utf-8") as file:
            linked += [os.path.basename(path) + ": " + name for name in
                       re.findall(r"\((\S+\.o)\)", file.read())
                       if NOT_LINKED.fullmatch(name)]
    ok(MAPS, "there are maps")
    is_(linked, [], "no program has zlib's reading of files")

with case("indirect functions"):
    is_(sorted(names(ARCHIVES)[2]), [], "there is none")

with case("what is new is seen"), tempfile.TemporaryDirectory() as home:
    source, made = os.path.join(home, "new.c"), os.path.join(home, "new.o")
    with open(source, "w", encoding="utf-8") as file:
        file.write("int __wcstombs_chk(void);\n"
                   "static int one(void) { return 1; }\n"
                   "static int (*choose(void))(void) { return one; }\n"
                   "int chosen(void) __attribute__((ifunc(\"choose\")));\n"
                   "int caller(void) { return __wcstombs_chk(); }\n")
    output("gcc", "-c", "-o", made, source)
    more = [*ARCHIVES, made]
    ok("__wcstombs_chk" in wanted_of(more) - set(USED) - set(UNUSED),
       "a name")
    is_(sorted(names(more)[2]), ["chosen"], "an indirect function")

done()
