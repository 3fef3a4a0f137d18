#!/usr/bin/env python3
"""Where memory lies: each row of memory.ld, and each name in it, has found
something of smtpd-auth in the linker's map; the C library's code stands
first, then what every connection runs, the libraries' of others behind ours;
of static memory what every connection writes to stands first, in two pages,
and the session's, the largest, last."""
import os
import re
import struct
import sys
sys.path.insert(0, sys.path[0])
from support import case, done, is_, ok, skip  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build/musl"))
MAP = os.path.join(BUILD, "smtpd-auth.map")
PAGE = 4096
OURS = ("smtpd-auth.o", "smtpd-auth.a")
WINDOW = 16 * PAGE  # of a file the kernel maps so much at one fault
# glibc's own code fills windows, and its state more than a page.
MUSL = os.path.basename(BUILD) != "glibc"
INPUT = re.compile(
    r"^ (\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S*/)?(\S+)$", re.M)


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def in_order(text):
    """The linker turns around a list of files that are left out."""
    return re.sub(r"(?<=EXCLUDE_FILE\()[^)]*",
                  lambda found: " ".join(sorted(found[0].split())), text)


def output(name):
    """What the map says of one output section, long names on one line."""
    text = re.sub(r"^( \.\S+)\n\s+(0x)", r"\1 \2", in_order(read(MAP)),
                  flags=re.M)
    text = text[text.index("Linker script and memory map"):]
    found = re.search(rf"^{re.escape(name)}\s.*?(?=^\S)", text, re.M | re.S)
    return found[0] if found else ""


def inputs(text):
    """(section, address, octets, file) of what has an octet at all."""
    return [(m[1], int(m[2], 16), int(m[3], 16), m[5])
            for m in INPUT.finditer(text) if int(m[3], 16) > 0]


def rows():
    """(output section, row) of memory.ld, those with file names or names."""
    script = in_order(re.sub(r"/\*.*?\*/", "", read("memory.ld"), flags=re.S))
    for name, body in re.findall(r"(\.\S+) (?:\(\w+\) )?:\s*\{(.*?)\}",
                                 script, re.S):
        yield from ((name, row) for row in re.findall(
            r"^\s*(?:EXCLUDE_FILE\(.*?\) )?(\*\S*\([^()]*\))$", body, re.M))


def found(row, text):
    """The inputs of one row: up to the next one."""
    start = re.search(rf"^ (EXCLUDE_FILE\(.*\) )?{re.escape(row)}$", text, re.M)
    if start is None:
        return []
    end = re.compile(r"^ (\*(?!fill\*)|EXCLUDE)", re.M).search(
        text, start.end())
    return inputs(text[start.start():end.start() if end else len(text)])


def like(name, section):
    return re.fullmatch(re.escape(name).replace(r"\*", ".*"), section)


with case("each row"):
    for where, row in rows():
        took = found(row, output(where))
        ok(took, f"{where}: {row} takes something")
        if row.startswith("*(.bss"):
            names = row[2:-1].split()
            is_([name for name in names
                 if not any(like(name, one[0]) for one in took)], [],
                f"{where}: {row}: every name is one")

with case("code"):
    first = inputs(output(".text.first"))
    kinds = ["libc.a" if one[3].startswith("libc.a(") else "object"
             for one in first]
    order = [kind for i, kind in enumerate(kinds)
             if i == 0 or kinds[i - 1] != kind]
    is_(order[-2:], ["libc.a", "object"],
        "the C library and objects, nothing else behind the start")
    names = [one[3] for one in first if one[3].endswith(".o")]
    is_(next(name for name in names if "crt" not in name), "smtpd-auth.o",
        "the first of them is main's")
    ok(not MUSL or
       first[-1][1] + first[-1][2] - first[0][1] < 3 * WINDOW,
       "all of them lie in three windows")
    is_({one[3] for one in inputs(output(".text.next"))
         if not one[3].startswith("smtpd-auth.a(")}, set(),
        "then the archive")
    rest = inputs(output(".text")) + inputs(output(".rodata"))
    is_([one for one in rest if one[3].startswith(OURS)], [],
        "no code or constant of ours stands among the libraries'")
    ok(any("bearssl" in one[3] for one in rest), "which stand behind")
    every = [one[1] + one[2] for one in first if one[3] == "signer.o"]
    some = [one[1] for one in first if one[3] == "word.o"]
    ok(every and some and max(every) < min(some) and
       (not MUSL or max(every) - first[0][1] < 2 * WINDOW),
       "what every connection runs stands before what some do, in two")
    tls = inputs(output(".text.tls"))
    ok(tls[0][1] % WINDOW == 0 and
       tls[-1][1] + tls[-1][2] - tls[0][1] <= 4 * WINDOW,
       "what a handshake runs is mapped by four page faults at most")
    is_([one for one in rest if re.search(
        r"bearssl.a\((ssl|x509_decoder|skey|sha2|multihash|prf|hmac)", one[3])
        and "hmac_ct" not in one[3]], [], "all of BearSSL's")

with case("segments"):
    for name in ("smtpd-auth", "smtpd-passwd", "smtpd-check", "smtpd-report",
                 "smtpd-auth-conf"):
        with open(os.path.join(TOP, name), "rb") as file:
            elf = file.read(4096)
        at, (size, count) = struct.unpack_from("<Q", elf, 32)[0], \
            struct.unpack_from("<HH", elf, 54)
        # Type and flags: PT_LOAD is 1; execute 1, write 2.
        headers = [struct.unpack_from("<II", elf, at + i * size)
                   for i in range(count)]
        loads = [flags for kind, flags in headers if kind == 1]
        ok(len(loads) > 1 and not any(flags & 3 == 3 for flags in loads),
           f"{name}: nothing that can be written to can be run", loads)

with case("before main"):
    start = re.findall(r"^ (\.init_array\S*)\s+0x\S+\s+0x\S+ (\S+)$",
                       output(".init_array"), re.M)
    ok(start, "the start of the C library is listed", output(".init_array"))
    is_([one for one in start if "nettle" in one[1]], [],
        "no library asks the processor at each connection's start")

with case("static memory"):
    small = inputs(output(".bss.first"))
    data = inputs(output(".init_array")) + inputs(output(".data"))
    names = [one[0] for one in small]
    is_(names[-1], ".bss.state", "the keeper's state ends the small")
    ok(".bss.settings" in names, "the settings stand before it")
    settings = small[names.index(".bss.settings")]
    if not MUSL:
        skip("what is written to begins with a page", "glibc")
    else:
        is_(data[0][1] % PAGE, 0, "what is written to begins with a page")
        is_((settings[1] + settings[2]) // PAGE, data[0][1] // PAGE,
            "up to the settings it is one")
        is_(small[-1][1] // PAGE, data[0][1] // PAGE + 1,
            "the keeper's state begins with the second")
    after = inputs(output(".bss"))
    is_([one[0] for one in inputs(output(".bss.last"))], [".bss.session"],
        "the session's stands alone and last")
    session = inputs(output(".bss.last"))[0]
    is_(session[1] % PAGE, 0, "it begins with a page")
    ok(small[-1][1] < min(one[1] for one in after) and
       max(one[1] for one in after) < session[1],
       "every other array lies between those two")

done()
