#!/usr/bin/env python3
"""docs/symptoms.md: every reply and every reason that an admin can meet is in
it, and every reply in it is one that the program has."""
import os
import re
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402


def sources(*directories):
    """All C below them, by name."""
    return {f"{directory}/{name}": text_of(f"{directory}/{name}")
            for directory in directories
            for name in sorted(os.listdir(os.path.join(TOP, directory)))
            if name.endswith(".c")}


DOCUMENT = text_of("docs/symptoms.md")
QUOTED = set(re.findall(r"`([^`]+)`", re.sub(r"\s+", " ", DOCUMENT)))

# Replies: what reply.c has with 4 and 5, what main says before there is a
# session, and nothing else.
replies = re.findall(r'\]\s*=\s*"([2-5]\d\d [^"]+)"',
                     text_of("session/reply.c"))
ok(len(replies) > 40, f"session/reply.c has {len(replies)} replies")
early = re.findall(r'"(421 [^"]+)\\r\\n"',
                   text_of("keeper/turn_away.c"))
ok(len(early) > 2, f"main has {len(early)} replies")
replies += early
for reply in replies:
    if reply[0] in "45":
        ok(reply in QUOTED, f"explained: {reply}")
queue = ["451 " + words for words in
         re.findall(r'"(4\.3\.0 [^"]+)"',
                    text_of("queue-handoff/status.c") +
                    text_of("keeper/rcptcheck.c"))]
queue += re.findall(r'"(451 4\.3\.5 [^"]+)"', text_of("keeper/policy_ask.c"))
ok(len(queue) > 15, f"queue-handoff/status.c has {len(queue)} replies")
for quoted in sorted(QUOTED):
    if not re.match(r"[2-5]\d\d (\d\.|[a-zA-Z])", quoted):
        continue
    start = quoted.removesuffix("...")
    good = quoted in replies or quoted in queue or (
        start != quoted and any(r.startswith(start) for r in queue))
    ok(good, f"the program says it: {quoted}")

# Reasons: a word that the code gives an event, beside this event or in a
# table below it.
PATTERNS = (r'"reason", [^;]*?"([a-z-]+)"', r'[^_]reason = "([a-z-]+)"',
            r'STATUS_INCOMPLETE\);\n\treturn "([a-z-]+)"',
            r'\bfail\(k, [^;]*?"([a-z-]+)"',
            r'(?:refuse|temporary|log_refused)\([^"()]*"([a-z-]+)"')
reasons = {}
for name, code in sources("keeper", "auth", "sasl", "users").items():
    for pattern in PATTERNS:
        for word in re.findall(pattern, code):
            reasons[word] = name
# Those that stand in tables: users.c's unusable entries, the ends, the
# aborts.
for name, start in (("keeper/end.c", "words[KEEPER_ENDS] = {"),
                    ("keeper/message.c", "words[] = {")):
    code = text_of(name)
    table = code[code.index(start):].split("}")[0]
    for word in re.findall(r'"([a-z-]+)"', table):
        reasons[word] = name
for word in re.findall(r'"(unknown|disabled|no-secret|expired)"',
                       "".join(sources("users").values())):
    reasons[word] = "auth"
ok({"password", "unknown", "disabled", "no-secret", "no-tls", "not-offered",
    "limit", "memory", "backend", "relay", "bad", "line-ends", "size",
    "handshake", "channel", "incomplete"} <= set(reasons),
   f"found in the code: {' '.join(sorted(reasons))}")
for word, name in sorted(reasons.items()):
    ok(re.search(rf"reason={word}\b|`{word}`", DOCUMENT),
       f"explained: reason={word} ({name})")

# TLS: what real failures are logged as stands in the table.
def tls_error(server):
    """The number in the one line of a failed handshake."""
    return server.wait_log(r"tls fail reason=handshake error=(\d+)$")[0][1]


def explained(error, what, words):
    """The table has this number with these words."""
    for numbers, meaning in re.findall(r"^\| (\d+(?: to \d+)?) \| (.*)$",
                                       DOCUMENT, re.M):
        first, _, last = numbers.partition(" to ")
        if int(first) <= int(error) <= int(last or first):
            like(meaning, words, f"{what}: error={error}")
            return
    ok(False, f"{what}: error={error} is in the table")


for what, words, options in (
        ("TLS 1.1", "no TLS version", ["-tls1_1", "-cipher",
                                       "DEFAULT@SECLEVEL=0"]),
        ("no ECDHE", "no cipher", ["-tls1_2", "-cipher",
                                   "AES128-GCM-SHA256"]),
        ("TLS 1.3 alone", "no cipher", ["-tls1_3"]),
        ("an unknown signer", "who signed", ["-verify_return_error"]),
        ("another name", "does not like", [
            "-verify_return_error", "-verify_hostname", "other.example",
            "-CAfile", certificate("ec").certificate])):
    with case(what), Server(certificate="ec", args=["-s"]) as server:
        subprocess.run(["openssl", "s_client", "-connect",
                        f"127.0.0.1:{server.port}", "-servername",
                        "mx.example.org", *options], check=False,
                       stdin=subprocess.DEVNULL, capture_output=True)
        explained(tls_error(server), what, words)
for what, words, octets in (
        ("not TLS", "not TLS", b"EHLO client.example.org\r\n"),
        ("gone", "left in the middle", b"")):
    with case(what), Server(certificate="ec", args=["-s"]) as server:
        with server.client(greet=False) as c:
            c.send(octets)
            if octets:
                c.rest()
        explained(tls_error(server), what, words)

done()
