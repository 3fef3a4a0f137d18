#!/usr/bin/env python3
"""docs/architecture.md: its tables are those of the code."""
import os
import re
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402


DOCUMENT = text_of("docs/architecture.md")


def table(first):
    """The rows below a heading row that begins with this cell."""
    lines = DOCUMENT[DOCUMENT.index(f"| {first} |"):].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in lines.splitlines()[2:]]


# System calls: the list of each room.
RULES = {"FILTER_ANY": "yes", "FILTER_NO_EXEC": "not executable",
         "FILTER_MEMORY": "anonymous, not executable"}
JAIL = text_of("lib/jail.c")


def calls(path):
    """Name: what the filter asks of it."""
    text = text_of(path)
    listed = text[text.index(" calls[] = {"):].split("};")[0]
    return {("poll" if name == "NR_POLL" else name.removeprefix("__NR_")):
            RULES[rule] for name, rule in
            re.findall(r"\{(\w+), (\w+)\}", listed)}


rows = table("system call")
for column, path in ((1, "session/session_jail.c"),
                     (2, "auth/authenticator_jail.c"),
                     (3, "proxy/reader_jail.c")):
    shown = {row[0].strip("`"): row[column] for row in rows
             if row[column] != "no"}
    is_(shown, calls(path), f"system calls of {path}")
    ok(len(shown) > 5, f"{path} has some")

# The jail's steps, in their order.
entered = JAIL[JAIL.index("jail_enter(const"):].split("\n}")[0]
is_(re.findall(r"^\d+\. `(\w+)`:", DOCUMENT, re.M),
    [word.lower() for word in re.findall(r"[n:?] JAIL_(?!ENTERED)(\w+)",
                                         entered)], "the steps of the jail")

# The channel: keeper.c's table.
numbers = {}
for name, body in re.findall(r"^struct (channel_\w+) \{\n(.*?)^\}",
                             text_of("keeper/channel.h"), re.M | re.S):
    bits = [int(n) for n in re.findall(r"^\tu?int(\d+)_t ", body, re.M)]
    # Rounded up, as the largest member is laid out.
    numbers[f"sizeof(struct {name})"] = (
        -(-sum(bits) // max(bits, default=8)) * max(bits, default=8) // 8)
for header in ("keeper/channel.h", "keeper/keeper.h", "keeper/message.h",
               "keeper/offer.h", "sasl/mechanism.h"):
    for name, value in re.findall(r"^#define (\w+) (\d+)\b",
                                  text_of(header), re.M):
        numbers[name] = int(value)


def number(text):
    """A sum of known numbers."""
    return sum(numbers[part] if part in numbers else int(part)
               for part in text.split(" + "))


def flags(text):
    """IN_LOGIN | IN_TLS: login, tls."""
    words = [word.removeprefix("IN_").lower() for word in text.split(" | ")]
    return [] if words == ["0"] else words


code = {}
for line in text_of("keeper/keeper.c").splitlines():
    rule = re.fullmatch(r"\t\[(\w+)\]\s*= \{(.*)\},", line)
    if rule and rule[1].startswith(("ASK_", "TELL_")):
        least, most, needs, forbids, times, _ = rule[2].split(", ")
        code[rule[1]] = (number(least), number(most), flags(needs),
                         flags(forbids), number(times))
ok(len(code) > 10, f"keeper/keeper.c has {len(code)} rules")
messages = re.findall(r"\b((?:ASK|TELL)_\w+)",
                      text_of("keeper/channel.h").split(
                          "enum channel_type {")[1].split("}")[0])
is_(sorted(code), sorted(set(messages)), "each message has a rule")
shown = {}
for row in table("message"):
    span = re.match(r"(\d+)(?: to (\d+))?", row[1])
    shown[row[0].strip("`")] = (
        int(span[1]), int(span[2] or span[1]),
        [w for w in row[2].split(", ") if w],
        [w for w in row[3].split(", ") if w], int(row[4] or 0))
for name in sorted(set(code) | set(shown)):
    is_(shown.get(name), code.get(name), f"the rule of {name}")

# Numbers in the text.
keeper = "".join(map(text_of, (
    "keeper/keeper.h", "keeper/end.h", "keeper/login.h", "keeper/message.h",
    "keeper/channel.h", "control/config.h")))
for name, words in (("KEEPER_FAILURES_MAX 3", "three failed logins"),
                    ("CONFIG_RCPTS_MAX 100000", "100,000 recipients"),
                    ("KEEPER_LOG_MAX 200", "200 log lines"),
                    ("KEEPER_UNFINISHED_MAX 100", "100 messages\nopened"),
                    ("KEEPER_LATE_MS 10000", "in it and ten seconds"),
                    ("CHANNEL_LOGIN_MS 120000", "required, 120 from"),
                    ("CHANNEL_HANDSHAKE_MS 30000", "a handshake\n30 s"),
                    ("CHANNEL_RATE_FREE_MS 60000", "message a minute and"),
                    ("CHANNEL_RATE_MS_AN_OCTET 10", "each 100 octets of"),
                    ("CHANNEL_IDLE_COMMANDS 100", "100 times `timeoutsm"),
                    ("KEEPER_GRACE_MS 5000", "five seconds later")):
    ok(re.search(rf"#define {name}\b", keeper) and words in DOCUMENT,
       f"{name} is what the document says")

# What it points at is there.
for path in sorted(set(re.findall(
        r"`((?:tests|keeper|session|auth|lib)/[\w./-]*)`", DOCUMENT))):
    ok(os.path.exists(os.path.join(TOP, path)), f"there is {path}")

done()
