#!/usr/bin/env python3
"""How long a connection waits for the second half of a renewal, and when it
does not wait at all."""
import os
import shutil
import struct
import subprocess
import sys
sys.path.insert(0, sys.path[0] + "/..")
from support import *  # noqa: E402
from support.extra_tls import read, shows  # noqa: E402

LOOK = "poll(NULL, 0, 10)"
ALL = 100


def looks(server, *words):
    """How often the greeting of a connection waited; what it logged."""
    trace = os.path.join(home("trace"), "calls")
    done_ = subprocess.run(
        ["strace", "-f", "-o", trace, "-e", "trace=poll,clock_gettime",
         *words, *server.command()], env=server.env, input="QUIT\r\n",
        text=True, capture_output=True, check=False, timeout=120)
    if "220 " not in done_.stdout:
        raise AssertionError(str(done_))
    return read(trace).count(LOOK), done_.stderr


def relink(server, name, target):
    """A link in place of the file."""
    os.unlink(server.path(name))
    os.symlink(target, server.path(name))


if not shutil.which("strace"):
    skip("how long it waits", "no strace")
else:
    with case("a pair that fits"), Server(certificate="ec") as server:
        is_(looks(server)[0], 0, "files just made, which fit: no wait")
    for name in ("servercert.pem", "serverkey.pem"):
        with case("a dead link"), Server(certificate="ec") as server:
            relink(server, name, "/nowhere/at/all")
            count, log = looks(server)
            is_(count, ALL if name == "serverkey.pem" else 0,
                f"{name}: into a directory that is not there")
            like(log, r" config fail file=control/" + name +
                 r" reason=a\\x20link\\x20to\\x20nothing\n", "and a line")
            if name == "servercert.pem":
                relink(server, name, "nothing")
                is_(looks(server)[0], 0, f"{name}: into its own directory")
                relink(server, name, os.path.join(home("live"), "nothing"))
                is_(looks(server)[0], ALL,
                    f"{name}: into one that has just changed")
            relink(server, name, "/usr/nothing")
            past = looks(server, *[
                "-e", "inject=clock_gettime:poke_exit=@arg2=" +
                struct.pack("<qq", 4000000000, 0).hex()])[0]
            is_(past, 0, f"{name}: into a directory that is old")
    with case("a pair that does not fit"), Server(certificate="ec") as server:
        server.write("serverkey.pem", certificate("rsa").key_text())
        is_(looks(server)[0], ALL, "files just made: the whole wait")
        behind = "inject=clock_gettime:poke_exit=@arg2=" + struct.pack(
            "<qq", 1500000000, 0).hex()
        is_(looks(server, "-e", behind)[0], 0,
            "files of the future, for a clock behind them: no wait")


def in_place(server):
    """One renewal while a client asks for TLS: what it was shown."""
    with server.client() as c:
        c.hello()
        fresh = certificate("rsa")
        for name, text in (("servercert.pem", fresh.certificate_text()),
                           ("serverkey.pem", fresh.key_text())):
            with open(server.path(name), "r+", encoding="ascii") as file:
                file.truncate(0)
                file.write(text)
            if name == "servercert.pem":
                c.send("STARTTLS\r\n")
                c.drained()
        got = c.reply()
        if not got.startswith("220"):
            return got
        c.wrap(name="mx.example.org")
        return shows(c)


with case("written in place"):
    # The client waits a second for the key; a machine that keeps its writer
    # from it that long, three times, is another matter.
    for tries in range(3):
        with Server(certificate="ec") as server:
            got = in_place(server)
            if got == certificate("rsa").certificate_text().strip():
                break
    is_(got, certificate("rsa").certificate_text().strip(),
        "certificate, then key: STARTTLS waits for the key")

done()
